// How each test ended in each attempt: what verdicts, clusters and factors are computed from. Made for the
// length of one computation. Pure; any thread.
#pragma once

#include <cstddef>
#include <vector>

#include "orchestrator/analysis/test_results.h"

namespace orchestrator {

// One test in one attempt. Repeats stay apart: the second run in a process may fail because of the first.
struct GridCell {
  TestOutcome first = TestOutcome::not_run, second = TestOutcome::not_run;
  TestOutcome later = TestOutcome::not_run;  // the worst of the third and all further ones
  bool passed = false;                       // at least one of them

  // It passed in the attempt when it passed each time.
  TestOutcome worst() const { return worse(first, worse(second, later)); }
  bool failed_on_repeat_only() const { return first == TestOutcome::passed && did_not_pass(worst()); }
};

// Tests by TestIndex; columns as TestResults::attempts(). Attempts that are not counted are columns of
// not_run.
class OutcomeGrid {
 public:
  explicit OutcomeGrid(const TestResults& results);

  std::size_t tests() const { return tests_; }
  std::size_t columns() const { return columns_; }
  const GridCell& at(std::size_t test, std::size_t column) const { return cells_[test * columns_ + column]; }

 private:
  std::size_t tests_, columns_;
  std::vector<GridCell> cells_;
};

}  // namespace orchestrator
