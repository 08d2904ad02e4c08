// What the engine says of a container that has ended, from its inspect answer. Pure.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

namespace sandbox::docker {

struct EndedContainer {
  std::chrono::system_clock::time_point started_at{};  // the epoch when the engine names no time
  std::chrono::system_clock::time_point finished_at{};
  int exit_code = -1;
  bool oom_killed = false;
};

// "2026-11-23T00:13:28.123456789Z" of the engine; the epoch when it is no time or "0001-01-01T00:00:00Z".
std::chrono::system_clock::time_point engine_time(const std::string& text);

// Throws nlohmann::json::exception when the answer makes no sense.
EndedContainer ended_container(const nlohmann::json& inspected);

}  // namespace sandbox::docker
