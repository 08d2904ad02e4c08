// Builds one layer: for each step a container from the image so far; the files are put into the first one
// before it starts; what a step left is committed and is the next one's image. Without steps the files alone
// are committed.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "sandbox/docker/container.h"
#include "sandbox/image_store.h"

namespace sandbox::docker {

// Answers the id of the last commit, which carries the layer's reference.
std::unique_ptr<BuildHandle> start_layer_build(DockerClient& client, Containers& containers,
                                               const EngineTraits& traits, LayerSpec spec,
                                               BuildObserver& observer,
                                               std::function<void(io::Result<std::string>)> done);

}  // namespace sandbox::docker
