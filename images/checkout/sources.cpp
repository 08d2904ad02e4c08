#include "images/checkout/sources.h"

#include <cstdlib>
#include <filesystem>

#include "images/checkout/git_state.h"
#include "images/checkout/git_tree.h"
#include "images/checkout/lfs.h"
#include "images/checkout/path_rules.h"
#include "images/checkout/refs.h"
#include "images/checkout/submodules.h"

namespace images::checkout {
namespace {

namespace fs = std::filesystem;

Sources open_remote(const CheckoutRequest& request, const Progress& progress) {
  const std::string url = checked_address(request.repo);
  Transports transports(request);
  Clone clone = clone_commit(transports, url, request.ref, request.scratch + "/repo.git", progress);
  Sources sources;
  sources.url = without_credentials(url);
  sources.ref = clone.shown;
  sources.commit = hex(clone.commit);
  sources.git = read_git_state(clone.repository.get(), clone.commit, clone.branch);
  sources.repository = git_make<Repository>("cannot open the clone", ::git_repository_open_bare,
                                            ::git_repository_path(clone.repository.get()));
  auto tree = std::make_unique<GitTree>(request.max_bytes);
  git_repository* repository = clone.repository.get();
  const auto links = tree->add(std::move(clone.repository), clone.commit, "");
  RemoteModules modules{transports, *tree, request.scratch, progress};
  modules.places[0] = {url, ""};
  modules.add(repository, clone.commit, url, "", links);
  tree->finish();
  for (const auto& [source, place] : modules.places)
    fetch_lfs(transports.https(), *tree, source, place.first, place.second, request.scratch + "/lfs",
              progress);
  sources.tree = std::move(tree);
  return sources;
}

// The repository that a folder lies in. Null when there is none, or none that can be read.
Repository repository_around(const std::string& folder, std::vector<std::string>& warnings) {
  git_repository* found = nullptr;
  const int code = ::git_repository_open_ext(&found, folder.c_str(), 0, nullptr);
  Repository repository(code == 0 ? found : nullptr);
  if (code != 0 && code != GIT_ENOTFOUND) {
    const git_error* error = ::git_error_last();
    warnings.push_back("the git repository of " + printable(folder) + " cannot be read (" +
                       printable(error && error->message ? error->message : "unknown error") +
                       "); it is taken as a plain folder");
  }
  return repository;
}

// A folder below the working folder: its path inside, "" for the working folder itself, nothing when the
// repository is not about this folder (it ignores it, or the folder lies inside .git).
std::optional<std::string> place_in(const std::string& folder, git_repository* repository) {
  if (::git_repository_is_bare(repository)) return "";
  const std::string workdir = ::git_repository_workdir(repository);
  if (folder + "/" == workdir) return "";
  if (!folder.starts_with(workdir)) return std::nullopt;
  const std::string place = folder.substr(workdir.size());
  int ignored = 0;
  if (::git_ignore_path_is_ignored(&ignored, repository, (place + "/").c_str()) != 0 || ignored)
    return std::nullopt;
  return place;
}

void read_head(Sources& sources, git_repository* repository) {
  git_oid commit{};
  if (::git_reference_name_to_id(&commit, repository, "HEAD") != 0) return;  // no commit yet
  git_reference* head = nullptr;
  std::string branch;
  if (::git_repository_head(&head, repository) == 0) {
    const Reference owner(head);
    if (::git_reference_is_branch(head)) {
      branch = ::git_reference_name(head);
      sources.ref = ::git_reference_shorthand(head);
    }
  }
  sources.commit = hex(commit);
  sources.git = read_git_state(repository, commit, branch);
}

bool differs_from_commit(git_repository* repository, const std::string& place) {
  git_status_options options = GIT_STATUS_OPTIONS_INIT;
  options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | GIT_STATUS_OPT_DISABLE_PATHSPEC_MATCH;
  std::string below = place;
  char* texts[] = {below.data()};
  if (!place.empty()) options.pathspec = {texts, 1};
  git_status_list* list = nullptr;
  if (::git_status_list_new(&list, repository, &options) != 0) return true;
  const StatusList owner(list);
  return ::git_status_list_entrycount(list) > 0;
}

}  // namespace

Repository open_around(const std::string& folder) {
  git_repository* found = nullptr;
  return Repository(::git_repository_open_ext(&found, folder.c_str(), 0, nullptr) == 0 ? found : nullptr);
}

git_oid find_commit(git_repository* repository, const std::string& ref, const std::string& repo,
                    std::string& branch) {
  for (const std::string& name :
       {"refs/heads/" + ref, "refs/tags/" + ref, "refs/remotes/origin/" + ref, ref}) {
    git_object* found = nullptr;
    const int code = ::git_revparse_single(&found, repository, name.c_str());
    const Object object(found);
    // What is too short to be looked up is called ambiguous, too.
    if (code == GIT_EAMBIGUOUS && ref.size() >= GIT_OID_MINPREFIXLEN)
      throw io::RequestError("ref '" + printable(ref) + "' is ambiguous in " + printable(repo));
    git_object* commit = nullptr;
    if (code != 0 || ::git_object_peel(&commit, found, GIT_OBJECT_COMMIT) != 0) continue;
    const Object owner(commit);
    if (name.starts_with("refs/heads/")) branch = name;
    return *::git_object_id(commit);
  }
  std::vector<std::string> names;
  git_strarray list{};
  if (::git_reference_list(&list, repository) == 0) {
    for (std::size_t i = 0; i < list.count; ++i)
      for (std::string_view folder : {"refs/heads/", "refs/tags/", "refs/remotes/origin/"})
        if (std::string_view(list.strings[i]).starts_with(folder))
          names.emplace_back(list.strings[i] + folder.size());
    ::git_strarray_dispose(&list);
  }
  throw unknown_ref(ref, printable(repo), names);
}

namespace {

Repository opened_again(git_repository* repository) {
  return git_make<Repository>("cannot open the repository", ::git_repository_open_bare,
                              ::git_repository_commondir(repository));
}

// The tree of a commit of a local repository, as a clone of it would give.
void open_local_commit(Sources& sources, const CheckoutRequest& request, Repository repository,
                       const std::string& place) {
  git_repository* raw = repository.get();
  std::string branch;
  git_oid commit{};
  if (!request.ref.empty()) {
    commit = find_commit(raw, request.ref, request.repo, branch);
    sources.ref = request.ref;
    sources.commit = hex(commit);
    sources.git = read_git_state(raw, commit, branch);
  } else {
    read_head(sources, raw);
    if (!sources.git) throw io::RequestError(printable(request.repo) + " holds no commit");
    git_check(::git_oid_fromstr(&commit, sources.commit.c_str()), "cannot read the commit");
  }
  const std::string lfs = std::string(::git_repository_commondir(raw)) + "lfs/objects";
  auto tree = std::make_unique<GitTree>(request.max_bytes);
  if (place.empty()) {
    sources.repository = opened_again(raw);
    const auto links = tree->add(std::move(repository), commit, "");
    add_local_modules(*tree, raw, commit, "", links);
  } else {
    sources.git.reset();
    for (const GitLink& link : tree->add_folder(std::move(repository), commit, place))
      tree->warn("the submodule '" + printable(link.path) +
                 "' is left out: only a folder of its repository was asked for");
  }
  tree->finish();
  find_lfs(*tree, 0, "", lfs);
  sources.tree = std::move(tree);
}

// A repository of ours around a plain folder, for .gitignore alone.
Repository ignore_rules_for(const std::string& folder, const std::string& scratch) {
  auto repository = git_make<Repository>("cannot prepare the ignore rules", ::git_repository_init,
                                         (scratch + "/ignore.git").c_str(), 1u);
  git_check(::git_repository_set_workdir(repository.get(), folder.c_str(), 0),
            "cannot prepare the ignore rules");
  return repository;
}

void open_folder(Sources& sources, const CheckoutRequest& request, const std::string& folder,
                 Repository repository, const std::string& place) {
  if (repository) {
    read_head(sources, repository.get());
    sources.dirty = differs_from_commit(repository.get(), place);
    if (!place.empty()) sources.git.reset();
  } else {
    repository = ignore_rules_for(folder, request.scratch);
  }
  auto tree =
      std::make_unique<LocalFolder>(folder, std::move(repository), request.include, request.max_bytes);
  sources.folder = tree.get();
  sources.tree = std::move(tree);
}

Sources open_local(const CheckoutRequest& request) {
  Sources sources;
  sources.local = true;
  std::error_code error;
  const std::string folder = fs::canonical(request.repo, error).string();
  if (error)
    throw io::RequestError("Invalid repository URL or path: " + printable(request.repo) + " (" +
                           error.message() + ")");
  sources.url = folder;
  Repository repository = repository_around(folder, sources.warnings);
  std::optional<std::string> place;
  if (repository) place = place_in(folder, repository.get());
  if (!place) repository.reset();
  if (!repository && !request.ref.empty())
    throw io::RequestError("ref '" + printable(request.ref) + "' was asked for, but " + printable(folder) +
                           " is not a git repository");
  if (place && !place->empty())
    sources.warnings.push_back(printable(folder) +
                               " is a folder inside a git repository: it is taken alone, without .git");
  const bool as_commit = repository && (!request.ref.empty() || ::git_repository_is_bare(repository.get()));
  if (as_commit) {
    open_local_commit(sources, request, std::move(repository), *place);
  } else {
    git_repository* raw = repository.get();
    if (raw && place->empty()) sources.repository = opened_again(raw);
    open_folder(sources, request, folder, std::move(repository), place.value_or(""));
    if (!sources.git) sources.repository.reset();
  }
  return sources;
}

}  // namespace

Sources open_sources(const CheckoutRequest& request, const Progress& progress) {
  Sources sources = is_remote(request.repo) ? open_remote(request, progress) : open_local(request);
  const auto& more = sources.tree->warnings();
  sources.warnings.insert(sources.warnings.end(), more.begin(), more.end());
  return sources;
}

}  // namespace images::checkout
