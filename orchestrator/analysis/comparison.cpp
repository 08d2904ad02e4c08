#include "orchestrator/analysis/comparison.h"

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <numeric>
#include <utility>

namespace orchestrator {
namespace {

double log_factorial(int n) {
  // Tables of attempts are small, and thousands of them are asked about.
  static const std::vector<double> known = [] {
    std::vector<double> values(4096);
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = boost::math::lgamma(static_cast<double>(i) + 1.0);
    return values;
  }();
  const auto index = static_cast<std::size_t>(n);
  return index < known.size() ? known[index] : boost::math::lgamma(n + 1.0);
}

double log_choose(int n, int k) { return log_factorial(n) - log_factorial(k) - log_factorial(n - k); }

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

double fisher_exact_more(const TwoByTwo& table) {
  if (risk_difference(table) <= 0) return 1.0;
  const int a = table.failed_a + table.passed_a;
  const int b = table.failed_b + table.passed_b;
  const int failed = table.failed_a + table.failed_b;
  int x = table.failed_a;
  double probability = std::exp(log_choose(a, x) + log_choose(b, failed - x) - log_choose(a + b, failed));
  double sum = 0;
  for (const int most = std::min(a, failed); x <= most; ++x) {
    sum += probability;
    probability *= static_cast<double>(a - x) * (failed - x) / ((x + 1.0) * (b - failed + x + 1.0));
  }
  return std::min(sum, 1.0);
}

double risk_difference(const TwoByTwo& table) {
  const int a = table.failed_a + table.passed_a;
  const int b = table.failed_b + table.passed_b;
  if (a == 0 || b == 0) return 0.0;
  return static_cast<double>(table.failed_a) / a - static_cast<double>(table.failed_b) / b;
}

std::vector<double> benjamini_hochberg(const std::vector<double>& p_values) {
  return benjamini_hochberg(p_values, std::vector<double>(p_values.size(), 1.0),
                            static_cast<double>(p_values.size()));
}

std::vector<double> benjamini_hochberg(const std::vector<double>& p_values, const std::vector<double>& times,
                                       double questions) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](auto x, auto y) { return p_values[x] > p_values[y]; });
  std::vector<double> adjusted(p_values.size());
  double smallest = 1.0, rank = std::accumulate(times.begin(), times.end(), 0.0);
  for (const std::size_t i : order) {
    smallest = std::min(smallest, p_values[i] * questions / rank);
    adjusted[i] = smallest;
    rank -= times[i];
  }
  return adjusted;
}

double mann_whitney(std::span<const float> larger, std::span<const float> smaller) {
  if (larger.empty() || smaller.empty()) return 1.0;
  std::vector<std::pair<float, bool>> all;  // value, is of `larger`
  for (const float value : larger) all.emplace_back(value, true);
  for (const float value : smaller) all.emplace_back(value, false);
  std::sort(all.begin(), all.end());
  double rank_sum = 0, ties = 0;
  for (std::size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    while (end < all.size() && all[end].first == all[begin].first) ++end;
    const double alike = static_cast<double>(end - begin);
    const double rank = (static_cast<double>(begin + end) + 1) / 2;  // the mean of theirs, from 1
    for (std::size_t i = begin; i < end; ++i) rank_sum += all[i].second ? rank : 0;
    ties += alike * alike * alike - alike;
  }
  const double a = static_cast<double>(larger.size()), b = static_cast<double>(smaller.size()), n = a + b;
  const double above = rank_sum - a * (a + 1) / 2 - a * b / 2;  // U less its mean
  const double variance = a * b / 12 * (n + 1 - ties / (n * (n - 1)));
  if (variance <= 0) return 1.0;
  const double approximate = std::erfc((above - 0.5) / std::sqrt(2 * variance)) / 2;
  const int of_larger = static_cast<int>(larger.size());
  return std::max(approximate,
                  std::exp(-log_choose(of_larger + static_cast<int>(smaller.size()), of_larger)));
}

}  // namespace orchestrator
