// libgit2's way to a host by ssh: one session of the program ssh for the references and the pack, instead of
// libgit2's own by libssh2 (see ssh_client.h).
#pragma once

#include <memory>
#include <string>

#include "images/checkout/git_transport.h"
#include "images/checkout/smart_depth.h"
#include "images/checkout/ssh_client.h"

namespace images::checkout {

class GitSsh : public GitTransport {
 public:
  GitSsh(SshClient& client, const std::string& url);

  // The rest is for the stream that libgit2 opens.
  void open();
  void close() { session_.reset(); }
  std::size_t read(char* buffer, std::size_t size);
  void write(const char* bytes, std::size_t size);

 private:
  SshClient& client_;
  SshUrl url_;
  std::unique_ptr<SshSession> session_;
  std::string advertisement_;  // as far as it tells what the server can
  bool has_asked_ = false;     // the advertisement is over
  bool filtered_ = false;      // the answer has a section that libgit2 does not expect
  ShallowSectionFilter filter_;
  std::string pending_;  // bytes for libgit2
  std::size_t taken_ = 0;
};

}  // namespace images::checkout
