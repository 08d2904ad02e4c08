// Failures of tests that look the same, and tests that fail together. Attempts that are not counted are in
// neither. Pure; any thread.
#pragma once

#include <vector>

#include "orchestrator/analysis/test_results.h"

namespace orchestrator {

// All failures with one signature.
struct TestFailureGroup {
  SignatureIndex signature = 0;
  int failures = 0;                  // of tests, repeats included
  std::vector<int> attempts;         // in which it occurred, sorted, each once
  std::vector<TestIndex> tests;      // that failed so, sorted
  std::int32_t representative = -1;  // into TestResults::failures(): the first with a text, else the first
};

// The most frequent (by attempts) first.
std::vector<TestFailureGroup> group_failures(const TestResults& results);

// Tests whose failures come together: single-linkage clusters of tests, over those that did not pass at least
// twice and passed at least once. A link is a Jaccard index (attempts in which both did not pass ÷ attempts
// in which either did not) of `jaccard` or more that chance does not explain, since tests that fail often
// fail together often: Fisher's exact test, one-sided, over the attempts that both ran in, with at most a
// share `q` of false links by Benjamini and Hochberg over all pairs. Clusters of one are left out; the
// largest first. Tests that fail in the same attempts are put together first, so that 2,000 tests failing
// alike cost no 2,000² comparisons; of more than kMaxPatterns different patterns only the most frequent are
// compared.
struct FailureCluster {
  std::vector<TestIndex> tests;  // sorted
  std::vector<int> attempts;     // in which any of them did not pass, sorted
  double jaccard = 1;            // the least along the links that hold it together
};
inline constexpr std::size_t kMaxPatterns = 1000;
struct ClusterRule {
  double jaccard = 0.5;
  double q = 0.05;
};
std::vector<FailureCluster> cluster_failures(const TestResults& results, const ClusterRule& rule = {});

}  // namespace orchestrator
