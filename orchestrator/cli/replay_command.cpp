#include <fmt/format.h>

#include <cstdlib>

#include "images/checkout/ca_file.h"
#include "orchestrator/cli/job_inputs.h"
#include "orchestrator/cli/job_mode.h"
#include "orchestrator/cli/raw_terminal.h"
#include "orchestrator/cli/terminal.h"
#include "orchestrator/cli/terminal_session.h"
#include "orchestrator/report/json_sections.h"
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

// The report keeps the names of secret variables only; their values come from who replays.
sandbox::EnvList secrets_again(const JobPlan& plan, const std::string& file) {
  std::string missing;
  for (const auto& name : plan.secret_env)
    if (!environment(name.c_str())) missing += (missing.empty() ? "" : ", ") + name;
  if (!missing.empty())
    throw io::RequestError(
        fmt::format("{}: its run had secret variables that are not set here: {}", file, missing));
  return gather_secrets(plan.secret_env, environment);
}

// A report may come from anywhere: what it makes this host do is told before anything is done.
std::string announcement(const Replay& replay) {
  const SavedRun& saved = replay.saved;
  const ReplayRecord& record = replay.record;
  const JobPlan& plan = saved.plan;
  const std::string test = record.test.empty() ? "" : " for " + one_line(record.test);
  const SavedEnvironment& was = saved.environment;
  const std::string source = !was.commit.empty() ? short_hash(was.commit) + (was.dirty ? ", changed" : "")
                                                 : "tree " + short_hash(was.tree_hash);
  std::string text = fmt::format("replaying attempt {} of {}{}: {}, seed {}{}\n", record.attempt.number,
                                 one_line(record.report), test, record.attempt.how(), record.attempt.seed,
                                 record.times == 1 ? "" : fmt::format(", {} times", record.times));
  const auto line = [&](const char* label, const std::string& value) {
    if (!value.empty()) text += fmt::format("  {:<9}{}\n", label, one_line(value));
  };
  line("repo", plan.repo + " (" + source + ")");
  line("command", plan.test_command.display());
  line("network", std::string(name(plan.network)));
  line("image", was.image.base_reference + " " + was.image.id);
  line("built by", plan.dockerfile);
  for (const auto& command : plan.setup_commands) line("set up by", command);
  std::string secrets;
  for (const auto& each : plan.secret_env) secrets += (secrets.empty() ? "" : ", ") + each;
  line("secrets", secrets);
  return text;
}

// What the report's `job.request` says of a replay.
JobRequest request_of(const JobPlan& plan, int index) {
  JobRequest said;
  said.repo = plan.repo;
  said.test_command = plan.test_command;
  if (!plan.ref.empty()) said.ref = plan.ref;
  said.include = plan.include;
  said.seed = plan.job_seed;
  said.only_attempt = index;
  said.network = name(plan.network);
  if (!plan.image.empty()) said.image = plan.image;
  if (!plan.dockerfile.empty()) said.dockerfile = plan.dockerfile;
  said.build_args.insert(plan.build_args.begin(), plan.build_args.end());
  return said;
}

JobInputs replay_inputs(const CommandLine& options) {
  if (options.shell) RawTerminal::check();
  JobInputs inputs;
  inputs.replay = replay_of(options);
  const JobPlan& plan = inputs.replay->saved.plan;
  inputs.said = request_of(plan, inputs.replay->record.attempt.index);
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
  hooks.inputs = [&command](const CommandLine& said) {
    JobInputs inputs = replay_inputs(said);
    command = inputs.replay->saved.plan.test_command;
    return inputs;
  };
  if (options.shell) hooks.sit = [&command](Seat seat) { return sit_at_terminal(std::move(seat), command); };
  return run_job(program, options, hooks);
}

}  // namespace orchestrator
