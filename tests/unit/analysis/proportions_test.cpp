#include "orchestrator/analysis/proportions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "tests/support/coin.h"

namespace orchestrator {
namespace {

// Computed with scipy 1.17: beta.ppf(α/2, k, n−k+1) and beta.ppf(1−α/2, k+1, n−k).
TEST(ClopperPearson, AgreesWithAnotherImplementation) {
  struct Case {
    int k, n;
    double confidence, low, high;
  };
  for (const Case& each : std::vector<Case>{{1, 20, .95, .001265, .248733},
                                            {3, 50, .95, .012549, .165482},
                                            {9, 30, .95, .147345, .493959},
                                            {17, 40, .95, .270429, .591099},
                                            {1, 1000, .95, .000025, .005559},
                                            {999, 1000, .95, .994441, .999975},
                                            {3, 50, .90, .016552, .147837},
                                            {3, 50, .99, .006872, .202706}}) {
    const Interval interval = clopper_pearson(each.k, each.n, each.confidence);
    EXPECT_NEAR(interval.low, each.low, 1e-6) << each.k << "/" << each.n;
    EXPECT_NEAR(interval.high, each.high, 1e-6) << each.k << "/" << each.n;
  }
}

// 1 − 0.05^(1/n), the exact one-sided bound.
TEST(ClopperPearson, IsOneSidedAtTheEnds) {
  EXPECT_EQ(clopper_pearson(0, 20).low, 0.0);
  EXPECT_NEAR(clopper_pearson(0, 20).high, 0.139108, 1e-6);
  EXPECT_NEAR(clopper_pearson(0, 50).high, 0.058155, 1e-6);
  EXPECT_NEAR(clopper_pearson(0, 100).high, 0.029513, 1e-6);
  EXPECT_NEAR(clopper_pearson(0, 300).high, 0.009936, 1e-6);
  EXPECT_NEAR(clopper_pearson(20, 20).low, 1 - 0.139108, 1e-6);
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

TEST(JeffreysMean, PutsThreeOfThreeBeforeOneOfOne) {
  EXPECT_GT(jeffreys_mean(3, 3), jeffreys_mean(1, 1));
  EXPECT_LT(jeffreys_mean(0, 3), jeffreys_mean(0, 1));
  EXPECT_DOUBLE_EQ(jeffreys_mean(0, 0), 0.5);
  EXPECT_DOUBLE_EQ(jeffreys_mean(3, 9), 0.35);
}

// ⌈ln(1 − confidence) ÷ ln(1 − rate)⌉ by hand.
TEST(AnytimeAttemptsToShowBelow, AreTheFirstAtWhichTheBoundIsBelow) {
  for (const double rate : {0.9, 0.5, 0.2, 0.05, 0.01, 0.001}) {
    const int n = anytime_attempts_to_show_below(rate);
    EXPECT_LT(anytime_upper(0, n), rate) << rate;
    EXPECT_GE(anytime_upper(0, n - 1), rate) << rate;
    EXPECT_GE(n, attempts_to_show_below(rate)) << rate;
  }
}

TEST(AttemptsToShowBelow, AreThoseOfTheGeometricLaw) {
  EXPECT_EQ(attempts_to_show_below(0.20), 14);
  EXPECT_EQ(attempts_to_show_below(0.20, 0.99), 21);
  EXPECT_EQ(attempts_to_show_below(0.10), 29);
  EXPECT_EQ(attempts_to_show_below(0.10, 0.99), 44);
  EXPECT_EQ(attempts_to_show_below(0.05), 59);
  EXPECT_EQ(attempts_to_show_below(0.05, 0.99), 90);
  EXPECT_EQ(attempts_to_show_below(0.02), 149);
  EXPECT_EQ(attempts_to_show_below(0.02, 0.99), 228);
  EXPECT_EQ(attempts_to_show_below(0.01), 299);
  EXPECT_EQ(attempts_to_show_below(0.01, 0.99), 459);
  EXPECT_EQ(attempts_to_show_below(0.001), 2995);
  EXPECT_EQ(attempts_to_show_below(0.001, 0.99), 4603);
}

TEST(AttemptsToShowBelow, AreTheFewestWhoseBoundIsThere) {
  for (const double rate : {0.3, 0.05, 0.013}) {
    const int n = attempts_to_show_below(rate);
    EXPECT_LE(clopper_pearson(0, n).high, rate);
    EXPECT_GT(clopper_pearson(0, n - 1).high, rate);
  }
}

// The mixture's definition, integrated numerically with scipy 1.17: the mean over U of
// (U^(1/a))ᵏ ((1 − rate U^(1/a)) ÷ (1 − rate))ⁿ⁻ᵏ, a = ¼.
TEST(Evidence, IsTheMeanOfItsDefinition) {
  EXPECT_NEAR(evidence_below(0.05, 0, 66), 19.750808, 1e-5);
  EXPECT_NEAR(evidence_below(0.05, 0, 67), 20.716755, 1e-5);
  EXPECT_NEAR(evidence_below(0.05, 1, 100), 4.8060178, 1e-6);
  EXPECT_NEAR(evidence_below(0.05, 3, 50), 0.15355757, 1e-7);
  EXPECT_NEAR(evidence_below(0.2, 4, 60), 15.821333, 1e-5);
  EXPECT_NEAR(evidence_below(0.01, 0, 340), 20.2754, 1e-3);
}

TEST(Evidence, BeginsAtNone) {
  EXPECT_EQ(evidence_below(0.05, 0, 0), 1.0);
  EXPECT_LT(evidence_below(0.05, 1, 1), 1.0 + 1e-12);
}

// Where the integrated mixture above reaches 20 (40 for each end of two), by root finding.
TEST(AnytimeInterval, EndsWhereTheEvidenceIsEnough) {
  EXPECT_NEAR(anytime_upper(0, 20), 0.155860, 1e-6);
  EXPECT_NEAR(anytime_upper(0, 100), 0.033432, 1e-6);
  EXPECT_NEAR(anytime_upper(3, 50), 0.208919, 1e-6);
  EXPECT_NEAR(anytime_upper(10, 200), 0.112700, 1e-6);
  EXPECT_NEAR(anytime_interval(3, 50).low, 0.001939, 1e-6);
  EXPECT_NEAR(anytime_interval(3, 50).high, 0.224312, 1e-6);
  EXPECT_NEAR(anytime_interval(10, 200).low, 0.009972, 1e-6);
  EXPECT_NEAR(anytime_interval(10, 200).high, 0.118198, 1e-6);
}

TEST(AnytimeInterval, NeedsSixtySevenCleanAttemptsForFivePercent) {
  EXPECT_GE(anytime_upper(0, 66), 0.05);
  EXPECT_LT(anytime_upper(0, 67), 0.05);
}

TEST(AnytimeInterval, ContainsTheIntervalForAFixedNumberOfAttempts) {
  for (const int n : {1, 2, 5, 20, 67, 300, 1000})
    for (int k = 0; k <= n; k += n > 100 ? 37 : 1) {
      const Interval fixed = clopper_pearson(k, n), anytime = anytime_interval(k, n);
      EXPECT_LE(anytime.low, fixed.low + 1e-12) << k << "/" << n;
      EXPECT_GE(anytime.high, fixed.high - 1e-12) << k << "/" << n;
    }
}

TEST(AnytimeInterval, IsTheSameFromBothEnds) {
  for (const int k : {0, 1, 7, 29}) {
    const Interval failures = anytime_interval(k, 30), passes = anytime_interval(30 - k, 30);
    EXPECT_NEAR(failures.low, 1 - passes.high, 1e-9);
    EXPECT_NEAR(failures.high, 1 - passes.low, 1e-9);
  }
}

// By n: the most failures with which the bound is below `rate`; −1 for none.
std::vector<int> most_failures_below(double rate, int longest) {
  std::vector<int> most(static_cast<std::size_t>(longest) + 1, -1);
  for (int n = 1; n <= longest; ++n) {
    int k = most[static_cast<std::size_t>(n) - 1];
    while (evidence_below(rate, k + 1, n) >= 20) ++k;
    most[static_cast<std::size_t>(n)] = k;
  }
  return most;
}

TEST(AnytimeInterval, IsBelowTheTrueRateAtAnyTimeInAtMostOneRunOfTwenty) {
  constexpr int kRuns = 10'000, kLongest = 300;
  constexpr double kRate = 0.05;
  const std::vector<int> most = most_failures_below(kRate, kLongest);
  Coin coin(20240229);
  int fixed_errs = 0, anytime_errs = 0;
  for (int run = 0; run < kRuns; ++run) {
    bool fixed = false, anytime = false;
    for (int n = 1, k = 0; n <= kLongest; ++n) {
      k += coin.falls(kRate);
      anytime |= k <= most[static_cast<std::size_t>(n)];
      fixed |= k == 0 && n >= 59;  // the bound for a fixed n, looked at each time
    }
    anytime_errs += anytime;
    fixed_errs += fixed;
  }
  std::printf("false alarms of the stopping rule: %.2f %% of %d runs (at most 5 %%)\n",
              anytime_errs * 100.0 / kRuns, kRuns);
  RecordProperty("false_alarms", anytime_errs);
  EXPECT_LE(anytime_errs, kRuns / 20);
  EXPECT_GT(anytime_errs, kRuns / 100);  // it is a bound that is used, not one that never comes near
  EXPECT_GT(fixed_errs, 0);
}

}  // namespace
}  // namespace orchestrator
