// What the tests of attempts share: the little programs as a repository, flags that need no registry, a job
// that runs while the test goes on, and the engine's own account of what it did.
#pragma once

#include <future>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <thread>

#include "tests/support/repositories.h"

namespace testing_support {

using Strings = std::vector<std::string>;

inline const std::string& state_folder() {
  static const TemporaryFolder folder;
  return folder.path();
}

// A copy of tests/programs outside of any git repository: the same bytes each time, so that its image is
// built once.
inline const std::string& programs() {
  static const TemporaryFolder folder;
  static const std::string path = [] {
    const std::string copy = folder / "programs";
    std::filesystem::copy(source_path("tests/programs"), copy, std::filesystem::copy_options::recursive);
    return copy;
  }();
  return path;
}

// Attempts of one of tests/programs, or of a line; nothing is installed.
inline Strings program_flags(Strings more) {
  more.insert(more.begin(), {"--no-install", "--state-dir", state_folder()});
  return flags_for(programs(), std::move(more));
}

inline RunResult run_attempts(const Strings& more, const Strings& command, ProgramOptions options = {}) {
  return run_job(program_flags(more), command, std::move(options));
}

inline RunResult run_line(const Strings& more, const std::string& line, ProgramOptions options = {}) {
  return run_attempts(more, {line}, std::move(options));
}

// The lines "NAME=value" of an attempt's output. The number of its own process is none that could be the same again.
inline std::map<std::string, std::string> variables(const nlohmann::json& attempt) {
  std::map<std::string, std::string> found;
  std::istringstream lines(attempt.at("stdout").get<std::string>());
  for (std::string line; std::getline(lines, line);)
    if (const auto equals = line.find('='); equals != std::string::npos)
      found[line.substr(0, equals)] = line.substr(equals + 1);
  if (const auto path = found.find("ORCHESTRATOR_RESULT_PATH"); path != found.end())
    path->second = std::regex_replace(path->second, std::regex("^/proc/[0-9]+/"), "/proc/PID/");
  return found;
}

inline std::set<std::string> kinds_of_hints(const nlohmann::json& attempt) {
  std::set<std::string> kinds;
  for (const auto& hint : attempt.at("sandbox_hints")) kinds.insert(hint.at("kind").get<std::string>());
  return kinds;
}

// Until it is so, or far too long has passed. Asks a few times a second: what it asks may cost a process.
template <class Condition>
bool eventually(Condition condition, std::chrono::seconds limit = std::chrono::seconds(120)) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < until) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
  }
  return condition();
}

// A job that runs while the test goes on. Letting it go kills the program.
class BackgroundJob {
 public:
  BackgroundJob(Strings flags, Strings command, ProgramOptions options = {}) {
    const auto started = std::make_shared<std::promise<pid_t>>();
    auto pid = started->get_future();
    options.on_start = [started](pid_t value) { started->set_value(value); };
    result_ = std::async(std::launch::async, [=] { return run_job(flags, command, options); });
    pid_ = pid.get();
  }
  ~BackgroundJob() {
    if (!result_.valid()) return;
    signal(SIGKILL);
    result_.wait();
  }
  BackgroundJob(const BackgroundJob&) = delete;
  BackgroundJob& operator=(const BackgroundJob&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) { kill(pid_, number); }
  RunResult finish() { return result_.get(); }

 private:
  pid_t pid_ = -1;
  std::future<RunResult> result_;
};

// One thing that the engine did with a container of ours.
struct EngineEvent {
  std::string action, attempt, signal, container;
};

// The engine's account of the containers of one orchestrator, from before its start on.
class EngineAccount {
 public:
  EngineAccount() {
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    Strings words = {
        "docker",
        "events",
        "--since",
        std::to_string(std::time(nullptr)),
        "--filter",
        "type=container",
        "--filter",
        "label=orchestrator.run",
        "--format",
        "{{.Action}}|{{index .Actor.Attributes \"orchestrator.process\"}}|"
        "{{index .Actor.Attributes \"orchestrator.attempt\"}}|{{index .Actor.Attributes \"signal\"}}|"
        "{{.Actor.ID}}"};
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const int error = posix_spawnp(&pid_, "docker", &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    fd_ = ends[0];
    if (error != 0) throw std::runtime_error("cannot start docker events");
  }
  ~EngineAccount() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    close(fd_);
  }
  EngineAccount(const EngineAccount&) = delete;
  EngineAccount& operator=(const EngineAccount&) = delete;

  // The next event of this process's containers; nullopt when none came for far too long.
  std::optional<EngineEvent> next(pid_t owner) {
    const std::string mark = "|" + std::to_string(owner) + ":";
    while (const auto line = next_line())
      if (line->find(mark) != std::string::npos) return parsed(*line);
    return std::nullopt;
  }

  // Passes over events until this one.
  std::optional<EngineEvent> wait_for(pid_t owner, const std::string& action, const std::string& attempt) {
    while (const auto event = next(owner))
      if (event->action == action && event->attempt == attempt) return event;
    return std::nullopt;
  }

 private:
  static EngineEvent parsed(const std::string& line) {
    Strings parts;
    std::istringstream text(line);
    for (std::string part; std::getline(text, part, '|');) parts.push_back(part);
    parts.resize(5);
    return {parts[0], parts[2], parts[3], parts[4]};
  }

  std::optional<std::string> next_line() {
    while (true) {
      if (const auto end = buffer_.find('\n'); end != std::string::npos) {
        const std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return line;
      }
      pollfd waiting{fd_, POLLIN, 0};
      if (poll(&waiting, 1, 120'000) <= 0) return std::nullopt;
      std::array<char, 4096> bytes;
      const ssize_t n = read(fd_, bytes.data(), bytes.size());
      if (n <= 0) return std::nullopt;
      buffer_.append(bytes.data(), static_cast<std::size_t>(n));
    }
  }

  pid_t pid_ = -1;
  int fd_ = -1;
  std::string buffer_;
};

// Ids of all containers, running or not, that an orchestrator with this pid made.
inline Strings containers_of(pid_t owner) {
  Strings ids;
  std::istringstream lines(
      shell("docker ps -a --no-trunc --format '{{.Label \"orchestrator.process\"}} {{.ID}}'"));
  const std::string mark = std::to_string(owner) + ":";
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(mark)) ids.push_back(line.substr(line.find(' ') + 1));
  return ids;
}

// A command that waits until it may go on, and the word to all of such attempts of an orchestrator.
inline const std::string kUntilLetGo = "until [ -e /tmp/go ]; do sleep 0.1; done";
inline void let_go(pid_t owner) {
  for (const auto& id : containers_of(owner)) shell("docker exec " + id + " touch /tmp/go");
}

// How many processes of a container have exactly this command line.
inline int processes_saying(const std::string& container, const std::string& words) {
  std::istringstream lines(run_command({"docker", "top", container, "-o", "pid,args"}).out);
  int count = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto pid = line.find_first_of("0123456789");
    const auto end = line.find_first_not_of("0123456789", pid);
    const auto start = line.find_first_not_of(' ', end);
    if (start != std::string::npos && line.substr(start) == words) ++count;
  }
  return count;
}

// Whether a process of this host has the word in its command line.
inline bool some_process_says(const std::string& word) {
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", gone)) {
    const std::string pid = entry.path().filename();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    if (read_file("/proc/" + pid + "/cmdline").find(word) != std::string::npos) return true;
  }
  return false;
}

}  // namespace testing_support
