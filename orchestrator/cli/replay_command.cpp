#include <fmt/format.h>

#include <cstdlib>

#include "images/checkout/ca_file.h"
#include "orchestrator/cli/job_inputs.h"
#include "orchestrator/cli/job_mode.h"
#include "orchestrator/cli/raw_terminal.h"
#include "orchestrator/cli/saved_job.h"
#include "orchestrator/cli/terminal.h"
#include "orchestrator/cli/terminal_session.h"
#include "orchestrator/report/saved_report.h"
#include "orchestrator/report/words.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

Replay replay_of(const CommandLine& options) {
  const std::string& file = options.saved_report;
  Replay replay;
  replay.saved = read_saved_run(read_saved_report(file), file);
  const SavedRun& saved = replay.saved;
  const ChosenAttempt chosen = options.attempt ? choose_attempt(saved, *options.attempt, file)
                                               : choose_attempt(saved, options.test, file);
  ReplayRecord& record = replay.record;
  record.report = file;
  record.attempt = *saved.find(chosen.number);
  record.test = chosen.test;
  record.times = options.times;
  record.signatures = saved.signatures_of(chosen.number);
  record.failed_tests = saved.failed_tests_of(chosen.number);
  record.told_apart = !saved.tests.empty();
  return replay;
}

// What it makes this host do is told before anything is done.
std::string announcement(const Replay& replay) {
  const ReplayRecord& record = replay.record;
  const std::string test = record.test.empty() ? "" : " for " + one_line(record.test);
  return fmt::format("replaying attempt {} of {}{}: {}, seed {}{}\n", record.attempt.number,
                     one_line(record.report), test, record.attempt.how(), record.attempt.seed,
                     record.times == 1 ? "" : fmt::format(", {} times", record.times)) +
         job_lines(replay.saved);
}

JobInputs replay_inputs(const CommandLine& options) {
  if (options.shell) RawTerminal::check();
  JobInputs inputs;
  inputs.replay = replay_of(options);
  const JobPlan& plan = inputs.replay->saved.plan;
  inputs.said = request_again(plan);
  inputs.said.only_attempt = inputs.replay->record.attempt.index;
  inputs.secret_values = secrets_again(plan, options.saved_report);
  inputs.credential = gather_credential(options, plan.repo, environment);
  inputs.access = gather_access(options, plan.repo);
  if (!options.ca_file.empty()) images::check_ca_file("--ca-file", options.ca_file);
  inputs.ca_file = options.ca_file;
  if (options.progress != ProgressMode::quiet && options.progress != ProgressMode::json)
    write_to_stderr(announcement(*inputs.replay));
  return inputs;
}

}  // namespace

int replay_command(const Program& program, const CommandLine& options) {
  JobModeHooks hooks;
  TestCommand command;
  hooks.inputs = [&command](const CommandLine& said, const std::string&) {
    JobInputs inputs = replay_inputs(said);
    command = inputs.replay->saved.plan.test_command;
    return inputs;
  };
  if (options.shell) hooks.sit = [&command](Seat seat) { return sit_at_terminal(std::move(seat), command); };
  return run_job(program, options, hooks);
}

}  // namespace orchestrator
