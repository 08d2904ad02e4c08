#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>

#include "orchestrator/report/report.h"

namespace orchestrator {

Interval clopper_pearson(int k, int n, double confidence) {
  if (n <= 0) return {};
  k = std::clamp(k, 0, n);
  const double alpha = 1.0 - confidence;
  // At an end of the range the interval can err on one side only, so all of alpha is spent there.
  if (k == 0) return {0.0, 1.0 - std::pow(alpha, 1.0 / n)};
  if (k == n) return {std::pow(alpha, 1.0 / n), 1.0};
  const double low = boost::math::ibeta_inv(static_cast<double>(k), n - k + 1.0, alpha / 2);
  const double high = boost::math::ibeta_inv(k + 1.0, static_cast<double>(n - k), 1.0 - alpha / 2);
  return {low, high};
}

}  // namespace orchestrator
