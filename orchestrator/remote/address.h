// Where a job is sent to be run elsewhere: a `serve`, or an endpoint as RunPod has them. A value. Pure.
#pragma once

#include <string>

namespace orchestrator::remote {

struct Address {
  bool endpoint = false;    // RunPod's API; else that of `serve`
  std::string base;         // "https://host", "https://api.example.com/v2/ID": without a slash at its end
  std::string unix_socket;  // a path: then `base` is only a name
  bool here = false;        // this host's own: its folders are ours
  std::string said;         // for sentences

  std::string url(const std::string& path) const { return base + path; }  // "/api/v1/jobs", "/run"
};

// "https://host:port", "unix:/run/orchestrator.sock", "https://host/v2/ENDPOINT". Throws io::RequestError
// with a sentence that begins with "must be".
Address parse_address(const std::string& text);
// May a token go there? A Unix socket, https, or http to this host itself. Throws io::RequestError.
void check_token_may_go(const std::string& flag, const Address& address);

}  // namespace orchestrator::remote
