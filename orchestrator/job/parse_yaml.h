// YAML of a stranger into JSON. The document is taken from the parser's events, so that depth and size are
// bounded while it is read, aliases included, and no recursive structure is ever built.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "orchestrator/job/job.h"

namespace orchestrator {

inline constexpr std::size_t kLargestYaml = 256 * 1024;
inline constexpr std::size_t kMostYamlNodes = 10'000;

// Nothing at all is an empty object. nullopt when it is not one YAML document with a mapping at its top; what
// is wrong is added to `errors`. Plain scalars become numbers, booleans and nulls as YAML 1.1 has them,
// except below keys whose field takes text: `VERSION: 1.10` stays "1.10".
std::optional<nlohmann::json> parse_yaml(std::string_view text, std::vector<FieldError>& errors);

}  // namespace orchestrator
