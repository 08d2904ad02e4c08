#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <iostream>

#include "images/checkout/ca_file.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/job_inputs.h"
#include "orchestrator/cli/progress.h"
#include "orchestrator/cli/report_file.h"
#include "orchestrator/cli/terminal.h"
#include "orchestrator/run/free_space.h"
#include "sandbox/io/error.h"
#include "sandbox/io/signals.h"

namespace orchestrator {
namespace {

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? std::optional<std::string>(value) : std::nullopt;
}

// The run, from the first signal handler to the report.
class RunMode {
 public:
  RunMode(const Program& program, const CommandLine& options)
      : options_(options), session_(program, options) {
    min_free_bytes();  // throws when it was said wrongly
    GatheredJob job = gather_job(options, environment);
    inputs_.said = std::move(job.said);
    inputs_.user = std::move(job.user);
    inputs_.credential = gather_credential(options, *inputs_.said.repo, environment);
    inputs_.secret_values = gather_secrets(inputs_.said.secret_env, environment);
    if (!options.ca_file.empty()) images::check_ca_file("--ca-file", options.ca_file);
    inputs_.ca_file = options.ca_file;
    check_report_path(options.json_file);
    prepare_logs_folder(options.logs_dir);
    inputs_.logs_folder = options.logs_dir;
    inputs_.run_id = session_.run_id();
    inputs_.scratch = session_.scratch();
    program_version_ = program.version;
  }

  int run() {
    const io::Signals signals(session_.loop(), {SIGINT, SIGTERM, SIGHUP}, [this](int signal) { on_signal(signal); });
    const auto& engine = session_.open_engine();
    session_.sweep_in_background();
    if (const auto obstacle = disk_obstacle({engine.data_root, session_.scratch()}))
      throw io::HostError(*obstacle);
    progress_ = make_progress(session_.loop(), progress_options(options_), write_to_stderr);
    events_.subscribe([this](const Event& event) { progress_->on_event(event); });

    const JobHost host = session_.job_host();
    execution_ = std::make_unique<JobExecution>(session_.loop(), session_.engine().sandbox(),
                                                session_.engine().images(), host, inputs_, events_);
    auto result = io::await<io::Result<Report>>(session_.loop(),
                                                [this](auto done) { execution_->start(std::move(done)); });
    progress_->finish();
    if (options_.keep || execution_->keeps_scratch()) keep_scratch();
    if (!result.ok()) {
      const int code = interrupted_code(result.error());
      execution_.reset();
      session_.close_engine();
      if (code != 0) return code;
      std::rethrow_exception(result.error());
    }
    Report report = std::move(result).value();
    report.program_version = program_version_;
    report.reproduce = reproduce_job(report);
    session_.close_engine();
    return present(report);
  }

 private:
  void on_signal(int signal) {
    if (signal_ == 0) {
      signal_ = signal;
      spdlog::debug("signal {}", signal);
      if (options_.progress != ProgressMode::json && options_.progress != ProgressMode::quiet)
        write_to_stderr("\nStopping… (press Ctrl+C again to force)\n");
      if (execution_)
        execution_->stop(RunEnd::cancelled, fmt::format("stopped by SIG{}", sigabbrev_np(signal)));
    } else if (execution_) {
      execution_->kill();
    }
  }

  int signal_code() const { return signal_ == 0 ? 0 : 128 + signal_; }

  // The exit code when the job was stopped before its first attempt; 0 when that is not why it ended.
  int interrupted_code(const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const JobExecution::Interrupted& interrupted) {
      write_to_stderr(
          fmt::format("orchestrator: {} before the first attempt; nothing is left\n", interrupted.what()));
      return signal_ != 0 ? signal_code() : 6;
    } catch (...) {
      return 0;
    }
  }

  void keep_scratch() {
    session_.keep_scratch();
    write_to_stderr(fmt::format("kept: {}\n", session_.scratch()));
  }

  int present(Report& report) {
    const bool to_stdout = options_.json_file == "-";
    if (!options_.json_file.empty()) write_report_file(report, execution_->spool(), options_.json_file);
    if (!to_stdout) write_text(report, execution_->spool(), std::cout, text_style(options_));
    std::cout.flush();
    if (!std::cout) throw io::HostError("the report could not be written to stdout");
    return signal_ != 0 ? signal_code() : exit_code(report);
  }

  const CommandLine& options_;
  Session session_;
  JobInputs inputs_;
  std::string program_version_;
  EventLog events_;
  std::unique_ptr<Progress> progress_;
  std::unique_ptr<JobExecution> execution_;
  int signal_ = 0;
};

}  // namespace

int run_command(const Program& program, const CommandLine& options) {
  return RunMode(program, options).run();
}

}  // namespace orchestrator
