// libgit2's way to an https server, by our own HttpsClient instead of its own HTTP: that one has no timeouts,
// no proxy rules of ours, and takes a credential along on redirects.
#pragma once

#include <string>

#include "images/checkout/git_transport.h"
#include "images/checkout/https_client.h"

namespace images::checkout {

class GitHttps : public GitTransport {
 public:
  explicit GitHttps(HttpsClient& client);

  // The rest is for the streams that libgit2 opens.
  HttpsClient& client() { return client_; }
  bool asks_depth() const { return depth_one_ && server_offers_depth_; }
  const std::string& base() const { return base_; }
  std::string advertisement(const std::string& url);

 private:
  HttpsClient& client_;
  std::string base_;  // the repository's URL after redirects
  bool server_offers_depth_ = false;
};

}  // namespace images::checkout
