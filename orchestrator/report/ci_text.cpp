// The pipeline's decision for a terminal: which tests were excused by what, and which entries of the
// quarantine need a person.
#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/report/text_sections.h"
#include "orchestrator/report/verdict_words.h"
#include "orchestrator/report/words.h"

namespace orchestrator {
namespace {

constexpr std::size_t kShown = 10;

std::string in_condition(const Report& report, int condition) {
  return condition_words(report.conditions[static_cast<std::size_t>(condition)]);
}

std::string why(const KnownFlake& entry) {
  std::string text = entry.reason;
  if (!entry.issue.empty()) text += (text.empty() ? "" : ", ") + entry.issue;
  return text;
}

}  // namespace

std::string standing_words(const Report& report, const CiTest& test) {
  const std::string seen =
      fmt::format("{} of {} {}", test.not_passed, test.n, in_condition(report, test.condition));
  const std::string bound = test.bound ? percent_text(*test.bound) : "";
  switch (test.standing) {
    case Standing::failing:
      return "never passed: " + seen +
             (test.bound ? fmt::format("; its bound of {} % does not allow that", bound) : "");
    case Standing::worse:
      return fmt::format("{}: at least {} % (95 %), more than its bound of {} %", seen,
                         percent_text(test.at_least), bound);
    case Standing::expired:
      return fmt::format("{}; its entry expired on {}", seen, iso_day(test.entry->expires));
    case Standing::fresh:
      return test.bound ? fmt::format("{}: at least {} % (95 %), more than the tolerated {} %", seen,
                                      percent_text(test.at_least), bound)
                        : seen + "; no entry excuses it";
    case Standing::known:
      return fmt::format("{}, within its bound of {} % until {}: {}", seen, bound,
                         iso_day(test.entry->expires), why(*test.entry));
    case Standing::tolerated:
      return fmt::format("{}, not shown to be above the tolerated {} %", seen, bound);
  }
  return seen;
}

std::vector<EntryWords> entry_words(const Report& report) {
  std::vector<EntryWords> words;
  if (!report.ci) return words;
  for (const Healed& each : report.ci->healed)
    words.push_back({"healed", each.entry.test,
                     fmt::format("0 of {} {}: below its bound of {} % (95 %); remove its entry", each.n,
                                 in_condition(report, each.condition), percent_text(each.entry.max_rate))});
  for (const KnownFlake& entry : report.ci->expired)
    words.push_back({"expired", entry.test, fmt::format("on {}: {}", iso_day(entry.expires), why(entry))});
  for (const KnownFlake& entry : report.ci->gone)
    words.push_back({"gone", entry.test, "none of the tests that this command runs"});
  return words;
}

namespace {

// "new" and the id on one line, what was seen below it.
void write_test(const Report& report, const CiTest& test, SummaryPen& pen) {
  pen.entry(name(test.standing), one_line(test.id));
  pen.entry("", one_line(standing_words(report, test)));
}

template <class List, class Say>
void write_list(const List& list, Say say, SummaryPen& pen) {
  for (std::size_t i = 0; i < std::min(kShown, list.size()); ++i) say(list[i]);
  if (list.size() > kShown) pen.entry("", fmt::format("and {} more", list.size() - kShown));
}

std::string counts_words(const CiDecision& ci, bool guilty) {
  std::string text;
  for (const Standing standing : kStandings) {
    if (excused(standing) == guilty || ci.count(standing) == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", ci.count(standing), name(standing));
  }
  return text;
}

}  // namespace

void write_ci(const Report& report, SummaryPen& pen) {
  if (!report.ci) return;
  const CiDecision& ci = *report.ci;
  if (ci.tests.empty() && ci.healed.empty() && ci.expired.empty() && ci.gone.empty()) return;
  pen.blank();
  if (!ci.quarantine.empty())
    pen.entry("known",
              one_line(fmt::format("{}: {}", ci.quarantine,
                                   ci.entries == 1 ? "1 entry" : fmt::format("{} entries", ci.entries))));
  write_list(
      ci.tests, [&](const CiTest& test) { write_test(report, test, pen); }, pen);
  write_list(
      entry_words(report),
      [&](const EntryWords& each) {
        pen.entry(each.label, one_line(each.test));
        pen.entry("", one_line(each.sentence));
      },
      pen);
}

VerdictWords ci_words(const Report& report) {
  if (!report.ci) return {};
  const CiDecision& ci = *report.ci;
  if (ci.without_policy != 0 && ci.without_policy != 1 && ci.without_policy != 3) return {};
  const std::string guilty = counts_words(ci, true), allowed = counts_words(ci, false);
  std::string text = guilty;
  if (!allowed.empty()) text += (text.empty() ? "" : "; ") + allowed;
  if (text.empty()) text = "nothing failed";
  if (!guilty.empty() && ci.passes())
    text += ci.without_policy == 0 ? "; the command passed all the same"
                                   : fmt::format("; allowed by --fail-on {}", name(ci.fail_on));
  return {ci.passes() ? Tone::good : Tone::bad, ci.passes() ? "CI PASSES" : "CI FAILS", text, ""};
}

void write_ci_verdict(const Report& report, SummaryPen& pen) {
  const VerdictWords words = ci_words(report);
  if (words.label.empty()) return;
  pen.sentence(colour(words.tone), words.label, words.sentence);
}

}  // namespace orchestrator
