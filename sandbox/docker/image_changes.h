// The configuration of an image for an engine whose commit reads no JSON (Podman's): as Dockerfile
// instructions in the query, one each. Podman takes the text between the outermost quotes as it is, without
// any escape, and splits at line ends; a value with such ends therefore travels, and stays in the image, as a
// JSON string behind a mark. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace sandbox::docker {

// "&changes=ENV…&changes=LABEL…" of a configuration as POST /commit takes it: Env, Labels, Cmd, WorkingDir.
// The container's own entrypoint is taken out.
std::string changes_query(const nlohmann::json& config);

// A label's value as it was meant.
std::string label_value(const std::string& kept);

}  // namespace sandbox::docker
