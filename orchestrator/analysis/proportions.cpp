#include "orchestrator/analysis/proportions.h"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <limits>

namespace orchestrator {
namespace {

constexpr double kMixture = 0.25;  // a

double log_beta(double a, double b) {
  return boost::math::lgamma(a) + boost::math::lgamma(b) - boost::math::lgamma(a + b);
}

// ln of I_x(a, b); where that is too small for a double, its leading term x^a ÷ (a B(a, b)).
double log_incomplete_beta(double a, double b, double x) {
  const double value = boost::math::ibeta(a, b, x);
  if (value > std::numeric_limits<double>::min()) return std::log(value);
  return a * std::log(x) - std::log(a) - log_beta(a, b);
}

double log_evidence_below(double rate, int k, int n) {
  const double a = kMixture + k;
  const double b = n - k + 1.0;
  return std::log(kMixture) - kMixture * std::log(rate) + log_beta(a, b) + log_incomplete_beta(a, b, rate) -
         k * std::log(rate) - (n - k) * std::log1p(-rate);
}

}  // namespace

Interval clopper_pearson(int k, int n, double confidence) {
  if (n <= 0) return {};
  k = std::clamp(k, 0, n);
  const double alpha = 1.0 - confidence;
  if (k == 0) return {0.0, 1.0 - std::pow(alpha, 1.0 / n)};
  if (k == n) return {std::pow(alpha, 1.0 / n), 1.0};
  const double low = boost::math::ibeta_inv(static_cast<double>(k), n - k + 1.0, alpha / 2);
  const double high = boost::math::ibeta_inv(k + 1.0, static_cast<double>(n - k), 1.0 - alpha / 2);
  return {low, high};
}

double clopper_pearson_lower(int k, int n, double confidence) {
  if (n <= 0 || k <= 0) return 0.0;
  k = std::min(k, n);
  return boost::math::ibeta_inv(static_cast<double>(k), n - k + 1.0, 1.0 - confidence);
}

double jeffreys_mean(int k, int n) { return (k + 0.5) / (n + 1.0); }

int attempts_to_show_below(double rate, double confidence) {
  return static_cast<int>(std::ceil(std::log1p(-confidence) / std::log1p(-rate)));
}

int anytime_attempts_to_show_below(double rate, double confidence) {
  int enough = 1;
  while (anytime_upper(0, enough, confidence) >= rate) enough *= 2;
  int few = enough / 2;
  while (enough - few > 1) {
    const int middle = few + (enough - few) / 2;
    (anytime_upper(0, middle, confidence) < rate ? enough : few) = middle;
  }
  return enough;
}

double evidence_below(double rate, int k, int n) {
  if (n <= 0 || k >= n) return 1.0;
  return std::exp(log_evidence_below(rate, k, n));
}

double anytime_upper(int k, int n, double confidence) {
  if (n <= 0 || k >= n) return 1.0;
  const double wanted = -std::log1p(-confidence);
  double refuted = 1.0, open = 0.0;
  for (int step = 0; step < 60; ++step) {
    const double middle = (refuted + open) / 2;
    (log_evidence_below(middle, k, n) >= wanted ? refuted : open) = middle;
  }
  return refuted;
}

double anytime_lower(int k, int n, double confidence) { return 1.0 - anytime_upper(n - k, n, confidence); }

Interval anytime_interval(int k, int n, double confidence) {
  if (n <= 0) return {};
  k = std::clamp(k, 0, n);
  if (k == 0) return {0.0, anytime_upper(0, n, confidence)};
  if (k == n) return {anytime_lower(n, n, confidence), 1.0};
  const double each = 1.0 - (1.0 - confidence) / 2;
  return {anytime_lower(k, n, each), anytime_upper(k, n, each)};
}

}  // namespace orchestrator
