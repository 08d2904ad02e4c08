#include "images/checkout/changed_files.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "images/checkout/git_handles.h"
#include "images/checkout/path_rules.h"
#include "images/checkout/sources.h"
#include "sandbox/io/error.h"

namespace images::checkout {
namespace {

namespace fs = std::filesystem;

using Diff = GitHandle<git_diff, ::git_diff_free>;

const char* const kGetHistory = "; fetch its history first (actions/checkout with fetch-depth: 0)";

[[noreturn]] void refuse(const std::string& sentence) { throw io::RequestError("only_changed: " + sentence); }

git_oid commit_named(git_repository* repository, const std::string& name, const std::string& folder) {
  try {
    std::string branch;
    return find_commit(repository, name, folder, branch);
  } catch (const io::RequestError& error) {
    refuse(error.what() + std::string(::git_repository_is_shallow(repository) ? kGetHistory : ""));
  }
}

git_oid common_commit(git_repository* repository, const git_oid& base, const git_oid& head,
                      const CheckoutRequest& request) {
  git_oid common{};
  if (::git_merge_base(&common, repository, &base, &head) == 0) return common;
  refuse("'" + printable(request.changed_since) + "' and what is tested have no commit in common" +
         (::git_repository_is_shallow(repository) ? ": this is a shallow clone" + std::string(kGetHistory)
                                                  : ""));
}

Tree tree_of(git_repository* repository, const git_oid& id) {
  const auto commit = git_make<Commit>("cannot read the commit", ::git_commit_lookup, repository, &id);
  return git_make<Tree>("cannot read the tree", ::git_commit_tree,
                        static_cast<const git_commit*>(commit.get()));
}

Diff compared(git_repository* repository, const git_oid& common, const git_oid& head, bool as_commit) {
  git_diff_options options = GIT_DIFF_OPTIONS_INIT;
  options.flags = GIT_DIFF_INCLUDE_UNTRACKED | GIT_DIFF_RECURSE_UNTRACKED_DIRS | GIT_DIFF_INCLUDE_TYPECHANGE;
  options.ignore_submodules = GIT_SUBMODULE_IGNORE_ALL;
  const Tree before = tree_of(repository, common);
  git_diff* diff = nullptr;
  if (as_commit) {
    const Tree after = tree_of(repository, head);
    git_check(::git_diff_tree_to_tree(&diff, repository, before.get(), after.get(), &options),
              "cannot compare with the base");
  } else {
    git_check(::git_diff_tree_to_workdir_with_index(&diff, repository, before.get(), &options),
              "cannot compare with the base");
  }
  return Diff(diff);
}

// Where the folder lies in its repository: "" or "sub/".
std::string place_of(const std::string& folder, git_repository* repository) {
  const char* workdir = ::git_repository_workdir(repository);
  const std::string top = workdir ? workdir : "", full = folder + "/";
  return !top.empty() && full.starts_with(top) ? full.substr(top.size()) : "";
}

}  // namespace

ChangedFiles changed_files(const CheckoutRequest& request, const Source& source) {
  if (!source.local)
    refuse("a clone has one commit alone; clone it yourself, with its history, and name the folder");
  const std::string folder = fs::canonical(request.repo).string();
  const Repository owner = open_around(folder);
  git_repository* repository = owner.get();
  if (!repository || source.commit.empty())
    refuse(printable(request.repo) + " is no git repository with a commit");
  git_oid head{};
  git_check(::git_oid_fromstr(&head, source.commit.c_str()), "cannot read the commit");
  const git_oid base = commit_named(repository, request.changed_since, request.repo);
  const git_oid common = common_commit(repository, base, head, request);
  const bool as_commit = !request.ref.empty() || ::git_repository_is_bare(repository);
  const Diff diff = compared(repository, common, head, as_commit);
  const std::string place = place_of(folder, repository);
  std::set<std::string> files;
  for (std::size_t i = 0; i < ::git_diff_num_deltas(diff.get()); ++i) {
    const git_diff_delta* delta = ::git_diff_get_delta(diff.get(), i);
    if (delta->status == GIT_DELTA_DELETED || !delta->new_file.path) continue;
    const std::string path = delta->new_file.path;
    if (path.starts_with(place) && source.has(path.substr(place.size())))
      files.insert(path.substr(place.size()));
  }
  return {hex(common), {files.begin(), files.end()}};
}

}  // namespace images::checkout
