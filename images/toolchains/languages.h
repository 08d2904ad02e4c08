// The toolchains that exist, one function and one .cpp file per language. To add a language: write its file,
// name it here, and put it into the list in toolchain.cpp at its place in the order of detection.
#pragma once

#include <string>
#include <string_view>

#include "images/toolchains/toolchain.h"

namespace images {

const Toolchain& go_toolchain();
const Toolchain& rust_toolchain();
const Toolchain& python_toolchain();
const Toolchain& cpp_toolchain();
const Toolchain& java_maven_toolchain();
const Toolchain& perl_toolchain();
// "typescript-jest", "typescript-vitest", "javascript-mocha": one for each runner, in the order of detection.
std::vector<const Toolchain*> node_toolchains();
const Toolchain& javascript_toolchain();  // a package.json with none of these
const Toolchain& unknown_toolchain();
// "subdir/name", or "name" at the root.
std::string in_subdir(const std::string& subdir, std::string_view name);

}  // namespace images
