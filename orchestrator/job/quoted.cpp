#include "orchestrator/job/quoted.h"

#include <algorithm>

namespace orchestrator {

std::string at_most(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
  return std::string(text.substr(0, bytes)) + "…";
}

std::string in_quotes(std::string_view word) {
  std::string text = at_most(word, 80);
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = '?';
  }
  return "'" + text + "'";
}

std::string did_you_mean(const std::string& near) {
  return near.empty() ? std::string() : " (did you mean '" + near + "'?)";
}

std::string without_userinfo(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const auto start = scheme + 3;
  const auto end = url.find_first_of("/?#", start);
  const auto at = url.substr(0, end).rfind('@');
  if (at == std::string::npos || at < start) return url;
  // Of ssh the user is a part of the address, no secret.
  if (url.starts_with("ssh://") && url.find(':', start) > at) return url;
  return url.substr(0, start) + url.substr(at + 1);
}

}  // namespace orchestrator
