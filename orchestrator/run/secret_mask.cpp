#include "orchestrator/run/secret_mask.h"

#include <algorithm>
#include <utility>

namespace orchestrator {

SecretMask::SecretMask(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {
  std::erase(secrets_, "");
  std::sort(secrets_.begin(), secrets_.end(),
            [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::string SecretMask::feed(std::string_view bytes) {
  if (secrets_.empty()) return std::string(bytes);
  pending_.append(bytes);
  std::string safe;
  std::size_t at = 0;
  // Where each comes next: sought anew only once it was passed, so that many of one do not make many searches
  // for another.
  std::vector<std::size_t> next;
  for (const auto& secret : secrets_) next.push_back(pending_.find(secret));
  while (true) {
    const auto first = std::min_element(next.begin(), next.end());
    if (*first == std::string::npos) break;
    safe.append(pending_, at, *first - at).append("***");
    at = *first + secrets_[static_cast<std::size_t>(first - next.begin())].size();
    for (std::size_t i = 0; i < next.size(); ++i)
      if (next[i] < at) next[i] = pending_.find(secrets_[i], at);
  }
  pending_.erase(0, at);
  const std::size_t keep_from = possible_start();
  safe.append(pending_, 0, keep_from);
  pending_.erase(0, keep_from);
  return safe;
}

// Where a secret may have begun whose end has not come yet.
std::size_t SecretMask::possible_start() const {
  std::size_t start = pending_.size();
  for (const auto& secret : secrets_)
    for (std::size_t n = std::min(secret.size() - 1, pending_.size()); n > 0; --n)
      if (std::string_view(pending_).substr(pending_.size() - n) == std::string_view(secret).substr(0, n)) {
        start = std::min(start, pending_.size() - n);
        break;
      }
  return start;
}

std::string SecretMask::finish() { return std::exchange(pending_, {}); }

}  // namespace orchestrator
