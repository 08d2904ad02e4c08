// A regular file's bytes as Content: opened without following symlinks, as long as it was when it was opened.
#pragma once

#include <memory>
#include <string>

#include "images/checkout/source_tree.h"
#include "sandbox/io/fd.h"

namespace images::checkout {

// Of a file of our own. Throws std::system_error.
std::unique_ptr<Content> open_file(const std::string& path);
// The file `path` below the folder `root`; null when it has gone or has become something else.
std::unique_ptr<Content> open_below(int root, const std::string& path);

}  // namespace images::checkout
