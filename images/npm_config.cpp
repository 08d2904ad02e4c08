#include "images/npm_config.h"

#include <algorithm>

#include "sandbox/io/base64.h"
#include "sandbox/io/text.h"

namespace images {
namespace {

constexpr std::string_view kNpmKeys[] = {"registry", "_auth",       "_authToken", "username",  "_password",
                                         "email",    "always-auth", "strict-ssl", "proxy",     "https-proxy",
                                         "noproxy",  "ca",          "ca[]",       "http-proxy"};

constexpr std::string_view kYarnKeys[] = {
    "npmRegistryServer", "npmAuthToken", "npmAuthIdent", "npmAlwaysAuth",   "npmScopes",
    "npmRegistries",     "httpProxy",    "httpsProxy",   "enableStrictSsl", "unsafeHttpWhitelist"};

constexpr std::string_view kSecretKeys[] = {"_authToken", "_auth", "_password", "npmAuthToken",
                                            "npmAuthIdent"};

std::string_view without_quotes(std::string_view text) { return io::trimmed(text, " \t\r\"'"); }

template <class Fn>
void each_line_of(std::string_view text, Fn each) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    each(text.substr(0, end));
    text = end == text.npos ? std::string_view() : text.substr(end + 1);
  }
}

bool says_of_a_registry(std::string_view key) {
  if (std::find(std::begin(kNpmKeys), std::end(kNpmKeys), key) != std::end(kNpmKeys)) return true;
  if (key.starts_with("@")) return key.ends_with(":registry");
  return key.starts_with("//") && !key.ends_with(":certfile") && !key.ends_with(":keyfile");
}

std::string with_values_of_variables(std::string_view line, const Getenv& getenv) {
  std::string made;
  for (auto at = line.find("${"); at != line.npos; at = line.find("${")) {
    const auto end = line.find('}', at);
    if (end == line.npos) break;
    const auto value = getenv(std::string(line.substr(at + 2, end - at - 2)).c_str());
    made.append(line.substr(0, at)).append(value ? *value : std::string(line.substr(at, end + 1 - at)));
    line.remove_prefix(end + 1);
  }
  return made.append(line);
}

// "registry=https://user:password@host/path" in npm's other form: what asks a registry writes its address
// down in what it installs. A password that is escaped stays where it is.
std::string without_password(const std::string& line) {
  const auto scheme = line.find("://");
  const auto sign = line.find('@', scheme == line.npos ? line.size() : scheme);
  const auto colon = line.find(':', scheme == line.npos ? line.size() : scheme + 3);
  const bool plain = sign != line.npos && colon < sign && line.find('/', scheme + 3) > sign &&
                     line.find('%') == line.npos && line.rfind("registry", scheme) != line.npos;
  if (!plain) return line;
  std::string host(without_quotes(std::string_view(line).substr(sign + 1)));
  if (!host.ends_with('/')) host += '/';
  const std::string user = line.substr(scheme + 3, colon - scheme - 3);
  const std::string password = line.substr(colon + 1, sign - colon - 1);
  return line.substr(0, scheme + 3) + host + "\n//" + host + ":username=" + user + "\n//" + host +
         ":_password=" + io::to_base64url(password);
}

}  // namespace

std::string npm_config(std::string_view text, const Getenv& getenv) {
  std::string kept;
  each_line_of(text, [&](std::string_view line) {
    const auto sign = line.find('=');
    if (sign == line.npos || !says_of_a_registry(without_quotes(line.substr(0, sign)))) return;
    kept += without_password(with_values_of_variables(line, getenv)) + "\n";
  });
  return kept;
}

std::string yarn_config(std::string_view text, const Getenv& getenv) {
  std::string kept;
  bool inside = false;  // of a key that is kept: what is indented belongs to it
  each_line_of(text, [&](std::string_view line) {
    if (without_quotes(line).empty() || without_quotes(line).starts_with('#')) return;
    if (line[0] != ' ' && line[0] != '\t' && line[0] != '-') {
      const auto key = without_quotes(line.substr(0, line.find(':')));
      inside = std::find(std::begin(kYarnKeys), std::end(kYarnKeys), key) != std::end(kYarnKeys);
    }
    if (inside) kept += with_values_of_variables(line, getenv) + "\n";
  });
  return kept;
}

std::set<std::string> npm_secrets(std::string_view text) {
  std::set<std::string> secrets;
  const auto add = [&](std::string_view secret) {
    secrets.emplace(secret);
    if (const auto colon = secret.find(':'); colon != secret.npos) secrets.emplace(secret.substr(colon + 1));
  };
  each_line_of(text, [&](std::string_view line) {
    for (const std::string_view key : kSecretKeys) {
      const auto at = line.find(key);
      if (at == line.npos) continue;
      std::string_view value = without_quotes(line.substr(at + key.size()));
      if (!value.starts_with('=') && !value.starts_with(':')) continue;
      value = without_quotes(value.substr(1));
      if (value.empty()) continue;
      add(value);
      const auto decoded = io::from_base64(value);
      if (decoded && !decoded->empty()) add(*decoded);
    }
  });
  return secrets;
}

}  // namespace images
