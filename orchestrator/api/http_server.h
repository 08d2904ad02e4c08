// The HTTP/1.1 server: connections on a loopback, public or Unix socket, whose requests are given to a
// handler whole. It survives what strangers send: a head, a body and an answer have each their size and their
// time, a connection that says nothing is closed, and no reader, however slow, holds a thread. It knows no
// route and no token.
//
// Made of Boost.Beast rather than cpp-httplib: Debian 12's version of that bounds neither header lines nor a
// chunked body, and gives each connection a thread, so that idle ones keep others out.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/api/request_target.h"

namespace orchestrator {

struct ServedRequest : RequestTarget {
  std::string method;
  std::map<std::string, std::string> headers;  // names in lower case; equal ones joined by ", "
  std::string body;
  std::string peer;  // "127.0.0.1"; "" on a Unix socket
};

struct ServedResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

struct HttpServerSettings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;   // 0: any that is free
  std::string unix_socket;  // a path, instead of address and port
  int handler_threads = 16;
  std::size_t connections = 2'048;  // more are answered with 503; see connections_for()
  std::size_t head_bytes = 16 * 1024;
  std::chrono::milliseconds head_time{5'000};   // to send a head, from the connection or the last answer on
  std::chrono::milliseconds body_time{30'000};  // to send a body, and a second more for each …
  std::size_t body_bytes_per_second =
      32 * 1024;  // … of it that has come: who is slow is let in, who stalls is not
  std::chrono::milliseconds write_time{30'000};  // to take a piece of an answer
  std::function<void(int status)> on_answer;     // told of each, from the server's threads; may be empty
  std::size_t unread_bytes = 1 << 20;  // of a stream that its reader has not taken: then it is closed
  // What a client is told whose request was not given to the handler. Of one whose head was not understood
  // nothing is known. Empty: {"error": SENTENCE}.
  std::function<ServedResponse(const ServedRequest& request, int status, const std::string& sentence)>
      refusal;
};

// What of a wish for connections a process can hold that may have so many files open: the engine, the
// database, report files and answers to those who are one too many need some, too.
std::size_t connections_for(std::size_t wished, std::size_t open_files);

// The answer to one request: either respond() once, or start_stream() and then what it allows. Any thread,
// also after the handler has returned. When all who hold it let go of it unanswered, the client gets a 500.
class Reply {
 public:
  virtual ~Reply() = default;
  // False once the client is known to be gone: what would be lost with the answer should not be given to it.
  virtual bool is_wanted() const = 0;
  // The connection ends with the answer. Said before it.
  virtual void end_connection() = 0;
  virtual void respond(ServedResponse response) = 0;
  virtual void start_stream(ServedResponse head) = 0;  // `body` is its first piece
  // False when the reader is gone, or too slow: whoever has more than a little to write asks for room first.
  virtual bool write(std::string bytes) = 0;
  // Bytes that may be written now; a reader who takes none for a while is closed.
  virtual std::size_t room() const = 0;
  virtual void end() = 0;
};

class HttpServer {
 public:
  using Handler = std::function<void(const ServedRequest& request, std::shared_ptr<Reply> reply)>;
  // The most bytes of a body, before it is read; the request has none yet.
  using BodyLimit = std::function<std::size_t(const ServedRequest& request)>;

  // Binds and listens; throws io::HostError. Nothing is answered before start().
  HttpServer(HttpServerSettings settings, Handler handler, BodyLimit body_limit);
  ~HttpServer();

  std::uint16_t port() const;
  void start();
  // Accepts nothing more; connections that wait for a request are closed, answers under way are finished for
  // up to `grace`, then cut.
  void stop(std::chrono::milliseconds grace);
  // Calls `fn` on a handler's thread after `delay`, unless the server is stopped before.
  void call_after(std::chrono::milliseconds delay, std::function<void()> fn);
  std::size_t connections() const;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace orchestrator
