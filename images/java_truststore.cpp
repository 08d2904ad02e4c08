#include "images/java_truststore.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <vector>

namespace images {

namespace {

constexpr std::uint32_t kMagic = 0xfeedfeed, kVersion = 2, kTrustedCertificate = 2;
constexpr std::uint64_t kCreated = 1'700'000'000'000;  // milliseconds; any will do, but always the same
constexpr std::string_view kPassword = "changeit";

struct FreeBio {
  void operator()(BIO* bio) const { ::BIO_free(bio); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { ::X509_free(certificate); }
};
using Certificate = std::unique_ptr<X509, FreeCertificate>;

std::vector<std::string> certificates_of(std::string_view pem) {
  std::vector<std::string> found;
  if (pem.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return found;
  const std::unique_ptr<BIO, FreeBio> bio(::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bio) throw std::runtime_error("OpenSSL has no memory left");
  while (const Certificate certificate{::PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    unsigned char* der = nullptr;
    const int size = ::i2d_X509(certificate.get(), &der);
    if (size <= 0) continue;
    found.emplace_back(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    ::OPENSSL_free(der);
  }
  ::ERR_clear_error();  // that of the end
  return found;
}

// As java.io.DataOutputStream writes: big-endian; a text with two bytes of length.
class Data {
 public:
  Data& number(std::uint64_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
      written_ += static_cast<char>((value >> shift) & 0xff);
    return *this;
  }
  Data& text(std::string_view ascii) {
    number(ascii.size(), 2);
    written_ += ascii;
    return *this;
  }
  Data& bytes(std::string_view content) {
    number(content.size(), 4);
    written_ += content;
    return *this;
  }
  const std::string& written() const { return written_; }

 private:
  std::string written_;
};

// SHA-1 of the password in UTF-16, a phrase, and all that comes before: who has no password skips it.
std::string digest_of(const std::string& store) {
  std::string hashed;
  for (const char c : kPassword) hashed.append(1, '\0').append(1, c);
  hashed.append("Mighty Aphrodite").append(store);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (::EVP_Digest(hashed.data(), hashed.size(), digest.data(), &size, ::EVP_sha1(), nullptr) != 1)
    throw std::runtime_error("sha1 failed");
  return {reinterpret_cast<const char*>(digest.data()), size};
}

}  // namespace

std::string java_truststore(std::string_view pem) {
  const auto certificates = certificates_of(pem);
  if (certificates.empty()) return {};
  Data store;
  store.number(kMagic, 4).number(kVersion, 4).number(certificates.size(), 4);
  for (std::size_t i = 0; i < certificates.size(); ++i)
    store.number(kTrustedCertificate, 4)
        .text("ca-" + std::to_string(i))
        .number(kCreated, 8)
        .text("X.509")
        .bytes(certificates[i]);
  return store.written() + digest_of(store.written());
}

}  // namespace images
