// A real sshd on loopback with keys of its own, for repositories that are reached by ssh as this user. Ends
// with the object.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/unit/checkout/scratch.h"

namespace images {

class SshServer {
 public:
  // `host_keys`: the types that it shows. Everything is kept in `scratch`/ssh.
  explicit SshServer(const Scratch& scratch,
                     const std::vector<std::string>& host_keys = {"ed25519", "ecdsa"});
  ~SshServer();
  SshServer(const SshServer&) = delete;
  SshServer& operator=(const SshServer&) = delete;

  // Of the repository that serve() made as `name`.
  std::string url(const std::string& name) const;
  std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  int port() const { return port_; }
  const std::string& user() const { return user_; }
  // Private keys: "ed25519", "ecdsa", "rsa" and "locked" (by a passphrase) are let in, "stranger" is not.
  std::string key(const std::string& name) const { return scratch_.path("ssh/user_" + name); }
  // With the keys that it shows.
  std::string known_hosts() const { return scratch_.path("ssh/known_hosts"); }
  std::string log() const { return scratch_.read("ssh/sshd.log"); }

  // A file for ssh_config, so that nobody's own configuration is read.
  std::string config(const std::string& content = "") const;

 private:
  void make_keys(const std::vector<std::string>& host_keys) const;
  bool start();

  const Scratch& scratch_;
  std::string user_;
  pid_t pid_ = -1;
  int port_ = 0;
};

// An agent that holds that key. Ends with the object.
class SshAgent {
 public:
  SshAgent(const Scratch& scratch, const std::string& key);
  ~SshAgent();
  SshAgent(const SshAgent&) = delete;
  SshAgent& operator=(const SshAgent&) = delete;
  const std::string& socket() const { return socket_; }

 private:
  std::string socket_;
  pid_t pid_ = -1;
};

}  // namespace images
