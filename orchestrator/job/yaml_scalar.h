// What a plain YAML scalar stands for.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace orchestrator {

nlohmann::json yaml_scalar(const std::string& text);

}  // namespace orchestrator
