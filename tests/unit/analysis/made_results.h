// Results of tests from the letters of a grid, for tests of what is computed from them.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/analysis/condition.h"
#include "orchestrator/analysis/test_results.h"

namespace orchestrator {

// A test, and how it ended in each attempt, by the letters of letter(): '.', 'F', 'E', 'T', 'M', 'C', 's', '
// '. A
// '-' means that the attempt knows nothing of it. `second` is the second time in the same process.
struct Row {
  std::string id, first, second;
};

TestOutcome outcome_of(char letter);
// `conditions`: by attempt; empty: all 0. All rows have the same length.
TestResults made_results(const std::vector<Row>& rows, const std::vector<int>& conditions = {});

Condition written();
Condition shuffled();
Condition reversed();
Condition repeated();

// `count` times `what`, as in times(3, ".F") = ".F.F.F".
std::string times(int count, const std::string& what);
std::vector<int> in_condition(std::initializer_list<int> counts);  // {2, 1} → 0 0 1

}  // namespace orchestrator
