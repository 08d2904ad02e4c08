// Fetching by libgit2, over a transport of ours. Child process.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "images/checkout/fetch.h"
#include "images/checkout/git_handles.h"
#include "images/checkout/git_transport.h"

namespace images::checkout {

class Libgit2Fetch : public Fetch {
 public:
  Libgit2Fetch(std::unique_ptr<GitTransport> transport, git_repository* repository, const std::string& url,
               const Progress& progress);

  std::vector<AdvertisedRef> advertised() override;
  void download(const std::vector<std::string>& refspecs, bool depth_one) override;

 private:
  template <class Call>
  void attempt(Call call);
  int report(const git_indexer_progress& stats);

  std::unique_ptr<GitTransport> transport_;
  const Progress& progress_;
  Remote remote_;
  git_fetch_options options_ = GIT_FETCH_OPTIONS_INIT;
  std::chrono::steady_clock::time_point reported_{};
};

}  // namespace images::checkout
