// Runs the built program as a person would, and makes the small things that tests need for it:
// repositories, a parsed report.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"

extern char** environ;

namespace testing_support {

inline void write_file(const std::string& path, const std::string& content, bool executable = false) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << content;
  if (executable) std::filesystem::permissions(path, std::filesystem::perms(0755));
}

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Finished {
  int exit_code = -1;  // 128 + signal when a signal ended it
  std::string out, err;
};

struct ProgramOptions {
  std::vector<std::string> env;  // "NAME=value", over the test's own environment
  std::string cwd;
  std::chrono::seconds deadline{540};
  std::function<void(pid_t)> on_start;  // called with the pid before anything is read
  // Called with the pid each time something was read; to send signals at a moment that its output tells.
  std::function<void(pid_t, const Finished&)> on_output;
};

// A running program. Its destructor kills it.
inline Finished run_command(std::vector<std::string> argv, const ProgramOptions& options = {}) {
  std::array<int, 2> out{}, err{};
  if (pipe2(out.data(), O_CLOEXEC) != 0 || pipe2(err.data(), O_CLOEXEC) != 0)
    throw std::runtime_error("pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  posix_spawn_file_actions_adddup2(&actions, err[1], 2);
  if (!options.cwd.empty()) posix_spawn_file_actions_addchdir_np(&actions, options.cwd.c_str());
  std::vector<std::string> env = options.env;
  for (char** entry = environ; *entry; ++entry) {
    const std::string text = *entry;
    const std::string name = text.substr(0, text.find('=') + 1);
    bool replaced = false;
    for (const auto& said : options.env) replaced = replaced || said.starts_with(name);
    if (!replaced) env.push_back(text);
  }
  std::vector<char*> args, variables;
  for (auto& word : argv) args.push_back(word.data());
  for (auto& entry : env) variables.push_back(entry.data());
  args.push_back(nullptr);
  variables.push_back(nullptr);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, args[0], &actions, nullptr, args.data(), variables.data());
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  close(err[1]);
  if (error != 0) throw std::runtime_error("cannot start " + argv[0]);
  if (options.on_start) options.on_start(pid);

  Finished result;
  const auto until = std::chrono::steady_clock::now() + options.deadline;
  std::array<pollfd, 2> fds{{{out[0], POLLIN, 0}, {err[0], POLLIN, 0}}};
  std::array<std::string*, 2> texts{&result.out, &result.err};
  int open = 2;
  while (open > 0) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now())
            .count();
    if (left <= 0) {
      kill(pid, SIGKILL);
      ADD_FAILURE() << argv[0] << " did not end in time\n" << result.out << result.err;
      break;
    }
    poll(fds.data(), fds.size(), static_cast<int>(left));
    for (std::size_t i = 0; i < fds.size(); ++i) {
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      std::array<char, 65536> buffer;
      const ssize_t n = read(fds[i].fd, buffer.data(), buffer.size());
      if (n > 0) {
        texts[i]->append(buffer.data(), static_cast<std::size_t>(n));
        if (options.on_output) options.on_output(pid, result);
      } else {
        close(fds[i].fd);
        fds[i].fd = -1;
        --open;
      }
    }
  }
  for (auto& fd : fds)
    if (fd.fd >= 0) close(fd.fd);
  int status = 0;
  waitpid(pid, &status, 0);
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

// What is tested: the program of this build, or another that ORCHESTRATOR_TEST_PROGRAM names, such as one that a
// sanitizer watches.
inline std::string program_under_test() {
  const char* other = std::getenv("ORCHESTRATOR_TEST_PROGRAM");
  return other ? other : ORCHESTRATOR_BINARY;
}

inline Finished orchestrator(std::vector<std::string> arguments, const ProgramOptions& options = {}) {
  arguments.insert(arguments.begin(), program_under_test());
  return run_command(std::move(arguments), options);
}

// `orchestrator run … --json FILE -- words…` with its report.
struct RunResult : Finished {
  nlohmann::json report;  // or what stands in its place
};

inline RunResult run_job(std::vector<std::string> flags, const std::vector<std::string>& command,
                         ProgramOptions options = {}) {
  const TemporaryFolder folder;
  const std::string file = folder / "report.json";
  flags.insert(flags.begin(), "run");
  flags.insert(flags.end(), {"--json", file, "--progress", "plain", "--"});
  flags.insert(flags.end(), command.begin(), command.end());
  RunResult result;
  static_cast<Finished&>(result) = orchestrator(std::move(flags), options);
  if (std::filesystem::exists(file)) result.report = nlohmann::json::parse(read_file(file));
  return result;
}

inline std::string source_path(const std::string& path) { return std::string(SOURCE_FOLDER) + "/" + path; }

// A shell line on this host that must succeed; returns what it printed.
inline std::string shell(const std::string& line) {
  const Finished result = run_command({"/bin/sh", "-c", line});
  EXPECT_EQ(result.exit_code, 0) << line << "\n" << result.out << result.err;
  return result.out;
}

}  // namespace testing_support
