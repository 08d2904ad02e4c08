#include "sandbox/docker/docker_client.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstdlib>
#include <list>
#include <tuple>

#include "sandbox/io/error.h"

namespace sandbox::docker {
namespace {

constexpr int kTries = 3;
constexpr std::chrono::seconds kTimeToLogIn{60};  // more than ssh itself takes for it at most
constexpr const char* kOldestApi = "1.41";
constexpr const char* kNewestApi = "1.47";  // nothing newer than this is asked of an engine

std::pair<int, int> version_numbers(const std::string& version) {
  int major = 0, minor = 0;
  if (std::sscanf(version.c_str(), "%d.%d", &major, &minor) != 2) return {0, 0};
  return {major, minor};
}

// The version to speak: the newest that both know. Throws io::HostError when there is none.
std::string settle_version(const Json& answer) {
  const std::string theirs = answer.value("ApiVersion", "");
  if (theirs.empty()) throw EngineError("it names no version", 200);
  const std::string their_oldest = answer.value("MinAPIVersion", theirs);
  const auto oldest = version_numbers(kOldestApi), newest = version_numbers(kNewestApi);
  if (version_numbers(theirs) < oldest)
    throw io::HostError(
        fmt::format("the engine is too old: it speaks API {} and {} is needed (Docker Engine 20.10 or newer)",
                    theirs, kOldestApi));
  std::string chosen = version_numbers(theirs) < newest ? theirs : kNewestApi;
  if (const char* asked = std::getenv("DOCKER_API_VERSION"); asked && *asked) chosen = asked;
  if (version_numbers(chosen) < version_numbers(their_oldest))
    throw io::HostError(fmt::format("the engine speaks API {} and newer only; this program speaks up to {}",
                                    their_oldest, kNewestApi));
  return chosen;
}

// What a person can do about a socket that does not answer.
std::string socket_trouble(const std::string& path, const io::TransportError& error) {
  if (error.error_number == ENOENT || access(path.c_str(), F_OK) != 0)
    return fmt::format(
        "no container engine: the socket {} does not exist. Install and start Docker Engine, or name another "
        "socket with --host unix:///path",
        path);
  if (error.error_number == EACCES || access(path.c_str(), R_OK | W_OK) != 0)
    return fmt::format(
        "no permission on the engine's socket {}: run as root or join the group that owns it (often "
        "'docker')",
        path);
  return fmt::format("the container engine at {} does not answer: {}", path, error.what());
}

// The same for TCP. Curl has one number for many things that a peer may dislike about TLS.
std::string tcp_trouble(const Endpoint& endpoint, const io::TransportError& error) {
  std::string text =
      fmt::format("the container engine at {} does not answer: {}", endpoint.url(), error.what());
  if (!endpoint.tls || error.refused || error.timed_out) return text;
  const TlsFiles& files = *endpoint.tls;
  text += fmt::format("; its certificate must be for that name and signed by {}",
                      files.ca.empty() ? "an authority of this host's (no ca.pem was found)" : files.ca);
  text += files.certificate.empty()
              ? ", and no certificate of our own (cert.pem, key.pem) was found to show it"
              : fmt::format(", and it must accept {}", files.certificate);
  return text;
}

std::string ssh_trouble(const Endpoint& endpoint, const std::string& complaint,
                        const io::TransportError& error) {
  return fmt::format(
      "no container engine over {}: {}. The user there needs the program docker and the right to use the "
      "engine; ssh must log in without asking (a key or an agent, a known host key)",
      endpoint.url(), complaint.empty() ? error.what() : complaint);
}

// A call that is tried again when its transport failed or the engine answered 5xx.
class RepeatingCall : public io::HttpCall, public std::enable_shared_from_this<RepeatingCall> {
 public:
  RepeatingCall(io::CurlLoop& loop, io::HttpClient& http, io::HttpRequest request, ApiCall call, ReplyFn done)
      : loop_(loop),
        http_(http),
        request_(std::move(request)),
        call_(std::move(call)),
        done_(std::move(done)) {}

  void attempt() {
    ++tries_;
    asked_at_ = loop_.now();
    http_call_ =
        http_.send(request_, [this](io::Result<io::HttpResponse> result) { answered(std::move(result)); });
  }

 private:
  void answered(io::Result<io::HttpResponse> result) {
    log(result);
    const bool failed = !result.ok() || result.value().status >= 500;
    if (failed && call_.repeatable && tries_ < kTries) {
      spdlog::debug("{}: try {} failed, trying again", call_.doing, tries_);
      retry_ = loop_.call_after(std::chrono::milliseconds(200 * tries_), [this] { attempt(); });
      return;
    }
    const auto done = std::move(done_);
    if (!result.ok()) return done(result.error());
    Reply reply{result.value().status, std::move(result.value().body)};
    done(std::move(reply));
  }

  // Paths only: bodies may hold what nobody else should read.
  void log(const io::Result<io::HttpResponse>& result) const {
    if (!spdlog::should_log(spdlog::level::debug)) return;
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - asked_at_);
    spdlog::debug("engine: {} {}: {} after {} ms", call_.method, call_.path,
                  result.ok() ? std::to_string(result.value().status) : io::describe(result.error()),
                  took.count());
  }

  io::CurlLoop& loop_;
  io::HttpClient& http_;
  io::HttpRequest request_;
  ApiCall call_;
  ReplyFn done_;
  io::TimePoint asked_at_{};
  int tries_ = 0;
  std::unique_ptr<io::HttpCall> http_call_;
  std::unique_ptr<io::Timer> retry_;
};

}  // namespace

Json Reply::json() const {
  try {
    return Json::parse(text);
  } catch (const Json::exception&) {
    throw EngineError(fmt::format("the engine's answer is no JSON: {}", text.substr(0, 200)), status);
  }
}

std::string Reply::message() const {
  const Json parsed = Json::parse(text, nullptr, false);
  if (parsed.is_object() && parsed.contains("message") && parsed["message"].is_string())
    return parsed["message"].get<std::string>();
  return text.empty() ? fmt::format("status {}", status) : text.substr(0, 500);
}

const Reply& expect_success(const Reply& reply, const std::string& doing) {
  if ((reply.status >= 200 && reply.status < 300) || reply.status == 304) return reply;
  throw EngineError(fmt::format("{}: the engine answered {}: {}", doing, reply.status, reply.message()),
                    reply.status);
}

std::string url_encode(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || c == '-' || c == '_' || c == '.' || c == '~')
      result += c;
    else
      result += fmt::format("%{:02X}", byte);
  }
  return result;
}

struct DockerClient::Detached {
  std::unique_ptr<io::HttpCall> call;
  bool done = false;
};

DockerClient::DockerClient(io::CurlLoop& loop, Endpoint endpoint)
    : loop_(loop), endpoint_(std::move(endpoint)), http_(loop) {
  if (endpoint_.ssh) bridge_ = std::make_unique<SshBridge>(loop, *endpoint_.ssh);
}
DockerClient::~DockerClient() = default;

io::HttpRequest DockerClient::request(const std::string& method, const std::string& path) const {
  io::HttpRequest request;
  request.method = method;
  std::string origin = "http://engine";  // on a socket only a name
  if (bridge_) {
    origin = "http://" + bridge_->name();
    request.unix_socket = bridge_->path();
    request.open_socket = [bridge = bridge_.get()] { return bridge->open().release(); };
  } else if (endpoint_.on_this_host()) {
    request.unix_socket = endpoint_.socket;
  } else {
    origin = (endpoint_.tls ? "https://" : "http://") + endpoint_.authority;
    const TlsFiles files = endpoint_.tls.value_or(TlsFiles{});
    request.ca_file = files.ca;
    request.certificate = files.certificate;
    request.key = files.key;
  }
  request.url = origin + path;
  return request;
}

std::string DockerClient::versioned(const std::string& path) const {
  return version_.empty() ? path : "/v" + version_ + path;
}

void DockerClient::negotiate(std::function<void(io::Result<Json>)> done) {
  ApiCall version;
  version.path = "/version";
  version.anew = true;
  version.timeout = endpoint_.ssh ? kTimeToLogIn : std::chrono::seconds(20);
  call_detached(std::move(version), [this, done = std::move(done)](io::Result<Reply> result) {
    try {
      const Json answer = expect_success(result.value(), "asking the engine for its version").json();
      version_ = settle_version(answer);
      done(answer);
    } catch (...) {
      done(explain_first_answer());
    }
  });
}

std::exception_ptr DockerClient::explain_first_answer() const {
  try {
    throw;
  } catch (const io::HostError&) {
    return std::current_exception();
  } catch (const std::exception& error) {
    return io::failure(not_understood(error));
  }
}

std::exception_ptr DockerClient::explain_lost(std::exception_ptr error) const {
  try {
    std::rethrow_exception(error);
  } catch (const io::TransportError& lost) {
    return io::failure(unreachable(lost));
  } catch (...) {
    return error;
  }
}

io::HttpStream DockerClient::explaining(io::HttpStream handlers) const {
  handlers.on_end = [this, on_end = std::move(handlers.on_end)](io::Result<io::HttpResponse> result) {
    if (!result.ok()) return on_end(explain_lost(result.error()));
    on_end(std::move(result));
  };
  return handlers;
}

io::HostError DockerClient::unreachable(const io::TransportError& error) const {
  if (bridge_) return io::HostError(ssh_trouble(endpoint_, bridge_->complaint(), error));
  if (endpoint_.on_this_host()) return io::HostError(socket_trouble(endpoint_.socket, error));
  return io::HostError(tcp_trouble(endpoint_, error));
}

// Something listens that is no engine we know.
io::HostError DockerClient::not_understood(const std::exception& error) const {
  return io::HostError(
      fmt::format("the container engine at {} gave an answer that makes no sense ({}); is it Docker Engine "
                  "20.10 or newer?",
                  endpoint_.on_this_host() ? endpoint_.socket : endpoint_.url(), error.what()));
}

// What it holds goes into the request, all but the words for a log.
io::HttpRequest DockerClient::request_of(ApiCall& call) const {
  io::HttpRequest http = request(call.method, call.anew ? call.path : versioned(call.path));
  http.timeout = call.timeout;
  // On a connection that was used before, libcurl would send a request once more when it breaks before an
  // answer; a create that was heard twice leaves a container that nobody knows.
  http.own_connection = (!call.repeatable && call.method != "GET") || (call.anew && !bridge_);
  http.headers = std::move(call.headers);
  if (!call.tar_file.empty()) {
    http.body_file = call.tar_file;
    http.headers.push_back("Content-Type: application/x-tar");
  } else if (!call.body.empty()) {
    http.body = std::move(call.body);
    http.headers.push_back("Content-Type: application/json");
  }
  return http;
}

std::unique_ptr<io::HttpCall> DockerClient::call(ApiCall call, ReplyFn done) {
  io::HttpRequest http = request_of(call);
  auto told = [this, done = std::move(done)](io::Result<Reply> result) {
    if (!result.ok()) return done(explain_lost(result.error()));
    done(std::move(result));
  };
  auto repeating =
      std::make_unique<RepeatingCall>(loop_, http_, std::move(http), std::move(call), std::move(told));
  repeating->attempt();
  return repeating;
}

std::unique_ptr<io::HttpCall> DockerClient::follow(ApiCall call, io::HttpStream handlers) {
  return http_.stream(request_of(call), explaining(std::move(handlers)));
}

bool DockerClient::idle() const {
  return std::all_of(detached_.begin(), detached_.end(), [](const auto& entry) { return entry->done; });
}

void DockerClient::call_detached(ApiCall api_call, ReplyFn done) {
  detached_.remove_if([](const auto& entry) { return entry->done; });
  detached_.push_back(std::make_unique<Detached>());
  Detached* entry = detached_.back().get();
  entry->call = call(std::move(api_call), [entry, done = std::move(done)](io::Result<Reply> result) {
    entry->done = true;
    done(std::move(result));
  });
}

io::HttpRequest DockerClient::raw_request(const std::string& method, const std::string& path,
                                          std::optional<std::string> late_body) const {
  io::HttpRequest http = request(method, versioned(path));
  http.own_connection = true;
  // curl's own choice for a POST would make the engine read the body as a form before it answers.
  http.headers.push_back("Content-Type: application/octet-stream");
  http.late_body = std::move(late_body);
  return http;
}

std::unique_ptr<io::HttpCall> DockerClient::stream(const std::string& method, const std::string& path,
                                                   std::optional<std::string> late_body,
                                                   io::HttpStream handlers) {
  return http_.stream(raw_request(method, path, std::move(late_body)), explaining(std::move(handlers)));
}

std::unique_ptr<io::HttpDuplex> DockerClient::duplex(const std::string& method, const std::string& path,
                                                     std::string first, io::HttpStream handlers) {
  return http_.duplex(raw_request(method, path, std::move(first)), explaining(std::move(handlers)));
}

}  // namespace sandbox::docker
