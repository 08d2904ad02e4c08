// Submodules: the repositories that a commit names inside its tree, each at the commit recorded for it, by
// the same rules as the repository itself. Child process.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "images/checkout/clone.h"
#include "images/checkout/git_tree.h"
#include "images/checkout/transports.h"

namespace images::checkout {

struct Submodule {
  std::string name;
  std::string url;  // as written: absolute, or relative to the repository's own
};
// .gitmodules, by path. Lines that are not understood are passed over.
std::map<std::string, Submodule> parse_gitmodules(std::string_view text);

// Clones what `links` name into `scratch`/modules and adds it to the tree, with what these name in turn and
// with their LFS files. `root` is the repository's commit, `url` its address. Throws io::RequestError that
// names the submodule for an address that is not allowed.
struct RemoteModules {
  Transports& transports;
  GitTree& tree;
  const std::string& scratch;
  const Progress& progress;
  std::map<std::size_t, std::pair<std::string, std::string>> places{};  // source → url, prefix
  std::size_t sources = 1;                                              // the repository itself is source 0

  void add(git_repository* repository, const git_oid& commit, const std::string& url,
           const std::string& prefix, const std::vector<GitLink>& links, int depth = 0);
};

// The same from a local repository, whose submodules' objects lie below its own folder. Those that are not
// there are an io::RequestError that says how to get them.
void add_local_modules(GitTree& tree, git_repository* repository, const git_oid& commit,
                       const std::string& prefix, const std::vector<GitLink>& links, int depth = 0);

}  // namespace images::checkout
