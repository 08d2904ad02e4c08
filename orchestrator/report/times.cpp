#include "orchestrator/report/times.h"

#include <fmt/chrono.h>

#include <cstdio>
#include <ctime>

namespace orchestrator {

std::int64_t epoch_ms(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

std::string iso_time(std::chrono::system_clock::time_point time) {
  if (time == std::chrono::system_clock::time_point{}) return "";
  const std::int64_t ms = epoch_ms(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(static_cast<std::time_t>(ms / 1000)),
                     ms % 1000);
}

std::optional<std::chrono::system_clock::time_point> from_iso_time(const std::string& text) {
  std::tm utc{};
  int ms = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ", &utc.tm_year, &utc.tm_mon, &utc.tm_mday,
                  &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &ms) != 7)
    return std::nullopt;
  if (utc.tm_year < 1970 || utc.tm_year > 2200) return std::nullopt;  // nanoseconds count no further
  utc.tm_year -= 1900;
  utc.tm_mon -= 1;
  const auto time = std::chrono::system_clock::from_time_t(::timegm(&utc)) + std::chrono::milliseconds(ms);
  // What cannot be written so is no time either: a 31st of February, a blank, a number with a sign.
  return iso_time(time) == text ? std::optional(time) : std::nullopt;
}

}  // namespace orchestrator
