// What a command of CMake's means by a preset: the configure preset that its folder of compiled files belongs
// to. Only names are followed here; what a preset says is CMake's own to understand, where the image is
// built.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "images/checkout/checkout.h"

namespace images {

struct CmakePreset {
  std::string configure;      // of `cmake --preset`
  std::string configuration;  // "Release", of a generator that has several; else empty
};

// The last preset that the words name: "ctest --preset NAME", "cmake --build --preset NAME", "cmake
// --workflow
// --preset NAME", "cmake --preset NAME". Nothing where they name none that is in the files of presets.
std::optional<CmakePreset> preset_of_command(const Source& source, const std::string& subdir,
                                             const std::vector<std::string>& words);

// Globs of those files (Toolchain::manifests): what they include may have any name, but mostly has such a
// one.
std::vector<std::string> preset_files();

}  // namespace images
