// From the engine's own words (/version, /info) to Capabilities. Pure.
#pragma once

#include <nlohmann/json.hpp>

#include "sandbox/capabilities.h"
#include "sandbox/docker/container_config.h"

namespace sandbox::docker {

// `socket` is the engine's, to tell whether its data folder is on this host.
Capabilities capabilities_of(const nlohmann::json& version, const nlohmann::json& info,
                             const std::string& api_version);
// Without the hosts file, which is found out later.
EngineTraits traits_of(const nlohmann::json& version, const nlohmann::json& info);

}  // namespace sandbox::docker
