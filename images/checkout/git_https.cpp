#include "images/checkout/git_https.h"

#include <cstring>
#include <memory>

#include "images/checkout/smart_depth.h"

namespace images::checkout {
namespace {

constexpr std::string_view kRefsSuffix = "/info/refs?service=git-upload-pack";
constexpr std::size_t kLongestAdvertisement = 64u << 20;

[[noreturn]] void refuse_status(const HttpsResponse& response) {
  const long status = response.status();
  const std::string host = response.url().host, answer = host + " answered " + std::to_string(status);
  // Who asks a service can give it none.
  std::string how = "; give a token by the variable ORCHESTRATOR_GIT_TOKEN or the flag --git-token-file";
  if (response.is_for_others())
    how = response.sent_credential() ? "" : "; the operator of this server has given no token for it";
  if (status == 401 || status == 403) {
    if (response.sent_credential())
      throw io::LastingError(answer + ": it does not accept " + response.credential_origin() +
                          " for this repository");
    throw io::LastingError(answer + ": authentication is required" + how);
  }
  if (status == 404)
    throw io::RequestError("Failed to clone repository: there is none (" + answer + "), or it needs a token" +
                           how);
  if (status == 429 || status >= 500) throw TransportError(answer);
  throw io::HostError(answer);
}

// One request and its answer: the body is collected by write() and sent with the first read().
struct Stream : git_smart_subtransport_stream {
  GitHttps* owner = nullptr;
  bool is_advertisement = false;
  std::string pending;  // bytes for libgit2
  std::size_t taken = 0;
  std::string body;
  std::unique_ptr<HttpsResponse> response;
  bool filtered = false;
  ShallowSectionFilter filter;

  void post() {
    HttpsRequest request;
    request.url = owner->base() + "/git-upload-pack";
    filtered = owner->asks_depth();
    request.body = filtered ? with_depth_one(body) : body;
    filtered = filtered && request.body->size() != body.size();
    request.headers = {"Content-Type: application/x-git-upload-pack-request",
                       "Accept: application/x-git-upload-pack-result"};
    response = owner->client().send(request);
    if (response->status() != 200) refuse_status(*response);
  }

  std::size_t read_some(char* buffer, std::size_t size) {
    if (!is_advertisement && !response) post();
    while (taken == pending.size()) {
      if (!response) return 0;
      if (!filtered) return response->read(buffer, size);
      char piece[16384];
      const std::size_t got = response->read(piece, sizeof piece);
      if (got == 0) return 0;
      pending = filter.feed({piece, got});
      taken = 0;
    }
    const std::size_t got = std::min(size, pending.size() - taken);
    std::memcpy(buffer, pending.data() + taken, got);
    taken += got;
    return got;
  }
};

int stream_read(git_smart_subtransport_stream* stream, char* buffer, std::size_t size, std::size_t* got) {
  auto* self = static_cast<Stream*>(stream);
  try {
    *got = self->read_some(buffer, size);
    return 0;
  } catch (...) {
    return self->owner->fail();
  }
}

int stream_write(git_smart_subtransport_stream* stream, const char* bytes, std::size_t size) {
  auto* self = static_cast<Stream*>(stream);
  try {
    self->body.append(bytes, size);
    return 0;
  } catch (...) {
    return self->owner->fail();
  }
}

void stream_free(git_smart_subtransport_stream* stream) { delete static_cast<Stream*>(stream); }

struct Subtransport : git_smart_subtransport {
  GitHttps* owner = nullptr;
};

int subtransport_action(git_smart_subtransport_stream** out, git_smart_subtransport* transport,
                        const char* url, git_smart_service_t service) {
  auto* self = static_cast<Subtransport*>(transport);
  try {
    auto stream = std::make_unique<Stream>();
    stream->subtransport = transport;
    stream->read = stream_read;
    stream->write = stream_write;
    stream->free = stream_free;
    stream->owner = self->owner;
    if (service == GIT_SERVICE_UPLOADPACK_LS) {
      stream->is_advertisement = true;
      stream->pending = self->owner->advertisement(url);
    } else if (service != GIT_SERVICE_UPLOADPACK) {
      throw io::HostError("only fetching is possible");
    }
    *out = stream.release();
    return 0;
  } catch (...) {
    return self->owner->fail();
  }
}

int subtransport_close(git_smart_subtransport*) { return 0; }
void subtransport_free(git_smart_subtransport* transport) { delete static_cast<Subtransport*>(transport); }

int subtransport_make(git_smart_subtransport** out, git_transport*, void* owner) {
  auto* self = new (std::nothrow) Subtransport;
  if (!self) return -1;
  self->action = subtransport_action;
  self->close = subtransport_close;
  self->free = subtransport_free;
  self->owner = static_cast<GitHttps*>(static_cast<GitTransport*>(owner));
  *out = self;
  return 0;
}

}  // namespace

GitHttps::GitHttps(HttpsClient& client) : GitTransport(subtransport_make, true), client_(client) {}

std::string GitHttps::advertisement(const std::string& url) {
  HttpsRequest request;
  request.url = parse_https(url).text + std::string(kRefsSuffix);
  auto response = client_.send_following(request);
  if (response->status() != 200) refuse_status(*response);
  const std::string& arrived = response->url().text;
  if (!arrived.ends_with(kRefsSuffix) ||
      response->content_type() != "application/x-git-upload-pack-advertisement")
    throw io::RequestError("Failed to clone repository: " + without_credentials(url) +
                           " is not a git repository");
  base_ = arrived.substr(0, arrived.size() - kRefsSuffix.size());
  std::string text = response->read_all(kLongestAdvertisement);
  server_offers_depth_ = offers_depth(text);
  return text;
}

}  // namespace images::checkout
