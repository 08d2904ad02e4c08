// An image store for several jobs at once: a layer that two of them want under one key is built by the first,
// and the others wait and take what came of it. When the first fails or is let go of, the next builds. All
// else is passed on. Loop's thread only; outlives its handles' owners' interest, not the store beneath it.
#pragma once

#include <memory>

#include "sandbox/io/loop.h"
#include "sandbox/passing_images.h"

namespace sandbox {

class SharedBuilds : public PassingImages {
 public:
  SharedBuilds(io::Loop& loop, ImageStore& store);
  ~SharedBuilds() override;

  std::unique_ptr<BuildHandle> build(LayerSpec spec, BuildObserver& observer,
                                     std::function<void(io::Result<Image>)> done) override;

 private:
  struct Wanted;
  struct Line;
  class Handle;

  std::shared_ptr<Line> line_;
};

}  // namespace sandbox
