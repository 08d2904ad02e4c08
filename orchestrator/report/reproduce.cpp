#include <fmt/format.h>

#include "orchestrator/report/report.h"

namespace orchestrator {
namespace {

// As one word of a command line.
std::string shell_quoted(std::string_view word) { return TestCommand{"", {std::string(word)}}.display(); }

bool has_blank(std::string_view text) { return text.find_first_of(" \t\n") != std::string_view::npos; }

class CommandLine {
 public:
  void add_quoted(std::string_view text) {
    text_ += text_.empty() ? "" : " ";
    text_ += text;
  }
  void add(std::string_view word) { add_quoted(shell_quoted(word)); }
  void add(std::string_view flag, std::string_view value) {
    add(flag);
    add(value);
  }
  template <class T>
  void add_changed(std::string_view flag, const T& value, const T& usual) {
    if (value != usual) add(flag, fmt::format("{}", value));
  }
  void add_size(std::string_view flag, std::int64_t bytes, std::int64_t usual) {
    if (bytes == usual) return;
    const bool whole = bytes > 0 && bytes % sandbox::kMiB == 0;
    add(flag, whole ? fmt::format("{}m", bytes / sandbox::kMiB) : fmt::format("{}", bytes));
  }
  void add_seconds(std::string_view flag, std::chrono::milliseconds time) {
    add(flag, fmt::format("{}", static_cast<double>(time.count()) / 1000.0));
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// A folder as it was is not its commit when it was changed, or when ignored files were brought in.
bool is_its_commit(const Report& report) {
  if (report.source.commit.empty()) return false;
  return !report.source.local || (!report.source.dirty && report.plan.include.empty());
}

void add_source(CommandLine& line, const Report& report) {
  const bool known_url = !report.source.local && !report.source.url.empty();
  line.add("--repo", known_url ? report.source.url : report.plan.repo);
  if (is_its_commit(report)) {
    line.add("--ref", report.source.commit);
  } else if (!report.plan.ref.empty()) {
    line.add("--ref", report.plan.ref);
  }
  if (!report.plan.subdir.empty()) line.add("--subdir", report.plan.subdir);
  for (const auto& glob : report.plan.include) line.add("--include", glob);
}

void add_image(CommandLine& line, const JobPlan& plan) {
  if (!plan.framework.empty()) line.add("--framework", plan.framework);
  if (!plan.image.empty()) line.add("--image", plan.image);
  if (!plan.dockerfile.empty()) line.add("--dockerfile", plan.dockerfile);
  for (const auto& [name, value] : plan.build_args) line.add("--build-arg", name + "=" + value);
  for (const auto& command : plan.setup_commands) line.add("--setup-command", command);
  if (plan.install_dependencies != plan.dockerfile.empty())
    line.add(plan.install_dependencies ? "--install" : "--no-install");
}

void add_conditions(CommandLine& line, const JobPlan& plan) {
  const sandbox::Limits usual;
  const sandbox::Limits& limits = plan.limits;
  for (const auto& glob : plan.results) line.add("--results", glob);
  if (plan.network == sandbox::Network::internal) line.add("--network", "internal");
  if (plan.network == sandbox::Network::bridge) line.add("--network", "bridge");
  for (const auto& [name, value] : plan.env) line.add("--env", name + "=" + value);
  for (const auto& name : plan.secret_env) line.add("--secret-env", name);
  if (plan.order != "written") line.add("--order", plan.order);
  if (plan.repeat_in_process != 1) line.add("--repeat-in-process", std::to_string(plan.repeat_in_process));
  const bool implied = plan.order != "written" || plan.repeat_in_process != 1;
  if (plan.vary != (implied ? "none" : "auto")) line.add("--vary", plan.vary);
  if (limits.timeout != usual.timeout) line.add_seconds("--timeout", limits.timeout);
  line.add_size("--memory", limits.memory_bytes, usual.memory_bytes);
  line.add_changed("--cpus", limits.cpus, usual.cpus);
  line.add_changed("--pids", limits.pids, usual.pids);
  line.add_changed("--nofile", limits.nofile, usual.nofile);
  line.add_size("--tmp", limits.tmp_bytes, usual.tmp_bytes);
  line.add_size("--shm", limits.shm_bytes, usual.shm_bytes);
  line.add_size("--disk", limits.disk_bytes, usual.disk_bytes);
}

// After `--` a single word with a blank is a line for the shell: for the name of a program it is quoted once
// more.
void add_command(CommandLine& line, const TestCommand& command) {
  const bool blank_name = command.words.size() == 1 && has_blank(command.words[0]);
  line.add("--");
  line.add_quoted(blank_name ? shell_quoted(command.display()) : command.display());
}

CommandLine conditions_of(const Report& report) {
  CommandLine line;
  line.add("orchestrator");
  line.add("run");
  add_source(line, report);
  add_image(line, report.plan);
  add_conditions(line, report.plan);
  return line;
}

// What a bundle holds needs no more words; `file` is as it was named.
CommandLine out_of(const BundleOrigin& bundle, const JobPlan& plan) {
  CommandLine line;
  line.add("orchestrator");
  line.add("run");
  line.add("--from-bundle", bundle.file);
  for (const auto& name : plan.secret_env) line.add("--secret-env", name);
  return line;
}

std::string replay_of(const Report& report, const char* flag, const std::string& what) {
  CommandLine line;
  line.add("orchestrator");
  line.add("replay");
  line.add(report.saved_as);
  line.add(flag, what);
  return line.text();
}

// Behind the usual attempts come those of changed files, whose indices cannot move.
std::string out_of(const Report& report, int runs) {
  CommandLine line = out_of(*report.bundle, report.plan);
  if (report.plan.changed_runs == 0) line.add("--runs", std::to_string(runs));
  return line.text();
}

// By the commit that was compared with: the base may be another one tomorrow.
void add_changed(CommandLine& line, const Report& report) {
  if (report.plan.only_changed.empty() || !report.source.changes || report.plan.changed_runs == 0) return;
  line.add("--only-changed", report.source.changes->base);
  line.add("--changed-runs", std::to_string(report.plan.changed_runs));
}

void add_schedule(CommandLine& line, const JobPlan& plan, int runs) {
  if (plan.until_sure) {
    line.add("--until-sure", fmt::format("{}", *plan.until_sure));
    line.add("--max-runs", std::to_string(runs));
  } else {
    line.add("--runs", std::to_string(runs));
  }
  line.add("--parallelism", std::to_string(plan.parallelism));
  if (plan.deadline) line.add_seconds("--deadline", *plan.deadline);
}

}  // namespace

std::string reproduce_job(const Report& report) {
  if (report.plan.only_attempt) return reproduce_attempt(report, *report.plan.only_attempt);
  if (report.bundle) return out_of(report, report.plan.runs);
  CommandLine line = conditions_of(report);
  add_schedule(line, report.plan, report.plan.runs);
  add_changed(line, report);
  line.add("--seed", std::to_string(report.plan.job_seed));
  add_command(line, report.plan.test_command);
  return line.text();
}

std::string continue_job(const Report& report, int runs) {
  if (report.bundle) return out_of(report, runs);
  CommandLine line = conditions_of(report);
  add_schedule(line, report.plan, runs);
  add_command(line, report.plan.test_command);
  return line.text();
}

// Attempts of a replay are all the one that was asked for.
std::string reproduce_attempt(const Report& report, int index) {
  if (report.replay) index = report.replay->attempt.index;
  if (report.bundle) {
    CommandLine line = out_of(*report.bundle, report.plan);
    line.add("--only-attempt", std::to_string(index));
    return line.text();
  }
  CommandLine line = conditions_of(report);
  line.add("--runs", std::to_string(report.plan.runs));
  add_changed(line, report);
  line.add("--seed", std::to_string(report.plan.job_seed));
  line.add("--only-attempt", std::to_string(index));
  add_command(line, report.plan.test_command);
  return line.text();
}

std::string replay_attempt(const Report& report, int index) {
  return replay_of(report, "--attempt", std::to_string(index));
}

std::string replay_test(const Report& report, TestIndex test) {
  return replay_of(report, "--test", report.tests.tests()[test]);
}

}  // namespace orchestrator
