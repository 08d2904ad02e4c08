// Reaches an engine on another host by ssh: each connection is a session of the program ssh that runs
// `docker system dial-stdio` over there, which joins its stdin and stdout to the engine's socket. ssh gets
// the other end of a connection to a Unix socket of ours as its stdin and stdout, so that no byte passes
// through our hands. (curl before 8.0 does not take a socket that is connected already.) The sessions share
// one connection of ssh (its ControlMaster), so that one costs a round trip and not a handshake; past the
// number that the other host allows on one (sshd's MaxSessions, 10), ssh makes connections of their own.
// Owned by its DockerClient, loop's thread only.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "sandbox/docker/endpoint.h"
#include "sandbox/io/child.h"
#include "sandbox/io/fd.h"
#include "sandbox/io/loop.h"

namespace sandbox::docker {

class SshBridge {
 public:
  // Nothing is connected before the first open().
  SshBridge(io::Loop& loop, SshTarget target);
  // Ends all sessions and the shared connection.
  ~SshBridge();
  SshBridge(const SshBridge&) = delete;
  SshBridge& operator=(const SshBridge&) = delete;

  // A socket that the caller connects to path() at once: that is a connection to the engine, or soon will be;
  // it is closed by the other side when that fails. Throws io::HostError when ssh cannot be started.
  io::Fd open();
  const std::string& path() const { return path_; }

  // The name of this bridge's connections among others in a URL.
  const std::string& name() const { return name_; }
  // What ssh, or the other host, has last said of a connection that failed; empty: nothing.
  const std::string& complaint() const { return complaint_; }

 private:
  enum class Master {
    absent,     // the next open() asks for one
    beginning,  // what is opened meanwhile waits, so that one handshake serves all
    present,    // or lost again: then each session has a connection of its own
  };
  struct Session {
    std::unique_ptr<io::Child> child;
    bool ended = false;
  };

  std::vector<std::string> ssh(const std::vector<std::string>& options,
                               const std::vector<std::string>& command) const;
  std::vector<std::string> dial() const;
  void begin();
  void began(const io::ChildResult& result);
  void accept();
  void join(const io::Fd& far_end);
  void note(const io::ChildResult& result);

  io::Loop& loop_;
  SshTarget target_;
  std::string name_;
  std::string folder_;  // of our sockets; nobody else may enter it
  std::string path_;
  io::Fd listener_;
  Master master_ = Master::absent;
  std::vector<io::Fd> waiting_;
  std::string complaint_;
  std::unique_ptr<io::Child> first_;
  std::list<std::shared_ptr<Session>> sessions_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sandbox::docker
