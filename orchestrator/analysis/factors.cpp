#include "orchestrator/analysis/factors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <unordered_map>
#include <utility>

#include "orchestrator/analysis/comparison.h"
#include "orchestrator/analysis/outcome_grid.h"

namespace orchestrator {
namespace {

constexpr double kFalseDiscoveries = 0.05;

// Two groups of attempts, and what of a test is compared between them.
struct Split {
  std::string factor;
  int condition = 0;
  std::vector<std::size_t> with, without;  // columns of the grid
  // Single times are compared with single times: an attempt with repeats has more chances to fail.
  TestOutcome GridCell::*time_with = &GridCell::first;
};

class Splits {
 public:
  Splits(const TestResults& results, const std::vector<Condition>& conditions,
         const std::vector<AttemptFacts>& attempts)
      : conditions_(conditions), columns_(conditions.size()) {
    std::unordered_map<int, const AttemptFacts*> facts_of;
    for (const auto& each : attempts) facts_of.emplace(each.attempt, &each);
    for (std::size_t column = 0; column < results.attempts().size(); ++column) {
      const AttemptTests& attempt = results.attempts()[column];
      const auto facts = facts_of.find(attempt.attempt);
      if (attempt.counted)
        columns_.at(static_cast<std::size_t>(attempt.condition))
            .push_back({column, facts == facts_of.end() ? nullptr : facts->second});
    }
  }

  std::vector<Split> all() {
    const auto plain =
        std::find_if(conditions_.begin(), conditions_.end(), [](const auto& each) { return each.plain(); });
    for (std::size_t i = 0; i < conditions_.size(); ++i) {
      if (plain != conditions_.end() && &*plain != &conditions_[i])
        against_plain(i, static_cast<std::size_t>(plain - conditions_.begin()));
      by_parity(i);
      by_neighbours(i);
    }
    return std::move(splits_);
  }

 private:
  struct Column {
    std::size_t column;
    const AttemptFacts* facts;
  };

  void against_plain(std::size_t condition, std::size_t plain) {
    const bool order = !conditions_[condition].same_order(conditions_[plain]);
    Split split{
        order ? fmt::format("order: {} against {}", conditions_[condition].name, conditions_[plain].name)
              : "repeat: second time against first",
        static_cast<int>(condition)};
    if (!order) split.time_with = &GridCell::second;
    for (const auto& each : columns_[condition]) split.with.push_back(each.column);
    for (const auto& each : columns_[plain]) split.without.push_back(each.column);
    keep(std::move(split));
  }

  void by_parity(std::size_t condition) {
    Split split{"seed: odd against even", static_cast<int>(condition)};
    for (const auto& each : columns_[condition])
      if (each.facts) (each.facts->seed % 2 != 0 ? split.with : split.without).push_back(each.column);
    keep(std::move(split));
  }

  void by_neighbours(std::size_t condition) {
    std::vector<int> load;
    for (const auto& each : columns_[condition])
      if (each.facts) load.push_back(each.facts->neighbours);
    if (load.empty()) return;
    std::sort(load.begin(), load.end());
    // The median is among the many; where that would leave no few, the next larger load is the first of the
    // many.
    const int median = load[load.size() / 2];
    const auto many = median > load.front() ? load.begin() + static_cast<std::ptrdiff_t>(load.size() / 2)
                                            : std::upper_bound(load.begin(), load.end(), median);
    if (many == load.end()) return;
    Split split{fmt::format("neighbours: {} or more", *many), static_cast<int>(condition)};
    for (const auto& each : columns_[condition])
      if (each.facts) (each.facts->neighbours >= *many ? split.with : split.without).push_back(each.column);
    keep(std::move(split));
  }

  void keep(Split split) {
    if (!split.with.empty() && !split.without.empty()) splits_.push_back(std::move(split));
  }

  const std::vector<Condition>& conditions_;
  std::vector<std::vector<Column>> columns_;  // by condition
  std::vector<Split> splits_;
};

// Absent when the answer is known before asking: both sides have all failed or all passed.
std::optional<TwoByTwo> table_of(const OutcomeGrid& grid, std::size_t test, const Split& split) {
  TwoByTwo table;
  for (const std::size_t column : split.with) {
    const TestOutcome outcome = grid.at(test, column).*split.time_with;
    table.failed_a += did_not_pass(outcome);
    table.passed_a += outcome == TestOutcome::passed;
  }
  for (const std::size_t column : split.without) {
    const TestOutcome outcome = grid.at(test, column).first;
    table.failed_b += did_not_pass(outcome);
    table.passed_b += outcome == TestOutcome::passed;
  }
  const bool asks = table.failed_a + table.passed_a > 0 && table.failed_b + table.passed_b > 0 &&
                    table.failed_a + table.failed_b > 0 && table.passed_a + table.passed_b > 0;
  return asks ? std::optional(table) : std::nullopt;
}

FactorFinding finding(std::size_t test, const Split& split, const TwoByTwo& table) {
  return {.test = static_cast<TestIndex>(test),
          .factor = split.factor,
          .condition = split.condition,
          .failed_with = table.failed_a,
          .n_with = table.failed_a + table.passed_a,
          .failed_without = table.failed_b,
          .n_without = table.failed_b + table.passed_b,
          .risk_difference = risk_difference(table),
          .p = fisher_exact(table)};
}

}  // namespace

std::vector<FactorFinding> find_factors(const TestResults& results, const std::vector<Condition>& conditions,
                                        const std::vector<AttemptFacts>& attempts) {
  const OutcomeGrid grid(results);
  const std::vector<Split> splits = Splits(results, conditions, attempts).all();
  std::vector<FactorFinding> asked;
  std::vector<double> p_values;
  for (std::size_t test = 0; test < grid.tests(); ++test)
    for (const auto& split : splits)
      if (const auto table = table_of(grid, test, split)) {
        asked.push_back(finding(test, split, *table));
        p_values.push_back(asked.back().p);
      }
  const std::vector<double> adjusted = benjamini_hochberg(p_values);
  for (std::size_t i = 0; i < asked.size(); ++i) asked[i].q = adjusted[i];
  std::erase_if(asked, [](const FactorFinding& each) { return each.q > kFalseDiscoveries; });
  std::stable_sort(asked.begin(), asked.end(), [](const FactorFinding& x, const FactorFinding& y) {
    return std::abs(x.risk_difference) > std::abs(y.risk_difference);
  });
  return asked;
}

}  // namespace orchestrator
