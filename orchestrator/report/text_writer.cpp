#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>

#include "orchestrator/report/failure_groups.h"
#include "orchestrator/report/report.h"
#include "orchestrator/report/text_sections.h"
#include "orchestrator/report/utf8.h"
#include "orchestrator/report/verdict_words.h"
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

// By the name of the test where that is short enough to read.
std::string replay_command(const Report& report, const FailureToRepeat& failure, int room) {
  if (failure.test && !report.replay) {
    const std::string line = replay_test(report, *failure.test);
    if (columns(line) <= room && for_terminal(line) == line) return line;
  }
  return for_terminal(replay_attempt(report, failure.attempt->index));
}

// The last line: what to type next.
void write_next_command(const Report& report, SummaryPen& pen) {
  const FailureToRepeat failure = failure_to_repeat(report);
  const auto more = more_runs(report);
  const bool ask_for_more = more && !report.plan.only_attempt && report.end == RunEnd::complete;
  if (failure.attempt) {
    pen.whole("again", for_terminal(reproduce_attempt(report, failure.attempt->index)));
    if (!report.saved_as.empty()) pen.whole("or", replay_command(report, failure, pen.room()));
  } else if (ask_for_more) {
    pen.whole("more", for_terminal(continue_job(report, more->runs)));
  } else if (!report.reproduce.empty()) {
    pen.whole("again", for_terminal(report.reproduce));
  }
}

std::string advice_for_a_missing_command(const JobPlan& plan) {
  if (plan.dockerfile.empty()) return "install it by --setup-command, or take an --image that has it";
  return "install it in " + one_line(plan.dockerfile) + ", or by --setup-command";
}

void write_verdict(const Report& report, SummaryPen& pen) {
  const int total = report.total_runs();
  if (const std::string stopped = stopped_words(report); !stopped.empty()) {
    const std::string reason = one_line(report.end_reason);
    pen.sentence(ansi::kYellow, "STOPPED", stopped + (reason.empty() ? "" : ": " + reason));
  }
  if (report.replay) return write_replay_verdict(report, pen);
  const bool single = report.plan.only_attempt && total == 1;
  const VerdictWords words = verdict_words(report);
  const bool both = !words.sentence.empty() && !words.reason.empty();
  const std::string level = words.severity.empty() ? "" : "   " + words.severity;  // set apart
  pen.sentence(colour(words.tone), words.label,
               words.sentence + level + (both ? " " : "") + one_line(words.reason));
  if (!words.doubt.empty()) pen.entry("doubt", words.doubt);
  const std::string split = single ? "" : split_by_outcome(report);
  if (!split.empty()) pen.entry("namely", split);
  if (const std::string tests = tally_words(report.verdicts); !tests.empty()) pen.entry("tests", tests);
  if (const std::string stopped = early_stop_words(report); !stopped.empty()) pen.entry("stopped", stopped);
  if (report.failures() > 0 && !single) pen.entry("seeds", failing_seeds(report));
  if (report.end == RunEnd::not_runnable) pen.entry("advice", advice_for_a_missing_command(report.plan));
  write_ci_verdict(report, pen);
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
  write_ci(report, pen);
  pen.rule();
  write_verdict(report, pen);
  out.flush();
}

}  // namespace orchestrator
