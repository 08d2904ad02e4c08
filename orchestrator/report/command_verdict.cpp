#include "orchestrator/report/command_verdict.h"

#include <algorithm>

#include "orchestrator/report/report.h"

namespace orchestrator {
namespace {

TestOutcome outcome_of_command(sandbox::Outcome outcome) {
  switch (outcome) {
    case sandbox::Outcome::passed:
      return TestOutcome::passed;
    case sandbox::Outcome::failed:
      return TestOutcome::failed;
    case sandbox::Outcome::timed_out:
      return TestOutcome::timed_out;
    case sandbox::Outcome::out_of_memory:
      return TestOutcome::out_of_memory;
    case sandbox::Outcome::output_limit:
    case sandbox::Outcome::disk_limit:
    case sandbox::Outcome::pids_limit:
      return TestOutcome::crashed;
    case sandbox::Outcome::not_runnable:
    case sandbox::Outcome::infrastructure_error:
    case sandbox::Outcome::cancelled:
      break;
  }
  return TestOutcome::not_run;
}

double rate_where_decided(const TestSummary& test) {
  return test.deciding < 0 ? 0 : test.conditions[static_cast<std::size_t>(test.deciding)].rate();
}

}  // namespace

TestSummary judge_command(const Report& report, const std::function<bool(const AttemptRecord&)>& wanted) {
  TestResults results;
  const TestIndex command = results.intern_test(kWholeCommand);
  for (const AttemptRecord& attempt : report.attempts)
    if (attempt.counted() && wanted(attempt))
      results.add({.attempt = attempt.index,
                   .condition = attempt.condition,
                   .runs = {{.test = command, .outcome = outcome_of_command(attempt.outcome)}}});
  return judge(results, report.conditions, {.anytime = report.anytime}).tests.front();
}

TestSummary judge_command(const Report& report) {
  return judge_command(report, [](const AttemptRecord&) { return true; });
}

double worst_rate(const Report& report) {
  if (!tests_failed_inside(report)) return rate_where_decided(judge_command(report));
  double worst = 0;
  for (const TestSummary& test : report.verdicts.tests) worst = std::max(worst, rate_where_decided(test));
  return worst;
}

}  // namespace orchestrator
