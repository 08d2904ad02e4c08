// Speaks the Docker Engine HTTP API: version negotiation, JSON in and out, the engine's own words in errors,
// retries of calls that may be repeated. It knows no container life; that is Container's.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sandbox/docker/endpoint.h"
#include "sandbox/docker/ssh_bridge.h"
#include "sandbox/io/curl_loop.h"
#include "sandbox/io/error.h"
#include "sandbox/io/http_client.h"
#include "sandbox/io/result.h"

namespace sandbox::docker {

using Json = nlohmann::json;

// An answer that was not expected; what() carries the engine's own message.
class EngineError : public std::runtime_error {
 public:
  EngineError(const std::string& what, long status_) : std::runtime_error(what), status(status_) {}
  long status;
};

struct Reply {
  long status = 0;
  std::string text;
  Json json() const;            // throws EngineError when the text is no JSON
  std::string message() const;  // the engine's "message", or the text's beginning
};

struct ApiCall {
  std::string method = "GET";
  std::string path;  // below the version: "/containers/create?name=x"
  std::string body;  // JSON text, or empty
  std::string tar_file;
  std::vector<std::string> headers;           // beside the usual; never in a log
  std::chrono::milliseconds timeout{60'000};  // 0: none
  bool repeatable = false;                    // tried 3 times on transport errors and 5xx
  // As if nothing had been said before: without a version, and on a connection of its own (but for ssh, where
  // that is a login), since one that is kept may outlive the way to the engine.
  bool anew = false;
  std::string doing;  // "creating the container of attempt 7": before an error's message
};

using ReplyFn = std::function<void(io::Result<Reply>)>;

class DockerClient {
 public:
  DockerClient(io::CurlLoop& loop, Endpoint endpoint);
  ~DockerClient();

  // Asks for the engine's version and settles on one that both know. Every other call needs this first. Asked
  // again, calls meanwhile keep the version that was settled on.
  // Errors: io::HostError with what to do (no socket, no permission, an engine too old).
  void negotiate(std::function<void(io::Result<Json>)> done);  // the answer of /version
  const std::string& api_version() const { return version_; }
  const Endpoint& endpoint() const { return endpoint_; }
  // Inside a catch block of the first questions to an engine: the error for a person, with what to do.
  std::exception_ptr explain_first_answer() const;

  // The answer whatever its status. An engine that was not reached, or broke off, is an io::HostError that
  // names it; the same for the streams below.
  [[nodiscard]] std::unique_ptr<io::HttpCall> call(ApiCall call, ReplyFn done);
  // The same for calls that nobody waits for: kept alive by the client.
  void call_detached(ApiCall call, ReplyFn done);

  // An answer that is read as it comes, whatever its status.
  [[nodiscard]] std::unique_ptr<io::HttpCall> follow(ApiCall call, io::HttpStream handlers);

  // A raw stream (attach): own connection, read until closed.
  [[nodiscard]] std::unique_ptr<io::HttpCall> stream(const std::string& method, const std::string& path,
                                                     std::optional<std::string> late_body,
                                                     io::HttpStream handlers);

  // The same on which more can be sent, behind `first`.
  [[nodiscard]] std::unique_ptr<io::HttpDuplex> duplex(const std::string& method, const std::string& path,
                                                       std::string first, io::HttpStream handlers);

  // No detached call is under way.
  bool idle() const;

  io::CurlLoop& loop() { return loop_; }

 private:
  struct Detached;
  io::HostError unreachable(const io::TransportError& error) const;
  io::HostError not_understood(const std::exception& error) const;
  // An error of the transport as that of the host; another as it is.
  std::exception_ptr explain_lost(std::exception_ptr error) const;
  io::HttpStream explaining(io::HttpStream handlers) const;
  io::HttpRequest request(const std::string& method, const std::string& path) const;
  std::string versioned(const std::string& path) const;
  io::HttpRequest request_of(ApiCall& call) const;
  io::HttpRequest raw_request(const std::string& method, const std::string& path,
                              std::optional<std::string> late_body) const;

  io::CurlLoop& loop_;
  Endpoint endpoint_;
  std::unique_ptr<SshBridge> bridge_;  // where the endpoint is reached by ssh
  io::HttpClient http_;
  std::string version_;
  std::list<std::unique_ptr<Detached>> detached_;
};

// Throws EngineError unless the status is 2xx or 304.
const Reply& expect_success(const Reply& reply, const std::string& doing);
// One component of a path or query, percent-encoded.
std::string url_encode(std::string_view text);

}  // namespace sandbox::docker
