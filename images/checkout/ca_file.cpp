#include "images/checkout/ca_file.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "sandbox/io/error.h"

namespace images {
namespace {

constexpr std::uintmax_t kLargest = 8u << 20;

// Of a regular file; nullptr with errno set for anything else.
std::unique_ptr<BIO, int (*)(BIO*)> open_regular(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  errno = error ? error.value() : std::filesystem::is_directory(status) ? EISDIR : EINVAL;
  BIO* file = nullptr;
  if (std::filesystem::is_regular_file(status)) file = ::BIO_new_file(path.c_str(), "r");
  return {file, ::BIO_free};
}

}  // namespace

void check_ca_file(const std::string& flag, const std::string& path) {
  const std::string file = flag + ": the file '" + path + "' ";
  const auto pem = open_regular(path);
  if (!pem) throw io::RequestError(file + "cannot be read: " + std::strerror(errno));
  std::error_code error;
  if (std::filesystem::file_size(path, error) > kLargest)
    throw io::RequestError(file + "is larger than 8 MiB: it is no bundle of certificates");
  const std::unique_ptr<X509, void (*)(X509*)> first(
      ::PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr), ::X509_free);
  ::ERR_clear_error();
  if (!first) throw io::RequestError(file + "holds no certificate as PEM (-----BEGIN CERTIFICATE-----)");
}

}  // namespace images
