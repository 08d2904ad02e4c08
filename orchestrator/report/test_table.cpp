// The verdicts on single tests for a terminal: worst first, an id never cut, two lines for a test that needs
// a person, one line for all that do not.
#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/report/text_sections.h"
#include "orchestrator/report/words.h"

namespace orchestrator {
namespace {

constexpr int kShown = 20;

struct Face {
  std::string_view label;
  std::string_view colour;
};

Face face(TestVerdict verdict) {
  switch (verdict) {
    case TestVerdict::flaky:
      return {"FLAKY", ansi::kYellow};
    case TestVerdict::order_dependent:
      return {"ORDER", ansi::kYellow};
    case TestVerdict::repeat_dependent:
      return {"REPEAT", ansi::kYellow};
    case TestVerdict::failing:
      return {"FAILING", ansi::kRed};
    case TestVerdict::not_shown_flaky:
    case TestVerdict::not_run:
      break;
  }
  return {"", ansi::kNone};
}

}  // namespace

bool needs_a_person(const TestSummary& test) {
  return test.verdict != TestVerdict::not_shown_flaky && test.verdict != TestVerdict::not_run;
}

std::string by_condition(const Report& report, const TestSummary& test) {
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
  const ConditionCounts& counts = test.conditions[static_cast<std::size_t>(test.deciding)];
  if (test.one_sided && counts.not_passed() == counts.n())
    return fmt::format("at least {} % (95 %)", percent_text(test.interval.low));
  return fmt::format("{} % [{}–{}]", percent_text(counts.rate()), percent_text(test.interval.low),
                     percent_text(test.interval.high));
}

std::string ways(const TestSummary& test) {
  int timed_out = 0, memory = 0, crashed = 0, errors = 0;
  for (const auto& counts : test.conditions) {
    timed_out += counts.timed_out;
    memory += counts.out_of_memory;
    crashed += counts.crashed;
    errors += counts.errors;
  }
  std::string text;
  for (const auto& [count, words] : {std::pair{timed_out, "hung"},
                                     {memory, "out of memory"},
                                     {crashed, "crashed"},
                                     {errors, "in a fixture"}})
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, words);
  return text;
}

namespace {

void write_test(const Report& report, const TestSummary& test, SummaryPen& pen) {
  const Face how = face(test.verdict);
  pen.sentence(how.colour, how.label, for_terminal(report.tests.tests()[test.test]));
  std::string text = rate_words(test);
  if (!test.severity.empty() && test.verdict != TestVerdict::failing)
    text += fmt::format("  {}", test.severity);
  text += ": " + by_condition(report, test) + " did not pass";
  if (const std::string others = ways(test); !others.empty()) text += " (" + others + ")";
  pen.entry("", text);
}

// The bound that holds for each of them: the weakest.
void write_quiet_ones(const Report& report, SummaryPen& pen) {
  const Verdicts& verdicts = report.verdicts;
  double bound = 0;
  for (const auto& test : verdicts.tests)
    if (test.verdict == TestVerdict::not_shown_flaky) bound = std::max(bound, test.interval.high);
  if (verdicts.not_shown_flaky > 0)
    pen.entry("", fmt::format("{} not shown flaky: each below {} % (95 %)",
                              counted(static_cast<std::uint64_t>(verdicts.not_shown_flaky), "test"),
                              percent_text(bound)));
  if (verdicts.not_run > 0)
    pen.entry("", fmt::format("{} never ran", counted(static_cast<std::uint64_t>(verdicts.not_run), "test")));
}

}  // namespace

void write_tests(const Report& report, SummaryPen& pen) {
  if (report.tests.empty()) return;
  pen.blank();
  int shown = 0, more = 0;
  for (const TestSummary& test : report.verdicts.tests) {
    if (!needs_a_person(test)) continue;
    if (shown == kShown) {
      ++more;
      continue;
    }
    ++shown;
    write_test(report, test, pen);
  }
  if (more > 0)
    pen.entry("", fmt::format("and {} more: --json FILE has all",
                              counted(static_cast<std::uint64_t>(more), "such test")));
  write_quiet_ones(report, pen);
}

}  // namespace orchestrator
