// When enough is known: the rule behind --until-sure. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "orchestrator/analysis/test_results.h"

namespace orchestrator {

// Counts per (test, condition), updated attempt by attempt, so that asking after each of 1,000 attempts stays cheap.
// A test is settled when in one condition
//   it has both passed and not passed, or
//   it never failed and its anytime-valid 95 % upper bound is below `rate`, or
//   it never passed and the lower bound of its failure rate is above 1 − `rate`.
// Tests that never ran (skipped everywhere) are settled when they were not run in as many attempts as a clean test
// would have needed.
class SettledTests {
 public:
  explicit SettledTests(double rate);
  void add(const AttemptTests& attempt);

  bool all_settled() const;      // and at least one attempt told its tests apart
  int unsettled() const;         // tests
  int settled_after() const;     // attempts that were added until now

 private:
  struct Counts {
    int passed = 0, not_passed = 0, absent = 0;
  };
  bool settles(const Counts& counts) const;

  double rate_;
  int attempts_ = 0;
  int unsettled_ = 0;
  int conditions_ = 0;
  std::vector<std::vector<Counts>> counts_;  // by condition, by test
  std::vector<bool> settled_;                // by test
};

}  // namespace orchestrator
