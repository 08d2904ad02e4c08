#include "orchestrator/run/image_tree.h"

#include <algorithm>

namespace orchestrator {

bool ImageTree::is_bare(const UsedImage& one) const {
  return !one.image.has_children_of_others &&
         std::none_of(images_.begin(), images_.end(),
                      [&](const UsedImage& other) { return other.image.parent == one.image.id; });
}

const UsedImage* ImageTree::next(const Wanted& may_go) const {
  const UsedImage* oldest = nullptr;
  for (const auto& one : images_) {
    if (oldest && oldest->last_use <= one.last_use) continue;
    if (!stay_.contains(one.image.id) && may_go(one) && is_bare(one)) oldest = &one;
  }
  return oldest;
}

void ImageTree::gone(const std::string& id) {
  std::erase_if(images_, [&](const UsedImage& one) { return one.image.id == id; });
}

std::int64_t ImageTree::bytes(const Wanted& counted) const {
  std::int64_t sum = 0;
  for (const auto& one : images_)
    if (counted(one)) sum += one.image.own_bytes;
  return sum;
}

}  // namespace orchestrator
