#include "images/checkout/git_ssh.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "sandbox/io/error.h"

namespace images::checkout {
namespace {

constexpr std::size_t kCapabilities = 64u
                                      << 10;  // they stand in the first line, which is no longer than that

struct SshSubtransport;

// The one stream of a session: what libgit2 asks twice for, references and pack.
struct SessionStream : git_smart_subtransport_stream {
  GitSsh* owner = nullptr;
  SshSubtransport* transport = nullptr;
};

struct SshSubtransport : git_smart_subtransport {
  GitSsh* owner = nullptr;
  SessionStream* stream = nullptr;
};

int session_read(git_smart_subtransport_stream* stream, char* buffer, std::size_t size, std::size_t* got) {
  GitSsh& owner = *static_cast<SessionStream*>(stream)->owner;
  try {
    *got = owner.read(buffer, size);
    return 0;
  } catch (...) {
    return owner.fail();
  }
}

int session_write(git_smart_subtransport_stream* stream, const char* bytes, std::size_t size) {
  GitSsh& owner = *static_cast<SessionStream*>(stream)->owner;
  try {
    owner.write(bytes, size);
    return 0;
  } catch (...) {
    return owner.fail();
  }
}

void session_free(git_smart_subtransport_stream* stream) {
  auto* self = static_cast<SessionStream*>(stream);
  self->transport->stream = nullptr;
  self->owner->close();
  delete self;
}

int ssh_action(git_smart_subtransport_stream** out, git_smart_subtransport* transport, const char*,
               git_smart_service_t service) {
  auto* self = static_cast<SshSubtransport*>(transport);
  try {
    if (service == GIT_SERVICE_UPLOADPACK_LS) {
      self->owner->open();
      auto stream = std::make_unique<SessionStream>();
      stream->subtransport = transport;
      stream->read = session_read;
      stream->write = session_write;
      stream->free = session_free;
      stream->owner = self->owner;
      stream->transport = self;
      self->stream = stream.release();
    } else if (service != GIT_SERVICE_UPLOADPACK || !self->stream) {
      throw io::HostError("only fetching is possible");
    }
    *out = self->stream;
    return 0;
  } catch (...) {
    return self->owner->fail();
  }
}

int ssh_close(git_smart_subtransport* transport) {
  static_cast<SshSubtransport*>(transport)->owner->close();
  return 0;
}

void ssh_free(git_smart_subtransport* transport) { delete static_cast<SshSubtransport*>(transport); }

int ssh_make(git_smart_subtransport** out, git_transport*, void* owner) {
  auto* self = new (std::nothrow) SshSubtransport;
  if (!self) return -1;
  self->action = ssh_action;
  self->close = ssh_close;
  self->free = ssh_free;
  self->owner = static_cast<GitSsh*>(static_cast<GitTransport*>(owner));
  *out = self;
  return 0;
}

}  // namespace

GitSsh::GitSsh(SshClient& client, const std::string& url)
    : GitTransport(ssh_make, false), client_(client), url_(parse_ssh(url)) {}

void GitSsh::open() {
  has_asked_ = filtered_ = false;
  filter_ = {};
  advertisement_.clear();
  pending_.clear();
  taken_ = 0;
  session_ = client_.open(url_);
}

void GitSsh::write(const char* bytes, std::size_t size) {
  if (!session_) throw io::HostError("the session of ssh is over");
  std::string request(bytes, size);
  // All that is wanted comes in one piece, and first.
  if (!has_asked_ && depth_one_ && offers_depth(advertisement_)) {
    std::string shallow = with_depth_one(request);
    filtered_ = shallow.size() != request.size();
    request = std::move(shallow);
  }
  has_asked_ = true;
  session_->write(request);
}

std::size_t GitSsh::read(char* buffer, std::size_t size) {
  if (!session_) return 0;
  while (taken_ == pending_.size()) {
    const std::size_t got = session_->read(buffer, size);
    if (!has_asked_ && advertisement_.size() < kCapabilities) advertisement_.append(buffer, got);
    if (got == 0 || !filtered_) return got;
    pending_ = filter_.feed({buffer, got});
    taken_ = 0;
  }
  const std::size_t got = std::min(size, pending_.size() - taken_);
  std::memcpy(buffer, pending_.data() + taken_, got);
  taken_ += got;
  return got;
}

}  // namespace images::checkout
