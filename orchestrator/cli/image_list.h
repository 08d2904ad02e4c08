// The images that this program keeps at the engine and the bases that it can make, for people and as JSON.
// Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/run/image_removal.h"
#include "sandbox/image_store.h"

namespace orchestrator {

// An image of ours, as ImageStore::list() has it, and what the state folder knows of it.
struct KnownImage {
  sandbox::Image image;
  std::optional<std::chrono::system_clock::time_point> last_use;  // absent when no run of here has noted one
  bool in_use = false;                                            // by a run of a living process
  ImageOwner owner = ImageOwner::others;
};

struct ListedImage {
  std::string kind;                     // "base", or of a layer: "tools", "dependencies", "sources", "seal"
  std::vector<std::string> references;  // by which the engine knows it
  std::string id;                       // empty: a base that could be made
  std::int64_t size_bytes = 0;          // with all that it stands on
  std::int64_t own_bytes = 0;           // without
  std::optional<std::chrono::system_clock::time_point> created;  // absent when the engine did not say
  std::optional<std::chrono::system_clock::time_point> last_use;
  bool in_use = false;
  ImageOwner owner = ImageOwner::base;
  std::string make_by;  // the command, for a base that is not there
};

// The most recently used first, bases last; what could be made at the very end. `bases` are the engine's
// images under the references of images::base_recipes(), in that order.
std::vector<ListedImage> listed_images(const std::vector<KnownImage>& ours,
                                       const std::vector<std::optional<sandbox::Image>>& bases);
std::string image_table(const std::vector<ListedImage>& images, std::chrono::system_clock::time_point now);
std::string image_json(const std::vector<ListedImage>& images);

// How much they take: "12 layers take 1.2 GiB of a budget of 20 GiB, 1 base 294 MiB". Each byte counts once.
std::string image_sums(const std::vector<ListedImage>& images, std::optional<std::int64_t> budget);

}  // namespace orchestrator
