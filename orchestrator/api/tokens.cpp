#include "orchestrator/api/tokens.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

std::string to_hex(const unsigned char* bytes, std::size_t count) {
  std::string hex;
  for (std::size_t i = 0; i < count; ++i) hex += fmt::format("{:02x}", bytes[i]);
  return hex;
}

std::string sha256_hex(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  if (EVP_Digest(text.data(), text.size(), digest, &length, EVP_sha256(), nullptr) != 1)
    throw io::HostError("SHA-256 is not available here");
  return to_hex(digest, length);
}

constexpr std::pair<Scope, const char*> kScopeNames[] = {
    {may_submit, "submit"}, {may_read, "read"}, {may_work, "worker"}, {may_admin, "admin"}};

// 0: there is such a word that is none.
unsigned read_scopes(const std::string& words) {
  unsigned scopes = 0;
  std::istringstream list(words);
  for (std::string word; std::getline(list, word, ',');) {
    const auto named = std::find_if(std::begin(kScopeNames), std::end(kScopeNames),
                                    [&](const auto& each) { return each.second == word; });
    if (named == std::end(kScopeNames)) return 0;
    scopes |= named->first;
  }
  return scopes;
}

bool is_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '_' || c == '.';
  });
}

constexpr const char* kScopes = "submit, read, worker and admin, joined by commas";

}  // namespace

std::string scopes_said(unsigned scopes) {
  std::string words;
  for (const auto& [scope, word] : kScopeNames)
    if (scopes & scope) words += (words.empty() ? "" : " or ") + std::string(word);
  return words;
}

Tokens Tokens::read(const std::string& file) {
  std::ifstream lines(file);
  if (!lines) throw io::RequestError(fmt::format("the token file {} cannot be read", file));
  Tokens tokens;
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::istringstream words(line.substr(0, line.find('#')));
    std::string name, scopes, hash, more;
    if (!(words >> name)) continue;
    words >> scopes >> hash >> more;
    const unsigned read = read_scopes(scopes);
    const bool is_hash = hash.size() == 64 && hash.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!is_name(name) || read == 0 || !is_hash || !more.empty())
      throw io::RequestError(fmt::format(
          "{}, line {}: not NAME SCOPES HASH, with scopes out of {}; `orchestrator token` makes such a line",
          file, number, kScopes));
    tokens.known_.push_back({name, read, hash});
  }
  if (tokens.empty()) throw io::RequestError(fmt::format("the token file {} has no token", file));
  return tokens;
}

std::optional<Caller> Tokens::find(std::string_view said) const {
  constexpr std::string_view kScheme = "bearer ";
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  if (said.size() > kScheme.size() && std::equal(kScheme.begin(), kScheme.end(), said.begin(),
                                                 [&](char scheme, char word) { return same(word, scheme); }))
    said.remove_prefix(kScheme.size());
  const std::string hash = sha256_hex(said);
  const Known* found = nullptr;
  for (const Known& known : known_)
    if (CRYPTO_memcmp(known.hash.data(), hash.data(), hash.size()) == 0) found = &known;
  if (!found) return std::nullopt;
  return Caller{found->name, found->scopes, false};
}

NewToken make_token(const std::string& name, const std::string& scopes) {
  if (!is_name(name))
    throw io::RequestError(
        fmt::format("'{}' is no name of a token: letters, digits, '-', '_' and '.'", name));
  if (read_scopes(scopes) == 0)
    throw io::RequestError(fmt::format("'{}' are no scopes: {}", scopes, kScopes));
  unsigned char bytes[32];
  if (RAND_bytes(bytes, sizeof bytes) != 1) throw io::HostError("no random numbers are to be had here");
  const std::string token = "orch_" + to_hex(bytes, sizeof bytes);
  return {token, fmt::format("{} {} {}", name, scopes, sha256_hex(token))};
}

}  // namespace orchestrator
