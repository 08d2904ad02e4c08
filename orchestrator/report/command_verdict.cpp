#include "orchestrator/report/command_verdict.h"

#include <algorithm>

#include "orchestrator/report/report.h"

namespace orchestrator {
namespace {

double rate_where_decided(const TestSummary& test) {
  return test.deciding < 0 ? 0 : test.conditions[static_cast<std::size_t>(test.deciding)].rate();
}

using Wanted = std::function<bool(const AttemptRecord&)>;

TestResults results_of(const Report& report, const Wanted& wanted) {
  TestResults results;
  const TestIndex command = results.intern_test(kWholeCommand);
  for (const AttemptRecord& attempt : report.attempts)
    if (attempt.counted() && wanted(attempt))
      results.add({.attempt = attempt.index,
                   .condition = attempt.condition,
                   .runs = {{.test = command, .outcome = command_outcome(attempt.outcome)}}});
  return results;
}

bool any(const AttemptRecord&) { return true; }

}  // namespace

TestResults command_results(const Report& report) { return results_of(report, any); }

TestSummary judge_command(const Report& report, const Wanted& wanted) {
  return judge(results_of(report, wanted), report.conditions, {.anytime = report.anytime}).tests.front();
}

TestSummary judge_command(const Report& report) { return judge_command(report, any); }

std::optional<double> command_dependence_p(const Report& report) {
  const ReportVerdict whole = verdict(report);
  const bool depends = whole == ReportVerdict::order_dependent || whole == ReportVerdict::repeat_dependent;
  return depends ? judge_command(report).dependence_p : std::nullopt;
}

double worst_rate(const Report& report) {
  if (!tests_failed_inside(report)) return rate_where_decided(judge_command(report));
  double worst = 0;
  for (const TestSummary& test : report.verdicts.tests) worst = std::max(worst, rate_where_decided(test));
  return worst;
}

}  // namespace orchestrator
