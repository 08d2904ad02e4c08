#include "orchestrator/report/times.h"

#include <fmt/chrono.h>

namespace orchestrator {

std::string iso_time(std::chrono::system_clock::time_point time) {
  using std::chrono::milliseconds;
  if (time == std::chrono::system_clock::time_point{}) return "";
  const auto ms = std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(static_cast<std::time_t>(ms / 1000)),
                     ms % 1000);
}

}  // namespace orchestrator
