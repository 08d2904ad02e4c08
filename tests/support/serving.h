// `orchestrator serve` as a test needs it: on a port or a Unix socket of its own, over a state folder that
// outlives it, and gone with the object; and tokens for its callers.
#pragma once

#include <optional>
#include <thread>

#include "tests/support/repositories.h"
#include "tests/support/wire.h"

namespace testing_support {

// Made by `orchestrator token`.
struct Token {
  std::string line;    // for the token file
  std::string secret;  // what a caller sends
  Headers headers() const { return {{"Authorization", "Bearer " + secret}}; }
};

inline Token new_token(const std::string& name, const std::string& scopes) {
  constexpr std::size_t kSize = 69;
  const Finished made = orchestrator({"token", name, "--scopes", scopes});
  const auto at = made.err.find("orch_");
  if (made.exit_code != 0 || at == std::string::npos) throw std::runtime_error("no token: " + told(made));
  return {made.out, made.err.substr(at, kSize)};
}

class Serving {
 public:
  using Strings = std::vector<std::string>;

  // `allowed`: a folder that jobs may name. `more` may say --socket, and a --state-dir.
  explicit Serving(const std::string& allowed, Strings more = {})
      : more_(std::move(more)), socket_(value_of("--socket")) {
    more_.insert(more_.end(), {"--allow-folder", allowed, "--allow-image", kBase});
    start();
  }
  // What runs ends with it, so that no container is left.
  ~Serving() {
    if (pid_ <= 0) return;
    signal(SIGTERM);
    signal(SIGINT);  // at once
    finish();
  }
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;

  // Once more over the same folder, at the same port.
  void start() {
    Strings words{program_under_test(), "serve"};
    if (socket_.empty()) words.insert(words.end(), {"--listen", "127.0.0.1:" + std::to_string(port_)});
    if (value_of("--state-dir").empty()) words.insert(words.end(), {"--state-dir", state_folder()});
    words.insert(words.end(), more_.begin(), more_.end());
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    log_ = folder_ / ("log-" + std::to_string(++starts_));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, log_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int error = posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) throw std::runtime_error("cannot start orchestrator serve");
    const std::string mark = "serves at " + (socket_.empty() ? "http://127.0.0.1:" : socket_);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < until && waitpid(pid_, nullptr, WNOHANG) == 0) {
      const std::string said = log();
      if (const auto at = said.find(mark); at != std::string::npos && said.ends_with('\n')) {
        if (socket_.empty()) port_ = static_cast<std::uint16_t>(std::stoi(said.substr(at + mark.size())));
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    pid_ = -1;
    throw std::runtime_error("orchestrator serve did not start\n" + log());
  }

  void signal(int number) const { kill(pid_, number); }
  // As a sudden death, and the end of all that is left.
  void kill_now() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  // Its exit code, once it has ended by itself.
  int finish() {
    int status = 0;
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (waitpid(pid_, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > until) {
        ADD_FAILURE() << "it did not end in time\n" << log();
        kill_now();
        return -1;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  pid_t pid() const { return pid_; }
  std::uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::string state_folder() const {
    const std::string said = value_of("--state-dir");
    return said.empty() ? folder_ / "state" : said;
  }
  std::string log() const { return read_file(log_); }

  // Who calls from now on, where a call does not say.
  void call_as(const Token& token) { caller_ = token.headers(); }

  HttpAnswer get(const std::string& target, const Headers& headers = {}) const {
    return asked("GET", target, "", headers);
  }
  HttpAnswer post(const std::string& target, const nlohmann::json& body = nlohmann::json::object(),
                  const Headers& headers = {}) const {
    return asked("POST", target, body.dump(), headers);
  }
  nlohmann::json got(const std::string& target) const { return parsed(get(target)); }
  nlohmann::json posted(const std::string& target,
                        const nlohmann::json& body = nlohmann::json::object()) const {
    return parsed(post(target, body));
  }

  // A job of RunPod's API; its id.
  std::string run(const nlohmann::json& input,
                  const nlohmann::json& policy = nlohmann::json::object()) const {
    return posted("/v2/flaky/run", {{"input", input}, {"policy", policy}}).value("id", "");
  }
  nlohmann::json status(const std::string& id) const { return got("/v2/flaky/status/" + id); }
  // Its status once it has ended.
  nlohmann::json ended(const std::string& id) const {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(240);
    nlohmann::json status;
    do {
      status = got("/v2/flaky/status-sync/" + id + "?wait=10000");
      const std::string word = status.value("status", "");
      if (word != "IN_QUEUE" && word != "IN_PROGRESS") return status;
    } while (std::chrono::steady_clock::now() < until);
    ADD_FAILURE() << "the job did not end: " << status << "\n" << log();
    return status;
  }

 private:
  // What follows a flag of `more`.
  std::string value_of(const std::string& flag) const {
    for (std::size_t i = 0; i + 1 < more_.size(); ++i)
      if (more_[i] == flag) return more_[i + 1];
    return "";
  }
  HttpAnswer asked(const std::string& method, const std::string& target, const std::string& body,
                   const Headers& said) const {
    const Headers& headers = said.empty() ? caller_ : said;
    return socket_.empty() ? ask(port_, method, target, body, headers)
                           : ask(socket_, method, target, body, headers);
  }
  static nlohmann::json parsed(const HttpAnswer& answer) {
    auto json = nlohmann::json::parse(answer.body, nullptr, false);
    if (json.is_discarded()) ADD_FAILURE() << "no JSON: " << answer.status << " " << answer.body;
    return json.is_discarded() ? nlohmann::json::object() : json;
  }

  TemporaryFolder folder_;
  Strings more_;
  std::string socket_;  // empty: it has a port
  Headers caller_;
  int starts_ = 0;
  std::string log_;
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

// The quickest job there is: a line in a repository without any toolchain.
inline nlohmann::json quick_job(const std::string& repo, const std::string& line, int runs = 3) {
  return {{"repo", repo},   {"test_command", line},   {"runs", runs},
          {"image", kBase}, {"framework", "unknown"}, {"auto_install_dependencies", false}};
}

}  // namespace testing_support
