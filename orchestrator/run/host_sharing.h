// What the processes of one host share by their state folder: who uses which image, who builds which layer,
// who has which CPUs, and one budget for images. Made by a mode's entry once the engine is known, and
// outlives all jobs. Loop's thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/run/image_removal.h"
#include "orchestrator/run/image_uses.h"
#include "orchestrator/run/shared_cpus.h"
#include "sandbox/capabilities.h"
#include "sandbox/image_store.h"
#include "sandbox/io/loop.h"

namespace orchestrator {

class HostSharing {
 public:
  struct Settings {
    std::string state_folder;                  // exists
    std::string process;                       // a name that no other process has
    std::optional<std::int64_t> image_budget;  // bytes of layers; nothing: no budget
  };
  // Throws std::system_error where the state folder cannot be used for it.
  HostSharing(io::Loop& loop, sandbox::ImageStore& store, const sandbox::Capabilities& engine,
              Settings settings);

  const ImageUses& uses() const { return uses_; }
  SharedCpus& cpus() { return cpus_; }
  std::optional<std::int64_t> image_budget() const { return settings_.image_budget; }

  void layer_built() { grown_ = true; }
  // It came from a file: it counts as built by this state folder's runs. Where that cannot be written down,
  // the log says so.
  void adopt(const LayerName& layer);
  using Removed = std::function<void(io::Result<RemovalResult>)>;
  // Where a layer was built since the last time: images go until the budget is kept. `done` gets what went,
  // which is mostly nothing; it may be called from inside of this.
  void keep_budget(Removed done);
  // The same for those who serve: what went is a line of the log.
  void keep_budget_in_background();
  // A sentence when what lies on these disks leaves too little free, as disk_obstacle() has it, and removing
  // images would not help; before that the least recently used have gone.
  void make_room(const std::vector<std::string>& folders, const std::string& data_root,
                 std::function<void(std::optional<std::string>)> done);

 private:
  sandbox::ImageStore& store_;
  Settings settings_;
  ImageUses uses_;
  SharedCpus cpus_;
  bool grown_ = false;
};

inline constexpr const char* kBeyondBudget = "the least recently used, beyond the budget for images";

// "removed 3 images, 1.2 GiB: …"; empty when nothing went.
std::string removal_words(const RemovalResult& result, const std::string& why);

}  // namespace orchestrator
