#include "images/checkout/git_transport.h"

#include <utility>

namespace images::checkout {

GitTransport::GitTransport(git_smart_subtransport_cb callback, bool one_request_each) {
  definition_.callback = callback;
  definition_.rpc = one_request_each ? 1 : 0;
  definition_.param = this;
}

int GitTransport::make_transport(git_transport** out, git_remote* owner) {
  return ::git_transport_smart(out, owner, &definition_);
}

int GitTransport::fail() noexcept {
  error_ = std::current_exception();
  ::git_error_set_str(GIT_ERROR_NET, "the transport failed");
  return -1;
}

void GitTransport::rethrow() {
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

}  // namespace images::checkout
