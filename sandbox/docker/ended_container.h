// What the engine says of a container that has ended, from its inspect answer. Pure.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>

namespace sandbox::docker {

struct EndedContainer {
  std::chrono::system_clock::time_point started_at{};  // the epoch when the engine names no time
  std::chrono::system_clock::time_point finished_at{};
  int exit_code = -1;
  bool oom_killed = false;
};

// Throws nlohmann::json::exception when the answer makes no sense.
EndedContainer ended_container(const nlohmann::json& inspected);

}  // namespace sandbox::docker
