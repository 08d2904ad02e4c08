// `ci`: `run` with a pipeline's habits. It says how often by the repository's auto_trigger_*, excuses what
// the quarantine and the flags excuse, and tells later steps what came out.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>

#include "orchestrator/cli/ci_outputs.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/job_inputs.h"
#include "orchestrator/cli/job_mode.h"
#include "orchestrator/cli/terminal.h"
#include "orchestrator/report/github_annotations.h"
#include "orchestrator/run/repository_file.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

constexpr const char* kNoQuarantine = "none";

class Pipeline {
 public:
  explicit Pipeline(const CommandLine& options) : options_(options) {
    if (options.github_annotations) stopped_.emplace(std::cout);
    std::cout.flush();
    policy_.fail_on = options.ci.fail_on;
    policy_.max_flake_rate = options.ci.max_flake_rate;
    policy_.today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  }

  JobModeHooks hooks() {
    return {.inputs = [this](const CommandLine& line, const std::string&) { return inputs(line); },
            .complete = [this](Report& report) { judge(report); },
            .conclude = [this](const Report& report, const Spool& spool) { return conclude(report, spool); },
            .ended =
                [this](const JobEnd& end) {
                  take_commands_again();
                  tell_later_steps(options_, end);
                }};
  }

 private:
  JobInputs inputs(const CommandLine& line) {
    check_later_steps(line);
    read_callers_quarantine();
    JobInputs inputs = gather_inputs(line);
    inputs.ci = true;
    inputs.examine = [this](const images::Source& source, const JobPlan& plan) { examine(source, plan); };
    return inputs;
  }

  void read_callers_quarantine() {
    std::string file = options_.ci.quarantine_file;
    // Of a job elsewhere the tree is not here; but pipelines stand in a checkout of it.
    if (file.empty() && !options_.on.url.empty() && std::filesystem::exists(kQuarantineFile)) {
      file = kQuarantineFile;
      warnings_.push_back(fmt::format("{} is the one of the current folder: the tests ran elsewhere", file));
    }
    if (file.empty() || file == kNoQuarantine) return;
    policy_.quarantine = parse_quarantine(read_callers_file(file, "--quarantine: the quarantine file"), file);
  }

  void examine(const images::Source& source, const JobPlan& plan) {
    if (options_.ci.on_failure && !plan.auto_trigger_on_failure)
      throw NothingToDo(fmt::format(
          "nothing was run: auto_trigger_on_failure is false in {}, and --on-failure says that another job "
          "of the pipeline has failed",
          kRepositoryConfig));
    if (!options_.ci.quarantine_file.empty()) return;
    // The list belongs to the tests and is reviewed with them. It can excuse tests of its own tree and
    // nothing else: no isolation, no limit, no exit code of a broken host hangs on it. Who does not trust the
    // tree names a file of their own.
    const RepositoryFile found = find_in_tree(source, plan.subdir, kQuarantineFile);
    warnings_ = found.warnings;
    if (found.text)
      policy_.quarantine = parse_quarantine(*found.text, found.where);
    else if (found.warnings.empty() && source.has(kQuarantineFile))
      throw io::RequestError(std::string(kQuarantineFile) + " is too large to be read");
  }

  void judge(Report& report) const {
    report.warnings.insert(report.warnings.end(), warnings_.begin(), warnings_.end());
    report.ci = decide(report, policy_);
  }

  int conclude(const Report& report, const Spool& spool) {
    take_commands_again();
    conclude_run(options_, report, spool);
    return report.ci->exit_code;
  }

  // Names and outputs of the repository are in what is printed on the way, too. Flushed, because progress
  // goes to the same log by another stream.
  void take_commands_again() {
    stopped_.reset();
    std::cout.flush();
  }

  const CommandLine& options_;
  std::optional<StoppedCommands> stopped_;
  CiPolicy policy_;
  std::vector<std::string> warnings_;
};

// Annotations (not where stdout is a document's) and the step's summary, by themselves.
void show_in_github(CommandLine& options) {
  if (!report_to_stdout(options)) options.github_annotations = true;
  const std::string summary = environment("GITHUB_STEP_SUMMARY").value_or("");
  const auto is_summary = [](const std::string& flag) { return flag == "--step-summary"; };
  const bool asked = std::any_of(options.reports.begin(), options.reports.end(),
                                 [&](const WantedReport& each) { return is_summary(each.format->flag); });
  if (summary.empty() || asked) return;
  for (const auto& format : report_formats())
    if (is_summary(format.flag)) options.reports.push_back({&format, summary});
}

}  // namespace

int ci_command(const Program& program, const CommandLine& said) {
  CommandLine options = said;
  if (options.progress == ProgressMode::automatic) options.progress = ProgressMode::plain;
  if (environment("GITHUB_ACTIONS").value_or("") == "true") show_in_github(options);
  Pipeline pipeline(options);
  return run_job(program, options, pipeline.hooks());
}

}  // namespace orchestrator
