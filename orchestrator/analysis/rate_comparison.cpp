#include "orchestrator/analysis/rate_comparison.h"

#include <algorithm>

namespace orchestrator {
namespace {

TwoByTwo table_of(const RatePair& pair) {
  return {.failed_a = pair.failed_after,
          .passed_a = pair.n_after - pair.failed_after,
          .failed_b = pair.failed_before,
          .passed_b = pair.n_before - pair.failed_before};
}

bool is_question(const TwoByTwo& table) {
  return table.failed_a + table.failed_b > 0 && table.passed_a + table.passed_b > 0;
}

bool comes_first(const RateChange& one, const RateChange& other) {
  if (one.worse != other.worse) return one.worse;
  if (one.worse && one.difference != other.difference) return one.difference > other.difference;
  if (one.better != other.better) return one.better;
  if (one.p != other.p) return one.p < other.p;
  if (one.pair.id != other.pair.id) return one.pair.id < other.pair.id;
  return one.pair.condition < other.pair.condition;
}

bool is_found(int failures, int n_before, int n_after, int questions) {
  const TwoByTwo table{
      .failed_a = failures, .passed_a = n_after - failures, .failed_b = 0, .passed_b = n_before};
  return fisher_exact(table) * std::max(1, questions) <= kFalseDiscoveryRate;
}

}  // namespace

RateComparison compare_rates(std::vector<RatePair> pairs) {
  std::erase_if(pairs, [](const RatePair& pair) { return pair.n_before == 0 || pair.n_after == 0; });
  RateComparison comparison;
  std::vector<double> p_values;
  std::vector<std::size_t> asked;
  for (auto& pair : pairs) {
    const TwoByTwo table = table_of(pair);
    RateChange change{.pair = std::move(pair), .difference = risk_difference(table)};
    if (is_question(table)) {
      change.p = fisher_exact(table);
      p_values.push_back(change.p);
      asked.push_back(comparison.changes.size());
    }
    comparison.changes.push_back(std::move(change));
  }
  const std::vector<double> adjusted = benjamini_hochberg(p_values);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    RateChange& change = comparison.changes[asked[i]];
    change.q = adjusted[i];
    const bool found = change.q <= kFalseDiscoveryRate;
    change.worse = found && change.difference > 0;
    change.better = found && change.difference < 0;
    comparison.worse += change.worse;
    comparison.better += change.better;
  }
  comparison.questions = static_cast<int>(asked.size());
  std::sort(comparison.changes.begin(), comparison.changes.end(), comes_first);
  return comparison;
}

Power power_of(int n_before, int n_after, int questions) {
  Power power{n_before, n_after, std::nullopt};
  for (int failures = 1; n_before > 0 && failures <= n_after && !power.failures; ++failures)
    if (is_found(failures, n_before, n_after, questions)) power.failures = failures;
  return power;
}

int attempts_to_find_anything(int questions) {
  int n = 1;
  while (!is_found(n, n, n, questions)) ++n;
  return n;
}

}  // namespace orchestrator
