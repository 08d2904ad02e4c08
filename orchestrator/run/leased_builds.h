// An image store whose builds share the host with attempts: a layer with steps is built once there is room
// for the largest of them, and holds that room until it is done. All builds are one client among those of the
// budget, so that neither an install nor a thousand attempts keep the other waiting for long.
#pragma once

#include "orchestrator/run/host_budget.h"
#include "sandbox/passing_images.h"

namespace orchestrator {

class LeasedBuilds : public sandbox::PassingImages {
 public:
  // Both must outlive this and its handles.
  LeasedBuilds(HostBudget& budget, sandbox::ImageStore& store) : PassingImages(store), budget_(budget) {}

  std::unique_ptr<sandbox::BuildHandle> build(sandbox::LayerSpec spec, sandbox::BuildObserver& observer,
                                              std::function<void(io::Result<sandbox::Image>)> done) override;

 private:
  class Build;
  HostBudget& budget_;
};

}  // namespace orchestrator
