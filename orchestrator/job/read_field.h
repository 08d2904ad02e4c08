// One value of one field into a JobRequest. Every source (JSON, YAML, environment, flags) ends here, so that
// types and bounds are the same everywhere.
#pragma once

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "orchestrator/job/field_table.h"
#include "orchestrator/job/job.h"

namespace orchestrator {

// Longer than any argument or variable that Linux starts a program with.
inline constexpr std::size_t kLongestText = 131'071;
// More than anybody writes into one list or one object of variables.
inline constexpr std::size_t kLongestList = 10'000;
// Of a command: about what fits into the 2 MiB that Linux starts a program with.
inline constexpr std::size_t kMostWords = 100'000;

// Sets the field, or leaves it unsaid and adds what is wrong to `reading.errors` under `pointer`. A null is a
// field that was not said. A framework that is not known is a warning when `unknown` says so.
void read_field(const Field& field, const nlohmann::json& value, const std::string& pointer,
                UnknownFields unknown, JobReading& reading);

// The same for a value as it stands in a flag or an environment variable.
void read_text(const Field& field, std::string_view text, const std::string& pointer, JobReading& reading);

inline std::chrono::milliseconds milliseconds_of(double seconds) {
  return std::chrono::milliseconds(std::llround(seconds * 1000));
}

// The next step of a JSON pointer.
std::string below(const std::string& pointer, std::string_view key);

}  // namespace orchestrator
