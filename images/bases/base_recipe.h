// A base image that can be made of Debian's packages. Each toolchain says which it can run on; the list of
// them all is here.
#pragma once

#include <string>
#include <vector>

namespace images {

struct BaseRecipe {
  std::string name;   // "python", "minimal"
  std::string suite;  // "trixie"
  std::vector<std::string> packages;
  std::string reference;  // "orchestrator/python:trixie"
  std::string about;      // one line
};

// Of all toolchains, each once.
const std::vector<BaseRecipe>& base_recipes();
// By its name or reference; nullptr when there is none.
const BaseRecipe* find_base(const std::string& name);

}  // namespace images
