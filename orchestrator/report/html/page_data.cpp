#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/analysis/cut_text.h"
#include "orchestrator/report/html/data.h"
#include "orchestrator/report/html/markup.h"
#include "orchestrator/report/html/script_json.h"
#include "orchestrator/report/html/sections.h"
#include "orchestrator/report/json_sections.h"
#include "orchestrator/report/text_sections.h"
#include "orchestrator/report/times.h"
#include "orchestrator/report/verdict_words.h"
#include "orchestrator/report/words.h"

namespace orchestrator::html {
namespace {

using sandbox::Outcome;

constexpr std::size_t kMostReason = 200;

// How an attempt ended, as one character of the grid.
char letter(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed:
      return '.';
    case Outcome::failed:
      return 'F';
    case Outcome::timed_out:
      return 'T';
    case Outcome::out_of_memory:
      return 'M';
    case Outcome::output_limit:
      return 'O';
    case Outcome::disk_limit:
      return 'D';
    case Outcome::pids_limit:
      return 'P';
    case Outcome::not_runnable:
      return 'N';
    case Outcome::infrastructure_error:
      return 'I';
    case Outcome::cancelled:
      return 'X';
  }
  return '?';
}

OrderedJson attempt_letters() {
  OrderedJson letters = OrderedJson::object();
  for (const Outcome outcome : {Outcome::passed, Outcome::failed, Outcome::timed_out, Outcome::out_of_memory,
                                Outcome::output_limit, Outcome::disk_limit, Outcome::pids_limit,
                                Outcome::not_runnable, Outcome::infrastructure_error, Outcome::cancelled})
    letters[std::string(1, letter(outcome))] = outcome_words(outcome);
  return letters;
}

OrderedJson test_letters() {
  OrderedJson letters = OrderedJson::object();
  for (const TestOutcome outcome :
       {TestOutcome::passed, TestOutcome::failed, TestOutcome::error, TestOutcome::timed_out,
        TestOutcome::out_of_memory, TestOutcome::crashed, TestOutcome::skipped, TestOutcome::not_run}) {
    std::string words(name(outcome));
    std::replace(words.begin(), words.end(), '_', ' ');
    letters[std::string(1, orchestrator::letter(outcome))] = words;
  }
  return letters;
}

// What is usual is left out: a report of 1,000 attempts says it a thousand times.
OrderedJson attempt_entry(const AttemptRecord& attempt) {
  OrderedJson entry = {{"i", attempt.index},
                       {"seed", attempt.seed},
                       {"o", std::string(1, letter(attempt.outcome))},
                       {"ms", attempt.duration.count()}};
  if (attempt.condition != 0) entry["c"] = attempt.condition;
  if (!attempt.counted()) entry["out"] = true;
  if (attempt.exit_code && attempt.outcome != Outcome::timed_out) entry["exit"] = *attempt.exit_code;
  if (attempt.signal) entry["signal"] = *attempt.signal;
  if (attempt.usage.cpu_ms) entry["cpu"] = *attempt.usage.cpu_ms;
  if (attempt.usage.peak_memory_bytes)
    entry["memory"] =
        size_text(static_cast<std::uint64_t>(std::max<std::int64_t>(0, *attempt.usage.peak_memory_bytes)));
  if (const auto time = iso_time(attempt.started_at); !time.empty()) entry["at"] = time;
  if (!attempt.reason.empty()) entry["why"] = readable(cut_text(attempt.reason, kMostReason));
  return entry;
}

// The command of an attempt is the same for all but for its number; of a replay it is the same for all.
OrderedJson command_around_the_number(const Report& report) {
  const std::string one = for_terminal(reproduce_attempt(report, 1111)),
                    two = for_terminal(reproduce_attempt(report, 2222));
  if (one == two) return OrderedJson::array({one});
  const auto differ = std::mismatch(one.begin(), one.end(), two.begin(), two.end()).first;
  const auto start = static_cast<std::size_t>(differ - one.begin());
  return {one.substr(0, start), one.substr(std::min(start + 4, one.size()))};
}

OrderedJson counts_entry(const ConditionCounts& counts) {
  return {counts.condition,
          counts.passed,
          counts.failed,
          counts.errors,
          counts.timed_out,
          counts.out_of_memory,
          counts.crashed,
          counts.skipped,
          counts.not_run,
          counts.failed_on_repeat_only,
          counts.passed_when_run_again};
}

OrderedJson test_entry(const Report& report, const TestSummary& test) {
  OrderedJson entry = {{"id", readable(report.tests.tests()[test.test])}, {"v", name(test.verdict)}};
  if (!test.severity.empty()) entry["severity"] = test.severity;
  if (test.deciding >= 0) {
    const ConditionCounts& counts = test.conditions[static_cast<std::size_t>(test.deciding)];
    entry["rate"] = {rounded(counts.rate()), rounded(test.interval.low), rounded(test.interval.high)};
    entry["words"] = rate_words(test);
  }
  OrderedJson counts = OrderedJson::array();
  for (const auto& each : test.conditions) counts.push_back(counts_entry(each));
  entry["counts"] = std::move(counts);
  if (const Durations& times = test.durations; times.n > 0)
    entry["times"] = {rounded(times.median), rounded(times.low), rounded(times.high),
                      rounded(times.median_not_passed), times.slow_failures};
  if (const int attempt = failing_attempt(report, test); attempt >= 0) entry["again"] = attempt;
  entry["o"] = report.verdicts.grid[test.test];
  return entry;
}

void add_tests(const Report& report, std::uint64_t max_bytes, OrderedJson& data) {
  OrderedJson columns = OrderedJson::array();
  for (const auto& attempt : report.tests.attempts()) columns.push_back(attempt.attempt);
  data["columns"] = std::move(columns);
  OrderedJson tests = OrderedJson::array();
  std::uint64_t used = 0;
  for (const TestSummary& test : report.verdicts.tests) {
    OrderedJson entry = test_entry(report, test);
    used += script_json(entry).size() + 1;
    if (used > max_bytes) break;
    tests.push_back(std::move(entry));
  }
  data["moreTests"] = report.verdicts.tests.size() - tests.size();
  data["tests"] = std::move(tests);
}

}  // namespace

OrderedJson page_data(const Report& report, std::uint64_t max_bytes) {
  OrderedJson data;
  OrderedJson conditions = OrderedJson::array();
  for (const auto& condition : report.conditions) conditions.push_back(condition_words(condition));
  data["conditions"] = std::move(conditions);
  data["letters"] = {{"attempts", attempt_letters()}, {"tests", test_letters()}};
  data["command"] = command_around_the_number(report);
  OrderedJson attempts = OrderedJson::array();
  for (const auto& attempt : report.attempts) attempts.push_back(attempt_entry(attempt));
  data["attempts"] = std::move(attempts);
  add_tests(report, max_bytes, data);
  return data;
}

}  // namespace orchestrator::html
