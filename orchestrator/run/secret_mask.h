// Replaces secret values in a stream of bytes by "***", also where a value is split between two pieces. One
// per stream of an attempt.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace orchestrator {

// Everything that is to be hidden of such values: each as it is, each of its lines (a key is one value of
// many), and both as a JSON writer escapes them. Lines of less than four bytes stay: they would hide half of
// a log.
std::vector<std::string> secret_forms(const std::vector<std::string>& values);

class SecretMask {
 public:
  // Empty values are passed over. Longer values win over shorter ones that they contain.
  explicit SecretMask(std::vector<std::string> secrets);

  // What can be passed on now; up to a secret's length may be held back.
  std::string feed(std::string_view bytes);
  std::string finish();  // the rest

 private:
  std::string take(bool last);
  bool may_become_longer(std::size_t start) const;
  std::size_t possible_start() const;

  std::vector<std::string> secrets_;
  std::string pending_;
};

}  // namespace orchestrator
