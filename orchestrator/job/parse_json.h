// Text of a stranger into JSON: bounded in size and depth, since a document that is nested deep enough
// crashes whoever copies it; no duplicate keys, since the last would win in silence.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "orchestrator/job/job.h"

namespace orchestrator {

inline constexpr int kDeepest = 64;

// nullopt when it is not JSON; what is wrong is added to `errors`.
std::optional<nlohmann::json> parse_json(std::string_view text, std::vector<FieldError>& errors,
                                         std::size_t most_bytes = kLargestJson);

}  // namespace orchestrator
