// What failures and tests have in common, for a terminal.
#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/report/text_sections.h"
#include "orchestrator/report/utf8.h"
#include "orchestrator/report/verdict_words.h"
#include "orchestrator/report/words.h"

namespace orchestrator {
namespace {

constexpr std::size_t kGroups = 4, kTextLines = 7, kDifferenceLines = 3;
constexpr std::size_t kFactors = 5, kClusters = 3, kIds = 3;

std::string numbers(const std::vector<int>& attempts) {
  constexpr std::size_t kShown = 6;
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, attempts.size()); ++i)
    text += fmt::format("{}{}", i == 0 ? "" : ", ", attempts[i]);
  return attempts.size() > kShown ? text + ", …" : text;
}

std::string ids(const Report& report, const std::vector<TestIndex>& tests) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kIds, tests.size()); ++i)
    text += (i == 0 ? "" : ", ") + report.tests.tests()[tests[i]];
  return tests.size() > kIds ? text + fmt::format(" and {} more", tests.size() - kIds) : text;
}

// The end of a failure's text says what went wrong; what the test printed stands behind it and is told by the
// difference.
std::vector<std::string> last_lines_of(std::string text, std::size_t count) {
  if (const auto sections = text.find("\n--- Captured "); sections != std::string::npos)
    text.resize(sections);
  std::vector<std::string> lines;
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto newline = rest.find('\n');
    const std::string_view line = rest.substr(0, newline);
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) lines.push_back(one_line(line));
    rest.remove_prefix(newline == std::string_view::npos ? rest.size() : newline + 1);
  }
  if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
  return lines;
}

void write_side(std::string_view sign, const std::vector<std::string>& lines, int longest, SummaryPen& pen) {
  if (lines.empty()) pen.quote(fmt::format("{} (ends here)", sign));
  for (std::size_t i = 0; i < std::min(kDifferenceLines, lines.size()); ++i)
    pen.quote(fmt::format("{} {}", sign, fit(one_line(lines[i]), longest)));
}

void write_difference(const Report& report, const ComparedLogs& logs, int longest, SummaryPen& pen) {
  const LogDifference& difference = logs.difference;
  if (difference.same) return;
  pen.line(
      fmt::format(
          "  {} of attempt {} (-) parts from that of attempt {} (+), which passed{}, at line {}:", logs.what,
          logs.failing_attempt, logs.passing_attempt, passed_how(report, logs), difference.line),
      ansi::kDim);
  if (!difference.before.empty()) pen.quote("  " + fit(one_line(difference.before.back()), longest));
  write_side("-", difference.failing, longest, pen);
  write_side("+", difference.passing, longest, pen);
}

void write_group(const Report& report, const Spool& spool, const FailureFinding& group, SummaryPen& pen) {
  pen.blank();
  pen.line(fmt::format("{}  in {}: {}", one_line(group.signature), counted(group.attempts.size(), "attempt"),
                       numbers(group.attempts)),
           ansi::kRed);
  if (group.tests.size() > 1) pen.entry("", one_line(ids(report, group.tests)));
  const int longest = std::max(report.plan.max_error_length, 1);
  if (group.text.bytes > 0) {
    std::string text = spool.read(group.text);
    for (const auto& line : last_lines_of(std::move(text), kTextLines)) pen.quote(fit(line, longest));
  } else if (!group.message.empty()) {
    pen.quote(fit(one_line(group.message), longest));
  }
  if (group.logs) write_difference(report, *group.logs, longest, pen);
}

std::string factor_words(const Report& report, const FactorFinding& each) {
  const auto& condition = report.conditions[static_cast<std::size_t>(each.condition)];
  return fmt::format("{}: fails {} of {} times with “{}” ({}), {} of {} without (q = {:.2g})",
                     subject(report, each), each.failed_with, each.n_with, each.factor,
                     condition_words(condition), each.failed_without, each.n_without, each.q);
}

}  // namespace

void write_groups(const Report& report, const Spool& spool, SummaryPen& pen) {
  if (report.tests.empty()) return;
  const auto& groups = report.findings.groups;
  for (std::size_t i = 0; i < std::min(kGroups, groups.size()); ++i)
    write_group(report, spool, groups[i], pen);
  if (groups.size() > kGroups)
    pen.line(fmt::format("… and {} of failure", counted(groups.size() - kGroups, "other kind")));
}

void write_links(const Report& report, SummaryPen& pen) {
  const Findings& findings = report.findings;
  if (findings.factors.empty() && findings.clusters.empty()) return;
  pen.blank();
  for (std::size_t i = 0; i < std::min(kFactors, findings.factors.size()); ++i)
    pen.entry("factor", one_line(factor_words(report, findings.factors[i])));
  if (const std::string words = q_words(report); !findings.factors.empty() && !words.empty())
    pen.entry("", words);
  for (std::size_t i = 0; i < std::min(kClusters, findings.clusters.size()); ++i) {
    const FailureCluster& cluster = findings.clusters[i];
    pen.entry("together",
              one_line(fmt::format("{} fail together (Jaccard {:.2f}, {}): {}",
                                   counted(cluster.tests.size(), "test"), cluster.jaccard,
                                   counted(cluster.attempts.size(), "attempt"), ids(report, cluster.tests))));
  }
}

}  // namespace orchestrator
