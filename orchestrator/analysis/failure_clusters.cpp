#include <algorithm>
#include <bit>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>

#include "orchestrator/analysis/comparison.h"
#include "orchestrator/analysis/failure_groups.h"
#include "orchestrator/analysis/outcome_grid.h"

namespace orchestrator {
namespace {

using Bits = std::vector<std::uint64_t>;  // one for each column: did it not pass there?

// How a test ended, column by column.
struct Ends {
  Bits failed, ran;
  auto operator<=>(const Ends&) const = default;
};

// Tests that ended alike.
struct Pattern {
  Ends ends;
  std::vector<TestIndex> tests;
  double pairs() const {
    return 0.5 * static_cast<double>(tests.size()) * static_cast<double>(tests.size() - 1);
  }
};

struct Link {
  double jaccard;
  std::uint32_t one, other;  // patterns; the same one: its own tests
};

double jaccard(const Bits& x, const Bits& y) {
  int both = 0, either = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    both += std::popcount(x[i] & y[i]);
    either += std::popcount(x[i] | y[i]);
  }
  return either == 0 ? 0.0 : static_cast<double>(both) / either;
}

// Did the one fail where the other did?
TwoByTwo table_of(const Ends& x, const Ends& y) {
  TwoByTwo table;  // a: where x failed
  for (std::size_t i = 0; i < x.failed.size(); ++i) {
    const std::uint64_t both_ran = x.ran[i] & y.ran[i];
    table.failed_a += std::popcount(both_ran & x.failed[i] & y.failed[i]);
    table.passed_a += std::popcount(both_ran & x.failed[i] & ~y.failed[i]);
    table.failed_b += std::popcount(both_ran & ~x.failed[i] & y.failed[i]);
    table.passed_b += std::popcount(both_ran & ~x.failed[i] & ~y.failed[i]);
  }
  return table;
}

// Absent when there is too little to compare.
std::optional<Ends> ends_of(const OutcomeGrid& grid, std::size_t test) {
  Ends ends{Bits((grid.columns() + 63) / 64), Bits((grid.columns() + 63) / 64)};
  int failed = 0;
  bool passed = false;
  for (std::size_t column = 0; column < grid.columns(); ++column) {
    const TestOutcome outcome = grid.at(test, column).worst();
    const std::uint64_t bit = std::uint64_t{1} << (column % 64);
    passed |= outcome == TestOutcome::passed;
    if (is_evidence(outcome)) ends.ran[column / 64] |= bit;
    if (!did_not_pass(outcome)) continue;
    ends.failed[column / 64] |= bit;
    ++failed;
  }
  return passed && failed >= 2 ? std::optional(std::move(ends)) : std::nullopt;
}

std::vector<Pattern> patterns_of(const OutcomeGrid& grid) {
  std::map<Ends, std::vector<TestIndex>> tests_of;
  for (std::size_t test = 0; test < grid.tests(); ++test)
    if (auto ends = ends_of(grid, test)) tests_of[std::move(*ends)].push_back(static_cast<TestIndex>(test));
  std::vector<Pattern> patterns;
  for (auto& [ends, tests] : tests_of) patterns.push_back({ends, std::move(tests)});
  std::sort(patterns.begin(), patterns.end(), [](const Pattern& x, const Pattern& y) {
    if (x.tests.size() != y.tests.size()) return x.tests.size() > y.tests.size();
    return x.tests < y.tests;
  });
  if (patterns.size() > kMaxPatterns) patterns.resize(kMaxPatterns);
  return patterns;
}

// Those that are close enough, whatever chance says.
std::vector<Link> close_links(const std::vector<Pattern>& patterns, double least) {
  std::vector<Link> links;
  for (std::uint32_t i = 0; i < patterns.size(); ++i) {
    if (patterns[i].tests.size() > 1) links.push_back({1.0, i, i});
    for (std::uint32_t k = i + 1; k < patterns.size(); ++k)
      if (const double index = jaccard(patterns[i].ends.failed, patterns[k].ends.failed); index >= least)
        links.push_back({index, i, k});
  }
  return links;
}

double number_of_tests(const std::vector<Pattern>& patterns) {
  double tests = 0;
  for (const Pattern& pattern : patterns) tests += static_cast<double>(pattern.tests.size());
  return tests;
}

// A link stands for all pairs of tests of its patterns.
std::vector<Link> links_between(const std::vector<Pattern>& patterns, const ClusterRule& rule) {
  const std::vector<Link> close = close_links(patterns, rule.jaccard);
  std::vector<double> p_values, pairs;
  for (const Link& link : close) {
    const Pattern &one = patterns[link.one], &other = patterns[link.other];
    p_values.push_back(fisher_exact_more(table_of(one.ends, other.ends)));
    pairs.push_back(link.one == link.other
                        ? one.pairs()
                        : static_cast<double>(one.tests.size()) * static_cast<double>(other.tests.size()));
  }
  const double tests = number_of_tests(patterns);
  const std::vector<double> adjusted = benjamini_hochberg(p_values, pairs, 0.5 * tests * (tests - 1));
  std::vector<Link> links;
  for (std::size_t i = 0; i < close.size(); ++i)
    if (adjusted[i] <= rule.q) links.push_back(close[i]);
  std::stable_sort(links.begin(), links.end(),
                   [](const Link& x, const Link& y) { return x.jaccard > y.jaccard; });
  return links;
}

// Joins the closest first, so that each cluster is held by the strongest links it can have.
class Clusters {
 public:
  explicit Clusters(const std::vector<Pattern>& patterns)
      : parent_(patterns.size()), weakest_(patterns.size(), 1.0), linked_(patterns.size()) {
    std::iota(parent_.begin(), parent_.end(), 0u);
  }

  void join(const Link& link) {
    linked_[link.one] = linked_[link.other] = true;
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
  bool linked(std::uint32_t pattern) const { return linked_[pattern]; }

 private:
  std::vector<std::uint32_t> parent_;
  std::vector<double> weakest_;  // by root
  std::vector<bool> linked_;     // to anything, its own tests included
};

FailureCluster cluster_of(const std::vector<const Pattern*>& patterns, double weakest,
                          const TestResults& results) {
  FailureCluster cluster{.jaccard = weakest};
  Bits any(patterns.front()->ends.failed.size());
  for (const Pattern* pattern : patterns) {
    cluster.tests.insert(cluster.tests.end(), pattern->tests.begin(), pattern->tests.end());
    for (std::size_t i = 0; i < any.size(); ++i) any[i] |= pattern->ends.failed[i];
  }
  std::sort(cluster.tests.begin(), cluster.tests.end());
  for (std::size_t column = 0; column < results.attempts().size(); ++column)
    if (any[column / 64] >> (column % 64) & 1) cluster.attempts.push_back(results.attempts()[column].attempt);
  return cluster;
}

}  // namespace

std::vector<FailureCluster> cluster_failures(const TestResults& results, const ClusterRule& rule) {
  const std::vector<Pattern> patterns = patterns_of(OutcomeGrid(results));
  Clusters joined(patterns);
  for (const auto& link : links_between(patterns, rule)) joined.join(link);

  std::map<std::uint32_t, std::vector<const Pattern*>> members;
  for (std::uint32_t i = 0; i < patterns.size(); ++i)
    if (joined.linked(i)) members[joined.root(i)].push_back(&patterns[i]);
  std::vector<FailureCluster> clusters;
  for (const auto& [root, each] : members)
    clusters.push_back(cluster_of(each, joined.weakest(root), results));
  std::stable_sort(clusters.begin(), clusters.end(), [](const FailureCluster& x, const FailureCluster& y) {
    if (x.tests.size() != y.tests.size()) return x.tests.size() > y.tests.size();
    return x.tests < y.tests;
  });
  return clusters;
}

}  // namespace orchestrator
