#include "orchestrator/cli/job_mode.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <iostream>

#include "images/checkout/ca_file.h"
#include "orchestrator/cli/bundling.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/job_inputs.h"
#include "orchestrator/cli/job_runner.h"
#include "orchestrator/cli/posting.h"
#include "orchestrator/cli/progress_modes.h"
#include "orchestrator/cli/report_file.h"
#include "orchestrator/cli/terminal.h"
#include "orchestrator/remote/job.h"
#include "orchestrator/report/github_annotations.h"
#include "orchestrator/report/words.h"
#include "orchestrator/run/free_space.h"
#include "sandbox/io/aside.h"
#include "sandbox/io/error.h"
#include "sandbox/io/signals.h"

namespace orchestrator {
namespace {

constexpr int kHostLacks = 5;

class JobMode {
 public:
  JobMode(const Program& program, const CommandLine& options, const JobModeHooks& hooks, EventLog& events,
          ReportFile& report_file)
      : options_(options),
        hooks_(hooks),
        session_(program, options),
        events_(events),
        report_file_(report_file) {
    min_free_bytes();  // throws when it was said wrongly
    inputs_ = hooks.inputs ? hooks.inputs(options, session_.scratch()) : gather_inputs(options);
    check_report_paths(options);
    posting_ = gather_posting(options, environment);
    prepare_folder("--logs", options.logs_dir);
    inputs_.logs_folder = options.logs_dir;
    inputs_.run_id = session_.run_id();
    inputs_.scratch = session_.scratch();
    inputs_.keeps_tree = !options.bundle_file.empty();
    program_version_ = program.version;
  }

  int run() {
    const io::Signals signals(session_.loop(), {SIGINT, SIGTERM, SIGHUP},
                              [this](int signal) { on_signal(signal); });
    show_progress();
    if (hooks_.sit) return sit();
    if (options_.on.url.empty())
      runner_ = std::make_unique<LocalRunner>(session_, inputs_, events_);
    else
      runner_ = make_remote_runner(session_, options_, inputs_, events_, program_version_);
    if (signal_ != 0) stop();  // it came before there was anything to stop
    auto result = runner_->run();
    if (progress_) progress_->finish();
    if (options_.keep || runner_->keeps_scratch()) keep_scratch();
    if (!result.ok()) return end_without_attempts(result.error());
    Report report = std::move(result).value();
    complete(report);
    if (!options_.bundle_file.empty()) carry_away(report);
    close();
    return present(report);
  }

 private:
  int sit() {
    auto local = std::make_unique<LocalRunner>(session_, inputs_, events_);
    LocalRunner& runner = *local;
    runner_ = std::move(local);
    if (signal_ != 0) stop();
    auto spec = runner.prepare();
    if (progress_) progress_->finish();
    if (!spec.ok()) return end_without_attempts(spec.error());
    const int code =
        hooks_.sit({session_.loop(), session_.engine().sandbox(), std::move(spec).value(), told_of_signal_});
    close();
    return signal_ != 0 ? signal_code() : code;
  }

  // Of what else went, JSON has an event.
  void close() {
    runner_->close();
    const std::string removed = runner_->also_removed();
    if (!removed.empty() && !tells_json() && options_.progress != ProgressMode::quiet)
      write_to_stderr(removed + "\n");
  }

  void show_progress() {
    if (tells_json()) return;
    progress_ = make_progress(session_.loop(), progress_options(options_), write_to_stderr);
    // The log outlives us: what ends a job by an exception is an event, too.
    events_.subscribe([progress = std::weak_ptr(progress_)](const Event& event) {
      if (const auto alive = progress.lock()) alive->on_event(event);
    });
  }

  void on_signal(int signal) {
    if (told_of_signal_) {
      if (signal_ == 0) signal_ = signal;
      return told_of_signal_(signal);
    }
    if (poster_) {
      signal_ = signal;
      poster_->stop();
    } else if (signal_ == 0) {
      signal_ = signal;
      spdlog::debug("signal {}", signal);
      if (!tells_json() && options_.progress != ProgressMode::quiet)
        write_to_stderr("\nStopping… (press Ctrl+C again to force)\n");
      if (runner_) stop();
    } else if (runner_) {
      runner_->kill();
    }
  }

  void stop() { runner_->stop(fmt::format("stopped by SIG{}", sigabbrev_np(signal_))); }

  bool tells_json() const { return options_.progress == ProgressMode::json; }
  int signal_code() const { return signal_ == 0 ? 0 : 128 + signal_; }

  Failure failure_of_job(const std::exception_ptr& error) const {
    try {
      std::rethrow_exception(error);
    } catch (const JobExecution::Interrupted&) {
      Failure failure = failure_of(error);
      if (signal_ != 0) failure.exit_code = signal_code();
      return failure;
    } catch (const remote::JobFailed& elsewhere) {
      Failure failure = elsewhere.failure;
      if (signal_ != 0) failure.exit_code = signal_code();
      return failure;
    } catch (const NothingToDo& nothing) {
      return {"skipped", nothing.what(), 0};
    } catch (const InvalidJob& wrong) {
      return failure_of(std::make_exception_ptr(InvalidJob(named_for(options_, wrong.errors()))));
    } catch (...) {
      return failure_of(error);
    }
  }

  // What was planned and found is worth a report, though it says nothing about the tests.
  int end_without_attempts(const std::exception_ptr& error) {
    const Failure failure = failure_of_job(error);
    auto report = runner_->report_without_attempts(end_of(failure), failure.message);
    close();
    runner_.reset();
    if (report && failure.kind != "request" && failure.kind != "skipped") {
      complete(*report);
      report_file_.write(*report, Spool(session_.scratch(), ""));
    }
    for (const auto& wanted : options_.reports) discard_older(wanted);
    const int code = tell_failure(failure, options_.progress, events_, report_file_, program_version_);
    if (hooks_.ended) hooks_.ended({nullptr, &failure, code});
    return code;
  }

  static RunEnd end_of(const Failure& failure) {
    for (const RunEnd end : {RunEnd::cancelled, RunEnd::deadline})
      if (failure.kind == name(end)) return end;
    return failure.kind == "setup" ? RunEnd::not_runnable : RunEnd::infrastructure;
  }

  void complete(Report& report) const {
    if (report.program_version.empty()) report.program_version = program_version_;  // it ran elsewhere
    if (report.reproduce.empty()) report.reproduce = reproduce_job(report);
    if (options_.json_file != "-") report.saved_as = options_.json_file;
    if (hooks_.complete) hooks_.complete(report);
  }

  void keep_scratch() {
    session_.keep_scratch();
    const std::string kept = "kept: " + session_.scratch();
    if (tells_json())
      events_.append("warning", {{"text", to_utf8(kept)}});
    else
      write_to_stderr(kept + "\n");
  }

  void warn(const std::string& sentence) {
    if (tells_json())
      events_.append("warning", {{"text", to_utf8(sentence)}});
    else
      write_to_stderr("orchestrator: " + sentence + "\n");
  }

  // Before the engine is let go of: the image is in it.
  void carry_away(const Report& report) try {
    Bundling wanted{options_.bundle_file, JobExecution::tree_file(session_.scratch()), session_.scratch(),
                    [this] { return signal_ != 0; }};
    if (signal_ != 0) throw io::GivenUp();
    const auto bytes =
        bundle_run(session_.loop(), session_.engine().images(), report, runner_->spool(), wanted);
    events_.append("bundle_written", {{"file", to_utf8(wanted.file)}, {"bytes", bytes}});
    if (!tells_json() && options_.progress != ProgressMode::quiet)
      write_to_stderr(
          fmt::format("carry it away: {}, {}\n", wanted.file, size_text(static_cast<std::uint64_t>(bytes))));
  } catch (const io::GivenUp&) {
    warn("--bundle: not written, since the run was stopped");
  } catch (const std::exception& error) {
    not_carried_ = fmt::format("--bundle: {}", error.what());
  }

  // Whoever stops the run does not wait for services.
  void post(const Report& report, const Spool& spool) {
    for (const auto& note : posting_.notes) warn(note);
    if (!posting_.any()) return;
    if (signal_ != 0) return warn("not posted: the run was stopped");
    Poster poster(session_.loop(), options_.ca_file);
    poster_ = &poster;
    for (const auto& warning : post_report(poster, posting_, report, spool)) warn(warning);
    poster_ = nullptr;
  }

  int present(const Report& report) {
    const Spool& spool = runner_->spool();
    report_file_.write(report, spool);
    for (const auto& wanted : options_.reports) write_report(wanted, report, spool);
    post(report, spool);
    const int said = hooks_.conclude ? hooks_.conclude(report, spool) : conclude_run(options_, report, spool);
    if (!not_carried_.empty()) warn(not_carried_);
    const int code = signal_ != 0 ? signal_code() : not_carried_.empty() ? said : kHostLacks;
    if (hooks_.ended) hooks_.ended({&report, nullptr, code});
    finish_stdout(std::cout);
    return code;
  }

  const CommandLine& options_;
  const JobModeHooks& hooks_;
  Session session_;
  JobInputs inputs_;
  std::string program_version_;
  EventLog& events_;
  ReportFile& report_file_;
  std::shared_ptr<Progress> progress_;
  std::unique_ptr<JobRunner> runner_;
  PostSettings posting_;
  Poster* poster_ = nullptr;  // while it posts
  std::string not_carried_;   // why there is no bundle that was asked for
  int signal_ = 0;
  std::function<void(int)> told_of_signal_;  // of who sits
};

}  // namespace

JobInputs gather_inputs(const CommandLine& options) {
  GatheredJob job = gather_job(options, environment);
  JobInputs inputs;
  inputs.said = std::move(job.said);
  inputs.user = std::move(job.user);
  if (!options.ca_file.empty()) images::check_ca_file("--ca-file", options.ca_file);
  inputs.ca_file = options.ca_file;
  if (!options.on.url.empty()) return inputs;  // the other host clones, and has values of its own
  inputs.credential = gather_credential(options, *inputs.said.repo, environment);
  inputs.access = gather_access(options, *inputs.said.repo);
  inputs.secret_values = gather_secrets(inputs.said.secret_env, environment);
  return inputs;
}

void write_summary(const CommandLine& options, const Report& report, const Spool& spool) {
  if (report_to_stdout(options)) return;
  if (!options.github_annotations) return write_text(report, spool, std::cout, text_style(options));
  {
    const StoppedCommands stopped(std::cout);  // it quotes what attempts printed
    write_text(report, spool, std::cout, text_style(options));
  }
  write_github_annotations(report, spool, std::cout);
}

int conclude_run(const CommandLine& options, const Report& report, const Spool& spool) {
  write_summary(options, report, spool);
  return exit_code(report);
}

namespace {

// There is a worse thing to tell already: an error of this is told beside it.
int tell_end(const JobModeHooks& hooks, const JobEnd& end) {
  try {
    if (hooks.ended) hooks.ended(end);
  } catch (const std::exception& error) {
    write_to_stderr(fmt::format("orchestrator: {}\n", error.what()));
  }
  return end.exit_code;
}

}  // namespace

int run_job(const Program& program, const CommandLine& options, const JobModeHooks& hooks) {
  EventLog events;
  ReportFile report_file(options.json_file);
  // From the very start: what ends the run before there is a job is an event, too.
  const auto json_lines = make_json_progress(write_to_stderr);
  if (options.progress == ProgressMode::json)
    events.subscribe([&](const Event& event) { json_lines->on_event(event); });
  try {
    return JobMode(program, options, hooks, events, report_file).run();
  } catch (...) {
    const Failure failure = failure_of(std::current_exception());
    const int code = tell_failure(failure, options.progress, events, report_file, program.version);
    for (const auto& wanted : options.reports) discard_older(wanted);
    return tell_end(hooks, {nullptr, &failure, code});
  }
}

}  // namespace orchestrator
