// The yardstick of the bench: attempts over the bare Engine API, without supervisor, report or any care. Each thread
// creates, attaches, starts, waits and removes one container after the other over blocking sockets.
//
//   bare_loop IMAGE ATTEMPTS PARALLELISM HOSTS_FILE
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "sandbox/docker/container_config.h"

namespace {

// One connection, one request at a time.
class Connection {
 public:
  Connection() : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, "/var/run/docker.sock");
    if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("no engine");
  }
  ~Connection() { close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void send(const std::string& method, const std::string& path, const std::string& body = "") {
    const std::string request = fmt::format(
        "{} /v1.41{} HTTP/1.1\r\nHost: engine\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", method,
        path, body.size(), body);
    if (write(fd_, request.data(), request.size()) != static_cast<ssize_t>(request.size())) throw std::runtime_error("write");
  }

  // The body; of a stream only the head is read.
  std::string receive(bool stream = false) {
    while (buffer_.find("\r\n\r\n") == std::string::npos) more();
    const std::size_t end = buffer_.find("\r\n\r\n") + 4;
    const std::string head = buffer_.substr(0, end);
    buffer_.erase(0, end);
    if (std::atoi(head.c_str() + 9) >= 300) throw std::runtime_error(head);
    if (stream || head.find(" 204 ") != std::string::npos) return "";
    if (const auto at = head.find("Content-Length: "); at != std::string::npos) {
      const auto size = static_cast<std::size_t>(std::atoll(head.c_str() + at + 16));
      while (buffer_.size() < size) more();
      return take(size);
    }
    return chunks();
  }

  void drain() {
    buffer_.clear();
    while (read_some()) buffer_.clear();
  }

 private:
  bool read_some() {
    char space[65536];
    const ssize_t n = read(fd_, space, sizeof space);
    if (n > 0) buffer_.append(space, static_cast<std::size_t>(n));
    return n > 0;
  }
  void more() {
    if (!read_some()) throw std::runtime_error("the engine closed the connection");
  }
  std::string take(std::size_t n) {
    std::string part = buffer_.substr(0, n);
    buffer_.erase(0, n);
    return part;
  }
  std::string chunks() {
    std::string body;
    while (true) {
      while (buffer_.find("\r\n") == std::string::npos) more();
      const auto size = static_cast<std::size_t>(std::strtoull(buffer_.c_str(), nullptr, 16));
      take(buffer_.find("\r\n") + 2);
      while (buffer_.size() < size + 2) more();
      body += take(size);
      take(2);
      if (size == 0) return body;
    }
  }

  int fd_;
  std::string buffer_;
};

nlohmann::json bare_config(const std::string& image, const std::string& hosts_file) {
  sandbox::docker::ContainerRequest request;
  request.image = image;
  request.execution.argv = {"true"};
  request.execution.env = {{"PATH", "/usr/bin:/bin"}};
  sandbox::docker::EngineTraits traits;
  traits.skips_network_sandbox = true;
  traits.hosts_file = hosts_file;
  nlohmann::json config = container_config(request, traits);
  config["Entrypoint"] = nullptr;
  config["WorkingDir"] = "/";
  return config;
}

void one_attempt(Connection& control, const std::string& config) {
  control.send("POST", "/containers/create", config);
  const std::string id = nlohmann::json::parse(control.receive()).at("Id");
  Connection attach;
  attach.send("POST", "/containers/" + id + "/attach?stream=1&stdout=1&stderr=1");
  attach.receive(true);
  control.send("POST", "/containers/" + id + "/start");
  control.receive();
  control.send("POST", "/containers/" + id + "/wait");
  control.receive();
  attach.drain();
  control.send("DELETE", "/containers/" + id + "?force=1&v=1");
  control.receive();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return std::fprintf(stderr, "usage: bare_loop IMAGE ATTEMPTS PARALLELISM HOSTS_FILE\n"), 2;
  const std::string config = bare_config(argv[1], argv[4]).dump();
  std::atomic<int> left = std::atoi(argv[2]);
  std::vector<std::jthread> threads;
  for (int i = 0; i < std::atoi(argv[3]); ++i)
    threads.emplace_back([&] {
      Connection control;
      while (left-- > 0) one_attempt(control, config);
    });
}
