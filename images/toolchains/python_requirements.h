// Reads pip's requirement files as far as a build plan needs: which other files they include, and whether a
// line points into the tree (then the sources are needed to install it). Pure; hostile text is only ever
// looked at.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "images/checkout/checkout.h"

namespace images {

struct RequirementFiles {
  std::vector<std::string> roots;  // given to pip with -r, relative to the subdir
  std::vector<std::string> all;    // roots and everything that they include, relative to the tree's root
  std::string needs_sources;       // empty, or the sentence that says which line needs the tree
};

// The requirement files of a project by their usual names, and what they include.
RequirementFiles find_requirement_files(const Source& source, const std::string& subdir);

// One logical line each: continuations joined, comments and blanks gone.
std::vector<std::string> requirement_lines(std::string_view text);

// "a/b", "../c" → "a/c"; nullopt when it leaves the tree or is no relative path.
std::optional<std::string> join_in_tree(std::string_view folder, std::string_view path);

}  // namespace images
