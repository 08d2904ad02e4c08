#include "tests/unit/checkout/ssh_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <thread>

namespace images {
namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ::close(fd);
  return ntohs(address.sin_port);
}

bool answers(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  const bool connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return connected;
}

pid_t started(std::vector<std::string> words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  EXPECT_EQ(::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ), 0) << words[0];
  ::posix_spawn_file_actions_destroy(&actions);
  return pid;
}

// What a program of somebody else has no other way of telling. False when it has ended before.
bool comes_true(pid_t pid, const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (std::chrono::steady_clock::now() < until) {
    if (condition()) return true;
    if (::waitpid(pid, nullptr, WNOHANG) == pid) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

void end(pid_t pid) {
  if (pid <= 0) return;
  ::kill(pid, SIGTERM);
  ::waitpid(pid, nullptr, 0);
}

}  // namespace

SshServer::SshServer(const Scratch& scratch, const std::vector<std::string>& host_keys)
    : scratch_(scratch), user_(::getpwuid(::getuid())->pw_name) {
  make_keys(host_keys);
  // Where sshd as root wants an empty folder; a service manager would make it.
  if (::getuid() == 0) ::mkdir("/run/sshd", 0755);
  for (int tries = 0; tries < 3; ++tries)
    if (start()) break;
  EXPECT_GT(pid_, 0) << "sshd did not start: " << log();
  std::string known;
  for (const std::string& type : host_keys)
    known += "[127.0.0.1]:" + std::to_string(port_) + " " + scratch.read("ssh/host_" + type + ".pub");
  scratch.write("ssh/known_hosts", known);
}

SshServer::~SshServer() { end(pid_); }

void SshServer::make_keys(const std::vector<std::string>& host_keys) const {
  std::filesystem::remove_all(scratch_.path("ssh"));
  const std::string folder = scratch_.make_folder("ssh");
  const auto make = [&](const std::string& type, const std::string& name,
                        const std::string& passphrase = "") {
    const std::string bits = type == "rsa" ? " -b 2048" : "";
    const Ran made = shell("ssh-keygen -q -t " + type + bits + " -C " + name + " -N '" + passphrase +
                           "' -f " + folder + "/" + name);
    EXPECT_EQ(made.exit_code, 0) << made.output;
  };
  for (const std::string& type : host_keys) make(type, "host_" + type);
  for (const char* type : {"ed25519", "ecdsa", "rsa"}) make(type, std::string("user_") + type);
  make("ed25519", "user_locked", "a-passphrase");
  make("ed25519", "user_stranger");
  std::string let_in;
  for (const char* name : {"ed25519", "ecdsa", "rsa", "locked"})
    let_in += scratch_.read(std::string("ssh/user_") + name + ".pub");
  scratch_.write("ssh/authorized", let_in);
}

bool SshServer::start() {
  port_ = free_port();
  std::string config =
      "ListenAddress 127.0.0.1\nPort " + std::to_string(port_) +
      "\nPidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\n"
      "KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nLogLevel VERBOSE\n"
      "AuthorizedKeysFile " +
      scratch_.path("ssh/authorized") + "\n";
  for (const auto& entry : std::filesystem::directory_iterator(scratch_.path("ssh")))
    if (const std::string name = entry.path().filename().string();
        name.starts_with("host_") && !name.ends_with(".pub"))
      config += "HostKey " + entry.path().string() + "\n";
  scratch_.write("ssh/sshd_config", config);
  pid_ = started(
      {"/usr/sbin/sshd", "-D", "-f", scratch_.path("ssh/sshd_config"), "-E", scratch_.path("ssh/sshd.log")});
  if (comes_true(pid_, [this] { return answers(port_); })) return true;
  pid_ = -1;
  return false;
}

std::string SshServer::url(const std::string& name) const {
  return "ssh://" + user_ + "@" + host() + scratch_.path("served/" + name + ".git");
}

std::string SshServer::config(const std::string& content) const {
  scratch_.write("ssh/config", content);
  return scratch_.path("ssh/config");
}

SshAgent::SshAgent(const Scratch& scratch, const std::string& key) : socket_(scratch.path("agent.sock")) {
  pid_ = started({"ssh-agent", "-D", "-a", socket_});
  EXPECT_TRUE(comes_true(pid_, [&] { return std::filesystem::exists(socket_); }))
      << "ssh-agent did not start";
  const Ran added = shell("SSH_AUTH_SOCK='" + socket_ + "' ssh-add -q '" + key + "'");
  EXPECT_EQ(added.exit_code, 0) << added.output;
}

SshAgent::~SshAgent() { end(pid_); }

}  // namespace images
