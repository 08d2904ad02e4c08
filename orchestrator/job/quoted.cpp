#include "orchestrator/job/quoted.h"

#include <algorithm>

namespace orchestrator {

std::string in_quotes(std::string_view word) {
  constexpr std::size_t kLongest = 80;
  std::size_t length = std::min(word.size(), kLongest);
  while (length < word.size() && length > 0 && (static_cast<unsigned char>(word[length]) & 0xc0) == 0x80)
    --length;
  std::string text = "'";
  for (const char c : word.substr(0, length)) {
    const auto byte = static_cast<unsigned char>(c);
    text += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  if (word.size() > length) text += "…";
  return text + "'";
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
