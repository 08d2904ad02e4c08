// A git server over TLS on loopback (tests/support/git_https_server.py), with its own CA. Ends with the
// object.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/unit/checkout/scratch.h"

namespace images {

class GitServer {
 public:
  // Serves the repositories in `scratch`/served. `options` are the program's.
  GitServer(const Scratch& scratch, const std::vector<std::string>& options = {});
  ~GitServer();
  GitServer(const GitServer&) = delete;
  GitServer& operator=(const GitServer&) = delete;

  std::string url(const std::string& path, const std::string& host = "127.0.0.1") const;
  std::string host(const std::string& name = "127.0.0.1") const { return name + ":" + std::to_string(port_); }
  int proxy_port() const { return proxy_port_; }
  std::string ca_file() const { return scratch_.path("ca.pem"); }
  // What it was asked, one JSON line each.
  std::string log() const { return scratch_.read("server.log"); }
  std::size_t requests(const std::string& part) const;  // lines of the log that hold `part`

 private:
  void make_certificate() const;

  const Scratch& scratch_;
  pid_t pid_ = -1;
  int stdin_ = -1;
  int port_ = 0;
  int proxy_port_ = 0;
};

// A bare copy of the repository in `folder`, where the server finds it as "/name.git".
void serve(const Scratch& scratch, const std::string& folder, const std::string& name);

}  // namespace images
