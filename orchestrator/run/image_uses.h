// What the runs of one state folder know of the layers that they use: when each was used last, which are in
// use, which is being built. One file for each layer of an engine, whose time of change is the last use and
// whose lock says the rest; a lock ends with its process, so that nothing here has to be repaired. Labels of
// an image cannot change, which is why an engine cannot be asked for this. Loop's thread only; all of it
// throws std::system_error where the folder cannot be used.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "sandbox/image_store.h"
#include "sandbox/io/file_lock.h"

namespace orchestrator {

// By which a layer is found.
struct LayerName {
  std::string kind, key;
  auto operator<=>(const LayerName&) const = default;
};

// Of an image that is such a layer by its labels.
std::optional<LayerName> layer_name(const sandbox::Image& image);

// Empty when it has none.
std::string label_of(const sandbox::Image& image, const char* name);

class ImageUses {
 public:
  // Below `state_folder`, which exists. `engine` tells engines apart.
  ImageUses(const std::string& state_folder, const std::string& engine);

  // Whose layers these are: an id of the state folder, which its layers have as a label.
  const std::string& keeper() const { return keeper_; }

  // From now on, and for as long as the lock lives, it is in use. Nothing: it is just being removed; ask
  // again in a moment.
  std::optional<io::FileLock> use(const LayerName& layer) const;
  // For who wants to remove it. Nothing: it is in use.
  std::optional<io::FileLock> claim(const LayerName& layer) const;
  bool in_use(const LayerName& layer) const;
  std::optional<std::chrono::system_clock::time_point> last_use(const LayerName& layer) const;
  // A layer that this state folder's runs have loaded from a file instead of building it: it is theirs all
  // the same, whatever its label says. Forgotten with the layer.
  void adopt(const LayerName& layer) const;
  bool adopted(const LayerName& layer) const;
  // For who builds it. Nothing: somebody else does.
  std::optional<io::FileLock> build(const LayerName& layer) const;
  // For who removes images; one at a time.
  std::optional<io::FileLock> removal() const;
  // What is known of layers that nobody has used since then, and that are none of these, is forgotten.
  void forget(const std::vector<LayerName>& present,
              std::chrono::system_clock::time_point unused_since) const;

 private:
  std::string used_file(const LayerName& layer) const;
  std::string keeper_;
  std::string folder_;  // of the engine
};

}  // namespace orchestrator
