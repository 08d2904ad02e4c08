// The toolchains that exist, one function and one .cpp file per language. To add a language: write its file,
// name it here, and put it into the list in toolchain.cpp at its place in the order of detection.
#pragma once

#include <string>
#include <string_view>

#include "images/toolchains/toolchain.h"

namespace images {

const Toolchain& python_toolchain();
const Toolchain& unknown_toolchain();
// A framework that can be named though nothing of it is installed here ("go", "typescript-jest", …): it has
// its seed variable and runs on what the base image and setup_commands bring. nullptr for any other name.
const Toolchain* named_toolchain(const std::string& name);

// "subdir/name", or "name" at the root.
std::string in_subdir(const std::string& subdir, std::string_view name);

}  // namespace images
