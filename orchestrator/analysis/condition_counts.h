// Counting how each test ended, and naming it. Parts of judge(). Pure; any thread.
#pragma once

#include <optional>
#include <vector>

#include "orchestrator/analysis/condition.h"
#include "orchestrator/analysis/outcome_grid.h"
#include "orchestrator/analysis/test_results.h"
#include "orchestrator/analysis/verdict.h"

namespace orchestrator {

// Which attempts ran under which condition, and which tests belong to each.
class ConditionColumns {
 public:
  ConditionColumns(const TestResults& results, const std::vector<Condition>& conditions);

  // Of one test; only conditions in which it ran or should have.
  std::vector<ConditionCounts> count(const OutcomeGrid& grid, std::size_t test) const;
  const std::vector<std::size_t>& columns(int condition) const {
    return columns_[static_cast<std::size_t>(condition)];
  }

 private:
  bool wanted(std::size_t condition, std::size_t test) const;

  std::vector<std::vector<std::size_t>> columns_;  // by condition; only attempts that are counted
  std::vector<bool> repeats_;                      // by condition: each test runs several times
  std::vector<std::vector<bool>> wanted_;          // by condition, by test; empty: all
};

struct NamedVerdict {
  TestVerdict verdict = TestVerdict::not_run;
  int deciding = -1;                        // into the counts
  std::optional<double> dependence_p = {};  // see TestSummary
};
NamedVerdict name_verdict(const std::vector<ConditionCounts>& counts,
                          const std::vector<Condition>& conditions, const ConditionColumns& columns,
                          const OutcomeGrid& grid, std::size_t test);

}  // namespace orchestrator
