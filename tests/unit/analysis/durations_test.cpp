#include "orchestrator/analysis/durations.h"

#include <gtest/gtest.h>

namespace orchestrator {
namespace {

Durations durations_of(const std::vector<std::pair<TestOutcome, float>>& runs, bool counted = true) {
  TestResults results;
  const TestIndex test = results.intern_test("a");
  int number = 0;
  for (const auto& [outcome, seconds] : runs)
    results.add({.attempt = number++,
                 .counted = counted,
                 .runs = {{.test = test, .outcome = outcome, .seconds = seconds}}});
  return durations(results).at(0);
}

constexpr auto kPassed = TestOutcome::passed, kFailed = TestOutcome::failed;

TEST(Durations, AreMedianAndMiddleNinetyPercentOfThePasses) {
  std::vector<std::pair<TestOutcome, float>> runs;
  for (int i = 100; i >= 1; --i) runs.emplace_back(kPassed, static_cast<float>(i));
  runs.emplace_back(kFailed, 60.0f);
  const Durations found = durations_of(runs);
  EXPECT_EQ(found.n, 100);
  EXPECT_DOUBLE_EQ(found.median, 50);
  EXPECT_DOUBLE_EQ(found.low, 5);
  EXPECT_DOUBLE_EQ(found.high, 95);
  EXPECT_DOUBLE_EQ(found.median_not_passed, 60);
  EXPECT_FALSE(found.slow_failures);
}

TEST(Durations, OfATestThatNeverPassedAreThoseOfItsFailures) {
  const Durations found = durations_of({{kFailed, 2.0f}, {kFailed, 3.0f}, {TestOutcome::error, 4.0f}});
  EXPECT_EQ(found.n, 3);
  EXPECT_DOUBLE_EQ(found.median, 3);
  EXPECT_FALSE(found.slow_failures);
}

TEST(Durations, NameFailuresThatTakeFarLonger) {
  std::vector<std::pair<TestOutcome, float>> runs;
  for (int i = 0; i < 20; ++i) runs.emplace_back(kPassed, 1.0f + 0.01f * static_cast<float>(i));
  for (int i = 0; i < 5; ++i) runs.emplace_back(kFailed, 5.0f + static_cast<float>(i));
  EXPECT_TRUE(durations_of(runs).slow_failures);
}

TEST(Durations, DoNotNameOneSlowFailureAmongFewPasses) {
  EXPECT_FALSE(durations_of({{kPassed, 1.0f}, {kPassed, 1.1f}, {kFailed, 9.0f}}).slow_failures);
}

TEST(Durations, LeaveOutWhatHadNoEndOfItsOwn) {
  const Durations found = durations_of({{kPassed, 1.0f},
                                        {TestOutcome::timed_out, 300.0f},
                                        {TestOutcome::crashed, 7.0f},
                                        {TestOutcome::skipped, 0.0f}});
  EXPECT_EQ(found.n, 1);
  EXPECT_DOUBLE_EQ(found.high, 1);
  EXPECT_DOUBLE_EQ(found.median_not_passed, 0);
  EXPECT_EQ(durations_of({{kPassed, 1.0f}}, false).n, 0);
}

}  // namespace
}  // namespace orchestrator
