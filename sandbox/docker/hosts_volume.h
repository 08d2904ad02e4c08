// A hosts file on the engine's host, for containers whose network sandbox is skipped: there the engine writes
// no /etc/hosts, so `localhost` would have no address. It lies in a named volume, filled once by the engine's
// own copy-up from a one-file image; containers bind that one file, read-only.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "sandbox/docker/docker_client.h"

namespace sandbox::docker {

// Finds or makes it; answers the file's path on the engine's host. `fills_late`: as EngineTraits has it,
// where the file is put into the volume instead. `scratch` is a folder for a small tar.
void ensure_hosts_volume(DockerClient& client, bool fills_late, const std::string& scratch,
                         std::function<void(io::Result<std::string>)> done);

}  // namespace sandbox::docker
