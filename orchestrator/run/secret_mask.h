// Replaces secret values in a stream of bytes by "***", also where a value is split between two pieces. One
// per stream of an attempt.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace orchestrator {

class SecretMask {
 public:
  // Empty values are passed over. Longer values win over shorter ones that they contain.
  explicit SecretMask(std::vector<std::string> secrets);

  // What can be passed on now; up to a secret's length may be held back.
  std::string feed(std::string_view bytes);
  std::string finish();  // the rest

 private:
  std::size_t possible_start() const;

  std::vector<std::string> secrets_;
  std::string pending_;
};

}  // namespace orchestrator
