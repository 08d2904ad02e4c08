#include "images/checkout/clone.h"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "images/checkout/git_https.h"
#include "images/checkout/path_rules.h"
#include "images/checkout/refs.h"

namespace images::checkout {
namespace {

constexpr const char* kCommitRef = "refs/orchestrator/commit";  // its presence says: complete
constexpr const char* kShownKey = "orchestrator.shown";

// One connection to one server, with the callbacks that libgit2 wants.
class Fetch {
 public:
  Fetch(HttpsClient& client, git_repository* repository, const std::string& url, const Progress& progress)
      : https_(client), progress_(progress) {
    git_remote_create_options options = GIT_REMOTE_CREATE_OPTIONS_INIT;
    options.repository = repository;
    options.flags = GIT_REMOTE_CREATE_SKIP_INSTEADOF | GIT_REMOTE_CREATE_SKIP_DEFAULT_FETCHSPEC;
    remote_ = git_make<Remote>("cannot prepare the fetch", ::git_remote_create_with_opts, url.c_str(),
                               static_cast<const git_remote_create_options*>(&options));
    options_.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
    options_.update_fetchhead = 0;
    options_.callbacks.transport = [](git_transport** out, git_remote* owner, void* self) {
      return static_cast<Fetch*>(self)->https_.make_transport(out, owner);
    };
    options_.callbacks.transfer_progress = [](const git_indexer_progress* stats, void* self) {
      return static_cast<Fetch*>(self)->report(*stats);
    };
    options_.callbacks.payload = this;
  }

  std::vector<AdvertisedRef> connect() {
    attempt([&] {
      return ::git_remote_connect(remote_.get(), GIT_DIRECTION_FETCH, &options_.callbacks, nullptr, nullptr);
    });
    const git_remote_head** heads = nullptr;
    std::size_t count = 0;
    attempt([&] { return ::git_remote_ls(&heads, &count, remote_.get()); });
    std::vector<AdvertisedRef> advertised;
    for (std::size_t i = 0; i < count; ++i)
      advertised.push_back(
          {heads[i]->name, hex(heads[i]->oid), heads[i]->symref_target ? heads[i]->symref_target : ""});
    return advertised;
  }

  void download(const std::vector<std::string>& refspecs, bool depth_one) {
    https_.set_depth_one(depth_one);
    std::vector<char*> texts;
    for (const std::string& one : refspecs) texts.push_back(const_cast<char*>(one.c_str()));
    const git_strarray list{texts.data(), texts.size()};
    attempt([&] { return ::git_remote_fetch(remote_.get(), &list, &options_, nullptr); });
  }

 private:
  template <class Call>
  void attempt(Call call) {
    const int code = call();
    if (code >= 0) return;
    https_.rethrow();
    const git_error* error = ::git_error_last();
    throw TransportError(error && error->message ? printable(error->message) : "git's protocol failed");
  }

  int report(const git_indexer_progress& stats) {
    const auto now = std::chrono::steady_clock::now();
    if (now - reported_ < std::chrono::milliseconds(200)) return 0;
    reported_ = now;
    char text[120];
    std::snprintf(text, sizeof text, "receiving objects %u/%u (%.1f MiB)", stats.received_objects,
                  stats.total_objects, static_cast<double>(stats.received_bytes) / (1 << 20));
    progress_(text);
    return 0;
  }

  GitHttps https_;
  const Progress& progress_;
  Remote remote_;
  git_fetch_options options_ = GIT_FETCH_OPTIONS_INIT;
  std::chrono::steady_clock::time_point reported_{};
};

// Everything, for a commit that no name leads to and that the server does not give by its id.
void download_everything(HttpsClient& client, git_repository* repository, const std::string& url,
                         const Progress& progress) {
  progress("looking for the commit in the whole history");
  Fetch fetch(client, repository, url, progress);
  fetch.connect();
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

// Which revision the download left to look up.
std::string download(HttpsClient& client, git_repository* repository, const std::string& url,
                     const RefChoice& choice, Fetch& fetch, const Progress& progress) {
  const std::string prefix = choice.shown;
  if (choice.refspecs.empty()) {
    download_everything(client, repository, url, progress);
    return prefix;
  }
  if (!choice.exact_commit) {
    fetch.download(choice.refspecs, true);
    return kWantedRef;
  }
  try {
    fetch.download(choice.refspecs, true);
    return choice.oid;
  } catch (const TransportError&) {
    download_everything(client, repository, url, progress);
    return choice.oid;
  }
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

Clone clone_commit(HttpsClient& client, const std::string& url, const std::string& ref,
                   const std::string& folder, const Progress& progress) {
  Clone clone;
  if (open_completed(clone, folder)) return clone;
  clone.repository.reset();
  std::filesystem::remove_all(folder);
  clone.repository = git_make<Repository>("cannot make " + folder, ::git_repository_init, folder.c_str(), 1u);
  git_repository* repository = clone.repository.get();

  progress("connecting to " + parse_https(url).host);
  Fetch fetch(client, repository, url, progress);
  const RefChoice choice = choose_ref(fetch.connect(), ref, without_credentials(url));
  const std::string revision = download(client, repository, url, choice, fetch, progress);
  clone.commit = commit_of(repository, revision, choice.shown, url);
  clone.branch = choice.branch;
  clone.shown = choice.shown;
  complete(clone);
  return clone;
}

}  // namespace images::checkout
