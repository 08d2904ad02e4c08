// Fetching by the program git, for whoever has settings of git that libgit2 does not know: client
// certificates, url.*.insteadOf, a proxy of git's own. What it runs is bounded: no hooks, no transport but
// https and ssh, no submodules of its own, nobody asked for a password; ssh as by ssh_client. Child process.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "images/checkout/checkout.h"
#include "images/checkout/fetch.h"
#include "images/checkout/ssh_client.h"

namespace images::checkout {

class GitProgram {
 public:
  // A token is kept in a file of the request's scratch folder while this lives, and given to git by a helper.
  GitProgram(const CheckoutRequest& request, SshClient& ssh);
  ~GitProgram();
  GitProgram(const GitProgram&) = delete;
  GitProgram& operator=(const GitProgram&) = delete;

  // `folder`: the bare repository to fetch into.
  std::unique_ptr<Fetch> fetch(const std::string& folder, const std::string& url, const Progress& progress);

 private:
  friend class ProgramFetch;
  void keep_token(const GitCredential& credential, const std::string& scratch);

  std::string program_;
  SshClient& ssh_;
  std::int64_t max_bytes_;
  std::string token_file_;                // empty: there is none
  std::vector<std::string> settings_;     // -c NAME=VALUE
  std::vector<std::string> environment_;  // NAME=VALUE
};

// What `git ls-remote --symref` prints. Lines that are not understood are passed over.
std::vector<AdvertisedRef> parse_ls_remote(const std::string& text);

// The sentence of git's that says why it failed: its first "fatal:", "error:" or "ERROR:" line, else its
// last.
std::string git_complaint(const std::string& errors);

}  // namespace images::checkout
