#include "orchestrator/report/report.h"

#include <algorithm>
#include <cmath>

#include "orchestrator/report/command_verdict.h"

namespace orchestrator {

std::string_view name(RunEnd end) {
  switch (end) {
    case RunEnd::complete:
      return "complete";
    case RunEnd::cancelled:
      return "cancelled";
    case RunEnd::deadline:
      return "deadline";
    case RunEnd::not_runnable:
      return "not_runnable";
    case RunEnd::infrastructure:
      return "infrastructure";
  }
  return "unknown";
}

std::string_view name(ReportVerdict verdict) {
  switch (verdict) {
    case ReportVerdict::not_shown_flaky:
      return "not_shown_flaky";
    case ReportVerdict::flaky:
      return "flaky";
    case ReportVerdict::order_dependent:
      return "order_dependent";
    case ReportVerdict::repeat_dependent:
      return "repeat_dependent";
    case ReportVerdict::fails_every_time:
      return "fails_every_time";
    case ReportVerdict::not_runnable:
      return "not_runnable";
    case ReportVerdict::infrastructure:
      return "infrastructure";
    case ReportVerdict::inconclusive:
      return "inconclusive";
  }
  return "unknown";
}

const AttemptRecord* Report::find(int index) const {
  const auto found =
      std::lower_bound(attempts.begin(), attempts.end(), index,
                       [](const AttemptRecord& each, int number) { return each.index < number; });
  return found != attempts.end() && found->index == index ? &*found : nullptr;
}

int Report::total_runs() const {
  return static_cast<int>(
      std::count_if(attempts.begin(), attempts.end(), [](const AttemptRecord& a) { return a.counted(); }));
}

int Report::failures() const {
  return static_cast<int>(std::count_if(attempts.begin(), attempts.end(),
                                        [](const AttemptRecord& a) { return a.counted() && !a.passed(); }));
}

double Report::repro_rate() const {
  const int total = total_runs();
  return total == 0 ? 0.0 : std::round(1000.0 * failures() / total) / 1000.0;
}

int Report::count(sandbox::Outcome outcome) const {
  return static_cast<int>(std::count_if(attempts.begin(), attempts.end(),
                                        [outcome](const AttemptRecord& a) { return a.outcome == outcome; }));
}

bool tests_failed_inside(const Report& report) {
  const Verdicts& tests = report.verdicts;
  return report.failures() == 0 &&
         tests.flaky + tests.order_dependent + tests.repeat_dependent + tests.failing > 0;
}

namespace {

// Of attempts that all passed, run again for the sake of one test: that test's alone.
ReportVerdict verdict_of_replayed_test(const Report& report) {
  const ReplayResult seen = replay_result(report);
  if (seen.same == 0) return ReportVerdict::not_shown_flaky;
  return seen.same == seen.n ? ReportVerdict::fails_every_time : ReportVerdict::flaky;
}

// Of attempts that all passed: that of the worst test.
ReportVerdict verdict_of_passes(const Report& report) {
  if (report.replay && !report.replay->test.empty()) return verdict_of_replayed_test(report);
  const Verdicts& tests = report.verdicts;
  if (tests.failing > 0) return ReportVerdict::fails_every_time;
  if (tests.flaky > 0) return ReportVerdict::flaky;
  if (tests.order_dependent > 0) return ReportVerdict::order_dependent;
  return tests.repeat_dependent > 0 ? ReportVerdict::repeat_dependent : ReportVerdict::not_shown_flaky;
}

ReportVerdict verdict_of_command(const Report& report) {
  switch (judge_command(report).verdict) {
    case TestVerdict::flaky:
      return ReportVerdict::flaky;
    // A test that never passed does not depend on what the conditions differ in, whatever the attempts that
    // did not run it say of the command.
    case TestVerdict::order_dependent:
      return report.verdicts.failing > 0 ? ReportVerdict::fails_every_time : ReportVerdict::order_dependent;
    case TestVerdict::repeat_dependent:
      return report.verdicts.failing > 0 ? ReportVerdict::fails_every_time : ReportVerdict::repeat_dependent;
    case TestVerdict::failing:
      return ReportVerdict::fails_every_time;
    case TestVerdict::not_shown_flaky:
    case TestVerdict::not_run:
      break;
  }
  return verdict_of_passes(report);
}

}  // namespace

ReportVerdict verdict(const Report& report) {
  if (report.end == RunEnd::not_runnable) return ReportVerdict::not_runnable;
  if (report.end == RunEnd::infrastructure) return ReportVerdict::infrastructure;
  // A run that is complete but has no evidence lost all its attempts to the engine or the host.
  if (report.total_runs() == 0)
    return report.end == RunEnd::complete ? ReportVerdict::infrastructure : ReportVerdict::inconclusive;
  return verdict_of_command(report);
}

int exit_code(const Report& report) {
  switch (verdict(report)) {
    case ReportVerdict::not_shown_flaky:
      return 0;
    case ReportVerdict::flaky:
    case ReportVerdict::order_dependent:
    case ReportVerdict::repeat_dependent:
      return 1;
    case ReportVerdict::fails_every_time:
      return 3;
    case ReportVerdict::not_runnable:
      return 4;
    case ReportVerdict::infrastructure:
      return 5;
    case ReportVerdict::inconclusive:
      return 6;
  }
  return 5;
}

ConditionShare Report::largest_share() const {
  std::vector<ConditionShare> shares(conditions.size());
  for (const auto& attempt : attempts) {
    if (!attempt.counted()) continue;
    ConditionShare& share = shares.at(static_cast<std::size_t>(attempt.condition));
    ++share.n;
    share.failed += attempt.passed() ? 0 : 1;
  }
  const auto largest =
      std::max_element(shares.begin(), shares.end(), [](const auto& a, const auto& b) { return a.n < b.n; });
  largest->condition = static_cast<std::size_t>(largest - shares.begin());
  return *largest;
}

bool Report::one_condition() const { return largest_share().n == total_runs(); }

Interval Report::interval(int k, int n) const {
  return anytime ? anytime_interval(k, n) : clopper_pearson(k, n);
}

std::optional<EarlyStop> early_stop(const Report& report) {
  if (!report.plan.until_sure) return std::nullopt;
  const bool interrupted = report.end != RunEnd::complete;
  return EarlyStop{interrupted      ? "interrupted"
                   : report.settled ? "settled"
                                    : "max_runs",
                   *report.plan.until_sure, static_cast<int>(report.attempts.size()), report.plan.runs};
}

std::optional<LessThan> to_show_less(const Report& report, double bound) {
  for (const double rate : {0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001})
    if (3 * rate <= 2 * bound)
      return LessThan{report.anytime ? anytime_attempts_to_show_below(rate) : attempts_to_show_below(rate),
                      rate};
  return std::nullopt;
}

std::optional<MoreRuns> more_runs(const Report& report) {
  const int total = report.total_runs();
  // A run that may stop early would stop there again, however many attempts it is allowed.
  if (total == 0 || report.failures() > 0 || tests_failed_inside(report) || report.plan.until_sure)
    return std::nullopt;
  const int share = report.largest_share().n;
  for (const int runs : {20, 50, 100, 200, 500, 1000})
    if (runs >= 3 * total || (runs == 1000 && total < 1000))
      return MoreRuns{runs, clopper_pearson(0, runs * share / total).high};
  return std::nullopt;
}

}  // namespace orchestrator
