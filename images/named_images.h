// Finds the images that a Dockerfile stands on, or has them fetched, as with any base image: by the person's
// own credential, only when they are not here, always, or never. The builder then needs no registry, and a
// build is known by the very images that it stood on.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "images/base_wish.h"
#include "images/recipe_base.h"
#include "sandbox/image_store.h"

namespace images {

using NamedImages = std::vector<std::pair<std::string, std::string>>;  // name and id

// `names` is not empty; `dockerfile` is for people. Errors: io::HostError that says how to get one. `done` is
// never called before this returns.
std::unique_ptr<BaseSearch> find_named_images(sandbox::ImageStore& store, std::vector<std::string> names,
                                              PullPolicy pull, std::string dockerfile,
                                              std::function<void(io::Result<NamedImages>)> done);

}  // namespace images
