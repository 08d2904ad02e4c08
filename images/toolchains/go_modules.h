// Which modules of a tree a Go command tests: the module of the folder that it runs in, those that go.work
// uses, and those that its words name. Pure; any thread.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "images/checkout/checkout.h"

namespace images {

// Folders of the tree, "" for its root, each in one list only.
struct GoModules {
  std::vector<std::string> workspace;  // used by the go.work that holds for the folder
  std::vector<std::string> alone;      // the folder's own module, and what the command's words name
  // The rest below the folder: perhaps tested by a script, perhaps another's fixture that nothing can be
  // downloaded for.
  std::vector<std::string> others;
  std::set<std::string> vendored;  // of all of them, those whose modules the tree brings along
  bool named = false;              // the command's words name some
};

GoModules go_modules(const Source& source, const std::string& subdir,
                     const std::vector<std::string>& test_words);

// The folders that a go.work uses, as they stand there: "./a", "../b".
std::vector<std::string> used_by_go_work(std::string_view go_work);

}  // namespace images
