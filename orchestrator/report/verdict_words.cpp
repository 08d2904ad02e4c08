#include "orchestrator/report/verdict_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "orchestrator/report/command_verdict.h"
#include "orchestrator/report/failure_groups.h"
#include "orchestrator/report/words.h"

namespace orchestrator {
namespace {

using sandbox::Outcome;

const ConditionCounts& deciding_counts(const TestSummary& test) {
  return test.conditions[static_cast<std::size_t>(test.deciding)];
}

std::string interval_words(const Report& report) {
  const Interval interval = report.interval(report.failures(), report.total_runs());
  return fmt::format("{} % [{}–{}, 95 %]", percent_text(report.repro_rate()), percent_text(interval.low),
                     percent_text(interval.high));
}

std::string attempts_without_pass(const Report& report) {
  return fmt::format("{} of {} did not pass", report.failures(), counted(report.total_runs(), "attempt"));
}

std::string all_passed(const Report& report) {
  return fmt::format("all of {} passed", counted(static_cast<std::uint64_t>(report.total_runs()), "attempt"));
}

// Passed at times.
VerdictWords differing(const Report& report, const char* label) {
  if (tests_failed_inside(report))
    return {Tone::doubtful, label, all_passed(report) + ", but not all of their tests did each time.", ""};
  const auto level = severity(worst_rate(report), report.plan.severity_thresholds);
  const TestSummary command = judge_command(report);
  const std::string rate =
      report.one_condition() ? interval_words(report) : by_condition_words(report, command);
  return {Tone::doubtful,
          label,
          fmt::format("{}: {}", attempts_without_pass(report), rate),
          "",
          std::string(level),
          doubt_words(command)};
}

int differing_tests(const Verdicts& verdicts) {
  return verdicts.flaky + verdicts.order_dependent + verdicts.repeat_dependent;
}

// Where tests were told apart the command may fail every time for one broken test among flaky ones.
std::string told_apart(const Verdicts& verdicts) {
  const auto tests = [](int count) { return counted(static_cast<std::uint64_t>(count), "test"); };
  std::string text = tests(verdicts.failing) + " never passed";
  if (const int differing = differing_tests(verdicts); differing > 0)
    text += fmt::format(", {} passed only at times", tests(differing));
  return text + ".";
}

VerdictWords broken(const Report& report) {
  const Verdicts& tests = report.verdicts;
  if (tests_failed_inside(report))
    return {Tone::bad, "FAILS EVERY TIME", all_passed(report) + ", but inside " + told_apart(tests), ""};
  if (differing_tests(tests) > 0 || report.failures() < report.total_runs())
    return {Tone::bad, "FAILS EVERY TIME", attempts_without_pass(report) + ": " + told_apart(tests), ""};
  if (!report.one_condition())
    return {Tone::bad, "FAILS EVERY TIME", attempts_without_pass(report) + ": broken rather than flaky.", ""};
  const Interval interval = report.interval(report.failures(), report.total_runs());
  return {Tone::bad, "FAILS EVERY TIME",
          fmt::format("{}: broken rather than flaky (rate at least {} %, 95 %).",
                      attempts_without_pass(report), percent_text(interval.low)),
          ""};
}

VerdictWords not_shown(const Report& report) {
  const ConditionShare share = report.largest_share();
  const Interval interval = report.interval(0, share.n);
  const std::string where =
      report.one_condition()
          ? ""
          : fmt::format("{} ({} of them) ", condition_words(report.conditions[share.condition]), share.n);
  std::string text = fmt::format("0 of {} failed; the failure rate {}is below {} % (95 %).",
                                 counted(report.total_runs(), "attempt"), where, percent_text(interval.high));
  if (const auto more = more_runs(report))
    text += fmt::format(" {} runs without a failure would show less than {} %.", more->runs,
                        percent_text(more->rate_below));
  return {Tone::good, "NOT SHOWN FLAKY", text, ""};
}

std::string first_reason(const Report& report, Outcome outcome) {
  for (const auto& attempt : report.attempts)
    if (attempt.outcome == outcome && !attempt.reason.empty()) return attempt.reason;
  return report.end_reason;
}

VerdictWords not_runnable(const Report& report) {
  std::string reason = first_reason(report, Outcome::not_runnable);
  if (reason.empty()) reason = report.plan.test_command.shown();
  return {Tone::bad, "COMMAND CANNOT BE RUN", "", reason};
}

VerdictWords infrastructure(const Report& report) {
  std::string reason = report.end == RunEnd::infrastructure ? report.end_reason : "";
  if (reason.empty()) reason = first_reason(report, Outcome::infrastructure_error);
  const auto broken_ones = static_cast<std::uint64_t>(report.count(Outcome::infrastructure_error));
  return {Tone::bad, "HOST OR ENGINE FAILED",
          fmt::format("{} could not be run:", counted(broken_ones, "attempt")), reason};
}

// With --only-attempt the question is not how often.
VerdictWords single_attempt(const Report& report) {
  const auto groups = failure_groups(report);
  const auto& attempt = *std::find_if(report.attempts.begin(), report.attempts.end(),
                                      [](const AttemptRecord& a) { return a.counted(); });
  const std::string which = fmt::format("attempt {} with seed {}", attempt.index, attempt.seed);
  if (groups.empty() && tests_failed_inside(report))
    return {Tone::bad, "DID NOT PASS", which + " passed, but not all of its tests did", ""};
  if (groups.empty()) return {Tone::good, "PASSED", which, ""};
  return {Tone::bad, "DID NOT PASS", which + " " + groups[0].how, ""};
}

}  // namespace

std::string VerdictWords::graded() const {
  std::string text = severity.empty() ? sentence : fmt::format("{} (severity {})", sentence, severity);
  return doubt.empty() ? text : text + "; " + doubt;
}

VerdictWords verdict_words(const Report& report) {
  if (report.replay) return replay_words(report);
  if (report.plan.only_attempt && report.total_runs() == 1) return single_attempt(report);
  switch (verdict(report)) {
    case ReportVerdict::flaky:
      return differing(report, "FLAKY");
    case ReportVerdict::order_dependent:
      return differing(report, "ORDER-DEPENDENT");
    case ReportVerdict::repeat_dependent:
      return differing(report, "REPEAT-DEPENDENT");
    case ReportVerdict::fails_every_time:
      return broken(report);
    case ReportVerdict::not_shown_flaky:
      return not_shown(report);
    case ReportVerdict::not_runnable:
      return not_runnable(report);
    case ReportVerdict::infrastructure:
      return infrastructure(report);
    case ReportVerdict::inconclusive:
      return {Tone::doubtful, "INCONCLUSIVE", "no attempt came to its end.", ""};
  }
  return {};
}

std::string stopped_words(const Report& report) {
  if (report.end != RunEnd::cancelled && report.end != RunEnd::deadline) return "";
  const int runs = report.replay ? report.replay->times : report.plan.attempts();
  return fmt::format("after {} of {}", report.total_runs(),
                     counted(static_cast<std::uint64_t>(runs), "attempt"));
}

std::string early_stop_words(const Report& report) {
  const auto stop = early_stop(report);
  if (!stop || stop->rule == "interrupted") return "";
  const std::string attempts = counted(static_cast<std::uint64_t>(stop->attempts), "attempt");
  if (stop->rule == "max_runs")
    return fmt::format("by --max-runs after {}: some test is not settled at {} % yet", attempts,
                       percent_text(stop->rate));
  return fmt::format(
      "by --until-sure after {}, {} saved: each test has both passed and not passed, or its rate "
      "is settled at {} %",
      attempts, stop->saved(), percent_text(stop->rate));
}

std::string_view label(TestVerdict verdict) {
  switch (verdict) {
    case TestVerdict::flaky:
      return "FLAKY";
    case TestVerdict::order_dependent:
      return "ORDER";
    case TestVerdict::repeat_dependent:
      return "REPEAT";
    case TestVerdict::failing:
      return "FAILING";
    case TestVerdict::not_shown_flaky:
    case TestVerdict::not_run:
      break;
  }
  return "";
}

Tone tone(TestVerdict verdict) {
  if (verdict == TestVerdict::failing) return Tone::bad;
  return label(verdict).empty() ? Tone::good : Tone::doubtful;
}

bool needs_a_person(const TestSummary& test) { return !label(test.verdict).empty(); }

bool passed_once(const TestSummary& test) {
  return std::any_of(test.conditions.begin(), test.conditions.end(),
                     [](const ConditionCounts& counts) { return counts.passed > 0; });
}

std::string by_condition_words(const Report& report, const TestSummary& test) {
  std::string text;
  for (const ConditionCounts& counts : test.conditions) {
    if (counts.n() == 0) continue;
    const auto& condition = report.conditions[static_cast<std::size_t>(counts.condition)];
    if (!text.empty()) text += ", ";
    text += fmt::format("{} of {} {}", counts.not_passed(), counts.n(), condition_words(condition));
  }
  return text;
}

std::string rate_words(const TestSummary& test) {
  const ConditionCounts& counts = deciding_counts(test);
  if (test.one_sided && counts.not_passed() == counts.n())
    return fmt::format("at least {} % (95 %)", percent_text(test.interval.low));
  return fmt::format("{} % [{}–{}]", percent_text(counts.rate()), percent_text(test.interval.low),
                     percent_text(test.interval.high));
}

std::string ways_words(const TestSummary& test) {
  int timed_out = 0, memory = 0, crashed = 0, errors = 0, again = 0;
  for (const auto& counts : test.conditions) {
    timed_out += counts.timed_out;
    memory += counts.out_of_memory;
    crashed += counts.crashed;
    errors += counts.errors;
    again += counts.passed_when_run_again;
  }
  std::string text;
  for (const auto& [count, words] : {std::pair{timed_out, "hung"},
                                     {memory, "out of memory"},
                                     {crashed, "crashed"},
                                     {errors, "with an error"},
                                     {again, "passed when run again"}})
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, words);
  return text;
}

std::string doubt_words(const TestSummary& test) {
  if (!may_be_chance(test)) return "";
  return fmt::format("may be chance (p = {:.2g}): more attempts would tell", *test.dependence_p);
}

namespace {

// "; 59 such attempts would show less than 5 %": what may follow a bound.
std::string less_words(const Report& report, double bound) {
  const auto less = to_show_less(report, bound);
  if (!less) return "";
  return fmt::format("; {} {} would show less than {:g} %", less->attempts,
                     report.conditions.size() > 1 ? "such attempts" : "attempts", 100 * less->rate_below);
}

}  // namespace

std::string test_sentence(const Report& report, const TestSummary& test) {
  if (test.deciding < 0) return "never ran: skipped, or never reached";
  if (test.verdict == TestVerdict::not_shown_flaky)
    return fmt::format("not shown flaky: below {} % (95 %), {} did not pass{}",
                       percent_text(test.interval.high), by_condition_words(report, test),
                       less_words(report, test.interval.high));
  const bool graded = !test.severity.empty() && test.verdict != TestVerdict::failing;
  const std::string ways = ways_words(test);
  const ConditionCounts& counts = deciding_counts(test);
  const auto& condition = report.conditions[static_cast<std::size_t>(counts.condition)];
  const std::string doubt = doubt_words(test);
  return fmt::format("{} in {} of attempts {}{}: {} did not pass{}{}", label(test.verdict), rate_words(test),
                     condition_words(condition), graded ? fmt::format(", {}", test.severity) : "",
                     by_condition_words(report, test), ways.empty() ? "" : " (" + ways + ")",
                     doubt.empty() ? "" : "; " + doubt);
}

std::string q_words(const Report& report) {
  return report.anytime
             ? "q is as if the number of attempts had been decided beforehand; --until-sure looked "
               "after each"
             : "";
}

std::string tally_words(const Verdicts& verdicts) {
  std::string text;
  for (const auto& [count, words] : {std::pair{verdicts.flaky, "flaky"},
                                     {verdicts.order_dependent, "order-dependent"},
                                     {verdicts.repeat_dependent, "repeat-dependent"},
                                     {verdicts.failing, "failing"},
                                     {verdicts.not_shown_flaky, "not shown flaky"},
                                     {verdicts.not_run, "never ran"}})
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : " · ", count, words);
  return text;
}

std::string pipeline_words(const Report& report) {
  if (!report.ci) return "";
  std::string text;
  for (const Standing standing : kStandings)
    if (const int count = report.ci->count(standing); count > 0)
      text += fmt::format("{}{} {}", text.empty() ? ": " : ", ", count, name(standing));
  return fmt::format("The pipeline {}{}.", report.ci->passes() ? "passes" : "fails", text);
}

std::string quiet_words(const Report& report) {
  const Verdicts& verdicts = report.verdicts;
  if (verdicts.not_shown_flaky == 0) return "";
  double bound = 0;
  std::set<int> conditions;
  for (const auto& test : verdicts.tests) {
    if (test.verdict != TestVerdict::not_shown_flaky) continue;
    bound = std::max(bound, test.interval.high);
    conditions.insert(deciding_counts(test).condition);
  }
  std::string where;
  if (report.conditions.size() > 1)
    where = conditions.size() > 1
                ? " where it ran most"
                : " " + condition_words(report.conditions[static_cast<std::size_t>(*conditions.begin())]);
  return fmt::format("{} not shown flaky: each below {} %{} (95 %){}",
                     counted(static_cast<std::uint64_t>(verdicts.not_shown_flaky), "test"),
                     percent_text(bound), where, less_words(report, bound));
}

}  // namespace orchestrator
