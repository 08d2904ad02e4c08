#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/report/html/sections.h"
#include "orchestrator/report/text_sections.h"
#include "orchestrator/report/verdict_words.h"
#include "orchestrator/report/words.h"

namespace orchestrator::html {
namespace {

constexpr std::size_t kMostRows = 100;

std::string_view words(TestVerdict verdict) {
  switch (verdict) {
    case TestVerdict::flaky:
      return "flaky";
    case TestVerdict::order_dependent:
      return "order-dependent";
    case TestVerdict::repeat_dependent:
      return "repeat-dependent";
    case TestVerdict::failing:
      return "failing";
    case TestVerdict::not_shown_flaky:
      return "not shown flaky";
    case TestVerdict::not_run:
      return "never ran";
  }
  return "";
}

std::string seconds(double value) {
  return duration_text(std::chrono::milliseconds(static_cast<std::int64_t>(value * 1000 + 0.5)));
}

void write_rate(const TestSummary& test, Markup& page) {
  const ConditionCounts& counts = test.conditions[static_cast<std::size_t>(test.deciding)];
  const std::string text = rate_words(test);
  draw_rate(counts.rate(), test.interval, "Failure rate " + text + " on a scale from 0 to 100 %", page);
  page.element("span", {{"class", "number"}}, text);
  if (!test.severity.empty() && test.verdict != TestVerdict::failing)
    page.element("span", {{"class", "quiet"}}, test.severity);
}

void write_duration(const Durations& times, Markup& page) {
  if (times.n == 0) return page.element("span", {{"class", "quiet"}}, "not known");
  page.element("span", {{"class", "number"}}, seconds(times.median));
  page.element("span", {{"class", "quiet"}}, fmt::format("{} – {}", seconds(times.low), seconds(times.high)));
  if (times.slow_failures)
    page.element("span", {{"class", "slow"}},
                 fmt::format("slow failures: {}", seconds(times.median_not_passed)));
}

void write_row(const Report& report, const TestSummary& test, std::size_t number, Markup& page) {
  const auto row = page.in("tr", {{"role", "row"}});
  {
    const auto cell = page.in("td", {{"role", "cell"}, {"class", "how"}});
    page.element("span", {{"class", "badge"}, {"data-verdict", name(test.verdict)}}, words(test.verdict));
  }
  {
    const auto cell = page.in("th", {{"role", "rowheader"}, {"scope", "row"}, {"class", "id"}});
    {
      const auto id = page.in("span", {{"class", "test-id"}, {"data-test", std::to_string(number)}});
      page.breakable(report.tests.tests()[test.test]);
    }
    std::string text = by_condition_words(report, test) + " did not pass";
    if (const std::string others = ways_words(test); !others.empty()) text += " (" + others + ")";
    if (const std::string doubt = doubt_words(test); !doubt.empty()) text += "; " + doubt;
    page.element("span", {{"class", "counts"}}, text);
  }
  {
    const auto cell = page.in("td", {{"role", "cell"}, {"class", "chance"}});
    write_rate(test, page);
  }
  {
    const auto cell = page.in("td", {{"role", "cell"}, {"class", "time"}});
    write_duration(test.durations, page);
  }
  const auto cell = page.in("td", {{"role", "cell"}, {"class", "again"}});
  if (const int attempt = failing_attempt(report, test); attempt >= 0) write_copy_attempt(attempt, page);
}

void write_table(const Report& report, Markup& page) {
  const auto table = page.in("table", {{"role", "table"}, {"class", "tests"}, {"aria-labelledby", "tests"}});
  {
    const auto head = page.in("thead", {{"role", "rowgroup"}});
    const auto row = page.in("tr", {{"role", "row"}});
    for (const char* title : {"Verdict", "Test", "Failure rate, 95 % interval", "Duration", "See it again"})
      page.element("th", {{"role", "columnheader"}, {"scope", "col"}}, title);
  }
  const auto body = page.in("tbody", {{"role", "rowgroup"}});
  std::size_t shown = 0;
  for (std::size_t i = 0; i < report.verdicts.tests.size() && shown < kMostRows; ++i) {
    const TestSummary& test = report.verdicts.tests[i];
    if (!needs_a_person(test)) continue;
    ++shown;
    write_row(report, test, i, page);
    page.line();
  }
}

void write_quiet_ones(const Report& report, Markup& page) {
  const Verdicts& verdicts = report.verdicts;
  if (const std::string words = quiet_words(report); !words.empty())
    page.element("p", {{"class", "rest"}}, words + ".");
  if (verdicts.not_run > 0)
    page.element("p", {{"class", "rest"}},
                 fmt::format("{} never ran: skipped, or never reached.",
                             counted(static_cast<std::uint64_t>(verdicts.not_run), "test")));
}

}  // namespace

void write_tests(const Report& report, Markup& page) {
  const Verdicts& verdicts = report.verdicts;
  if (verdicts.tests.empty()) return;
  const auto section = page.in("section", {{"aria-labelledby", "tests"}});
  page.element("h2", {{"id", "tests"}}, "Tests");
  const auto found =
      static_cast<std::size_t>(std::count_if(verdicts.tests.begin(), verdicts.tests.end(), needs_a_person));
  if (found > 0) write_table(report, page);
  if (found > kMostRows)
    page.element("p", {{"class", "rest"}},
                 fmt::format("{} more need attention: they stand in the grid below, worst first.",
                             counted(found - kMostRows, "test")));
  write_quiet_ones(report, page);
  page.line();
}

}  // namespace orchestrator::html
