// Fetches one commit, with the tags that point at it, from a server into a bare repository. Child process.
#pragma once

#include <string>

#include "images/checkout/git_handles.h"
#include "images/checkout/transports.h"

namespace images::checkout {

struct Clone {
  Repository repository;
  git_oid commit{};
  std::string branch;  // "refs/heads/main", empty when a tag or commit was asked for
  std::string shown;   // what was asked for, or the default branch's name
};

// `folder` is created; one that an earlier call has completed is opened and the server is not asked again.
// Throws TransportError, io::HostError, io::RequestError.
Clone clone_commit(Transports& transports, const std::string& url, const std::string& ref,
                   const std::string& folder, const Progress& progress);

}  // namespace images::checkout
