// The images that this program made, as they stand on each other, and which of them goes next: the least
// recently used of those on which nothing stands. So an image goes from its top to its bottom, and what
// several share goes last. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "sandbox/image_store.h"

namespace orchestrator {

struct UsedImage {
  sandbox::Image image;  // as ImageStore::list() has it
  std::chrono::system_clock::time_point last_use{};
};

class ImageTree {
 public:
  explicit ImageTree(std::vector<UsedImage> images) : images_(std::move(images)) {}

  using Wanted = std::function<bool(const UsedImage&)>;
  // nullptr: none of them can go.
  const UsedImage* next(const Wanted& may_go) const;
  void gone(const std::string& id);
  void stays(const std::string& id) { stay_.insert(id); }  // something uses it after all

  // Of those that are left.
  std::int64_t bytes(const Wanted& counted) const;
  const std::vector<UsedImage>& left() const { return images_; }

 private:
  bool is_bare(const UsedImage& one) const;
  std::vector<UsedImage> images_;
  std::set<std::string> stay_;
};

}  // namespace orchestrator
