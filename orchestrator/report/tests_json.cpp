// What report.json says about single tests.

#include "orchestrator/report/json_sections.h"

namespace orchestrator {
namespace {

// Of all letters together. Past that a report would be made of little else; the counts say the same.
constexpr std::uint64_t kMostLetters = 4u << 20;

OrderedJson counts_json(const Report& report, const ConditionCounts& counts) {
  return {{"condition", report.conditions[static_cast<std::size_t>(counts.condition)].name},
          {"passed", counts.passed},
          {"failed", counts.failed},
          {"errors", counts.errors},
          {"timed_out", counts.timed_out},
          {"out_of_memory", counts.out_of_memory},
          {"crashed", counts.crashed},
          {"skipped", counts.skipped},
          {"not_run", counts.not_run},
          {"failed_on_repeat_only", counts.failed_on_repeat_only},
          {"passed_when_run_again", counts.passed_when_run_again}};
}

OrderedJson rate_json(const Report& report, const TestSummary& test) {
  if (test.deciding < 0) return nullptr;
  const ConditionCounts& counts = test.conditions[static_cast<std::size_t>(test.deciding)];
  return {{"condition", report.conditions[static_cast<std::size_t>(counts.condition)].name},
          {"rate", rounded(counts.rate())},
          {"low", rounded(test.interval.low)},
          {"high", rounded(test.interval.high)},
          {"confidence", 0.95},
          {"one_sided", test.one_sided},
          {"method", report.anytime ? "anytime beta mixture" : "Clopper-Pearson"}};
}

OrderedJson durations_json(const Durations& durations) {
  if (durations.n == 0) return nullptr;
  return {{"n", durations.n},
          {"median_s", rounded(durations.median)},
          {"low_s", rounded(durations.low)},
          {"high_s", rounded(durations.high)},
          {"median_not_passed_s", rounded(durations.median_not_passed)},
          {"slow_failures", durations.slow_failures}};
}

}  // namespace

OrderedJson conditions_json(const Report& report) {
  OrderedJson list = OrderedJson::array();
  for (const Condition& condition : report.conditions)
    list.push_back({{"name", condition.name},
                    {"order", name(condition.order)},
                    {"repeat", condition.repeat},
                    {"tests", condition.tests},
                    {"files", condition.files}});
  return list;
}

OrderedJson tests_json(const Report& report) {
  if (report.tests.empty()) return nullptr;
  const bool with_letters = report.tests.tests().size() * report.tests.attempts().size() <= kMostLetters;
  OrderedJson list = OrderedJson::array();
  for (const TestSummary& test : report.verdicts.tests) {
    OrderedJson counts = OrderedJson::array();
    for (const auto& each : test.conditions) counts.push_back(counts_json(report, each));
    list.push_back(
        {{"id", report.tests.tests()[test.test]},
         {"verdict", name(test.verdict)},
         {"severity", test.severity.empty() ? OrderedJson() : OrderedJson(test.severity)},
         {"rate", rate_json(report, test)},
         {"conditions", std::move(counts)},
         {"durations", durations_json(test.durations)},
         {"outcomes", with_letters ? OrderedJson(report.verdicts.grid[test.test]) : OrderedJson()}});
  }
  return list;
}

}  // namespace orchestrator
