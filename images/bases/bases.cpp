#include "images/bases/bootstrap.h"

namespace images {

const std::vector<BaseRecipe>& base_recipes() {
  static const std::vector<BaseRecipe> kRecipes = {
      {"python",
       "trixie",
       {"ca-certificates", "python3", "python3-venv", "python3-pip", "git"},
       "orchestrator/python:trixie",
       "Debian trixie with Python 3.13, pip and git"},
      {"minimal",
       "trixie",
       {"ca-certificates"},
       "orchestrator/minimal:trixie",
       "Debian trixie, nothing but its base"},
      {"python3.11",
       "bookworm",
       {"ca-certificates", "python3", "python3-venv", "python3-pip", "git"},
       "orchestrator/python:bookworm",
       "Debian bookworm with Python 3.11, pip and git: for projects that later ones do not run"},
      {"node",
       "trixie",
       // debootstrap knows no virtual packages: behind npm stand those that provide what it, or what they,
       // need.
       {"ca-certificates", "git", "nodejs", "npm", "eslint", "node-ampproject-remapping", "node-babel7",
        "node-cli-table", "node-css-loader", "node-css-selector-tokenizer", "node-fancy-log",
        "node-jest-debbundle", "node-json-schema", "node-n3", "node-read-pkg", "node-tape"},
       "orchestrator/node:trixie",
       "Debian trixie with Node 20, npm and git"},
      {"go",
       "trixie",
       {"ca-certificates", "git", "golang-go", "gcc", "libc6-dev"},
       "orchestrator/go:trixie",
       "Debian trixie with Go 1.24, a C compiler and git"},
      {"cpp",
       "trixie",
       {"ca-certificates", "cmake", "g++", "git", "libgtest-dev", "make", "ninja-build", "pkg-config"},
       "orchestrator/cpp:trixie",
       "Debian trixie with CMake 3.31, GCC 14, GoogleTest and git"},
      {"rust",
       "trixie",
       {"ca-certificates", "cargo", "gcc", "git", "libc6-dev", "pkg-config", "rustc"},
       "orchestrator/rust:trixie",
       "Debian trixie with Rust 1.85, cargo, a C compiler and git"},
      {"java",
       "trixie",
       {"ca-certificates", "curl", "default-jdk-headless", "git", "maven"},
       "orchestrator/java:trixie",
       "Debian trixie with JDK 21, Maven 3.9, curl and git"},
  };
  return kRecipes;
}

const BaseRecipe* find_base(const std::string& name) {
  for (const auto& recipe : base_recipes())
    if (recipe.name == name || recipe.reference == name) return &recipe;
  return nullptr;
}

}  // namespace images
