// The JSON that creates a container for an Execution: isolation and limits are all here. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "sandbox/docker/ownership.h"
#include "sandbox/execution.h"

namespace sandbox::docker {

// What of this engine changes how a container is made.
struct EngineTraits {
  // NetworkDisabled is understood: a container without network starts faster.
  bool skips_network_sandbox = false;
  // The engine writes no /etc/hosts into a container without network, or one with names of its own host.
  bool needs_hosts_file = false;
  std::string hosts_file = {};  // on the engine's host: bound to /etc/hosts there; empty: none was made
  // An image's folder is copied into an empty volume at the first start, and not at create.
  bool fills_volumes_late = false;
  // A commit reads no JSON, but instructions of a Dockerfile.
  bool commits_by_changes = false;
  // A tmpfs is the user's by the option U, since uid and gid are not known, and gets a copy of what the image
  // has in its place unless told not to.
  bool mounts_as_podman = false;
  // A build by a Dockerfile takes ulimits as words ("nofile=4096:4096") and refuses Docker's objects.
  bool build_ulimits_as_words = false;
  // Processes of one user, in all containers together; 0: left to the engine. Podman otherwise asks for
  // 1,048,576, which a host refuses that may not raise its limits (without CAP_SYS_RESOURCE).
  std::int64_t nproc = 0;
  // The engine's clock less ours.
  std::chrono::system_clock::duration clock_ahead{0};
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
