// What other rooms ask of all toolchains together, without knowing what one is.
#pragma once

#include <string>
#include <vector>

namespace images {

std::vector<std::string> toolchain_names();  // in the order of detection

// Each once; see Toolchain.
struct ManifestGlobs {
  std::vector<std::string> manifests, lock_files;
};
ManifestGlobs manifest_globs();
std::vector<std::string> host_variables();

}  // namespace images
