// The tree that debootstrap fills: what it inherits from this host is taken out before it becomes an image,
// and it is removed again without ever walking into a mount. Throws std::system_error or std::filesystem
// errors.
#pragma once

#include <string>

namespace images {

// Empties or removes what says something of this host or only fills the image: names, resolver, machine id,
// package caches, logs, apt's proxy. `mirror` (may be empty) is what the sources.list is rewritten with.
void clean_root_tree(const std::string& root, const std::string& mirror, const std::string& suite);

// Detaches every mount below `root`: debootstrap mounts /proc and /sys there and, when killed, leaves them.
void unmount_below(const std::string& root);

// After unmount_below: removes the tree, never crossing into another file system.
void remove_root_tree(const std::string& root);

}  // namespace images
