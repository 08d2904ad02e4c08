// Times as the report and the event log write them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace orchestrator {

// "2026-11-23T10:15:30.123Z"; empty for the epoch, which stands for "not known".
std::string iso_time(std::chrono::system_clock::time_point time);
// The reverse; nothing for any other text.
std::optional<std::chrono::system_clock::time_point> from_iso_time(const std::string& text);
// Milliseconds since the epoch.
std::int64_t epoch_ms(std::chrono::system_clock::time_point time);

}  // namespace orchestrator
