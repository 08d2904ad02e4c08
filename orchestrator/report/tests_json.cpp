// What report.json says about single tests.

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "orchestrator/report/json_sections.h"
#include "orchestrator/report/test_examples.h"
#include "orchestrator/report/words.h"

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

// What is not there is 0.
OrderedJson short_counts_json(const Report& report, const ConditionCounts& counts) {
  OrderedJson all = counts_json(report, counts);
  OrderedJson some = OrderedJson::object();
  for (const auto& [key, value] : all.items())
    if (value != 0) some[key] = value;
  return some;
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

// Whether a test is told with all that is known of it.
enum class Telling { whole, brief };

class TestTeller {
 public:
  TestTeller(const Report& report, const Spool& spool)
      : report_(report),
        examples_(report, spool),
        with_letters_(report.tests.tests().size() * report.tests.attempts().size() <= kMostLetters) {}

  OrderedJson tell(const TestSummary& test, Telling telling) {
    const bool whole = telling == Telling::whole;
    OrderedJson counts = OrderedJson::array();
    for (const auto& each : test.conditions)
      counts.push_back(whole ? counts_json(report_, each) : short_counts_json(report_, each));
    OrderedJson json = {
        {"id", report_.tests.tests()[test.test]},
        {"verdict", name(test.verdict)},
        {"severity", test.severity.empty() ? OrderedJson() : OrderedJson(test.severity)},
        {"rate", rate_json(report_, test)},
        {"to_show_less", whole ? less_json(report_, test) : OrderedJson()},
        {"conditions", std::move(counts)},
        {"durations", whole ? durations_json(test.durations) : OrderedJson()},
        {"outcomes", whole && with_letters_ ? OrderedJson(report_.verdicts.grid[test.test]) : OrderedJson()},
        {"examples", whole ? examples_.of(test.test) : OrderedJson::array()}};
    if (test.dependence_p) json["dependence_p"] = rounded(*test.dependence_p);
    return json;
  }

 private:
  const Report& report_;
  ShownExamples examples_;
  bool with_letters_;
};

bool never_failed(const TestSummary& test) { return test.verdict >= TestVerdict::not_shown_flaky; }

// The tests, the worst first, as long as there is room.
struct Told {
  OrderedJson list = OrderedJson::array();
  std::uint64_t bytes = 0, bytes_of_failing = 0;
  bool all = true;
};

Told tell_tests(const Report& report, const Spool& spool, Telling failing, Telling others,
                std::uint64_t room) {
  constexpr std::uint64_t kBetween = 6;  // comma, newline, indent
  TestTeller teller(report, spool);
  Told told;
  for (const TestSummary& test : report.verdicts.tests) {
    OrderedJson entry = teller.tell(test, never_failed(test) ? others : failing);
    const std::uint64_t size = dump(entry).size() + kBetween;
    if (told.bytes + size > room) {
      told.all = false;
      break;
    }
    told.bytes += size;
    if (!never_failed(test)) told.bytes_of_failing += size;
    told.list.push_back(std::move(entry));
  }
  return told;
}

OrderedJson left_out_json(const Report& report, std::size_t told) {
  const auto& tests = report.verdicts.tests;
  if (told == tests.size() && report.tests_left_out.empty()) return nullptr;
  std::map<TestVerdict, int> left_out = report.tests_left_out;
  for (std::size_t i = told; i < tests.size(); ++i) ++left_out[tests[i].verdict];
  OrderedJson counts = OrderedJson::object();
  for (const auto& [verdict, count] : left_out) counts[std::string(name(verdict))] = count;
  return counts;
}

std::string brief_words(const Report& report, Telling failing, std::size_t told) {
  const auto& tests = report.verdicts.tests;
  const auto brief =
      std::count_if(tests.begin(), tests.begin() + static_cast<std::ptrdiff_t>(told),
                    [&](const TestSummary& test) { return failing == Telling::brief || never_failed(test); });
  std::string text = fmt::format("Of {} {} are told without durations, examples and how each attempt ended",
                                 counted(tests.size(), "test"), brief);
  if (told < tests.size()) text += fmt::format(", and {} are left out", tests.size() - told);
  return text;
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

// What never failed is shortened first, then left out; only where the others alone are too much, they are
// shortened as well.
ShownTests shown_tests(const Report& report, const Spool& spool, std::uint64_t max_bytes) {
  if (report.tests.empty()) return {};
  Told told = tell_tests(report, spool, Telling::whole, Telling::whole, max_bytes);
  if (told.all) return {std::move(told.list), left_out_json(report, report.verdicts.tests.size()), ""};
  Telling failing = Telling::whole;
  told = tell_tests(report, spool, failing, Telling::brief, max_bytes);
  if (!told.all && told.bytes_of_failing > max_bytes / 2) {
    failing = Telling::brief;
    told = tell_tests(report, spool, failing, Telling::brief, max_bytes);
  }
  const std::size_t shown = told.list.size();
  return {std::move(told.list), left_out_json(report, shown), brief_words(report, failing, shown)};
}

OrderedJson outcome_attempts_json(const Report& report) {
  if (report.tests.empty()) return nullptr;
  OrderedJson list = OrderedJson::array();
  for (const auto& attempt : report.tests.attempts()) list.push_back(attempt.attempt);
  return list;
}

}  // namespace orchestrator
