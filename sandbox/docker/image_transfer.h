// Images on their way between an engine and a file: GET /images/{id}/get and POST /images/load. Neither is
// ever in memory. Loop's thread; a handle's callback may let go of it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "sandbox/docker/docker_client.h"
#include "sandbox/image_store.h"

namespace sandbox::docker {

// Answers the size of the file, which is there whole or not at all.
std::unique_ptr<ImageTransfer> start_image_save(DockerClient& client, const std::string& id,
                                                const std::string& tar_file,
                                                std::function<void(io::Result<std::int64_t>)> done);
// Answers the reference by which the engine has it now, which is its id when the tar holds no name. Fails
// when the tar holds several images.
std::unique_ptr<ImageTransfer> start_image_load(DockerClient& client, const std::string& tar_file,
                                                std::function<void(io::Result<std::string>)> done);

// The image that a load has made, from its answer. Throws EngineError when it names none, or several.
std::string loaded_image(const std::string& answer);

}  // namespace sandbox::docker
