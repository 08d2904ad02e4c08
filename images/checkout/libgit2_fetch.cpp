#include "images/checkout/libgit2_fetch.h"

#include <cstdio>

#include "images/checkout/https_client.h"
#include "images/checkout/path_rules.h"

namespace images::checkout {

Libgit2Fetch::Libgit2Fetch(std::unique_ptr<GitTransport> transport, git_repository* repository,
                           const std::string& url, const Progress& progress)
    : transport_(std::move(transport)), progress_(progress) {
  git_remote_create_options options = GIT_REMOTE_CREATE_OPTIONS_INIT;
  options.repository = repository;
  options.flags = GIT_REMOTE_CREATE_SKIP_INSTEADOF | GIT_REMOTE_CREATE_SKIP_DEFAULT_FETCHSPEC;
  remote_ = git_make<Remote>("cannot prepare the fetch", ::git_remote_create_with_opts, url.c_str(),
                             static_cast<const git_remote_create_options*>(&options));
  options_.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
  options_.update_fetchhead = 0;
  options_.callbacks.transport = [](git_transport** out, git_remote* owner, void* self) {
    return static_cast<Libgit2Fetch*>(self)->transport_->make_transport(out, owner);
  };
  options_.callbacks.transfer_progress = [](const git_indexer_progress* stats, void* self) {
    return static_cast<Libgit2Fetch*>(self)->report(*stats);
  };
  options_.callbacks.payload = this;
}

std::vector<AdvertisedRef> Libgit2Fetch::advertised() {
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

void Libgit2Fetch::download(const std::vector<std::string>& refspecs, bool depth_one) {
  transport_->set_depth_one(depth_one);
  std::vector<char*> texts;
  for (const std::string& one : refspecs) texts.push_back(const_cast<char*>(one.c_str()));
  const git_strarray list{texts.data(), texts.size()};
  attempt([&] { return ::git_remote_fetch(remote_.get(), &list, &options_, nullptr); });
}

template <class Call>
void Libgit2Fetch::attempt(Call call) {
  const int code = call();
  if (code >= 0) return;
  transport_->rethrow();
  const git_error* error = ::git_error_last();
  throw TransportError(error && error->message ? printable(error->message) : "git's protocol failed");
}

int Libgit2Fetch::report(const git_indexer_progress& stats) {
  const auto now = std::chrono::steady_clock::now();
  if (now - reported_ < std::chrono::milliseconds(200)) return 0;
  reported_ = now;
  char text[120];
  std::snprintf(text, sizeof text, "receiving objects %u/%u (%.1f MiB)", stats.received_objects,
                stats.total_objects, static_cast<double>(stats.received_bytes) / (1 << 20));
  progress_(text);
  return 0;
}

}  // namespace images::checkout
