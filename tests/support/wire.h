// A connection to a server on this host, byte for byte: what is sent and read is the test's to say. Nothing
// waits longer than a deadline that is far too long.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace testing_support {

struct HttpAnswer {
  int status = 0;                              // 0: the connection ended before there was one
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

class Wire {
 public:
  // `receive_buffer`: bytes that the kernel takes for a reader who does not; 0: as usual.
  explicit Wire(std::uint16_t port, int receive_buffer = 0)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(port);
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connect(reinterpret_cast<const sockaddr*>(&place), sizeof place);
  }
  explicit Wire(const std::string& unix_socket) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un place{};
    place.sun_family = AF_UNIX;
    std::strncpy(place.sun_path, unix_socket.c_str(), sizeof place.sun_path - 1);
    connect(reinterpret_cast<const sockaddr*>(&place), sizeof place);
  }
  Wire(Wire&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), connected_(other.connected_), unread_(std::move(other.unread_)) {}
  ~Wire() { hang_up(); }

  bool connected() const { return connected_; }
  void hang_up() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  // Nothing follows it, and the peer is told so.
  void send_last(std::string_view bytes) {
    send(bytes);
    ::shutdown(fd_, SHUT_WR);
  }
  // False when the peer takes nothing more.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      pollfd waiting{fd_, POLLOUT, 0};
      if (::poll(&waiting, 1, kDeadline) <= 0) return false;
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  // One answer; `to`: the method that was asked.
  HttpAnswer answer(const std::string& to = "GET") {
    HttpAnswer answer;
    const auto head = until("\r\n\r\n");
    if (head.size() < 12) return answer;
    answer.status = std::stoi(head.substr(9, 3));
    for (auto at = head.find("\r\n") + 2; at < head.size() - 2;) {
      const auto end = head.find("\r\n", at), colon = head.find(':', at);
      std::string name = head.substr(at, colon - at);
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      answer.headers[name] = head.substr(colon + 2, end - colon - 2);
      at = end + 2;
    }
    if (to == "HEAD" || answer.status == 204 || answer.status < 200) return answer;
    if (answer.header("transfer-encoding") == "chunked") {
      for (std::string chunk; !(chunk = this->chunk()).empty();) answer.body += chunk;
    } else {
      answer.body = exactly(std::stoul("0" + answer.header("content-length")));
    }
    return answer;
  }

  // The next chunk of a stream; "" at its end, or when the connection ended.
  std::string chunk() {
    const std::string size = until("\r\n");
    if (size.empty()) return "";
    const std::string chunk = exactly(std::stoul(size, nullptr, 16));
    exactly(2);
    return chunk;
  }

  // Up to and with `mark`; what came so far when the connection ended.
  std::string until(const std::string& mark) {
    begin();
    std::size_t end;
    while ((end = unread_.find(mark)) == std::string::npos)
      if (!read_more()) return std::exchange(unread_, "");
    return taken(end + mark.size());
  }
  std::string exactly(std::size_t size) {
    begin();
    while (unread_.size() < size)
      if (!read_more()) return std::exchange(unread_, "");
    return taken(size);
  }
  // Whether the peer ends the connection, and before it says another word.
  bool ends() {
    begin();
    return !read_more() && !silent_ && unread_.empty();
  }

 private:
  static constexpr int kDeadline = 30'000;  // ms

  void connect(const sockaddr* place, socklen_t size) { connected_ = ::connect(fd_, place, size) == 0; }
  void begin() { deadline_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(kDeadline); }
  bool read_more() {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
    pollfd waiting{fd_, POLLIN, 0};
    silent_ = left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0;
    if (silent_) return false;
    std::array<char, 65536> buffer;
    const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (n <= 0) return false;
    unread_.append(buffer.data(), static_cast<std::size_t>(n));
    return true;
  }
  std::string taken(std::size_t size) {
    std::string text = unread_.substr(0, size);
    unread_.erase(0, size);
    return text;
  }

  int fd_ = -1;
  bool connected_ = false;
  bool silent_ = false;
  std::chrono::steady_clock::time_point deadline_;  // of what is being read
  std::string unread_;
};

using Headers = std::map<std::string, std::string>;

inline std::string request_text(const std::string& method, const std::string& target,
                                const std::string& body = "", const Headers& more = {}) {
  Headers headers = more;
  headers.emplace("Host", "localhost");
  if (!body.empty() || method == "POST") headers.emplace("Content-Length", std::to_string(body.size()));
  std::string text = method + " " + target + " HTTP/1.1\r\n";
  for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
  return text + "\r\n" + body;
}

// One request on a connection of its own.
template <class Place>
HttpAnswer ask(const Place& place, const std::string& method, const std::string& target,
               const std::string& body = "", const Headers& headers = {}) {
  Wire wire(place);
  wire.send(request_text(method, target, body, headers));
  return wire.answer(method);
}

}  // namespace testing_support
