#include "tests/support/scripted_engine.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>

#include "sandbox/io/error.h"

namespace testing_support {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";

std::string head_of(int status, const Headers& headers) {
  std::string head = "HTTP/1.1 " + std::to_string(status) + " scripted\r\n";
  for (const auto& header : headers) head += header + "\r\n";
  return head + "\r\n";
}

std::string hex(std::size_t number) {
  std::array<char, 20> text{};
  std::snprintf(text.data(), text.size(), "%zx", number);
  return text.data();
}

std::size_t content_length(const std::string& head) {
  const auto found = head.find("Content-Length: ");
  return found == std::string::npos ? 0 : std::strtoull(head.c_str() + found + 16, nullptr, 10);
}

// "POST /v1.41/containers/c1/kill?signal=TERM HTTP/1.1"
Request request_of(const std::string& head) {
  Request request;
  request.head = head;
  const auto method_end = head.find(' ');
  std::string target = head.substr(method_end + 1, head.find(' ', method_end + 1) - method_end - 1);
  if (const auto query = target.find('?'); query != std::string::npos) {
    request.query = target.substr(query + 1);
    target.resize(query);
  }
  if (target.starts_with("/v1.")) {
    const auto path = target.find('/', 1);
    request.version = target.substr(2, path - 2);
    target.erase(0, path);
  }
  request.line = head.substr(0, method_end) + " " + target;
  return request;
}

}  // namespace

Answer answer(int status, const std::string& body, const Headers& headers) {
  Headers all{"Content-Length: " + std::to_string(body.size())};
  all.insert(all.end(), headers.begin(), headers.end());
  return Answer().then(head_of(status, all) + body);
}

Answer chunked(int status, const std::vector<std::string>& parts) {
  Answer result = Answer().then(head_of(status, {"Transfer-Encoding: chunked"}));
  for (const auto& part : parts) result.then(hex(part.size()) + "\r\n" + part + "\r\n");
  return std::move(result).then("0\r\n\r\n");
}

Answer garbage(std::string bytes) { return Answer().then(std::move(bytes)).close(); }

Answer hang_up() { return Answer().close(); }

Answer raw_stream(int status) {
  Answer result = Answer().then(head_of(status, {"Content-Type: application/vnd.docker.raw-stream"}));
  result.at_head_ = true;
  return result;
}

struct ScriptedEngine::Connection {
  io::Fd fd;
  std::string received;
  std::size_t request = 0;  // which of requests_ is being answered
  std::size_t body_missing = 0;
  bool answering = false;
  bool at_head = false;
  bool clogged = false;  // the client has to read before more can be sent
  std::list<Answer::Action> actions;

  // Sends what the client takes; true once it is all. A client that has gone away is no error of the server.
  bool send(std::string& bytes) {
    while (fd && !bytes.empty()) {
      const ssize_t n = ::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n > 0) bytes.erase(0, static_cast<std::size_t>(n));
      clogged = n < 0 && errno == EAGAIN;
      if (clogged) return false;
      if (n < 0) fd.reset();
    }
    return static_cast<bool>(fd);
  }
};

ScriptedEngine::ScriptedEngine(io::Loop& loop) : loop_(loop) {
  char name[] = "/tmp/scripted-engine-XXXXXX";
  if (!mkdtemp(name)) throw io::system_failure("mkdtemp");
  folder_ = name;
  socket_ = folder_ + "/socket";
  listener_ = io::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket_.c_str(), sizeof address.sun_path - 1);
  if (bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener_.get(), 64) != 0)
    throw io::system_failure("listening on " + socket_);
  wake_ = io::Fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  thread_ = std::thread([this] { serve(); });
}

ScriptedEngine::~ScriptedEngine() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake();
  thread_.join();
  std::filesystem::remove_all(folder_);
}

void ScriptedEngine::on(std::string line, Answer answer) {
  const std::lock_guard lock(mutex_);
  script_.push_back({std::move(line), std::move(answer), false});
}

void ScriptedEngine::always(std::string line, Answer answer) {
  const std::lock_guard lock(mutex_);
  script_.push_back({std::move(line), std::move(answer), true});
}

void ScriptedEngine::open(const std::string& gate) {
  {
    const std::lock_guard lock(mutex_);
    open_gates_.insert(gate);
  }
  wake();
}

void ScriptedEngine::die() {
  {
    const std::lock_guard lock(mutex_);
    dead_ = true;
    for (const auto& connection : connections_) shutdown(connection->fd.get(), SHUT_RDWR);
    shutdown(listener_.get(), SHUT_RDWR);  // a later connect is refused from here on
  }
  wake();
}

std::vector<std::string> ScriptedEngine::asked() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> lines;
  for (const auto& request : requests_) lines.push_back(request.line);
  return lines;
}

int ScriptedEngine::asked(const std::string& line) const {
  const auto lines = asked();
  return static_cast<int>(std::count(lines.begin(), lines.end(), line));
}

std::vector<Request> ScriptedEngine::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

Request ScriptedEngine::request(const std::string& line) const {
  const std::lock_guard lock(mutex_);
  const auto found =
      std::find_if(requests_.rbegin(), requests_.rend(), [&](const auto& one) { return one.line == line; });
  return found == requests_.rend() ? Request{} : *found;
}

int ScriptedEngine::connections() const {
  const std::lock_guard lock(mutex_);
  return accepted_;
}

// ---- the server's own thread

void ScriptedEngine::serve() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    for (auto& connection : connections_) advance(*connection);
    connections_.remove_if([](const auto& connection) { return !connection->fd; });
    std::vector<pollfd> fds{{wake_.get(), POLLIN, 0}, {dead_ ? -1 : listener_.get(), POLLIN, 0}};
    for (const auto& connection : connections_)
      fds.push_back(
          {connection->fd.get(), static_cast<short>(connection->clogged ? POLLIN | POLLOUT : POLLIN), 0});
    lock.unlock();
    poll(fds.data(), fds.size(), -1);
    std::uint64_t ignored = 0;
    [[maybe_unused]] const auto n = read(wake_.get(), &ignored, sizeof ignored);
    lock.lock();
    auto connection = connections_.begin();
    for (std::size_t i = 2; i < fds.size(); ++i, ++connection)
      if (fds[i].revents != 0) read_from(**connection);
    if (fds[1].revents != 0 && !dead_) accept_one();
  }
  connections_.clear();
}

void ScriptedEngine::accept_one() {
  auto connection = std::make_unique<Connection>();
  connection->fd = io::Fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!connection->fd) return;
  ++accepted_;
  connections_.push_back(std::move(connection));
}

void ScriptedEngine::read_from(Connection& connection) {
  std::array<char, 64 * 1024> buffer;
  const ssize_t n = recv(connection.fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (n == 0 || (n < 0 && errno != EAGAIN)) return connection.fd.reset();
  if (n > 0) connection.received.append(buffer.data(), static_cast<std::size_t>(n));
}

// Takes what has come of a request from the connection's bytes; true once it may be answered.
bool ScriptedEngine::take_request(Connection& connection) {
  std::string& bytes = connection.received;
  if (!connection.answering) {
    const auto end = bytes.find(kHeadEnd);
    if (end == std::string::npos) return false;
    const std::string head = bytes.substr(0, end + kHeadEnd.size());
    bytes.erase(0, head.size());
    requests_.push_back(request_of(head));
    connection.request = requests_.size() - 1;
    connection.body_missing = content_length(head);
    Answer chosen = answer_to(requests_.back().line);
    connection.actions = std::move(chosen.actions_);
    connection.at_head = chosen.at_head_;
    connection.answering = true;
    note();
  }
  if (connection.body_missing > 0 && !bytes.empty()) {
    const std::string piece = bytes.substr(0, connection.body_missing);
    bytes.erase(0, piece.size());
    connection.body_missing -= piece.size();
    requests_[connection.request].body += piece;
    note();
  }
  return connection.at_head || connection.body_missing == 0;
}

Answer ScriptedEngine::answer_to(const std::string& line) {
  const auto found =
      std::find_if(script_.begin(), script_.end(), [&](const Step& step) { return step.line == line; });
  if (found == script_.end()) return answer(404, R"({"message":"not in the script"})");
  if (found->again) return found->answer;
  Answer chosen = std::move(found->answer);
  script_.erase(found);
  return chosen;
}

void ScriptedEngine::advance(Connection& connection) {
  while (connection.fd && take_request(connection)) {
    while (!connection.actions.empty()) {
      Answer::Action& action = connection.actions.front();
      if (action.kind == Answer::Action::wait && !open_gates_.contains(action.text)) return;
      if (action.kind == Answer::Action::close) return connection.fd.reset();
      if (action.kind == Answer::Action::send && !connection.send(action.text)) return;
      connection.actions.pop_front();
    }
    if (connection.at_head) return;  // no further request comes on a hijacked connection
    connection.answering = false;
  }
}

void ScriptedEngine::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto n = write(wake_.get(), &one, sizeof one);
}

void ScriptedEngine::note() {
  loop_.post([] {});
}

}  // namespace testing_support
