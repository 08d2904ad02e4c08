#include "images/checkout/tree_hash.h"

#include <stdexcept>

#include "images/checkout/source_tree.h"

namespace images::checkout {

Sha256::Sha256() : context_(::EVP_MD_CTX_new(), ::EVP_MD_CTX_free) {
  if (!context_ || ::EVP_DigestInit_ex(context_.get(), ::EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("sha256 is not available");
}

void Sha256::add(std::string_view bytes) {
  if (::EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1)
    throw std::runtime_error("sha256 failed");
}

Sha256::Digest Sha256::finish() {
  Digest digest{};
  if (::EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) != 1)
    throw std::runtime_error("sha256 failed");
  return digest;
}

std::string Sha256::finish_hex() {
  const Digest digest = finish();
  return to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string to_hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

void TreeHash::add(const TreeEntry& entry, std::int64_t size, const Sha256::Digest& content) {
  std::string line;
  line += entry.type;
  line += ' ';
  line += entry.path;
  line += '\0';
  line += std::to_string(size);
  line += '\0';
  line.append(reinterpret_cast<const char*>(content.data()), content.size());
  hash_.add(line);
}

void TreeHash::add(const GitState& git) {
  std::string text = "HEAD " + git.head + '\0' + "commit " + git.commit + '\0';
  for (const GitTag& tag : git.tags) text += "tag " + tag.name + ' ' + tag.oid + '\0';
  hash_.add(text);
}

}  // namespace images::checkout
