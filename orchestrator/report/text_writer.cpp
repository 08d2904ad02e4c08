#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>

#include "orchestrator/report/failure_groups.h"
#include "orchestrator/report/report.h"
#include "orchestrator/report/text_sections.h"
#include "orchestrator/report/words.h"

namespace orchestrator {
namespace {

using sandbox::Outcome;

// "7 failed, 2 timed out": only said when there is more than one way.
std::string split_by_outcome(const Report& report) {
  std::string text;
  int ways = 0;
  for (const Outcome outcome : {Outcome::failed, Outcome::timed_out, Outcome::out_of_memory,
                                Outcome::output_limit, Outcome::disk_limit, Outcome::pids_limit}) {
    const int count = report.count(outcome);
    if (count == 0) continue;
    text += fmt::format("{}{} {}", ways++ == 0 ? "" : ", ", count, outcome_words(outcome));
  }
  return ways > 1 ? text : "";
}

std::string interval_words(const Report& report) {
  const Interval interval = report.interval(report.failures(), report.total_runs());
  return fmt::format("{} % [{}–{}, 95 %]", percent_text(report.repro_rate()), percent_text(interval.low),
                     percent_text(interval.high));
}

std::string attempts_without_pass(const Report& report) {
  return fmt::format("{} of {} did not pass", report.failures(), counted(report.total_runs(), "attempt"));
}

VerdictLines flaky(const Report& report) {
  if (!report.one_condition()) return {ansi::kYellow, "FLAKY", attempts_without_pass(report) + "."};
  const auto level = severity(report.repro_rate(), report.plan.severity_thresholds);
  return {ansi::kYellow, "FLAKY",
          fmt::format("{}: {}   {}", attempts_without_pass(report), interval_words(report), level)};
}

VerdictLines broken(const Report& report) {
  if (!report.one_condition())
    return {ansi::kRed, "FAILS EVERY TIME", attempts_without_pass(report) + ": broken rather than flaky."};
  const Interval interval = report.interval(report.failures(), report.total_runs());
  return {ansi::kRed, "FAILS EVERY TIME",
          fmt::format("{}: broken rather than flaky (rate at least {} %, 95 %).",
                      attempts_without_pass(report), percent_text(interval.low))};
}

VerdictLines not_shown(const Report& report) {
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
  return {ansi::kGreen, "NOT SHOWN FLAKY", text};
}

std::string first_reason(const Report& report, Outcome outcome) {
  for (const auto& attempt : report.attempts)
    if (attempt.outcome == outcome && !attempt.reason.empty()) return one_line(attempt.reason);
  return one_line(report.end_reason);
}

VerdictLines not_runnable(const Report& report) {
  std::string reason = first_reason(report, Outcome::not_runnable);
  if (reason.empty()) reason = one_line(report.plan.test_command.display());
  return {ansi::kRed, "COMMAND CANNOT BE RUN", reason};
}

VerdictLines infrastructure(const Report& report) {
  std::string reason = report.end == RunEnd::infrastructure ? one_line(report.end_reason) : "";
  if (reason.empty()) reason = first_reason(report, Outcome::infrastructure_error);
  const int broken_ones = report.count(Outcome::infrastructure_error);
  return {ansi::kRed, "HOST OR ENGINE FAILED",
          fmt::format("{} could not be run: {}", counted(broken_ones, "attempt"), reason)};
}

// With --only-attempt the question is not how often.
VerdictLines single_attempt(const Report& report) {
  const auto groups = failure_groups(report);
  const auto& attempt = *std::find_if(report.attempts.begin(), report.attempts.end(),
                                      [](const AttemptRecord& a) { return a.counted(); });
  const std::string which = fmt::format("attempt {} with seed {}", attempt.index, attempt.seed);
  if (groups.empty()) return {ansi::kGreen, "PASSED", which};
  return {ansi::kRed, "DID NOT PASS", which + " " + groups[0].how};
}

}  // namespace

VerdictLines verdict_lines(const Report& report) {
  if (report.plan.only_attempt && report.total_runs() == 1) return single_attempt(report);
  switch (verdict(report)) {
    case ReportVerdict::flaky:
      return flaky(report);
    case ReportVerdict::fails_every_time:
      return broken(report);
    case ReportVerdict::not_shown_flaky:
      return not_shown(report);
    case ReportVerdict::not_runnable:
      return not_runnable(report);
    case ReportVerdict::infrastructure:
      return infrastructure(report);
    case ReportVerdict::inconclusive:
      return {ansi::kYellow, "INCONCLUSIVE", "no attempt came to its end."};
  }
  return {};
}

std::string tally(const Verdicts& verdicts) {
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

namespace {

std::string failing_seeds(const Report& report) {
  constexpr int kShown = 5;
  std::string text;
  int shown = 0;
  for (const auto& attempt : report.attempts) {
    if (!attempt.counted() || attempt.passed()) continue;
    if (shown == kShown) return text + ", …";
    text += fmt::format("{}{}: {}", shown++ == 0 ? "" : ", ", attempt.index, attempt.seed);
  }
  return text;
}

const AttemptRecord* first_failure(const Report& report) {
  for (const auto& attempt : report.attempts)
    if (attempt.counted() && !attempt.passed()) return &attempt;
  return nullptr;
}

// The last line: what to type next.
void write_next_command(const Report& report, SummaryPen& pen) {
  const AttemptRecord* failure = first_failure(report);
  const auto more = more_runs(report);
  const bool ask_for_more = more && !report.plan.only_attempt && report.end == RunEnd::complete;
  if (failure) {
    pen.whole("again", for_terminal(reproduce_attempt(report, failure->index)));
  } else if (ask_for_more) {
    pen.whole("more", for_terminal(continue_job(report, more->runs)));
  } else if (!report.reproduce.empty()) {
    pen.whole("again", for_terminal(report.reproduce));
  }
}

void write_verdict(const Report& report, SummaryPen& pen) {
  const int total = report.total_runs();
  if (report.end == RunEnd::cancelled || report.end == RunEnd::deadline) {
    const std::string reason = one_line(report.end_reason);
    pen.sentence(ansi::kYellow, "STOPPED",
                 fmt::format("after {} of {}{}{}", total, counted(report.plan.runs, "attempt"),
                             reason.empty() ? "" : ": ", reason));
  }
  const bool single = report.plan.only_attempt && total == 1;
  const VerdictLines lines = verdict_lines(report);
  pen.sentence(lines.colour, lines.label, lines.sentence);
  const std::string split = single ? "" : split_by_outcome(report);
  if (!split.empty()) pen.entry("namely", split);
  if (const std::string tests = tally(report.verdicts); !tests.empty()) pen.entry("tests", tests);
  if (report.failures() > 0 && !single) pen.entry("seeds", failing_seeds(report));
  if (report.end == RunEnd::not_runnable)
    pen.entry("advice", "install it by --setup-command, or take an --image that has it");
  write_next_command(report, pen);
}

}  // namespace

void write_text(const Report& report, const Spool& spool, std::ostream& out, const TextStyle& style) {
  SummaryPen pen(out, style);
  write_failures(report, spool, pen);
  write_groups(report, spool, pen);
  write_outcomes(report, pen);
  write_environment(report, pen);
  write_warnings(report, pen);
  write_sandbox_hints(report, pen);
  write_tests(report, pen);
  write_links(report, pen);
  pen.rule();
  write_verdict(report, pen);
  out.flush();
}

}  // namespace orchestrator
