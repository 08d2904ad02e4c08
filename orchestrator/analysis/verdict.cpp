#include "orchestrator/analysis/verdict.h"

#include <algorithm>
#include <map>
#include <utility>

#include "orchestrator/analysis/condition_counts.h"
#include "orchestrator/analysis/outcome_grid.h"

namespace orchestrator {
namespace {

std::string_view severity(double rate, const VerdictOptions& options) {
  if (rate >= options.critical) return "critical";
  if (rate >= options.high) return "high";
  if (rate >= options.medium) return "medium";
  if (rate >= options.low) return "low";
  return "";
}

// Thousands of tests share a few counts, and an anytime interval takes a hundred integrals.
class Intervals {
 public:
  explicit Intervals(bool anytime) : anytime_(anytime) {}

  Interval of(int k, int n) {
    const auto [place, missing] = known_.try_emplace({k, n});
    if (missing) place->second = anytime_ ? anytime_interval(k, n) : clopper_pearson(k, n);
    return place->second;
  }

 private:
  bool anytime_;
  std::map<std::pair<int, int>, Interval> known_;
};

void add_rate(TestSummary& summary, const VerdictOptions& options, Intervals& intervals) {
  if (summary.deciding < 0) return;
  const ConditionCounts& counts = summary.conditions[static_cast<std::size_t>(summary.deciding)];
  const int k = counts.not_passed(), n = counts.n();
  summary.interval = intervals.of(k, n);
  summary.one_sided = k == 0 || k == n;
  summary.ranking = jeffreys_mean(k, n);
  summary.severity = severity(counts.rate(), options);
}

void count(Verdicts& verdicts) {
  const auto number = [&](TestVerdict verdict) {
    return static_cast<int>(std::count_if(verdicts.tests.begin(), verdicts.tests.end(),
                                          [&](const TestSummary& each) { return each.verdict == verdict; }));
  };
  verdicts.flaky = number(TestVerdict::flaky);
  verdicts.order_dependent = number(TestVerdict::order_dependent);
  verdicts.repeat_dependent = number(TestVerdict::repeat_dependent);
  verdicts.failing = number(TestVerdict::failing);
  verdicts.not_shown_flaky = number(TestVerdict::not_shown_flaky);
  verdicts.not_run = number(TestVerdict::not_run);
}

std::string row(const OutcomeGrid& grid, std::size_t test) {
  std::string letters(grid.columns(), ' ');
  for (std::size_t column = 0; column < letters.size(); ++column)
    letters[column] = letter(grid.at(test, column).worst());
  return letters;
}

}  // namespace

std::string_view name(TestVerdict verdict) {
  switch (verdict) {
    case TestVerdict::flaky:
      return "flaky";
    case TestVerdict::order_dependent:
      return "order_dependent";
    case TestVerdict::repeat_dependent:
      return "repeat_dependent";
    case TestVerdict::failing:
      return "failing";
    case TestVerdict::not_shown_flaky:
      return "not_shown_flaky";
    case TestVerdict::not_run:
      return "not_run";
  }
  return "not_run";
}

Verdicts judge(const TestResults& results, const std::vector<Condition>& conditions,
               const VerdictOptions& options) {
  const OutcomeGrid grid(results);
  const ConditionColumns columns(results, conditions);
  const std::vector<Durations> times = durations(results);
  Intervals intervals(options.anytime);
  Verdicts verdicts;
  verdicts.tests.reserve(grid.tests());
  verdicts.grid.reserve(grid.tests());
  for (std::size_t test = 0; test < grid.tests(); ++test) {
    TestSummary summary{.test = static_cast<TestIndex>(test), .conditions = columns.count(grid, test)};
    const NamedVerdict named = name_verdict(summary.conditions, conditions, columns, grid, test);
    summary.verdict = named.verdict;
    summary.deciding = named.deciding;
    summary.dependence_p = named.dependence_p;
    summary.durations = times[test];
    add_rate(summary, options, intervals);
    verdicts.tests.push_back(std::move(summary));
    verdicts.grid.push_back(row(grid, test));
  }
  std::sort(verdicts.tests.begin(), verdicts.tests.end(), [&](const TestSummary& x, const TestSummary& y) {
    if (x.verdict != y.verdict) return x.verdict < y.verdict;
    if (x.ranking != y.ranking) return x.ranking > y.ranking;
    return results.tests()[x.test] < results.tests()[y.test];
  });
  count(verdicts);
  return verdicts;
}

}  // namespace orchestrator
