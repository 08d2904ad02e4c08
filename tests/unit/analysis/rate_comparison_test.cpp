#include "orchestrator/analysis/rate_comparison.h"

#include <gtest/gtest.h>

namespace orchestrator {
namespace {

RatePair pair(const std::string& id, int failed_before, int n_before, int failed_after, int n_after) {
  return {id, "written", failed_before, n_before, failed_after, n_after};
}

// p of 0 of 20 against 6 of 20 is 0.0202 (R: fisher.test), of 3 of 20 0.2308.
TEST(RateComparison, CallsWorseWhatFishersTestShows) {
  const RateComparison one = compare_rates({pair("t", 0, 20, 6, 20)});
  ASSERT_EQ(one.worse, 1);
  EXPECT_NEAR(one.changes[0].p, 0.0202, 1e-4);
  EXPECT_DOUBLE_EQ(one.changes[0].difference, 0.3);
  EXPECT_EQ(compare_rates({pair("t", 0, 20, 3, 20)}).worse, 0);
  const RateComparison other = compare_rates({pair("t", 6, 20, 0, 20)});
  EXPECT_EQ(other.worse, 0);
  EXPECT_EQ(other.better, 1);
}

TEST(RateComparison, AsksMoreOfEachTestTheMoreTestsThereAre) {
  std::vector<RatePair> pairs{pair("t", 0, 20, 6, 20)};
  for (int i = 0; i < 9; ++i) pairs.push_back(pair("u" + std::to_string(i), 2, 20, 2, 20));
  const RateComparison ten = compare_rates(pairs);
  EXPECT_EQ(ten.questions, 10);
  EXPECT_EQ(ten.worse, 0) << "q = 10 × 0.02";
  EXPECT_NEAR(ten.changes[0].q, 0.2018, 1e-3);
}

TEST(RateComparison, DoesNotCountWhatIsNoQuestion) {
  std::vector<RatePair> pairs{pair("t", 0, 20, 6, 20)};
  for (int i = 0; i < 99; ++i) pairs.push_back(pair("u" + std::to_string(i), 0, 20, 0, 20));
  pairs.push_back(pair("broken", 20, 20, 20, 20));
  pairs.push_back(pair("absent", 0, 0, 5, 20));
  const RateComparison comparison = compare_rates(pairs);
  EXPECT_EQ(comparison.questions, 1);
  EXPECT_EQ(comparison.worse, 1);
  EXPECT_EQ(comparison.changes.size(), 101u) << "an empty side is left out";
}

TEST(RateComparison, PutsTheWorstFirst) {
  const RateComparison comparison =
      compare_rates({pair("same", 1, 50, 1, 50), pair("better", 40, 50, 0, 50), pair("worse", 0, 50, 20, 50),
                     pair("worst", 0, 50, 50, 50)});
  std::string order;
  for (const auto& change : comparison.changes) order += change.pair.id + " ";
  EXPECT_EQ(order, "worst worse better same ");
}

TEST(Power, IsTheFewestFailuresThatAreFound) {
  for (const int questions : {1, 5}) {
    const Power power = power_of(20, 20, questions);
    ASSERT_TRUE(power.failures);
    EXPECT_EQ(*power.failures, questions == 1 ? 5 : 7);
    // Alone among so many questions that are of no account it is found, and with one less it is not.
    for (const int failures : {*power.failures, *power.failures - 1}) {
      std::vector<RatePair> pairs{pair("t", 0, 20, failures, 20)};
      for (int i = 1; i < questions; ++i) pairs.push_back(pair("u" + std::to_string(i), 2, 20, 2, 20));
      EXPECT_EQ(compare_rates(pairs).worse, failures == *power.failures ? 1 : 0);
    }
  }
}

TEST(Power, SaysWhenNothingCanBeFound) {
  EXPECT_FALSE(power_of(3, 3, 1).failures);  // 0 of 3 against 3 of 3: p = 0.1
  EXPECT_TRUE(power_of(4, 4, 1).failures);   // p = 0.029
  EXPECT_EQ(attempts_to_find_anything(1), 4);
  EXPECT_FALSE(power_of(0, 20, 1).failures);
}

}  // namespace
}  // namespace orchestrator
