// Removes images that this program made and that nobody uses: beyond a budget, for want of free space, or
// because a person says so. What a run of a living process uses stays, by its lock; what a container or
// another image stands on stays, as the engine refuses it; what has a name that somebody else gave it stays.
// Asynchronous, one removal at a time, and one process at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "orchestrator/run/image_tree.h"
#include "orchestrator/run/image_uses.h"
#include "sandbox/image_store.h"

namespace orchestrator {

struct RemovalRequest {
  // Which may go: layers of this state folder, and
  bool of_others = false;  // those of other state folders, and of which nobody says whose they are
  bool bases = false;
  std::optional<std::chrono::system_clock::time_point> unused_since;  // only those
  // When it is enough; neither: when nothing is left that may go.
  std::optional<std::int64_t> keep_bytes;  // of this state folder's layers so many may stay
  std::optional<std::int64_t> free_bytes;  // so many are free again; where that cannot be, nothing goes
  bool dry_run = false;
};

struct RemovalResult {
  std::vector<UsedImage> removed;  // or would be
  std::int64_t removed_bytes = 0;
  std::int64_t left_bytes = 0;  // of this state folder's layers
  bool busy = false;            // another process removes images: nothing was done
};

// Whose an image is, and what it counts as.
enum class ImageOwner { us, others, base };
ImageOwner owner_of(const sandbox::Image& image, const ImageUses& uses);

// All that list() has, with their last use, or when they were made where that is not known.
std::vector<UsedImage> with_uses(const std::vector<sandbox::Image>& images, const ImageUses& uses);

// `done` once, never from inside of this. Both must live until then.
void remove_images(sandbox::ImageStore& store, const ImageUses& uses, RemovalRequest request,
                   std::function<void(io::Result<RemovalResult>)> done);

}  // namespace orchestrator
