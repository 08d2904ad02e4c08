// An image store that takes layers from a folder of files before it has them built, and keeps there what it
// had built: for hosts that start empty. Only of what is installed (tools, dependencies): sources and seal
// are quick, and another with each change. Only what a build has made gets there, before any test runs on it.
// Whatever is wrong with the folder is a warning, and the layer is built. Loop's thread only.
#pragma once

#include "orchestrator/run/host_sharing.h"
#include "orchestrator/run/layer_files.h"
#include "sandbox/io/loop.h"
#include "sandbox/passing_images.h"

namespace orchestrator {

class CachedLayers : public sandbox::PassingImages {
 public:
  // All must outlive this and its handles. `sharing`: nullptr where processes share nothing.
  CachedLayers(io::Loop& loop, sandbox::ImageStore& store, ImageCache cache, HostSharing* sharing)
      : PassingImages(store), loop_(loop), cache_(std::move(cache)), sharing_(sharing) {}

  std::unique_ptr<sandbox::BuildHandle> build(sandbox::LayerSpec spec, sandbox::BuildObserver& observer,
                                              std::function<void(io::Result<sandbox::Image>)> done) override;

 private:
  class Build;
  io::Loop& loop_;
  ImageCache cache_;
  HostSharing* sharing_;
};

}  // namespace orchestrator
