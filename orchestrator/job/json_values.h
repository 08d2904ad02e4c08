// What a JSON value is, for our own sentences and conversions.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace orchestrator {

// "a string", "a list", …
std::string kind_of(const nlohmann::json& value);
// A whole number, also written as 5.0; one that does not fit becomes the nearest that does, so that bounds
// refuse it.
std::optional<std::int64_t> whole_number(const nlohmann::json& value);
// Text of a string, number or boolean, as a variable's value takes it.
std::optional<std::string> scalar_text(const nlohmann::json& value);

}  // namespace orchestrator
