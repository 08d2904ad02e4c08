// Finds the paths that a glob means, by looking into folders, within bounds on folders, depth and time: a
// repository may name "/**/*" as its glob. `*`, `?` (a byte) and `[a-z]`, `[!a-z]` stay within a name and
// match a leading dot too; `**` alone between slashes is any number of folders, itself none. `**` goes
// neither into .git, node_modules, /proc nor /sys, and no wildcard goes through a symbolic link; a name that
// is spelled out does.
#pragma once

#include <dirent.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace supervisor {

bool matches_name(std::string_view pattern, std::string_view name);

class GlobWalk {
 public:
  static constexpr int kMaxFolders = 20'000;  // looked into, of all globs together
  static constexpr int kMaxDepth = 32;        // of folders that wildcards go down

  // `found` hears each path that is there and that a wildcard did not show to be a folder, maybe twice.
  // `give_up` is asked now and then.
  GlobWalk(std::function<void(const std::string&)> found, std::function<bool()> give_up)
      : found_(std::move(found)), give_up_(std::move(give_up)) {}

  void walk(std::string_view glob);                // relative to our working folder, or absolute
  bool incomplete() const { return incomplete_; }  // a bound was met

 private:
  using Parts = std::vector<std::string>;

  void go_on(const Parts& parts, std::size_t at, int depth);
  void take_name(const Parts& parts, std::size_t at, int depth);
  void look_into(const Parts& parts, std::size_t at, int depth);
  void take_entry(const Parts& parts, std::size_t at, int depth, const dirent& entry);
  bool may_look_further(int depth);

  std::function<void(const std::string&)> found_;
  std::function<bool()> give_up_;
  std::string path_;  // where the walk is; "" for the working folder
  int folders_ = 0;
  unsigned entries_ = 0;
  bool incomplete_ = false;
};

}  // namespace supervisor
