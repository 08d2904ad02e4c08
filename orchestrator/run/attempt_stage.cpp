#include "orchestrator/run/attempt_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "orchestrator/run/attempt_spec.h"
#include "orchestrator/run/free_space.h"
#include "orchestrator/run/job_execution.h"
#include "orchestrator/run/ran_no_test.h"
#include "orchestrator/run/results_advice.h"
#include "orchestrator/run/secret_mask.h"
#include "sandbox/io/error.h"

namespace orchestrator {

AttemptStage::AttemptStage(io::Loop& loop, sandbox::Sandbox& sandbox, const JobHost& host,
                           const JobInputs& inputs, const images::Toolchain& toolchain, Report& report,
                           EventLog& events)
    : loop_(loop),
      sandbox_(sandbox),
      host_(host),
      inputs_(inputs),
      toolchain_(toolchain),
      report_(report),
      events_(events) {
  deal_conditions();
}

AttemptStage::~AttemptStage() = default;

void AttemptStage::deal_conditions() {
  const images::ProbeAbilities abilities = toolchain_.abilities(report_.packages);
  deal_ = make_deal(report_.plan, abilities, report_.warnings);
  if (report_.replay) {
    const auto& condition = report_.replay->attempt.condition;
    const auto dealt = static_cast<std::size_t>(deal_.condition_of(report_.replay->attempt.index));
    deal_ = {{condition ? inputs_.replay->saved.conditions[*condition] : deal_.conditions[dealt]}, {0}};
  } else {
    prepare_changed(abilities);
  }
  report_.conditions = deal_.conditions;
}

int AttemptStage::index_of(int attempt) const {
  return report_.replay ? report_.replay->attempt.index : attempt;
}

sandbox::AttemptSpec AttemptStage::spec_of(int attempt) const {
  return attempt_spec(
      {report_.plan, report_.image, toolchain_, report_.packages, inputs_.secret_values, inputs_.run_id,
       deal_.conditions[static_cast<std::size_t>(deal_.condition_of(attempt))]},
      index_of(attempt));
}

void AttemptStage::start(std::function<void()> done) {
  done_ = std::move(done);
  const JobPlan& plan = report_.plan;
  // Nobody needs them any more, and they are large.
  report_.source.entries.clear();
  report_.source.manifests.clear();
  report_.source.context.reset();
  report_.anytime = plan.until_sure.has_value();
  const std::string logs = logs_folder();
  spool_ = std::make_unique<Spool>(inputs_.scratch, logs);
  auto source = attempt_source();
  events_.append(
      "run_started",
      {{"runs", source->expected()}, {"parallelism", plan.parallelism}, {"job_seed", plan.job_seed}});
  run_ = std::make_unique<Run>(loop_, sandbox_, run_spec(), std::move(source), events_, *spool_);
  if (!logs.empty()) keep_logs_fresh();
  run_->start([this] { ended(); });
}

RunSpec AttemptStage::run_spec() const {
  const JobPlan& plan = report_.plan;
  RunSpec spec;
  spec.condition = [this](int index) { return deal_.condition_of(index); };
  spec.until_sure = plan.until_sure;
  spec.files_know_conditions = files_know_conditions();
  spec.parallelism = plan.parallelism;
  spec.test_command = plan.test_command;
  spec.timeout = plan.limits.timeout;
  spec.network = plan.network;
  spec.attempt = [this](int attempt) { return spec_of(attempt); };
  spec.seed = [this](int attempt) {
    return attempt_seed(report_.plan.job_seed, static_cast<std::uint64_t>(index_of(attempt)),
                        report_.plan.seed_range);
  };
  for (const auto& [variable, value] : inputs_.secret_values) spec.secrets.push_back(value);
  spec.secrets = secret_forms(spec.secrets);
  spec.obstacle = [this] { return disk_obstacle({host_.engine.data_root, inputs_.scratch}); };
  spec.budget = inputs_.budget;
  spec.claimant = inputs_.claimant;
  spec.share = {plan.limits.cpus, static_cast<std::int64_t>(plan.limits.memory_bytes),
                static_cast<std::int64_t>(plan.limits.disk_bytes)};
  return spec;
}

std::unique_ptr<AttemptSource> AttemptStage::attempt_source() const {
  const JobPlan& plan = report_.plan;
  if (report_.replay) return fixed_number(report_.replay->times);
  if (plan.only_attempt) return only_attempt(*plan.only_attempt);
  if (plan.until_sure) return until_settled(plan.runs);
  if (plan.changed_runs == 0) return fixed_number(plan.runs);
  return with_changed(plan.runs, plan.changed_runs, report_.source.changes->files);
}

// Attempts of the changed files' tests alone, where there are such files and they can be chosen.
void AttemptStage::prepare_changed(const images::ProbeAbilities& abilities) {
  const JobPlan& plan = report_.plan;
  if (!report_.source.changes) return;
  const auto& changes = *report_.source.changes;
  if (!abilities.any()) return forget_changed("tests are not told apart here");
  if (!abilities.choose)
    return forget_changed("this framework cannot be asked for the tests of some files alone");
  if (changes.files.empty())
    return forget_changed(
        fmt::format("no file has changed since {} ({})", plan.only_changed, changes.base.substr(0, 12)));
  add_changed(deal_, plan, changes.files);
}

void AttemptStage::forget_changed(const std::string& why) {
  JobPlan& plan = report_.plan;
  plan.changed_runs = 0;
  if (plan.only_attempt && *plan.only_attempt >= plan.runs)
    throw io::RequestError(fmt::format(
        "only_attempt: attempt {} is one of those of changed tests alone, but {}", *plan.only_attempt, why));
  report_.warnings.push_back(fmt::format("only_changed: {}, so that only the usual attempts were made", why));
}

// Somebody may read them while attempts run.
void AttemptStage::keep_logs_fresh() {
  constexpr std::chrono::milliseconds kOften{200};
  spool_->flush_logs();
  flushing_ = loop_.call_after(kOften, [this] { keep_logs_fresh(); });
}

// Where every byte of output goes: where the person said, or, when only the repository's file asks for it,
// below the state folder.
std::string AttemptStage::logs_folder() {
  if (!inputs_.logs_folder.empty() || !report_.plan.save_full_output) return inputs_.logs_folder;
  if (!host_.keeps_logs) {
    report_.warnings.push_back(
        "save_full_output has no effect here: of what attempts print, only what the report holds is kept");
    return "";
  }
  const std::string folder = fmt::format("{}/logs/{}", host_.state_folder, inputs_.run_id);
  std::filesystem::create_directories(folder);
  report_.warnings.push_back(fmt::format("the whole output of all attempts is kept in {}", folder));
  return folder;
}

// The toolchain's own result files are those of a runner that was asked for its conditions; who writes what a
// person names, nobody knows.
bool AttemptStage::files_know_conditions() const { return report_.plan.results.empty(); }

void AttemptStage::judge_tests() {
  // Where no framework told its tests apart, nothing of the order was asked of anybody.
  if (report_.tests.empty() || (run_->told_by_files() && !files_know_conditions())) {
    report_.conditions = {Condition{}};
    for (auto& attempt : report_.attempts) attempt.condition = 0;
  }
  // Attempts that ended before any session began know the condition that they were dealt all the same.
  if (report_.tests.empty()) report_.tests = TestResults();
  const SeverityThresholds& words = report_.plan.severity_thresholds;
  report_.verdicts = judge(report_.tests, report_.conditions,
                           {report_.anytime, words.critical, words.high, words.medium, words.low});
  report_.findings = find_findings(report_, *spool_);
}

void AttemptStage::ended() {
  flushing_.reset();
  report_.attempts = run_->records();
  report_.tests = run_->tests();
  report_.settled = run_->settled();
  const bool none_of_changed =
      report_.plan.changed_runs > 0 && !report_.plan.only_attempt && run_->end() == RunEnd::complete &&
      std::none_of(report_.attempts.begin(), report_.attempts.end(),
                   [&](const AttemptRecord& each) { return deal_.of_changed(each.index); });
  if (none_of_changed) {
    forget_changed("none of the changed files holds a test that the command runs");
    std::erase_if(report_.conditions, [](const Condition& each) { return !each.files.empty(); });
  }
  judge_tests();
  const std::string no_test = report_.tests.empty() ? words_for_no_test(report_, *spool_) : "";
  const auto advice = results_advice(report_, {run_->told_by_files(), run_->result_files(), no_test});
  report_.warnings.insert(report_.warnings.end(), advice.begin(), advice.end());
  done_();
}

}  // namespace orchestrator
