// All that one checkout reaches others by, each way kept to the same rules: https, ssh, or the program git
// where a person asked for it. Child process.
#pragma once

#include <memory>
#include <string>

#include "images/checkout/checkout.h"
#include "images/checkout/fetch.h"
#include "images/checkout/git_handles.h"
#include "images/checkout/git_program.h"
#include "images/checkout/https_client.h"
#include "images/checkout/ssh_client.h"

namespace images::checkout {

class Transports {
 public:
  // The request must outlive it.
  explicit Transports(const CheckoutRequest& request);

  // `url` is a checked address; `folder` is where `repository` lies.
  std::unique_ptr<Fetch> fetch(git_repository* repository, const std::string& folder, const std::string& url,
                               const Progress& progress);
  HttpsClient& https() { return https_; }  // for Git LFS

 private:
  HttpsClient https_;
  SshClient ssh_;
  std::unique_ptr<GitProgram> git_;  // null: libgit2 fetches
};

}  // namespace images::checkout
