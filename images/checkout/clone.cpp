#include "images/checkout/clone.h"

#include <filesystem>

#include "images/checkout/path_rules.h"
#include "images/checkout/refs.h"

namespace images::checkout {
namespace {

constexpr const char* kCommitRef = "refs/orchestrator/commit";  // its presence says: complete
constexpr const char* kShownKey = "orchestrator.shown";

// Everything, for a commit that no name leads to and that the server does not give by its id.
void download_everything(Fetch& fetch, const Progress& progress) {
  progress("looking for the commit in the whole history");
  fetch.advertised();
  fetch.download({"+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"}, false);
}

git_oid commit_of(git_repository* repository, const std::string& revision, const std::string& shown,
                  const std::string& url) {
  git_object* found = nullptr;
  const int code = ::git_revparse_single(&found, repository, revision.c_str());
  const Object object(found);
  const std::string where = " in " + without_credentials(url);
  if (code == GIT_EAMBIGUOUS) throw io::RequestError("ref '" + printable(shown) + "' is ambiguous" + where);
  git_object* commit = nullptr;
  if (code != 0) throw io::RequestError("ref '" + printable(shown) + "' does not exist" + where);
  if (::git_object_peel(&commit, found, GIT_OBJECT_COMMIT) != 0)
    throw io::RequestError("ref '" + printable(shown) + "' is no commit" + where);
  const Object owner(commit);
  return *::git_object_id(commit);
}

// Which revision the download left to look up. `again` makes another connection.
std::string download(const RefChoice& choice, Fetch& fetch,
                     const std::function<std::unique_ptr<Fetch>()>& again, const Progress& progress) {
  if (choice.refspecs.empty()) {
    download_everything(*again(), progress);
    return choice.shown;
  }
  if (!choice.exact_commit) {
    fetch.download(choice.refspecs, true);
    return kWantedRef;
  }
  try {
    fetch.download(choice.refspecs, true);
  } catch (const TransportError&) {
    download_everything(*again(), progress);
  }
  return choice.oid;
}

void complete(Clone& clone) {
  git_repository* repository = clone.repository.get();
  auto config = git_make<Config>("cannot open its configuration", ::git_repository_config, repository);
  git_check(::git_config_set_string(config.get(), kShownKey, clone.shown.c_str()), "cannot note the ref");
  if (!clone.branch.empty()) {
    git_make<Reference>("cannot make the branch", ::git_reference_create, repository, clone.branch.c_str(),
                        static_cast<const git_oid*>(&clone.commit), 1, "");
    git_check(::git_repository_set_head(repository, clone.branch.c_str()), "cannot set HEAD");
  } else {
    git_check(::git_repository_set_head_detached(repository, &clone.commit), "cannot set HEAD");
  }
  git_make<Reference>("cannot note the commit", ::git_reference_create, repository, kCommitRef,
                      static_cast<const git_oid*>(&clone.commit), 1, "");
}

bool open_completed(Clone& clone, const std::string& folder) {
  git_repository* opened = nullptr;
  if (::git_repository_open_bare(&opened, folder.c_str()) != 0) return false;
  clone.repository.reset(opened);
  if (::git_reference_name_to_id(&clone.commit, opened, kCommitRef) != 0) return false;
  git_reference* head = nullptr;
  if (::git_reference_lookup(&head, opened, "HEAD") == 0) {
    const Reference owner(head);
    if (::git_reference_type(head) == GIT_REFERENCE_SYMBOLIC)
      clone.branch = ::git_reference_symbolic_target(head);
  }
  auto config = git_make<Config>("cannot open its configuration", ::git_repository_config_snapshot, opened);
  const char* shown = nullptr;
  if (::git_config_get_string(&shown, config.get(), kShownKey) == 0) clone.shown = shown;
  return true;
}

}  // namespace

Clone clone_commit(Transports& transports, const std::string& url, const std::string& ref,
                   const std::string& folder, const Progress& progress) {
  Clone clone;
  if (open_completed(clone, folder)) return clone;
  clone.repository.reset();
  std::filesystem::remove_all(folder);
  clone.repository = git_make<Repository>("cannot make " + folder, ::git_repository_init, folder.c_str(), 1u);
  git_repository* repository = clone.repository.get();

  progress("connecting to " + host_of(url));
  const auto connect = [&] { return transports.fetch(repository, folder, url, progress); };
  const auto fetch = connect();
  const RefChoice choice = choose_ref(fetch->advertised(), ref, without_credentials(url));
  const std::string revision = download(choice, *fetch, connect, progress);
  clone.commit = commit_of(repository, revision, choice.shown, url);
  clone.branch = choice.branch;
  clone.shown = choice.shown;
  complete(clone);
  return clone;
}

}  // namespace images::checkout
