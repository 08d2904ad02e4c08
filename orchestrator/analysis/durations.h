// How long tests take. Pure; any thread.
#pragma once

#include <vector>

#include "orchestrator/analysis/test_results.h"

namespace orchestrator {

// Of one test, in seconds. Only runs that came to their own end have a time: a hang says how long we waited.
struct Durations {
  int n = 0;  // runs that passed, or all when none did: the next three are of these
  double median = 0, low = 0, high = 0;  // the middle 90 %
  double median_not_passed = 0;          // of those that failed or ended in an error; 0 when there is none
  // Failures take more than twice as long as passes, and longer by Mann and Whitney's test at 1 %.
  bool slow_failures = false;
};

// By TestIndex; of attempts that are counted.
std::vector<Durations> durations(const TestResults& results);

}  // namespace orchestrator
