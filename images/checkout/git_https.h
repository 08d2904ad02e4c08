// libgit2's way to an https server, by our own HttpsClient instead of its own HTTP: that one has no timeouts,
// no proxy rules of ours, and takes a credential along on redirects. Lives as long as the fetch it serves.
#pragma once

#include <git2.h>
#include <git2/sys/transport.h>

#include <exception>
#include <string>

#include "images/checkout/https_client.h"

namespace images::checkout {

class GitHttps {
 public:
  explicit GitHttps(HttpsClient& client);
  GitHttps(const GitHttps&) = delete;
  GitHttps& operator=(const GitHttps&) = delete;

  // For git_remote_callbacks::transport.
  int make_transport(git_transport** out, git_remote* owner);
  // Ask for the newest commit alone, where the server can do it.
  void set_depth_one(bool on) { depth_one_ = on; }
  // Throws what made the last call of libgit2 fail, if it was on our side of it.
  void rethrow();

  // The rest is for the streams that libgit2 opens.
  HttpsClient& client() { return client_; }
  bool asks_depth() const { return depth_one_ && server_offers_depth_; }
  const std::string& base() const { return base_; }
  std::string advertisement(const std::string& url);
  int fail() noexcept;  // keeps the exception in flight; returns libgit2's code for it

 private:
  HttpsClient& client_;
  git_smart_subtransport_definition definition_{};
  std::string base_;  // the repository's URL after redirects
  bool depth_one_ = false;
  bool server_offers_depth_ = false;
  std::exception_ptr error_;
};

}  // namespace images::checkout
