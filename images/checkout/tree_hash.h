// The identity of a source tree: sha256 over, for each entry in the order of paths,
//
//   type ('f', 'x' or 'l')  ' '  path  NUL  decimal size  NUL  sha256 of the content (of a symlink: its
//   target)
//
// and then, when the tree is delivered with a .git, what that holds beyond the files:
//
//   "HEAD "  text of HEAD  NUL  "commit "  hex id  NUL  and per tag, by name:  "tag "  name  ' '  hex id  NUL
//
// So it changes with a content, a name, an executable bit, a file becoming a symlink, a commit or a tag, and
// with nothing else: no time, no owner, no order of reading.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "images/checkout/checkout.h"

namespace images::checkout {

class Sha256 {
 public:
  using Digest = std::array<unsigned char, 32>;

  Sha256();
  void add(std::string_view bytes);
  Digest finish();  // once
  std::string finish_hex();

 private:
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

std::string to_hex(std::string_view bytes);

struct GitState;

class TreeHash {
 public:
  void add(const TreeEntry& entry, std::int64_t size, const Sha256::Digest& content);
  void add(const GitState& git);
  std::string finish() { return hash_.finish_hex(); }

 private:
  Sha256 hash_;
};

}  // namespace images::checkout
