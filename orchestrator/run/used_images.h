// The image store of one job: whatever layer it looks for, finds or has built is in use, by a lock in the
// state folder, until this goes; so that nobody removes what the job is about to start. Loop's thread only.
#pragma once

#include <map>
#include <memory>

#include "orchestrator/run/image_uses.h"
#include "sandbox/io/loop.h"
#include "sandbox/passing_images.h"

namespace orchestrator {

class UsedImages : public sandbox::PassingImages {
 public:
  // All must outlive this.
  UsedImages(io::Loop& loop, sandbox::ImageStore& store, const ImageUses& uses);
  ~UsedImages() override;

  void inspect(const std::string& reference,
               std::function<void(io::Result<std::optional<sandbox::Image>>)> done) override;
  void find_layer(const std::string& kind, const std::string& key,
                  std::function<void(io::Result<std::optional<sandbox::Image>>)> done) override;
  std::unique_ptr<sandbox::BuildHandle> build(sandbox::LayerSpec spec, sandbox::BuildObserver& observer,
                                              std::function<void(io::Result<sandbox::Image>)> done) override;

 private:
  struct State;
  // Calls `then` once it is in use, which is at once but for one that is just being removed.
  static void use(const std::shared_ptr<State>& state, const LayerName& layer, std::function<void()> then);

  std::shared_ptr<State> state_;
};

}  // namespace orchestrator
