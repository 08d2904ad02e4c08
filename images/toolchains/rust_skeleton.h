// What cargo must see of a tree beside its manifests to fetch and compile dependencies: a file for each
// target that a manifest cannot do without. Pure.
#pragma once

#include <string>
#include <vector>

#include "images/checkout/checkout.h"

namespace images {

// Manifests and settings of cargo and rustup, in the whole tree: a workspace may be above `subdir`, and a
// path dependency anywhere.
std::vector<std::string> rust_manifests(const Source& source);

// Files of the tree, from its root, that a stand-in is needed for: the library, main program and build script
// of each package, and the sources of targets that its manifest names. Which tests, examples and benchmarks
// there are otherwise changes nothing.
std::vector<std::string> rust_targets(const Source& source);

// Does the project bring its dependencies along, as `cargo vendor` puts them?
bool has_vendored_crates(const Source& source);

}  // namespace images
