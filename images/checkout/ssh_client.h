// Sessions of the program ssh, in which git's protocol is spoken with git-upload-pack over there.
//
// The program, not a library: it knows the person's configuration, agent, hardware keys, jump hosts and
// certificates, and keeps up with servers. (libssh2 1.10, which libgit2 is linked with, reads none of these
// and has no SHA-2 signatures for RSA keys, so that servers since OpenSSH 8.8 refuse every RSA key.)
//
// Rules kept here: only the host that access is given to, and of an operator's hosts; a host key that is not
// known is refused, whatever the configuration says; nobody is asked for anything; nothing is forwarded; no
// shared connection is joined, since nobody knows how its host key was checked; all bytes received count
// against one cap. Child process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "images/checkout/checkout.h"
#include "images/checkout/child_program.h"
#include "images/checkout/ssh_url.h"

namespace images::checkout {

struct SshSettings {
  GitAccess access;
  std::string log_file;  // ssh's own log of its last session
  std::int64_t max_bytes = 0;
  std::vector<std::string> allowed_hosts;  // empty: any
};

class SshClient;

// One session. The client must outlive it.
class SshSession {
 public:
  SshSession(SshClient& client, SshUrl url);

  void write(std::string_view bytes) { program_.write(bytes); }
  // At least one byte, or 0 when the other host has nothing more to say. Throws what ssh ended with:
  // TransportError, io::HostError, io::RequestError; and the latter when the cap is passed.
  std::size_t read(char* buffer, std::size_t size);

 private:
  void check_end();

  SshClient& client_;
  SshUrl url_;
  ChildProgram program_;
  bool has_answered_ = false;
};

class SshClient {
 public:
  explicit SshClient(SshSettings settings) : settings_(std::move(settings)) {}

  // Throws io::RequestError for a host that may not be reached by ssh.
  void check_allowed(const SshUrl& url) const;
  std::unique_ptr<SshSession> open(const SshUrl& url);

  // "ssh" and its options, without a host: for whoever else starts it (git's GIT_SSH_COMMAND).
  std::vector<std::string> command() const;
  // For the environment of that command: nobody is asked for anything, on no terminal and in no window.
  static std::vector<std::string> environment();
  // What the last session has said of itself, and where a host's key is to be added.
  std::string log() const;
  void forget_log() const;
  std::string known_hosts() const;

 private:
  friend class SshSession;

  SshSettings settings_;
  std::int64_t received_ = 0;
};

// As a word of a shell's line: in single quotes, as git does it.
std::string shell_quoted(const std::string& word);

}  // namespace images::checkout
