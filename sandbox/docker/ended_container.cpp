#include "sandbox/docker/ended_container.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

namespace sandbox::docker {

std::chrono::system_clock::time_point engine_time(const std::string& text) {
  std::tm parts{};
  double fraction = 0;
  if (std::sscanf(text.c_str(), "%d-%d-%dT%d:%d:%d", &parts.tm_year, &parts.tm_mon, &parts.tm_mday,
                  &parts.tm_hour, &parts.tm_min, &parts.tm_sec) != 6 ||
      parts.tm_year < 1970)
    return {};
  if (const auto dot = text.find('.'); dot != std::string::npos)
    fraction = std::strtod(text.c_str() + dot, nullptr);
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  const auto whole = std::chrono::system_clock::from_time_t(timegm(&parts));
  return whole + std::chrono::duration_cast<std::chrono::system_clock::duration>(
                     std::chrono::duration<double>(fraction));
}

EndedContainer ended_container(const nlohmann::json& inspected) {
  const nlohmann::json& state = inspected.at("State");
  return {engine_time(state.value("StartedAt", "")), engine_time(state.value("FinishedAt", "")),
          state.value("ExitCode", -1), state.value("OOMKilled", false)};
}

}  // namespace sandbox::docker
