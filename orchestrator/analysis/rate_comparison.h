// Does something fail more often than it did before? Each test is compared within one condition at a time:
// attempts of two conditions are never put together. Fisher's exact test for each, and of all of them
// Benjamini and Hochberg's choice at 5 %. Tables whose answer is known before asking (nothing failed, or
// nothing passed, on either side) are no questions and do not count among them. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "orchestrator/analysis/comparison.h"

namespace orchestrator {

inline constexpr double kFalseDiscoveryRate = 0.05;

// One test in one condition, in two reports.
struct RatePair {
  std::string id;
  std::string condition;
  int failed_before = 0, n_before = 0;
  int failed_after = 0, n_after = 0;
};

struct RateChange {
  RatePair pair;
  double difference = 0;  // rate after − rate before, in [−1, 1]
  double p = 1, q = 1;    // q: adjusted for all questions
  bool worse = false, better = false;
};

struct RateComparison {
  std::vector<RateChange>
      changes;  // of all pairs: worse first, by difference; then the rest by p, then by id
  int questions = 0;
  int worse = 0, better = 0;
};

// Pairs with an empty side are left out.
RateComparison compare_rates(std::vector<RatePair> pairs);

// What could have been found: with so many attempts on both sides and that many questions, how many failures
// after none before are called worse. Absent when even all of them would not be.
struct Power {
  int n_before = 0, n_after = 0;
  std::optional<int> failures;
};
Power power_of(int n_before, int n_after, int questions);

// How many attempts on each side are needed so that "never before, every time now" is found.
int attempts_to_find_anything(int questions);

}  // namespace orchestrator
