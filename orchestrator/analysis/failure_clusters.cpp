#include <algorithm>
#include <bit>
#include <cstdint>
#include <map>
#include <numeric>

#include "orchestrator/analysis/failure_groups.h"
#include "orchestrator/analysis/outcome_grid.h"

namespace orchestrator {
namespace {

using Bits = std::vector<std::uint64_t>;  // one for each column: did it not pass there?

// Tests that did not pass in the same attempts.
struct Pattern {
  Bits failed;
  std::vector<TestIndex> tests;
};

struct Link {
  double jaccard;
  std::uint32_t one, other;  // patterns
};

double jaccard(const Bits& x, const Bits& y) {
  int both = 0, either = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    both += std::popcount(x[i] & y[i]);
    either += std::popcount(x[i] | y[i]);
  }
  return either == 0 ? 0.0 : static_cast<double>(both) / either;
}

// The pattern of a test; empty when there is too little to compare.
Bits failed_columns(const OutcomeGrid& grid, std::size_t test) {
  Bits bits((grid.columns() + 63) / 64);
  int failed = 0;
  bool passed = false;
  for (std::size_t column = 0; column < grid.columns(); ++column) {
    const TestOutcome outcome = grid.at(test, column).worst();
    passed |= outcome == TestOutcome::passed;
    if (!did_not_pass(outcome)) continue;
    bits[column / 64] |= std::uint64_t{1} << (column % 64);
    ++failed;
  }
  return passed && failed >= 2 ? bits : Bits();
}

std::vector<Pattern> patterns_of(const OutcomeGrid& grid) {
  std::map<Bits, std::vector<TestIndex>> tests_of;
  for (std::size_t test = 0; test < grid.tests(); ++test)
    if (Bits bits = failed_columns(grid, test); !bits.empty())
      tests_of[std::move(bits)].push_back(static_cast<TestIndex>(test));
  std::vector<Pattern> patterns;
  for (auto& [bits, tests] : tests_of) patterns.push_back({bits, std::move(tests)});
  std::sort(patterns.begin(), patterns.end(), [](const Pattern& x, const Pattern& y) {
    if (x.tests.size() != y.tests.size()) return x.tests.size() > y.tests.size();
    return x.tests < y.tests;
  });
  if (patterns.size() > kMaxPatterns) patterns.resize(kMaxPatterns);
  return patterns;
}

std::vector<Link> links_between(const std::vector<Pattern>& patterns, double threshold) {
  std::vector<Link> links;
  for (std::uint32_t i = 0; i < patterns.size(); ++i)
    for (std::uint32_t k = i + 1; k < patterns.size(); ++k)
      if (const double index = jaccard(patterns[i].failed, patterns[k].failed); index >= threshold)
        links.push_back({index, i, k});
  std::stable_sort(links.begin(), links.end(),
                   [](const Link& x, const Link& y) { return x.jaccard > y.jaccard; });
  return links;
}

// Joins the closest first, so that each cluster is held by the strongest links it can have.
class Clusters {
 public:
  explicit Clusters(const std::vector<Pattern>& patterns)
      : parent_(patterns.size()), weakest_(patterns.size(), 1.0) {
    std::iota(parent_.begin(), parent_.end(), 0u);
  }

  void join(const Link& link) {
    const std::uint32_t one = root(link.one), other = root(link.other);
    if (one == other) return;
    parent_[other] = one;
    weakest_[one] = link.jaccard;  // links come in falling order
  }

  std::uint32_t root(std::uint32_t pattern) {
    while (parent_[pattern] != pattern) pattern = parent_[pattern] = parent_[parent_[pattern]];
    return pattern;
  }
  double weakest(std::uint32_t root) const { return weakest_[root]; }

 private:
  std::vector<std::uint32_t> parent_;
  std::vector<double> weakest_;  // by root
};

FailureCluster cluster_of(const std::vector<const Pattern*>& patterns, double weakest,
                          const TestResults& results) {
  FailureCluster cluster{.jaccard = weakest};
  Bits any(patterns.front()->failed.size());
  for (const Pattern* pattern : patterns) {
    cluster.tests.insert(cluster.tests.end(), pattern->tests.begin(), pattern->tests.end());
    for (std::size_t i = 0; i < any.size(); ++i) any[i] |= pattern->failed[i];
  }
  std::sort(cluster.tests.begin(), cluster.tests.end());
  for (std::size_t column = 0; column < results.attempts().size(); ++column)
    if (any[column / 64] >> (column % 64) & 1) cluster.attempts.push_back(results.attempts()[column].attempt);
  return cluster;
}

}  // namespace

std::vector<FailureCluster> cluster_failures(const TestResults& results, double threshold) {
  const std::vector<Pattern> patterns = patterns_of(OutcomeGrid(results));
  Clusters joined(patterns);
  for (const auto& link : links_between(patterns, threshold)) joined.join(link);

  std::map<std::uint32_t, std::vector<const Pattern*>> members;
  for (std::uint32_t i = 0; i < patterns.size(); ++i) members[joined.root(i)].push_back(&patterns[i]);
  std::vector<FailureCluster> clusters;
  for (const auto& [root, each] : members)
    if (each.size() > 1 || each.front()->tests.size() > 1)
      clusters.push_back(cluster_of(each, joined.weakest(root), results));
  std::stable_sort(clusters.begin(), clusters.end(), [](const FailureCluster& x, const FailureCluster& y) {
    if (x.tests.size() != y.tests.size()) return x.tests.size() > y.tests.size();
    return x.tests < y.tests;
  });
  return clusters;
}

}  // namespace orchestrator
