// The images that this program keeps at the engine and the bases that it can make, for people and as JSON.
// Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "sandbox/image_store.h"

namespace orchestrator {

struct ListedImage {
  std::string kind;                     // "base", or of a layer: "tools", "dependencies", "sources", "seal"
  std::vector<std::string> references;  // by which the engine knows it
  std::string id;                       // empty: a base that could be made
  std::int64_t size_bytes = 0;
  std::optional<std::chrono::system_clock::time_point> created;  // absent when the engine did not say
  std::string make_by;                                           // the command, for a base that is not there
};

// Newest first, bases last; what could be made at the very end. `bases` are the engine's images under the
// references of images::base_recipes(), in that order.
std::vector<ListedImage> listed_images(const std::vector<sandbox::Image>& ours,
                                       const std::vector<std::optional<sandbox::Image>>& bases);
std::string image_table(const std::vector<ListedImage>& images, std::chrono::system_clock::time_point now);
std::string image_json(const std::vector<ListedImage>& images);

}  // namespace orchestrator
