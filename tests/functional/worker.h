// What the tests of `orchestrator worker` share: a queue and a git server on this host, and a worker between
// them that runs while the test goes on.
#pragma once

#include "tests/functional/attempts.h"
#include "tests/support/runpod_server.h"
#include "tests/unit/checkout/git_server.h"

namespace testing_support {

// A repository behind https, made once for all tests: its layers are built once, too.
class ServedRepository {
 public:
  static ServedRepository& get() {
    static ServedRepository served;
    return served;
  }
  std::string url() const { return server_.url("/project.git"); }
  Strings flags() const {
    return {"--allow-repo-host", "127.0.0.1",       "--allow-image", kBase,
            "--ca-file",         server_.ca_file(), "--state-dir",   state_folder()};
  }
  std::string folder() const { return origin_.path(); }
  // For others on this host: what --ca-file of flags() trusts.
  Strings certificate() const {
    return {"--cert", scratch_.path("server.pem"), "--key", scratch_.path("server.key")};
  }
  // Images of it go with it.
  void remember(const Json& report) {
    RunResult run;
    run.report = report;
    if (report.is_object() && report.contains("environment") && report.contains("job"))
      origin_.remember(std::move(run));
  }

 private:
  ServedRepository() {
    origin_.init();
    origin_.write("README", "a project of a worker's tests\n");
    origin_.write("keeps_logs/.flaky-detector.yml", "save_full_output: true\n");
    origin_.commit_all();
    images::serve(scratch_, origin_.path(), "project");
  }
  Repository origin_;
  images::Scratch scratch_;
  images::GitServer server_{scratch_};
};

// Quick: nothing is installed.
inline Json job_input(const std::string& line, const Json& more = Json::object()) {
  Json input = {{"repo", ServedRepository::get().url()},
                {"test_command", line},
                {"runs", 2},
                {"parallelism", 1},
                {"image", kBase},
                {"auto_install_dependencies", false}};
  input.update(more);
  return input;
}
inline Json job(const std::string& id, const std::string& line, const Json& more = Json::object()) {
  return {{"id", id}, {"input", job_input(line, more)}};
}

// `orchestrator worker`; letting it go kills it.
class RunningWorker {
 public:
  explicit RunningWorker(Strings env, Strings more = {}, const std::string& cwd = "") {
    Strings argv{"worker"};
    const Strings flags = ServedRepository::get().flags();
    argv.insert(argv.end(), flags.begin(), flags.end());
    argv.insert(argv.end(), more.begin(), more.end());
    ProgramOptions options;
    options.env = std::move(env);
    options.cwd = cwd;
    const auto started = std::make_shared<std::promise<pid_t>>();
    auto pid = started->get_future();
    options.on_start = [started](pid_t value) { started->set_value(value); };
    const auto said = said_;
    options.on_output = [said](pid_t, const Finished& so_far) {
      const std::lock_guard lock(said->first);
      said->second = so_far.out + so_far.err;
    };
    result_ = std::async(std::launch::async, [=] { return orchestrator(argv, options); });
    pid_ = pid.get();
  }
  ~RunningWorker() {
    if (!result_.valid()) return;
    signal(SIGKILL);
    result_.wait();
  }
  RunningWorker(const RunningWorker&) = delete;
  RunningWorker& operator=(const RunningWorker&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const { kill(pid_, number); }
  Finished finish() { return result_.get(); }
  Finished stop() {
    signal(SIGTERM);
    return finish();
  }
  // What it has said so far.
  std::string said() const {
    const std::lock_guard lock(said_->first);
    return said_->second;
  }

 private:
  pid_t pid_ = -1;
  std::future<Finished> result_;
  std::shared_ptr<std::pair<std::mutex, std::string>> said_ =
      std::make_shared<std::pair<std::mutex, std::string>>();
};

}  // namespace testing_support
