// An image store whose builds are those of the whole host: a layer that runs of several processes want is
// built by one of them, and the others wait for it and find it; when it dies or fails, the next one builds.
// Nothing is built where the disk is too full, after unused images have gone. Loop's thread only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "orchestrator/run/host_sharing.h"
#include "sandbox/io/loop.h"
#include "sandbox/passing_images.h"

namespace orchestrator {

class HostBuilds : public sandbox::PassingImages {
 public:
  // All must outlive this and its handles. `sharing`: nullptr where processes share nothing. `folders`: on
  // whose disks must be room, that of the engine first; empty names are passed over.
  HostBuilds(io::Loop& loop, sandbox::ImageStore& store, HostSharing* sharing,
             std::vector<std::string> folders)
      : PassingImages(store), loop_(loop), sharing_(sharing), folders_(std::move(folders)) {}

  std::unique_ptr<sandbox::BuildHandle> build(sandbox::LayerSpec spec, sandbox::BuildObserver& observer,
                                              std::function<void(io::Result<sandbox::Image>)> done) override;

 private:
  class Build;
  io::Loop& loop_;
  HostSharing* sharing_;
  std::vector<std::string> folders_;
};

}  // namespace orchestrator
