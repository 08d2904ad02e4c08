// Which toolchain a job gets, and by what. Pure.
#pragma once

#include <string>
#include <vector>

#include "images/toolchains/toolchain.h"

namespace orchestrator {

struct ToolchainChoice {
  const images::Toolchain* toolchain;
  std::string found;                  // by what it was recognised
  std::vector<std::string> warnings;  // what else was seen
};

// `framework` is what was asked for; empty: detected, where the command's words decide between several.
// Throws io::RequestError for a name that is not known.
ToolchainChoice choose_toolchain(const images::Source& source, const std::string& subdir,
                                 const std::string& framework,
                                 const std::vector<std::string>& test_words = {});

}  // namespace orchestrator
