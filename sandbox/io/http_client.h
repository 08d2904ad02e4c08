// The program's one HTTP client. Transfers run on a CurlLoop; each is a handle that cancels when it is let
// go, also from inside its own callbacks. Nothing here knows what is asked of whom.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/io/result.h"

namespace io {

class CurlLoop;

struct HttpRequest {
  std::string method = "GET";
  std::string url;          // "http://engine/v1.41/_ping"; the host part is only a name on a Unix socket
  std::string unix_socket;  // path; empty: by the URL's host
  // Beside `unix_socket`: gives the socket that is connected to it then, and which the transfer owns. What it
  // throws is the transfer's error.
  std::function<int()> open_socket;
  std::string ca_file;               // PEM, for https; empty: as set_trust() has it
  std::string certificate, key;      // PEM files that this program shows to an https server; both or neither
  std::vector<std::string> headers;  // "Content-Type: application/json"
  std::string body;
  std::string body_file;  // instead of `body`: sent from this file
  std::optional<std::string>
      late_body;                // instead: sent once the answer's head is here (a hijacked connection)
  bool own_connection = false;  // a fresh one, closed afterwards
  std::string accept_encoding;  // "gzip, deflate": the answer's body is unpacked; empty: not asked for
  std::string sigv4;            // "aws:amz:REGION:s3": signed for AWS by `user_password`
  std::string user_password;    // "ID:SECRET", for `sigv4` alone
  // Only to addresses of the public internet, whatever the name resolves to, and by no proxy: for a URL that
  // a stranger chose.
  bool public_only = false;
  std::chrono::milliseconds timeout{0};  // of the whole exchange; 0: none
  std::chrono::milliseconds connect_timeout{10'000};
  std::size_t max_body = 32u << 20;  // of a collected answer; more is an error
};

struct HttpResponse {
  long status = 0;
  std::map<std::string, std::string> headers;  // names in lower case; the last of equal names
  std::string body;
};

// The transfer itself failed: no answer with a status. `refused` when no connection came about at all.
class TransportError : public std::runtime_error {
 public:
  TransportError(const std::string& message, bool refused_, int error_number_, bool timed_out_ = false)
      : std::runtime_error(message), refused(refused_), timed_out(timed_out_), error_number(error_number_) {}
  bool refused;
  bool timed_out;    // HttpRequest::timeout
  int error_number;  // errno of connect(2) when known: ENOENT and EACCES of a socket read differently
};

// Handlers of a body that is read as it comes.
struct HttpStream {
  std::function<void(const HttpResponse& head)> on_head;
  std::function<void(std::string_view bytes)> on_bytes;
  std::function<void(Result<HttpResponse>)> on_end;  // once; body empty
};

class HttpCall {
 public:
  virtual ~HttpCall() = default;  // cancels; no handler is called any more
};

// A connection that both sides send on, after its head: what is sent is the rest of the request's body.
class HttpDuplex : public HttpCall {
 public:
  virtual void send(std::string_view bytes) = 0;  // kept until the other side takes it
  virtual std::size_t unsent() const = 0;         // bytes
  virtual void end() = 0;                         // nothing more will be sent
};

class HttpClient {
 public:
  explicit HttpClient(CurlLoop& loop) : loop_(loop) {}

  // `done` is called once, never before send() has returned.
  [[nodiscard]] std::unique_ptr<HttpCall> send(HttpRequest request,
                                               std::function<void(Result<HttpResponse>)> done);
  [[nodiscard]] std::unique_ptr<HttpCall> stream(HttpRequest request, HttpStream handlers);
  // The same for a request with a `late_body`: that is only the first that is sent.
  [[nodiscard]] std::unique_ptr<HttpDuplex> duplex(HttpRequest request, HttpStream handlers);

 private:
  CurlLoop& loop_;
};

}  // namespace io
