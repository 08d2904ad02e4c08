// Layers as files in a folder, for hosts that start empty. Several hosts may share it, and anybody may have
// written there: what is found is checked against its side file before it is used, and a file appears whole
// or not at all.
//
//   KIND-KEY.tar   the image as ImageStore::save() has written it
//   KIND-KEY.json  what it must be: id, parent, size, SHA-256
//
// Beyond the bound the least recently used go. Any thread; disks block.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "orchestrator/run/image_uses.h"

namespace orchestrator {

struct ImageCache {
  std::string folder;                      // empty: there is none
  std::optional<std::int64_t> most_bytes;  // of its files; nothing: no bound
};

// What a layer's image is and stands on.
struct KeptLayer {
  LayerName name;
  std::string image, parent;  // ids
};

class LayerFiles {
 public:
  explicit LayerFiles(ImageCache cache) : cache_(std::move(cache)) {}

  std::string tar_of(const LayerName& name) const;
  // The layer whose file is there and as it was written; it counts as used. Nothing: it is not there. Throws
  // std::runtime_error with what is wrong with it; io::GivenUp once `stop` is asked for.
  std::optional<KeptLayer> find(const LayerName& name, const std::stop_token& stop) const;
  // A file to save the layer to, which nobody else writes; makes the folder. Throws std::runtime_error.
  std::string new_part(const LayerName& name) const;
  // The saved file gets its name and its side file, in the place of what was there; others may go for it. The
  // same errors; the part is then gone.
  void keep(const KeptLayer& layer, const std::string& part, const std::stop_token& stop) const;

 private:
  std::string side_of(const LayerName& name) const;
  void make_room(const std::string& newest) const;
  ImageCache cache_;
};

}  // namespace orchestrator
