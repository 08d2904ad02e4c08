// What the engine's list of images says of those that this program made. Pure.
#pragma once

#include <vector>

#include "sandbox/docker/docker_client.h"
#include "sandbox/image_store.h"

namespace sandbox::docker {

// `all`: the answer of /images/json?all=1, whose sizes have those of parents in them. The images of a layer's
// single steps count as the layer's own; what somebody made of an image of ours has its labels, and is not
// ours.
std::vector<Image> images_of_ours(const Json& all);

}  // namespace sandbox::docker
