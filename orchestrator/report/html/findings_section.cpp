#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/analysis/cut_text.h"
#include "orchestrator/report/html/sections.h"
#include "orchestrator/report/test_examples.h"
#include "orchestrator/report/verdict_words.h"
#include "orchestrator/report/words.h"

namespace orchestrator::html {
namespace {

constexpr std::size_t kMostGroups = 50, kOpenGroups = 3, kMostFindingText = 4096, kMostLine = 300;
constexpr std::size_t kMostNumbers = 40, kMostIds = 20, kMostFactors = 50, kMostClusters = 20;
constexpr std::size_t kLines = 20, kMostSignature = 600, kMostId = 200;  // the table of tests has ids whole

// Whatever is longer than the page shows says how much there is.
void write_remainder(std::size_t all, std::size_t most, std::string_view noun, Markup& page) {
  if (all > most)
    page.element("p", {{"class", "rest"}}, fmt::format("and {} more", counted(all - most, noun)));
}

void write_attempts(const std::vector<int>& attempts, Markup& page) {
  const auto list = page.in("ul", {{"class", "numbers"}, {"aria-label", "attempts"}});
  for (std::size_t i = 0; i < std::min(kMostNumbers, attempts.size()); ++i)
    page.element("li", {{"data-attempt", std::to_string(attempts[i])}}, std::to_string(attempts[i]));
  if (attempts.size() > kMostNumbers)
    page.element("li", fmt::format("and {} more", attempts.size() - kMostNumbers));
}

void write_id(std::string_view tag, std::string_view id, Markup& page) {
  const auto place = page.in(tag, {{"class", "test-id"}});
  page.breakable(cut_text(id, kMostId));
  if (id.size() > kMostId) page.text("…");
}

void write_ids(const Report& report, const std::vector<TestIndex>& tests, Markup& page) {
  const auto list = page.in("ul", {{"class", "ids"}});
  for (std::size_t i = 0; i < std::min(kMostIds, tests.size()); ++i)
    write_id("li", report.tests.tests()[tests[i]], page);
  if (tests.size() > kMostIds) page.element("li", fmt::format("and {} more", tests.size() - kMostIds));
}

std::string lines_of(std::string_view sign, const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += fmt::format("{}{}\n", sign, cut_text(line, kMostLine));
  return lines.empty() ? fmt::format("{}(the log ends here)\n", sign) : text;
}

void write_side(std::string_view side, const std::string& label, const LogDifference& difference,
                std::string_view sign, const std::vector<std::string>& lines, Markup& page) {
  const auto box = page.in("div", {{"class", "side"}, {"data-side", side}});
  page.element("h4", label);
  const auto log =
      page.in("pre", {{"class", "log"}, {"tabindex", "0"}, {"role", "group"}, {"aria-label", label}});
  if (!difference.before.empty())
    page.element("span", {{"class", "common"}}, readable(lines_of("  ", difference.before)));
  page.element("span", {{"class", "part"}}, readable(lines_of(sign, lines)));
}

// Of what the logs are: of one test, or of everything that ran beside it.
std::string log_words(const ComparedLogs& logs) {
  return logs.what == "test log" ? logs.what : logs.what + " of the whole attempt";
}

std::string_view not_compared_words(std::optional<NotCompared> reason) {
  if (reason == NotCompared::never_passed) return "It never passed: there is no log of a pass.";
  if (reason == NotCompared::printed_nothing)
    return "It printed nothing that was kept, neither here nor where it passed.";
  if (reason == NotCompared::no_attempt_passed)
    return "No attempt under the same condition passed as a whole, whose output could be compared.";
  return "No passing log to compare it with.";
}

void write_difference(const Report& report, const FailureFinding& group, Markup& page) {
  const std::optional<ComparedLogs>& logs = group.logs;
  if (!logs) return page.element("p", {{"class", "quiet"}}, not_compared_words(group.not_compared));
  const LogDifference& difference = logs->difference;
  if (difference.same)
    return page.element("p", {{"class", "quiet"}},
                        fmt::format("The {} does not differ from that of attempt {}, which passed{}.",
                                    log_words(*logs), logs->passing_attempt, passed_how(report, *logs)));
  page.element("h3", fmt::format("First difference: {}, line {}", log_words(*logs), difference.line));
  const auto sides = page.in("div", {{"class", "sides"}});
  write_side("failing", fmt::format("Attempt {}, failing", logs->failing_attempt), difference, "- ",
             difference.failing, page);
  write_side("passing",
             fmt::format("Attempt {}, passing{}", logs->passing_attempt, passed_how(report, *logs)),
             difference, "+ ", difference.passing, page);
}

void write_example(const Report& report, const Spool& spool, const FailureFinding& group, Markup& page) {
  page.element("h3", fmt::format("For example attempt {}", group.example_attempt));
  if (group.text.bytes > 0) {
    const std::string text = spool.read(group.text);
    write_log(fmt::format("Failure in attempt {}", group.example_attempt), shortened(text, kMostFindingText),
              page);
  } else {
    if (!group.message.empty()) write_log("Message", cut_text(group.message, kMostFindingText), page);
    if (const AttemptRecord* attempt = report.find(group.example_attempt))
      write_log(fmt::format("End of the output of attempt {}", attempt->index),
                attempt_text(*attempt, spool, kLines), page);
  }
  write_copy_attempt(group.example_attempt, page);
}

void write_group(const Report& report, const Spool& spool, const FailureFinding& group, bool open,
                 Markup& page) {
  const auto box = open ? page.in("details", {{"class", "group"}, {"open", ""}})
                        : page.in("details", {{"class", "group"}});
  {
    const auto summary = page.in("summary");
    page.element("span", {{"class", "signature"}}, cut_text(group.signature, kMostSignature));
    std::string count = "in " + counted(group.attempts.size(), "attempt");
    if (group.tests.size() > 1) count += " · " + counted(group.tests.size(), "test");
    page.element("span", {{"class", "quiet"}}, count);
  }
  const auto body = page.in("div", {{"class", "body"}});
  if (!group.tests.empty()) write_ids(report, group.tests, page);
  write_attempts(group.attempts, page);
  write_example(report, spool, group, page);
  write_difference(report, group, page);
}

void write_factor(const Report& report, const FactorFinding& each, Markup& page) {
  const auto item = page.in("li");
  write_id("span", subject(report, each), page);
  const auto& condition = report.conditions[static_cast<std::size_t>(each.condition)];
  page.element(
      "span", {{"class", "counts"}},
      fmt::format("fails {} of {} times with “{}” ({}), {} of {} without; difference {:+.0f} points, "
                  "q = {:.2g}",
                  each.failed_with, each.n_with, each.factor, condition_words(condition), each.failed_without,
                  each.n_without, 100 * each.risk_difference, each.q));
}

void write_factors(const Report& report, Markup& page) {
  const auto& factors = report.findings.factors;
  if (factors.empty()) return;
  const auto section = page.in("section", {{"aria-labelledby", "factors"}});
  page.element("h2", {{"id", "factors"}}, "What goes with failure");
  page.element("p", {{"class", "about"}},
               "Fisher’s exact test, corrected by Benjamini and Hochberg for all tests and factors; an "
               "association, not yet a cause.");
  if (const std::string words = q_words(report); !words.empty())
    page.element("p", {{"class", "about"}}, words + ".");
  {
    const auto list = page.in("ul", {{"class", "links"}});
    for (std::size_t i = 0; i < std::min(kMostFactors, factors.size()); ++i)
      write_factor(report, factors[i], page);
  }
  write_remainder(factors.size(), kMostFactors, "finding", page);
}

void write_clusters(const Report& report, Markup& page) {
  const auto& clusters = report.findings.clusters;
  if (clusters.empty()) return;
  const auto section = page.in("section", {{"aria-labelledby", "together"}});
  page.element("h2", {{"id", "together"}}, "Tests that fail together");
  page.element("p", {{"class", "about"}}, "Probably one cause: look at them as one.");
  for (std::size_t i = 0; i < std::min(kMostClusters, clusters.size()); ++i) {
    const FailureCluster& cluster = clusters[i];
    const auto box = page.in("div", {{"class", "cluster"}});
    page.element("p", {{"class", "counts"}},
                 fmt::format("{} in {}, alike to {:.2f} (Jaccard)", counted(cluster.tests.size(), "test"),
                             counted(cluster.attempts.size(), "attempt"), cluster.jaccard));
    write_ids(report, cluster.tests, page);
    write_attempts(cluster.attempts, page);
  }
  write_remainder(clusters.size(), kMostClusters, "cluster", page);
}

}  // namespace

void write_links(const Report& report, Markup& page) {
  write_factors(report, page);
  write_clusters(report, page);
}

void write_groups(const Report& report, const Spool& spool, Markup& page) {
  const auto& groups = report.findings.groups;
  if (groups.empty()) return;
  const auto section = page.in("section", {{"aria-labelledby", "failures"}});
  page.element("h2", {{"id", "failures"}}, "Failures that look the same");
  for (std::size_t i = 0; i < std::min(kMostGroups, groups.size()); ++i) {
    write_group(report, spool, groups[i], i < kOpenGroups, page);
    page.line();
  }
  write_remainder(groups.size(), kMostGroups, "kind", page);
}

}  // namespace orchestrator::html
