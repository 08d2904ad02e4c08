// Small parts that several sections are made of.
#include <fmt/format.h>

#include "orchestrator/report/html/sections.h"
#include "orchestrator/report/words.h"

namespace orchestrator::html {

void draw_rate(double rate, const Interval& interval, std::string_view words, Markup& page) {
  constexpr double kWidth = 120;
  const auto at = [](double share) { return fmt::format("{:.1f}", 4 + (kWidth - 8) * share); };
  const auto svg =
      page.in("svg", {{"class", "rate"}, {"viewBox", "0 0 120 16"}, {"role", "img"}, {"aria-label", words}});
  const auto line = [&](std::string_view name, const std::string& from, const std::string& to,
                        std::string_view top, std::string_view bottom) {
    page.element("line", {{"class", name}, {"x1", from}, {"x2", to}, {"y1", top}, {"y2", bottom}}, "");
  };
  line("scale", at(0), at(1), "8", "8");
  for (const double tick : {0.0, 0.5, 1.0}) line("scale", at(tick), at(tick), "5", "11");
  line("whisker", at(interval.low), at(interval.high), "8", "8");
  for (const double end : {interval.low, interval.high}) line("whisker", at(end), at(end), "4", "12");
  page.element("circle", {{"class", "point"}, {"cx", at(rate)}, {"cy", "8"}, {"r", "3.5"}}, "");
}

void write_copy_attempt(int attempt, Markup& page) {
  page.element("button",
               {{"type", "button"},
                {"class", "copy"},
                {"data-copy-attempt", std::to_string(attempt)},
                {"aria-label", fmt::format("Copy command of attempt {}", attempt)}},
               "Copy command");
}

void write_command(std::string_view label, std::string_view command, Markup& page) {
  const auto box = page.in("div", {{"class", "command"}});
  page.element("span", {{"class", "label"}}, label);
  page.element("code", {{"tabindex", "0"}, {"role", "group"}, {"aria-label", label}}, command);
  page.element("button",
               {{"type", "button"},
                {"class", "copy"},
                {"data-copy-beside", ""},
                {"aria-label", fmt::format("Copy the command: {}", label)}},
               "Copy");
}

void write_log(std::string_view label, std::string_view bytes, Markup& page) {
  page.element("pre", {{"class", "log"}, {"tabindex", "0"}, {"role", "group"}, {"aria-label", label}},
               readable(bytes));
}

int failing_attempt(const Report& report, const TestSummary& test) {
  int any = -1;
  if (test.deciding < 0 || test.test >= report.verdicts.grid.size()) return any;
  const int deciding = test.conditions[static_cast<std::size_t>(test.deciding)].condition;
  const std::string& outcomes = report.verdicts.grid[test.test];
  for (std::size_t column = 0; column < outcomes.size(); ++column) {
    if (std::string_view(" .s").find(outcomes[column]) != std::string_view::npos) continue;
    const AttemptTests& attempt = report.tests.attempts()[column];
    if (attempt.condition == deciding) return attempt.attempt;
    if (any < 0) any = attempt.attempt;
  }
  return any;
}

}  // namespace orchestrator::html
