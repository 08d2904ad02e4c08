// What report.json says about single tests.

#include <algorithm>

#include "orchestrator/report/json_sections.h"
#include "orchestrator/report/test_examples.h"

namespace orchestrator {
namespace {

// Of all letters together. Past that a report would be made of little else; the counts say the same.
constexpr std::uint64_t kMostLetters = 4u << 20;

// Of the failures that are shown of each test: each at most so long, those of a test, and all together; past
// that the groups of failures must do.
constexpr std::size_t kExampleText = 4096;
constexpr std::uint64_t kExamplesOfATest = 16u << 10, kMostExamples = 1u << 20;

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

OrderedJson less_json(const Report& report, const TestSummary& test) {
  if (test.verdict != TestVerdict::not_shown_flaky) return nullptr;
  const auto less = to_show_less(report, test.interval.high);
  if (!less) return nullptr;
  return {{"attempts", less->attempts}, {"rate_below", rounded(less->rate_below)}};
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

// Failures of single tests, until there is no more room.
class ShownExamples {
 public:
  ShownExamples(const Report& report, const Spool& spool)
      : report_(report), spool_(spool), examples_(report) {}

  OrderedJson of(TestIndex test) {
    OrderedJson list = OrderedJson::array();
    std::uint64_t room = std::min(kExamplesOfATest, left_);
    for (const TestExample& example : examples_.distinct(test, TestExamples::kMost)) {
      OrderedJson shown = shown_of(example);
      const std::uint64_t size = dump(shown).size();
      if (size > room) break;
      room -= size;
      left_ -= size;
      list.push_back(std::move(shown));
    }
    return list;
  }

 private:
  OrderedJson shown_of(const TestExample& example) const {
    OrderedJson shown = {{"attempt", example.attempt->index},
                         {"repeat", example.repeat},
                         {"outcome", name(example.outcome)},
                         {"seconds", rounded(example.seconds)}};
    if (!example.failure) return shown;
    const std::string text = to_utf8(spool_.read(example.failure->text));
    shown["signature"] = to_utf8(report_.tests.signatures()[example.failure->signature]);
    shown["message"] = to_utf8(example.failure->message);
    shown["text"] = shortened(text, kExampleText);
    return shown;
  }

  const Report& report_;
  const Spool& spool_;
  TestExamples examples_;
  std::uint64_t left_ = kMostExamples;
};

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

OrderedJson tests_json(const Report& report, const Spool& spool) {
  if (report.tests.empty()) return nullptr;
  ShownExamples examples(report, spool);
  const bool with_letters = report.tests.tests().size() * report.tests.attempts().size() <= kMostLetters;
  OrderedJson list = OrderedJson::array();
  for (const TestSummary& test : report.verdicts.tests) {
    OrderedJson counts = OrderedJson::array();
    for (const auto& each : test.conditions) counts.push_back(counts_json(report, each));
    list.push_back({{"id", report.tests.tests()[test.test]},
                    {"verdict", name(test.verdict)},
                    {"severity", test.severity.empty() ? OrderedJson() : OrderedJson(test.severity)},
                    {"rate", rate_json(report, test)},
                    {"to_show_less", less_json(report, test)},
                    {"conditions", std::move(counts)},
                    {"durations", durations_json(test.durations)},
                    {"outcomes", with_letters ? OrderedJson(report.verdicts.grid[test.test]) : OrderedJson()},
                    {"examples", examples.of(test.test)}});
  }
  return list;
}

OrderedJson outcome_attempts_json(const Report& report) {
  if (report.tests.empty()) return nullptr;
  OrderedJson list = OrderedJson::array();
  for (const auto& attempt : report.tests.attempts()) list.push_back(attempt.attempt);
  return list;
}

}  // namespace orchestrator
