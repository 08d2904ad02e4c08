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

// By test the first attempt in which it passed.
std::vector<std::optional<int>> attempts_passing(const TestResults& results) {
  std::vector<std::optional<int>> first(results.tests().size());
  for (const auto& attempt : results.attempts())
    for (const auto& run : attempt.runs)
      if (attempt.counted && run.outcome == TestOutcome::passed && !first[run.test])
        first[run.test] = attempt.attempt;
  return first;
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

// What is known of the tests' passes.
struct TestPasses {
  PassingLogs logs;
  std::vector<std::optional<int>> attempts;  // see attempts_passing
  bool have_logs = false;                    // see tests_have_logs
};

// Sets `logs`, or why there are none. What the test itself printed is the better log. A hang or a crash
// leaves only what the attempt printed, and so does a runner that keeps no logs of tests; of any other
// failure that has its own text the attempt's output tells nothing that is not in that text.
void compare_test(const Report& report, const TestFailure& failure, const TestPasses& passes,
                  const Spool& spool, FailureFinding& finding) {
  const auto found = passes.logs.find(failure.test);
  const bool has_text = failure.text.bytes > 0;
  const std::optional<int> passed_in = passes.attempts[failure.test];
  const auto give_up = [&](NotCompared reason) {
    finding.not_compared = passed_in ? reason : NotCompared::never_passed;
  };
  if (failure.log.bytes == 0 && (found == passes.logs.end() || !has_text)) {
    if (has_text && passes.have_logs) return give_up(NotCompared::printed_nothing);
    finding.logs = compare_attempts(report, failure.attempt, spool);
    if (!finding.logs) give_up(NotCompared::no_attempt_passed);
    return;
  }
  const PassingLog* log = found == passes.logs.end() ? nullptr : log_like(report, found->second, failure);
  if (!log && !passed_in) return give_up(NotCompared::never_passed);
  finding.logs = ComparedLogs{"test log", failure.attempt, log ? log->attempt : *passed_in,
                              first_difference(spool.read(failure.log), log ? spool.read(log->text) : "")};
}

// The command taken as one test.
void compare_whole_command(const Report& report, int failing_attempt, const Spool& spool,
                           FailureFinding& finding) {
  finding.logs = compare_attempts(report, failing_attempt, spool);
  if (!finding.logs)
    finding.not_compared =
        report.failures() < report.total_runs() ? NotCompared::no_attempt_passed : NotCompared::never_passed;
}

std::vector<FailureFinding> groups_of_tests(const Report& report, const Spool& spool) {
  const TestPasses passes{passing_logs(report.tests), attempts_passing(report.tests),
                          tests_have_logs(report)};
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
                        .text = example.text});
    compare_test(report, example, passes, spool, findings.back());
  }
  return findings;
}

std::vector<FailureFinding> groups_of_attempts(const Report& report, const Spool& spool) {
  std::vector<FailureFinding> findings;
  for (const FailureGroup& group : failure_groups(report)) {
    findings.push_back({.signature = group.how,
                        .failures = group.count,
                        .attempts = group.attempts,
                        .example_attempt = group.example->index});
    compare_whole_command(report, group.example->index, spool, findings.back());
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

std::string_view name(NotCompared reason) {
  switch (reason) {
    case NotCompared::never_passed:
      return "never_passed";
    case NotCompared::printed_nothing:
      return "printed_nothing";
    case NotCompared::no_attempt_passed:
      return "no_attempt_passed";
  }
  return "";
}

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
