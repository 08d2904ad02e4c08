// Where a repository's own settings stand in its tree, and what lies there that is not read. Pure.
#pragma once

#include <string>
#include <vector>

#include "images/checkout/checkout.h"

namespace orchestrator {

struct RepositoryFile {
  const std::string* text = nullptr;  // inside the source; null when there is none
  std::string where;                  // its path in the tree
  std::vector<std::string> warnings;  // of what a person may have taken for it
};

// Of the folder asked for, else of the root. Only a plain file is read: a symlink may lead anywhere.
RepositoryFile find_in_tree(const images::Source& source, const std::string& subdir, const std::string& name);
// The settings, kRepositoryConfig, and what was probably meant to be them.
RepositoryFile find_repository_file(const images::Source& source, const std::string& subdir);

}  // namespace orchestrator
