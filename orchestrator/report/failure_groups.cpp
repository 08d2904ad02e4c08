#include "orchestrator/report/failure_groups.h"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>
#include <unordered_set>

#include "orchestrator/report/utf8.h"
#include "orchestrator/report/words.h"

namespace orchestrator {
namespace {

std::string how_it_failed(const AttemptRecord& attempt) {
  if (attempt.signal) {
    const char* abbreviation = ::sigabbrev_np(*attempt.signal);
    return fmt::format("ended by signal {} ({})", *attempt.signal,
                       abbreviation ? fmt::format("SIG{}", abbreviation) : "unknown");
  }
  return attempt.exit_code ? fmt::format("failed with exit code {}", *attempt.exit_code) : "failed";
}

std::string how_it_ended(const AttemptRecord& attempt, const sandbox::Limits& limits) {
  using sandbox::Outcome;
  switch (attempt.outcome) {
    case Outcome::timed_out:
      return "timed out after " + duration_text(limits.timeout);
    case Outcome::out_of_memory:
      return "ran out of memory (limit " + size_text(limits.memory_bytes) + ")";
    case Outcome::output_limit:
      return "printed more than " + size_text(limits.output_stop_bytes);
    case Outcome::disk_limit:
      return "wrote more than " + size_text(limits.disk_bytes) + " to disk";
    case Outcome::pids_limit:
      return fmt::format("reached the limit of {} processes", limits.pids);
    default:
      return how_it_failed(attempt);
  }
}

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

// The last lines of a stream, the oldest first.
std::vector<std::string> lines_from_end(std::string_view text, std::size_t max_lines, int max_length) {
  std::vector<std::string> lines;
  while (!text.empty() && lines.size() < max_lines) {
    const std::size_t newline = text.rfind('\n');
    const std::size_t start = newline == std::string_view::npos ? 0 : newline + 1;
    const std::string_view line = text.substr(start);
    text = text.substr(0, start == 0 ? 0 : newline);
    if (!lines.empty() || !is_blank(line))
      lines.push_back(fit(one_line(line.substr(0, 4 * static_cast<std::size_t>(max_length))), max_length));
  }
  std::reverse(lines.begin(), lines.end());
  return lines;
}

std::string end_of(const StreamRecord& record, const Spool& spool) {
  Spool::Text text = spool.read(record);
  if (record.truncated()) return std::string(without_partial_start(text.tail));
  return text.head + text.tail;
}

}  // namespace

std::vector<FailureGroup> failure_groups(const Report& report, const std::vector<int>& except) {
  const std::unordered_set<int> left_out(except.begin(), except.end());
  std::vector<FailureGroup> groups;
  for (const auto& attempt : report.attempts) {
    if (!attempt.counted() || attempt.passed() || left_out.count(attempt.index) > 0) continue;
    const std::string how = how_it_ended(attempt, report.plan.limits);
    auto group =
        std::find_if(groups.begin(), groups.end(), [&](const FailureGroup& g) { return g.how == how; });
    if (group == groups.end()) group = groups.insert(groups.end(), FailureGroup{how, &attempt, 0, {}});
    ++group->count;
    group->attempts.push_back(attempt.index);
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const auto& a, const auto& b) { return a.count > b.count; });
  return groups;
}

std::vector<FailureGroup> failures_outside_tests(const Report& report) {
  std::vector<int> explained;
  if (!report.tests.empty())
    for (const auto& group : report.findings.groups)
      explained.insert(explained.end(), group.attempts.begin(), group.attempts.end());
  return failure_groups(report, explained);
}

LastLines last_lines(const AttemptRecord& attempt, const Spool& spool, std::size_t max_lines,
                     int max_length) {
  max_length = std::max(max_length, 1);
  LastLines last{lines_from_end(end_of(attempt.out, spool), max_lines, max_length),
                 lines_from_end(end_of(attempt.err, spool), max_lines, max_length)};
  // Each stream has half; what one does not need is the other's.
  const auto keep_last = [](std::vector<std::string>& lines, std::size_t count) {
    if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
  };
  const std::size_t half = max_lines / 2;
  keep_last(last.out, std::max(half, max_lines - std::min(max_lines, last.err.size())));
  keep_last(last.err, max_lines - last.out.size());
  return last;
}

}  // namespace orchestrator
