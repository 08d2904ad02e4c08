// When enough is known: the rule behind --until-sure. Owned by the run, fed by it on the loop's thread.
#pragma once

#include <vector>

#include "orchestrator/analysis/test_results.h"

namespace orchestrator {

// Counts per (test, condition), updated attempt by attempt, so that asking after each of 1,000 attempts stays
// cheap. A test is settled when in one condition
//   it has both passed and not passed, or
//   it never failed and its anytime-valid 95 % upper bound is below `rate`, or
//   it never passed and the lower bound of its failure rate is above 1 − `rate`;
// or when it was missing (skipped, or not there at all) as often as a clean test has to pass: in attempts
// that came to their end, of conditions in which it ever ran, or of all when it never did. So a test whose id
// is another one in every attempt, or that is skipped everywhere, does not keep a run going.
class SettledTests {
 public:
  explicit SettledTests(double rate);  // 0 < rate < 1
  // Attempts that are not counted change nothing.
  void add(const AttemptTests& attempt);

  bool all_settled() const {
    return !counts_.empty() && unsettled_ == 0;
  }                                                // never before a test was told apart
  int unsettled() const { return unsettled_; }     // tests
  int settled_after() const { return attempts_; }  // attempts that were counted until now
  // So many passes and no failure settle a test.
  int clean_attempts_needed() const { return needed_; }

 private:
  struct Counts {  // of a test in a condition
    int passed = 0, not_passed = 0;
    int missing = 0;
  };
  Counts& at(std::size_t test, std::size_t condition) { return counts_[test][condition]; }
  void make_room(const AttemptTests& attempt);
  bool settles(const std::vector<Counts>& of_test) const;

  int needed_;
  int attempts_ = 0;
  int unsettled_ = 0;
  std::vector<int> finished_;                // attempts that came to their end, by condition
  std::vector<std::vector<Counts>> counts_;  // by test, by condition
  std::vector<bool> settled_;                // by test
};

}  // namespace orchestrator
