// A small HTTP/1.1 server on a Unix socket that answers by a script, so that a test can be an engine that is
// slow, lies, breaks off or says nothing. Owned by the test; a thread of its own serves, and wakes the test's
// loop after each request, so that the test waits for what was asked and never sleeps.
//
//   ScriptedEngine engine(loop);
//   engine.on("POST /containers/create", answer(201, R"({"Id":"c1"})"));
//   engine.on("POST /containers/c1/attach", raw_stream().then(bytes).wait("ended").close());
//   engine.on("POST /containers/c1/wait", answer(200, R"({"StatusCode":0})").held("wait"));
//   …
//   engine.open("wait");
//
// Requests are named by method and path, without the API version and the query. Each line of the script
// serves one request, the first fitting one first; `always` serves as many as come. What the script does not
// know gets 404.
#pragma once

#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "sandbox/io/fd.h"
#include "sandbox/io/loop.h"

namespace testing_support {

using Headers = std::vector<std::string>;  // "Content-Type: text/plain"

// What is done with a connection once a request has come.
class Answer {
 public:
  Answer& then(std::string bytes) & { return add({Action::send, std::move(bytes)}); }
  Answer&& then(std::string bytes) && { return std::move(then(std::move(bytes))); }
  // Until the test opens that gate.
  Answer& wait(std::string gate) & { return add({Action::wait, std::move(gate)}); }
  Answer&& wait(std::string gate) && { return std::move(wait(std::move(gate))); }
  Answer& close() & { return add({Action::close, ""}); }
  Answer&& close() && { return std::move(close()); }
  // Nothing is answered until the test opens that gate.
  Answer&& held(std::string gate) && {
    actions_.push_front({Action::wait, std::move(gate)});
    return std::move(*this);
  }

 private:
  friend class ScriptedEngine;
  friend Answer raw_stream(int status);
  struct Action {
    enum Kind { send, wait, close } kind;
    std::string text;
  };
  Answer& add(Action action) {
    actions_.push_back(std::move(action));
    return *this;
  }

  std::list<Action> actions_;
  bool at_head_ = false;  // before the request's body has come
};

Answer answer(int status, const std::string& body = "", const Headers& headers = {});
// Transfer-Encoding: chunked, each part a chunk of its own.
Answer chunked(int status, const std::vector<std::string>& parts);
// These bytes instead of an answer.
Answer garbage(std::string bytes);
// The connection is closed without an answer.
Answer hang_up();
// A hijacked connection, as attach makes it: a head, then whatever `then` says, until closed. It is answered
// before the request's body has come; what the client sends is in Request::body all the same.
Answer raw_stream(int status = 200);

struct Request {
  std::string line;     // "POST /containers/c1/kill"
  std::string query;    // "signal=TERM"
  std::string version;  // "1.41"; empty when the path had none
  std::string head;     // all of it, as it came
  std::string body;
};

class ScriptedEngine {
 public:
  // Listens on a socket in a temporary folder of its own. The loop must outlive it.
  explicit ScriptedEngine(io::Loop& loop);
  ~ScriptedEngine();
  ScriptedEngine(const ScriptedEngine&) = delete;
  ScriptedEngine& operator=(const ScriptedEngine&) = delete;

  const std::string& socket() const { return socket_; }

  void on(std::string line, Answer answer);
  void always(std::string line, Answer answer);
  // Lets everything go on that waits for this gate, now and later.
  void open(const std::string& gate);
  // Every connection breaks, and no new one is taken.
  void die();

  // What came, in the order in which it came.
  std::vector<std::string> asked() const;
  int asked(const std::string& line) const;
  std::vector<Request> requests() const;
  Request request(const std::string& line) const;  // the last one of that name
  int connections() const;                         // that were made in all

 private:
  struct Step {
    std::string line;
    Answer answer;
    bool again = false;
  };
  struct Connection;

  void serve();
  void accept_one();
  void read_from(Connection& connection);
  bool take_request(Connection& connection);
  Answer answer_to(const std::string& line);
  void advance(Connection& connection);
  void wake();
  void note();

  io::Loop& loop_;
  std::string folder_, socket_;
  io::Fd listener_, wake_;
  mutable std::mutex mutex_;  // guards all below
  std::list<Step> script_;
  std::set<std::string> open_gates_;
  std::vector<Request> requests_;
  std::list<std::unique_ptr<Connection>> connections_;
  int accepted_ = 0;
  bool dead_ = false;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace testing_support
