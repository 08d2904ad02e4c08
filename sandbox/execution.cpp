#include "sandbox/execution.h"

#include <algorithm>

namespace sandbox {

const std::string* find_variable(const EnvList& env, std::string_view name) {
  const auto found =
      std::find_if(env.begin(), env.end(), [&](const auto& variable) { return variable.first == name; });
  return found == env.end() ? nullptr : &found->second;
}

void set_variable(EnvList& env, std::string_view name, std::string value) {
  const auto found =
      std::find_if(env.begin(), env.end(), [&](const auto& variable) { return variable.first == name; });
  if (found == env.end())
    env.emplace_back(name, std::move(value));
  else
    found->second = std::move(value);
}

}  // namespace sandbox
