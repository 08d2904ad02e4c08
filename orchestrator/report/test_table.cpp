// The verdicts on single tests for a terminal: worst first, an id never cut, two lines for a test that needs
// a person, one line for all that do not.
#include <fmt/format.h>

#include "orchestrator/report/text_sections.h"
#include "orchestrator/report/verdict_words.h"
#include "orchestrator/report/words.h"

namespace orchestrator {
namespace {

constexpr int kTestsShown = 20;

void write_test(const Report& report, const TestSummary& test, SummaryPen& pen) {
  const auto colour = tone(test.verdict) == Tone::bad ? ansi::kRed : ansi::kYellow;
  pen.sentence(colour, label(test.verdict), one_line(report.tests.tests()[test.test]));
  std::string text = rate_words(test);
  if (!test.severity.empty() && test.verdict != TestVerdict::failing)
    text += fmt::format("  {}", test.severity);
  text += ": " + by_condition_words(report, test) + " did not pass";
  if (const std::string others = ways_words(test); !others.empty()) text += " (" + others + ")";
  if (const std::string doubt = doubt_words(test); !doubt.empty()) text += "; " + doubt;
  pen.entry("", text);
}

void write_quiet_ones(const Report& report, SummaryPen& pen) {
  const Verdicts& verdicts = report.verdicts;
  if (const std::string quiet = quiet_words(report); !quiet.empty()) pen.entry("", quiet);
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
    if (shown == kTestsShown) {
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
