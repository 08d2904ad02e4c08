// What libgit2's own transports have in common where we replace them: how they are made for a remote, and how
// an exception gets past libgit2, which is C. Lives as long as the fetch it serves. Child process.
#pragma once

#include <git2.h>
#include <git2/sys/transport.h>

#include <exception>

namespace images::checkout {

class GitTransport {
 public:
  virtual ~GitTransport() = default;
  GitTransport(const GitTransport&) = delete;
  GitTransport& operator=(const GitTransport&) = delete;

  // For git_remote_callbacks::transport.
  int make_transport(git_transport** out, git_remote* owner);
  // Ask for the newest commit alone, where the server can do it.
  void set_depth_one(bool on) { depth_one_ = on; }
  // Throws what made the last call of libgit2 fail, if it was on our side of it.
  void rethrow();
  // For the streams that libgit2 opens: keeps the exception in flight; returns libgit2's code for it.
  int fail() noexcept;

 protected:
  // `callback` makes the subtransport; its param is this.
  GitTransport(git_smart_subtransport_cb callback, bool one_request_each);

  bool depth_one_ = false;

 private:
  git_smart_subtransport_definition definition_{};
  std::exception_ptr error_;
};

}  // namespace images::checkout
