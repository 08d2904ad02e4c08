#include <gtest/gtest.h>

#include <cmath>

#include "orchestrator/report/report.h"

namespace orchestrator {
namespace {

TEST(ClopperPearson, AgreesWithPublishedValues) {
  EXPECT_NEAR(clopper_pearson(1, 20).low, 0.00127, 0.000005);
  EXPECT_NEAR(clopper_pearson(1, 20).high, 0.2487, 0.00005);
  EXPECT_NEAR(clopper_pearson(9, 30).low, 0.1473, 0.00005);
  EXPECT_NEAR(clopper_pearson(9, 30).high, 0.4940, 0.00005);
}

TEST(ClopperPearson, IsOneSidedAtTheEnds) {
  EXPECT_EQ(clopper_pearson(0, 20).low, 0.0);
  EXPECT_NEAR(clopper_pearson(0, 20).high, 0.139, 0.0005);
  EXPECT_NEAR(clopper_pearson(0, 100).high, 0.0295, 0.00005);
  EXPECT_NEAR(clopper_pearson(20, 20).low, 0.861, 0.0005);
  EXPECT_EQ(clopper_pearson(20, 20).high, 1.0);
}

TEST(ClopperPearson, KnowsNothingOfNoAttempts) {
  EXPECT_EQ(clopper_pearson(0, 0).low, 0.0);
  EXPECT_EQ(clopper_pearson(0, 0).high, 1.0);
}

TEST(ClopperPearson, HoldsTheRateForEveryCountUpToTheLargestRun) {
  for (const int n : {1, 2, 7, 50, 1000})
    for (int k = 0; k <= n; ++k) {
      const Interval interval = clopper_pearson(k, n);
      const double rate = static_cast<double>(k) / n;
      EXPECT_LE(interval.low, rate);
      EXPECT_GE(interval.high, rate);
      EXPECT_LT(interval.low, interval.high);
    }
}

}  // namespace
}  // namespace orchestrator
