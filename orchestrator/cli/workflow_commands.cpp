#include "orchestrator/cli/workflow_commands.h"

#include <fmt/format.h>

#include <cstdlib>
#include <iostream>
#include <random>
#include <string_view>
#include <utility>

namespace orchestrator {

bool in_github_actions() {
  const char* value = std::getenv("GITHUB_ACTIONS");
  return value && std::string_view(value) == "true";
}

WorkflowCommandsStopped::WorkflowCommandsStopped(bool stdout_is_data) {
  if (stdout_is_data || !in_github_actions()) return;
  token_ = random_token();
  std::cout << "::stop-commands::" << token_ << std::endl;
}

void WorkflowCommandsStopped::resume() {
  if (const std::string token = std::exchange(token_, ""); !token.empty())
    std::cout << "::" << token << "::" << std::endl;
}

std::string random_token() {
  std::random_device random;
  std::string text;
  for (int i = 0; i < 4; ++i) text += fmt::format("{:08x}", random());
  return text;
}

}  // namespace orchestrator
