// What somebody else may ask of this host: an operator's allow-list. Nobody from elsewhere names a folder of
// the host, and nobody a repository host, a base image, a network or a secret that the operator has not
// named. Pure.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/job/job.h"

namespace orchestrator {

struct Admission {
  std::vector<std::string> repository_hosts{"github.com", "gitlab.com", "bitbucket.org", "codeberg.org"};
  // Of these the one that ssh leads to as well ("host" or "host:port"), since there is a key for it; empty:
  // none.
  std::string ssh_host;
  std::vector<std::string> folders;  // of this host, with what is below; for callers who sit here
  // References; "prefix*" for all of that registry that begin so, "*" for all. They are fetched with the
  // registry credentials of whoever runs this process.
  std::vector<std::string> images;
  std::vector<std::string> networks{"none"};
  std::vector<std::string> secrets;  // names of this process's variables
  double cpus = 0;                   // the most of an attempt; 0: no bound
  std::int64_t memory_bytes = 0;     // same
};

// What the job asks for and may not have; `here`: its author sits on this host.
std::vector<FieldError> refusals(const JobRequest& request, const Admission& admission, bool here);

}  // namespace orchestrator
