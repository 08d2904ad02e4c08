#include "tests/unit/checkout/git_server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <sstream>

namespace images {

GitServer::GitServer(const Scratch& scratch, const std::vector<std::string>& options) : scratch_(scratch) {
  make_certificate();
  scratch.make_folder("served");
  std::vector<std::string> words{"python3", std::string(SOURCE_FOLDER) + "/tests/support/git_https_server.py",
                                 "--root",  scratch.path("served"),
                                 "--cert",  scratch.path("server.pem"),
                                 "--key",   scratch.path("server.key"),
                                 "--log",   scratch.path("server.log")};
  words.insert(words.end(), options.begin(), options.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::array<int, 2> in{}, out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0)
    throw std::runtime_error("pipe");
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  ::posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  EXPECT_EQ(::posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ), 0);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  stdin_ = in[1];
  FILE* output = ::fdopen(out[0], "r");
  char line[64] = {};
  EXPECT_NE(std::fgets(line, sizeof line, output), nullptr) << "the server did not start";
  std::fclose(output);
  std::istringstream(line) >> port_ >> proxy_port_;
}

GitServer::~GitServer() {
  ::close(stdin_);
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void GitServer::make_certificate() const {
  const std::string curve = " -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes ";
  const Ran made = shell(
      "cd '" + scratch_.path() + "' && openssl req -x509 -days 2 -subj /CN=test-ca" + curve +
      "-addext basicConstraints=critical,CA:TRUE -keyout ca.key -out ca.pem && openssl req -subj /CN=server" +
      curve +
      "-keyout server.key -out server.csr && printf 'subjectAltName=DNS:localhost,DNS:git.example.test,"
      "IP:127.0.0.1\\nbasicConstraints=CA:FALSE\\n' > san && openssl x509 -req -in server.csr -CA ca.pem "
      "-CAkey ca.key "
      "-CAcreateserial -days 2 -extfile san -out server.pem");
  EXPECT_EQ(made.exit_code, 0) << made.output;
}

std::string GitServer::url(const std::string& path, const std::string& host) const {
  return "https://" + host + ":" + std::to_string(port_) + path;
}

std::size_t GitServer::requests(const std::string& part) const {
  std::istringstream lines(log());
  std::string line;
  std::size_t found = 0;
  while (std::getline(lines, line)) found += line.find(part) != std::string::npos;
  return found;
}

void serve(const Scratch& scratch, const std::string& folder, const std::string& name) {
  scratch.make_folder("served");
  git(scratch.path(), "clone -q --bare --no-hardlinks " + folder + " served/" + name + ".git");
}

}  // namespace images
