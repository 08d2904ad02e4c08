// The JSON that creates a container for an Execution: isolation and limits are all here. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "sandbox/docker/ownership.h"
#include "sandbox/execution.h"

namespace sandbox::docker {

// What of this engine changes how a container is made.
struct EngineTraits {
  bool skips_network_sandbox =
      false;               // NetworkDisabled is understood: a container without network starts faster
  std::string hosts_file;  // on the engine's host: bound to /etc/hosts where the engine writes none
  bool podman = false;
};

struct ContainerRequest {
  std::string image;
  Execution execution;
  Labels labels;
  std::string network;  // the name of a network made for this container, when execution.network is internal
  std::optional<TerminalSize> terminal = std::nullopt;  // the command sits at one of that size
};

nlohmann::json container_config(const ContainerRequest& request, const EngineTraits& traits);

// What travels over stdin and is in no record of the engine: secrets, and for install steps the whole
// environment (a commit would keep it in the image).
std::optional<std::string> stdin_gifts(const ContainerRequest& request);

}  // namespace sandbox::docker
