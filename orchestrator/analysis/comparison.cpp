#include "orchestrator/analysis/comparison.h"

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <numeric>

namespace orchestrator {
namespace {

double log_choose(int n, int k) {
  using boost::math::lgamma;
  return lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0);
}

}  // namespace

double fisher_exact(const TwoByTwo& table) {
  const int a = table.failed_a + table.passed_a;
  const int b = table.failed_b + table.passed_b;
  const int failed = table.failed_a + table.failed_b;
  if (a == 0 || b == 0) return 1.0;
  // The hypergeometric law of the failures in group a.
  const double all = log_choose(a + b, failed);
  const auto log_probability = [&](int x) { return log_choose(a, x) + log_choose(b, failed - x) - all; };
  // Equal probabilities computed along two ways differ in their last digits.
  const double seen = log_probability(table.failed_a) + 1e-7;
  double sum = 0;
  for (int x = std::max(0, failed - b); x <= std::min(a, failed); ++x)
    if (const double probability = log_probability(x); probability <= seen) sum += std::exp(probability);
  return std::min(sum, 1.0);
}

double risk_difference(const TwoByTwo& table) {
  const int a = table.failed_a + table.passed_a;
  const int b = table.failed_b + table.passed_b;
  if (a == 0 || b == 0) return 0.0;
  return static_cast<double>(table.failed_a) / a - static_cast<double>(table.failed_b) / b;
}

std::vector<double> benjamini_hochberg(const std::vector<double>& p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](auto x, auto y) { return p_values[x] > p_values[y]; });
  std::vector<double> adjusted(p_values.size());
  double smallest = 1.0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const double rank = static_cast<double>(order.size() - i);
    smallest = std::min(smallest, p_values[order[i]] * static_cast<double>(order.size()) / rank);
    adjusted[order[i]] = smallest;
  }
  return adjusted;
}

}  // namespace orchestrator
