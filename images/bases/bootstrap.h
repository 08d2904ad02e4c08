// Makes a base image where no registry can be reached: debootstrap into a folder, what the host left in it
// removed, then the engine's import.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "images/bases/base_recipe.h"
#include "sandbox/image_store.h"
#include "sandbox/io/loop.h"

namespace images {

struct BootstrapRequest {
  BaseRecipe recipe;
  std::string mirror;   // empty: the host's own Debian mirror from its apt sources
  std::string scratch;  // an existing folder with room (a tree of some 400 MiB)
};

class Bootstrap {
 public:
  virtual ~Bootstrap() = default;
};

// Errors: io::HostError (debootstrap missing, not root, mirror not reached), each saying what to do.
std::unique_ptr<Bootstrap> start_bootstrap(io::Loop& loop, sandbox::ImageStore& store,
                                           BootstrapRequest request,
                                           std::function<void(std::string_view)> progress,
                                           std::function<void(io::Result<sandbox::Image>)> done);

}  // namespace images
