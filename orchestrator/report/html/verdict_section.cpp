#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/analysis/cut_text.h"
#include "orchestrator/report/html/sections.h"
#include "orchestrator/report/text_sections.h"
#include "orchestrator/report/times.h"
#include "orchestrator/report/verdict_words.h"
#include "orchestrator/report/words.h"

namespace orchestrator::html {
namespace {

int tests_for_a_person(const Verdicts& verdicts) {
  return verdicts.flaky + verdicts.order_dependent + verdicts.repeat_dependent + verdicts.failing;
}

std::string headline_of_tests(const Report& report) {
  const int found = tests_for_a_person(report.verdicts);
  const std::size_t all = report.verdicts.tests.size();
  if (found > 0)
    return fmt::format("{} of {} {} attention", found, counted(all, "test"), found == 1 ? "needs" : "need");
  if (report.verdicts.not_shown_flaky > 0)
    return fmt::format("None of {} {} shown to be flaky", counted(all, "test"), all == 1 ? "is" : "was");
  return fmt::format("None of {} came to run", counted(all, "test"));
}

std::string headline_of_command(const Report& report) {
  switch (verdict(report)) {
    case ReportVerdict::flaky:
      return "The command is flaky";
    case ReportVerdict::order_dependent:
      return "The command depends on the order of its tests";
    case ReportVerdict::repeat_dependent:
      return "The command fails when its tests run again";
    case ReportVerdict::fails_every_time:
      return "The command fails every time";
    case ReportVerdict::not_shown_flaky:
      return "The command is not shown to be flaky";
    case ReportVerdict::not_runnable:
      return "The command cannot be run";
    case ReportVerdict::infrastructure:
      return "Host or engine failed";
    case ReportVerdict::inconclusive:
      return "Nothing is known: no attempt came to its end";
  }
  return "";
}

std::string headline(const Report& report) {
  const ReportVerdict whole = verdict(report);
  const bool says_little = whole == ReportVerdict::not_runnable || whole == ReportVerdict::infrastructure ||
                           whole == ReportVerdict::inconclusive;
  return report.verdicts.tests.empty() || says_little ? headline_of_command(report)
                                                      : headline_of_tests(report);
}

void write_stop(const Report& report, Markup& page) {
  if (const std::string stopped = stopped_words(report); !stopped.empty())
    page.element("p", {{"class", "notice"}},
                 "Stopped " + stopped + (report.end_reason.empty() ? "." : ": " + report.end_reason + "."));
  if (const std::string rule = early_stop_words(report); !rule.empty())
    page.element("p", {{"class", "notice"}}, "Stopped " + rule + ".");
}

void write_replay(const Report& report, Markup& page) {
  if (!report.replay) return;
  const ReplayRecord& replay = *report.replay;
  const ReplayResult result = replay_result(report);
  page.element(
      "p", {{"class", "notice"}},
      fmt::format("Replay of attempt {} of {}: the same happened in {} of {}.", replay.attempt.number,
                  replay.report, result.same, counted(static_cast<std::uint64_t>(result.n), "attempt")));
  const auto list = page.in("ul", {{"class", "warnings"}});
  for (const auto& difference : replay.differences) page.element("li", "Differs: " + difference);
}

void write_bundle(const Report& report, Markup& page) {
  if (!report.bundle) return;
  page.element("p", {{"class", "notice"}},
               fmt::format("Out of the bundle {} (sha256 {}).", report.bundle->file, report.bundle->sha256));
  const auto list = page.in("ul", {{"class", "warnings"}});
  for (const auto& difference : report.bundle->differences) page.element("li", "Differs: " + difference);
}

// What a pipeline makes of each test that did not always pass.
void write_ci(const Report& report, Markup& page) {
  constexpr std::size_t kMost = 100;
  const VerdictWords words = ci_words(report);
  if (words.label.empty()) return;
  const auto box = page.in("details", {{"class", "ci"}});
  {
    const auto summary = page.in("summary");
    const std::string_view like = words.tone == Tone::good ? "not_shown_flaky" : "failing";
    page.element("span", {{"class", "stamp"}, {"data-verdict", like}}, words.label);
    page.text(" " + words.sentence);
  }
  const auto list = page.in("ul", {{"class", "links"}});
  const auto write_line = [&page](std::string_view test, std::string_view label, std::string_view words) {
    const auto item = page.in("li");
    page.element("span", {{"class", "test-id"}}, cut_text(test, 200));
    page.element("span", {{"class", "counts"}}, fmt::format("{}: {}", label, cut_text(words, 500)));
  };
  for (std::size_t i = 0; i < std::min(kMost, report.ci->tests.size()); ++i) {
    const CiTest& test = report.ci->tests[i];
    write_line(test.id, name(test.standing), standing_words(report, test));
  }
  const std::vector<EntryWords> entries = entry_words(report);
  for (std::size_t i = 0; i < std::min(kMost, entries.size()); ++i)
    write_line(entries[i].test, entries[i].label, entries[i].sentence);
}

std::string source_words(const Report& report) {
  std::string text = report.plan.repo;
  if (!report.plan.subdir.empty()) text += " · " + report.plan.subdir;
  if (!report.source.commit.empty()) text += " @ " + short_hash(report.source.commit);
  return text + (report.source.dirty ? " with uncommitted changes" : "");
}

void write_facts(const Report& report, Markup& page) {
  const auto list = page.in("dl", {{"class", "facts"}});
  const auto fact = [&](std::string_view name, std::string_view tag, const std::string& value) {
    if (value.empty()) return;
    const auto pair = page.in("div");
    page.element("dt", name);
    const auto place = page.in("dd");
    page.element(tag, value);
  };
  fact("Command", "code", report.plan.test_command.shown());
  fact("Source", "code", source_words(report));
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(report.finished_at - report.started_at);
  const std::string started = iso_time(report.started_at);
  fact("Started", "span",
       started.empty() ? "" : fmt::format("{}, took {}", started, duration_text(std::max(took, {}))));
  fact("Seed of the job", "code", std::to_string(report.plan.job_seed));
}

void write_next_commands(const Report& report, Markup& page) {
  const AttemptRecord* failure = failure_to_repeat(report).attempt;
  if (failure)
    write_command(fmt::format("See attempt {} fail again", failure->index),
                  for_terminal(reproduce_attempt(report, failure->index)), page);
  if (failure && !report.saved_as.empty() && !report.replay)
    write_command(fmt::format("Or attempt {} out of its report", failure->index),
                  for_terminal(replay_attempt(report, failure->index)), page);
  const auto more = more_runs(report);
  if (!failure && more && !report.plan.only_attempt && report.end == RunEnd::complete)
    write_command(fmt::format("Learn more: {} attempts", more->runs),
                  for_terminal(continue_job(report, more->runs)), page);
}

void write_hints(const Report& report, Markup& page) {
  constexpr std::size_t kMost = 10;
  std::size_t shown = 0;
  for (const auto& sentence : sandbox_hint_sentences(report)) {
    if (shown++ == kMost) break;
    const auto box = page.in("p", {{"class", "notice"}});
    page.element("strong", "Sandbox? ");
    page.text(sentence);
  }
}

}  // namespace

void write_verdict(const Report& report, Markup& page) {
  const auto section = page.in("section", {{"class", "verdict"}, {"aria-labelledby", "verdict"}});
  const VerdictWords words = verdict_words(report);
  page.element("h1", {{"id", "verdict"}}, headline(report));
  {
    const auto sentence = page.in("p", {{"class", "sentence"}});
    page.element("span", {{"class", "stamp"}, {"data-verdict", name(verdict(report))}}, words.label);
    page.text(" " + words.graded());
    if (!words.reason.empty()) page.text(" " + words.reason);
  }
  if (const std::string tests = tally_words(report.verdicts); !tests.empty())
    page.element("p", {{"class", "tally"}}, "Tests: " + tests);
  write_ci(report, page);
  write_stop(report, page);
  write_replay(report, page);
  write_bundle(report, page);
  write_hints(report, page);
  write_next_commands(report, page);
  write_facts(report, page);
  page.line();
}

}  // namespace orchestrator::html
