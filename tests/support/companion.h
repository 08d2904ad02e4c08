// A program that runs beside a test (a server on loopback, say): started with it, told to end by its stdin,
// and gone with the object.
#pragma once

#include <optional>

#include "tests/support/program.h"

namespace testing_support {

class Companion {
 public:
  // Returns once the program has printed its first line.
  explicit Companion(std::vector<std::string> argv) {
    std::array<int, 2> in{}, out{};
    if (pipe2(in.data(), O_CLOEXEC) != 0 || pipe2(out.data(), O_CLOEXEC) != 0)
      throw std::runtime_error("pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    std::vector<char*> words;
    for (auto& word : argv) words.push_back(word.data());
    words.push_back(nullptr);
    const int error = posix_spawnp(&pid_, words[0], &actions, nullptr, words.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    stdin_ = in[1];
    for (char c = 0; error == 0 && read(out[0], &c, 1) == 1 && c != '\n';) first_line_ += c;
    close(out[0]);
    if (first_line_.empty()) ADD_FAILURE() << argv[0] << " did not start";
  }
  ~Companion() {
    close(stdin_);
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Companion(const Companion&) = delete;
  Companion& operator=(const Companion&) = delete;

  const std::string& first_line() const { return first_line_; }

 private:
  pid_t pid_ = -1;
  int stdin_ = -1;
  std::string first_line_;
};

// tests/support/engine_socket.py: where an engine is expected, something that notes what it is asked.
class EngineSocket {
 public:
  // Passes everything on to the real engine.
  EngineSocket() : EngineSocket(std::vector<std::string>{"--forward", "/var/run/docker.sock"}) {}
  // … but what asks for the usual network gets this one; its name has six letters.
  static EngineSocket with_network(const std::string& name) {
    return EngineSocket({"--forward", "/var/run/docker.sock", "--network", name});
  }
  // "/version={…}": an engine of a few fixed answers.
  static EngineSocket that_answers(const std::vector<std::string>& answers) {
    std::vector<std::string> words;
    for (const auto& answer : answers) words.insert(words.end(), {"--answer", answer});
    return EngineSocket(words);
  }

  std::string url() const { return "unix://" + folder_ / "engine.sock"; }
  // The engine goes away with all its connections, and is there again.
  void cut() {
    companion_.reset();
    std::filesystem::remove(folder_ / "engine.sock");
  }
  void mend() { companion_.emplace(argv(words_)); }
  // Request lines, one each.
  std::string asked() const { return read_file(folder_ / "requests"); }
  bool was_told_to_make_something() const {
    const std::string all = asked();
    for (const char* word : {"/containers/create", "/start ", "/start?", "/images/create", "/images/load",
                             "/commit", "/build", "/networks/create", "/volumes/create"})
      if (all.find(word) != std::string::npos) return true;
    return false;
  }

 private:
  explicit EngineSocket(std::vector<std::string> words) : words_(std::move(words)) { mend(); }
  std::vector<std::string> argv(const std::vector<std::string>& words) const {
    std::vector<std::string> argv{"python3", source_path("tests/support/engine_socket.py"),
                                  folder_ / "engine.sock", "--log", folder_ / "requests"};
    argv.insert(argv.end(), words.begin(), words.end());
    return argv;
  }

  std::vector<std::string> words_;
  TemporaryFolder folder_;
  std::optional<Companion> companion_;
};

}  // namespace testing_support
