// A folder of this host as it is: uncommitted and untracked files in, ignored ones out unless an include glob
// brings them back, tracked ones always in. `.git` is never part of it. Symlinks are entries, never followed;
// pipes, sockets and devices are left out with a warning. Child process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "images/checkout/git_handles.h"
#include "images/checkout/globs.h"
#include "images/checkout/source_tree.h"
#include "sandbox/io/fd.h"

namespace images::checkout {

class LocalFolder : public SourceTree {
 public:
  // `repository`: whose ignore rules count, with its working folder at `folder` or above it. Its bytes are
  // read only by open(). Throws io::RequestError for an unreadable folder, or more than `max_bytes`.
  LocalFolder(const std::string& folder, Repository repository, const std::vector<std::string>& include,
              std::int64_t max_bytes);

  std::unique_ptr<Content> open(std::size_t index) override;
  // Does .gitattributes say that Git LFS keeps this file's content?
  bool is_lfs(std::size_t index) const;

 private:
  // A repository while its part of the folder is walked: the folder's own, or a submodule's.
  struct Rules {
    git_repository* repository = nullptr;
    std::string below;     // the walk's root as seen from the working folder: "" or "sub/"
    std::size_t skip = 0;  // characters of the walk's paths before the part that this repository knows
    Repository owner;
    Index index;

    std::string path(const std::string& walked) const {
      return below + walked.substr(std::min(skip, walked.size()));
    }
    bool is_tracked(const std::string& walked) const;
    bool has_tracked_below(const std::string& walked) const;
    bool is_ignored(const std::string& walked, bool folder) const;
  };

  void walk(int parent, const char* name, const std::string& folder, const Rules& rules, std::size_t depth);
  void visit(int parent, const char* name, const std::string& path, const Rules& rules, std::size_t depth);
  void enter(int parent, const char* name, const std::string& path, const Rules& rules, std::size_t depth);
  void add(const std::string& path, char type, std::int64_t size);
  void warn_of_skipped();

  std::string folder_;
  io::Fd root_;
  Rules rules_;
  IncludeGlobs include_;
  std::int64_t max_bytes_;
  std::int64_t total_ = 0;
  std::vector<std::string> special_;
  std::size_t special_count_ = 0;
};

}  // namespace images::checkout
