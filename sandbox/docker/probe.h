// From the engine's own words (/version, /info) to Capabilities. Pure.
#pragma once

#include <nlohmann/json.hpp>

#include "sandbox/capabilities.h"
#include "sandbox/docker/container_config.h"
#include "sandbox/docker/endpoint.h"

namespace sandbox::docker {

// `endpoint` tells whether the engine's data folder is on this host.
Capabilities capabilities_of(const nlohmann::json& version, const nlohmann::json& info,
                             const std::string& api_version, const Endpoint& endpoint);
// Without the hosts file and the clock, which are found out later.
EngineTraits traits_of(const nlohmann::json& version, const nlohmann::json& info);

// By how much the engine's clock is ahead of ours, to half of the time that the question took: `info` says
// what time it is there. Zero where it does not.
std::chrono::system_clock::duration clock_ahead(const nlohmann::json& info,
                                                std::chrono::system_clock::time_point asked,
                                                std::chrono::system_clock::time_point answered);

}  // namespace sandbox::docker
