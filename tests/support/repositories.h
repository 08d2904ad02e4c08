// Small repositories for tests of the whole program, the usual flags of its runs, and questions to a report.
#pragma once

#include <chrono>
#include <cstdio>
#include <ctime>
#include <set>
#include <string>
#include <vector>

#include "tests/support/program.h"

namespace testing_support {

// The bootstrapped base, so that no registry of images is asked.
constexpr const char* kBase = "orchestrator/python:trixie";

// A folder that a test fills. Its tree differs from that of any other test, so that no layer of another can
// be meant; the images that its runs built of it go with it.
class Repository {
 public:
  Repository() { write("made-for", folder_.path() + "\n"); }
  ~Repository() {
    if (images_.empty()) return;
    std::vector<std::string> argv{"docker", "rmi", "-f"};
    argv.insert(argv.end(), images_.rbegin(), images_.rend());
    run_command(argv);
  }
  Repository(const Repository&) = delete;
  Repository& operator=(const Repository&) = delete;

  static std::string sample(const std::string& name) { return source_path("tests/repos/" + name); }
  void copy_sample(const std::string& name) const {
    std::filesystem::copy(sample(name), folder_.path(), std::filesystem::copy_options::recursive);
  }

  const std::string& path() const { return folder_.path(); }
  void write(const std::string& name, const std::string& content) const {
    write_file(folder_ / name, content);
  }
  void script(const std::string& name, const std::string& content) const {
    write_file(folder_ / name, content, true);
  }
  void remove(const std::string& name) const { std::filesystem::remove_all(folder_ / name); }

  // Runs git here, apart from the configuration of whoever runs the tests.
  std::string git(const std::string& arguments) const {
    std::string printed = shell(
        "export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a "
        "GIT_AUTHOR_EMAIL=a@example.org "
        "GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org; cd '" +
        path() + "' && git " + arguments);
    while (printed.ends_with('\n')) printed.pop_back();
    return printed;
  }
  void init() const { git("init -q -b main"); }
  // What a run built of this repository alone. Tools and dependencies are shared, unless setup commands
  // differ or a Dockerfile is theirs.
  RunResult remember(RunResult run) const {
    if (!run.report.contains("environment")) return run;
    const auto& plan = run.report.at("job").at("plan");
    const bool own_tools = !plan.value("setup_commands", nlohmann::json::array()).empty() ||
                           plan.value("dockerfile", nlohmann::json()).is_string();
    for (const auto& layer : run.report.at("environment").at("image").at("layers"))
      if (own_tools || layer.at("kind") == "sources" || layer.at("kind") == "seal")
        images_.push_back(layer.at("image"));
    return run;
  }

  std::string commit_all() const {
    git("add -A");
    git("commit -q -m 'a commit'");
    return git("rev-parse HEAD");
  }

 private:
  TemporaryFolder folder_;
  mutable std::vector<std::string> images_;
};

// Flags for a repository on the bootstrapped base. The first layers are the same for all that ask for it.
inline std::vector<std::string> flags_for(const std::string& repo, std::vector<std::string> more = {}) {
  std::vector<std::string> flags{"--repo", repo, "--image", kBase};
  flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

// The job of a repository without any toolchain: the quickest image there is.
inline RunResult run_shell(const Repository& repository, const std::string& line,
                           std::vector<std::string> more = {}, ProgramOptions options = {}) {
  return repository.remember(
      run_job(flags_for(repository.path(), std::move(more)), {"/bin/sh", "-c", line}, std::move(options)));
}

inline const nlohmann::json& layers(const RunResult& run) {
  return run.report.at("environment").at("image").at("layers");
}

// Kinds of the layers that this run had to build, in their order.
inline std::vector<std::string> built_layers(const RunResult& run) {
  std::vector<std::string> kinds;
  for (const auto& layer : layers(run))
    if (!layer.at("cached").get<bool>()) kinds.push_back(layer.at("kind"));
  return kinds;
}

inline std::string stdout_of(const RunResult& run, std::size_t attempt = 0) {
  return run.report.at("results").at(attempt).at("stdout");
}

// "2026-11-23T01:50:00.401Z" in seconds.
inline double seconds_of(const std::string& time) {
  std::tm parts{};
  double seconds = 0;
  if (std::sscanf(time.c_str(), "%d-%d-%dT%d:%d:%lfZ", &parts.tm_year, &parts.tm_mon, &parts.tm_mday,
                  &parts.tm_hour, &parts.tm_min, &seconds) != 6)
    throw std::runtime_error("no time: " + time);
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return static_cast<double>(timegm(&parts)) + seconds;
}

// What a run says about itself when an expectation about it fails.
inline std::string told(const Finished& run) {
  return "exit " + std::to_string(run.exit_code) + "\n" + run.out + run.err;
}

}  // namespace testing_support
