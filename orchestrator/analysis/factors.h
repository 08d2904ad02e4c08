// Which circumstances go with failure. A factor is named only when an exact test, corrected for all tests ×
// factors that were looked at, speaks for it. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/analysis/condition.h"
#include "orchestrator/analysis/test_results.h"

namespace orchestrator {

// What is known of an attempt beside its results.
struct AttemptFacts {
  int attempt = 0;  // as in TestResults::attempts()
  std::int64_t seed = 0;
  int neighbours = 0;  // attempts that ran beside it, counted in a way that its own end has no part in
};

struct FactorFinding {
  std::optional<TestIndex> test;  // absent: the whole command
  // "order: shuffle against written", "repeat: second time against first", "seed: odd against even",
  // "neighbours: 3 or more"
  std::string factor;
  int condition = 0;                      // in which the attempts with the factor ran
  int failed_with = 0, n_with = 0;        // attempts with the factor
  int failed_without = 0, n_without = 0;  // … and without
  double risk_difference = 0;             // rate with − rate without
  double p = 1, q = 1;                    // of Fisher's exact test; adjusted by Benjamini and Hochberg
};

// Findings with q ≤ 0.05, the largest absolute effect first. Factors: each condition of another order against
// the plain one; the second time in a process against the plain condition; within one condition the parity of
// the seed and many neighbours against few (split at the median). Not asked, and so no part of the
// correction, is what has its answer beforehand: where both sides have all failed or all passed.
std::vector<FactorFinding> find_factors(const TestResults& results, const std::vector<Condition>& conditions,
                                        const std::vector<AttemptFacts>& attempts);

}  // namespace orchestrator
