// The one way from a request to a tree of sources, for the checkout and again, offline, for the archive: a
// clone that an earlier child left in the scratch folder is opened, not fetched. Child process.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "images/checkout/checkout.h"
#include "images/checkout/clone.h"
#include "images/checkout/git_handles.h"
#include "images/checkout/local_folder.h"
#include "images/checkout/source_tree.h"

namespace images::checkout {

// Everything but the contents.
struct Sources {
  std::unique_ptr<SourceTree> tree;
  LocalFolder* folder = nullptr;  // the tree, when it is a folder as it is
  // Where the objects of `git`'s commit are. Null when the tree is delivered without a .git.
  Repository repository;
  std::optional<GitState> git;
  bool local = false;
  bool dirty = false;
  std::string url, ref, commit;
  std::vector<std::string> warnings;
};

// The repository that a folder lies in; null when there is none. Throws nothing.
Repository open_around(const std::string& folder);
// The commit that a name means in a local repository: a branch first, then a tag, then origin's branch.
// `branch` is set when it was one. Throws io::RequestError with near names; `repo` is for people.
git_oid find_commit(git_repository* repository, const std::string& ref, const std::string& repo,
                    std::string& branch);

// Throws TransportError, io::RequestError, io::HostError.
Sources open_sources(const CheckoutRequest& request, const Progress& progress);

}  // namespace images::checkout
