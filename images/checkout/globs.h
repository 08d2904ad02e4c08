// Path patterns as people write them for --include: "*.so", "build/", "data/**/*.bin". Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace images::checkout {

// '*' and '?' do not match '/', "**" matches any number of folders.
bool glob_matches(std::string_view pattern, std::string_view path);

// A pattern without '/' is about a name at any depth, one with '/' about a path from the root. A pattern that
// names a folder brings all of it.
class IncludeGlobs {
 public:
  explicit IncludeGlobs(const std::vector<std::string>& patterns);
  bool empty() const { return patterns_.empty(); }
  bool matches(std::string_view path) const;
  // False when nothing below `folder` can match, so that it need not be read.
  bool may_match_below(std::string_view folder) const;

 private:
  std::vector<std::vector<std::string>> patterns_;  // by component
};

}  // namespace images::checkout
