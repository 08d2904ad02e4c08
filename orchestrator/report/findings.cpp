#include "orchestrator/report/findings.h"

#include <algorithm>
#include <map>

#include "orchestrator/report/command_verdict.h"
#include "orchestrator/report/failure_groups.h"
#include "orchestrator/report/has.h"
#include "orchestrator/report/report.h"
#include "orchestrator/report/words.h"

namespace orchestrator {
namespace {

using Clock = std::chrono::system_clock;

// What a stream still holds of its beginning: where something was cut out, what follows has no counterpart.
std::string beginning(const StreamRecord& record, const Spool& spool) {
  const Spool::Text text = spool.read(record);
  return record.truncated() ? text.head : text.head + text.tail;
}

// Of attempts that passed one under the same condition, so that order and repeats do not count as
// differences.
const AttemptRecord* passing_like(const Report& report, const AttemptRecord& failing) {
  for (const auto& attempt : report.attempts)
    if (attempt.passed() && attempt.condition == failing.condition) return &attempt;
  return nullptr;
}

std::optional<ComparedLogs> compare_attempts(const Report& report, int failing_index, const Spool& spool) {
  const AttemptRecord* failing = report.find(failing_index);
  const AttemptRecord* passing = failing ? passing_like(report, *failing) : nullptr;
  if (!passing) return std::nullopt;
  ComparedLogs logs{"stdout", failing->index, passing->index,
                    first_difference(beginning(failing->out, spool), beginning(passing->out, spool))};
  if (!logs.difference.same) return logs;
  LogDifference err = first_difference(beginning(failing->err, spool), beginning(passing->err, spool));
  if (!err.same) return ComparedLogs{"stderr", failing->index, passing->index, std::move(err)};
  return logs;
}

// Which attempts the logs of passing tests come from, by test.
using PassingLogs = std::map<TestIndex, std::vector<const PassingLog*>>;

PassingLogs passing_logs(const TestResults& results) {
  PassingLogs logs;
  for (const auto& log : results.passing_logs()) logs[log.test].push_back(&log);
  return logs;
}

int condition_of(const Report& report, int attempt) {
  const AttemptRecord* record = report.find(attempt);
  return record ? record->condition : -1;
}

const PassingLog* log_like(const Report& report, const std::vector<const PassingLog*>& logs,
                           const TestFailure& failure) {
  const int condition = condition_of(report, failure.attempt);
  const auto alike = std::find_if(logs.begin(), logs.end(), [&](const PassingLog* log) {
    return log->repeat == failure.repeat && condition_of(report, log->attempt) == condition;
  });
  return alike != logs.end() ? *alike : logs.front();
}

// An attempt in which the test passed, for one that printed nothing there.
std::optional<int> attempt_passing(const Report& report, TestIndex test) {
  for (const auto& attempt : report.tests.attempts())
    for (const auto& run : attempt.runs)
      if (attempt.counted && run.test == test && run.outcome == TestOutcome::passed) return attempt.attempt;
  return std::nullopt;
}

// Does the runner keep what a test prints for itself, so that none means that the test printed nothing?
// pytest does unless it was told not to; of others it is known once one of their tests has a log.
bool tests_have_logs(const Report& report) {
  const TestResults& tests = report.tests;
  const auto& failures = tests.failures();
  if (!tests.passing_logs().empty() ||
      std::any_of(failures.begin(), failures.end(), [](const auto& each) { return each.log.bytes > 0; }))
    return true;
  const auto& attempts = tests.attempts();
  const bool pytest = std::any_of(attempts.begin(), attempts.end(), [](const AttemptTests& each) {
    return each.framework.starts_with("pytest");
  });
  const std::vector<std::string> words = report.plan.test_command.split();
  return pytest && !has(words, "-s") && !has(words, "--capture=no") && !has(words, "no:capture");
}

// What the test itself printed is the better log. A hang or a crash leaves only what the attempt printed, and
// so does a runner that keeps no logs of tests; of any other failure that has its own text the attempt's
// output tells nothing that is not in that text.
std::optional<ComparedLogs> compare_test(const Report& report, const TestFailure& failure,
                                         const PassingLogs& passing, bool have_logs, const Spool& spool) {
  const auto found = passing.find(failure.test);
  const bool has_text = failure.text.bytes > 0;
  if (failure.log.bytes == 0 && (found == passing.end() || !has_text))
    return has_text && have_logs ? std::nullopt : compare_attempts(report, failure.attempt, spool);
  const PassingLog* log = found == passing.end() ? nullptr : log_like(report, found->second, failure);
  const auto passed_in = log ? std::optional(log->attempt) : attempt_passing(report, failure.test);
  if (!passed_in) return std::nullopt;
  return ComparedLogs{"test log", failure.attempt, *passed_in,
                      first_difference(spool.read(failure.log), log ? spool.read(log->text) : "")};
}

std::vector<FailureFinding> groups_of_tests(const Report& report, const Spool& spool) {
  const PassingLogs passing = passing_logs(report.tests);
  const bool have_logs = tests_have_logs(report);
  std::vector<FailureFinding> findings;
  for (TestFailureGroup& group : group_failures(report.tests)) {
    const TestFailure& example = report.tests.failures()[static_cast<std::size_t>(group.representative)];
    findings.push_back({.signature = report.tests.signatures()[group.signature],
                        .failures = group.failures,
                        .attempts = std::move(group.attempts),
                        .tests = std::move(group.tests),
                        .example_attempt = example.attempt,
                        .example_test = example.test,
                        .message = example.message,
                        .text = example.text,
                        .logs = compare_test(report, example, passing, have_logs, spool)});
  }
  return findings;
}

std::vector<FailureFinding> groups_of_attempts(const Report& report, const Spool& spool) {
  std::vector<FailureFinding> findings;
  for (const FailureGroup& group : failure_groups(report)) {
    findings.push_back({.signature = group.how,
                        .failures = group.count,
                        .attempts = group.attempts,
                        .example_attempt = group.example->index,
                        .logs = compare_attempts(report, group.example->index, spool)});
  }
  return findings;
}

// The usual time of an attempt of the run.
Clock::duration median_duration(const std::vector<AttemptRecord>& attempts) {
  if (attempts.empty()) return {};
  std::vector<Clock::duration> all;
  for (const auto& attempt : attempts) all.push_back(attempt.duration);
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::nth_element(all.begin(), middle, all.end());
  return *middle;
}

// Attempts that ran in at least half of the `window` that begins with this one's start, by the engine's
// clock. The window is as long for all: how many ran beside an attempt must not depend on how it ended, which
// its own duration does.
int neighbours_of(const AttemptRecord& attempt, const std::vector<AttemptRecord>& all,
                  Clock::duration window) {
  int count = 0;
  for (const auto& other : all) {
    if (other.index == attempt.index) continue;
    const auto shared = std::min(attempt.started_at + window, other.started_at + other.duration) -
                        std::max(attempt.started_at, other.started_at);
    if (shared > Clock::duration::zero() && 2 * shared >= window) ++count;
  }
  return count;
}

std::vector<AttemptFacts> facts_of(const Report& report) {
  const Clock::duration window = median_duration(report.attempts);
  std::vector<AttemptFacts> facts;
  for (const auto& attempt : report.attempts)
    facts.push_back({attempt.index, attempt.seed, neighbours_of(attempt, report.attempts, window)});
  return facts;
}

// The command taken as one test.
std::vector<FactorFinding> factors_of_command(const Report& report) {
  auto factors = find_factors(command_results(report), report.conditions, facts_of(report));
  for (FactorFinding& each : factors) each.test.reset();
  return factors;
}

}  // namespace

std::string passed_how(const Report& report, const ComparedLogs& logs) {
  const int passing = condition_of(report, logs.passing_attempt);
  if (passing < 0 || passing == condition_of(report, logs.failing_attempt)) return "";
  return " " + condition_words(report.conditions[static_cast<std::size_t>(passing)]);
}

std::string_view subject(const Report& report, const FactorFinding& finding) {
  return finding.test ? std::string_view(report.tests.tests()[*finding.test]) : kWholeCommand;
}

Findings find_findings(const Report& report, const Spool& spool) {
  if (report.tests.empty())
    return {.groups = groups_of_attempts(report, spool), .factors = factors_of_command(report)};
  return {.groups = groups_of_tests(report, spool),
          .clusters = cluster_failures(report.tests),
          .factors = find_factors(report.tests, report.conditions, facts_of(report))};
}

}  // namespace orchestrator
