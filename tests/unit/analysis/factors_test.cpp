#include "orchestrator/analysis/factors.h"

#include <gtest/gtest.h>

#include "made_results.h"

namespace orchestrator {
namespace {

std::vector<AttemptFacts> facts(int attempts) {
  std::vector<AttemptFacts> all;
  for (int i = 0; i < attempts; ++i) all.push_back({.attempt = i});
  return all;
}

// 6 of 20 against 0 of 20: p = 0.0202 (scipy 1.17).
TEST(Factors, NameAnOrderThatGoesWithFailure) {
  const auto found = find_factors(
      made_results({{"a", times(20, ".") + times(6, "F") + times(14, ".")}}, in_condition({20, 20})),
      {written(), shuffled()}, {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].factor, "order: shuffle against written");
  EXPECT_EQ(found[0].condition, 1);
  EXPECT_EQ(found[0].failed_with, 6);
  EXPECT_EQ(found[0].n_with, 20);
  EXPECT_EQ(found[0].failed_without, 0);
  EXPECT_EQ(found[0].n_without, 20);
  EXPECT_NEAR(found[0].risk_difference, 0.3, 1e-12);
  EXPECT_NEAR(found[0].p, 0.020196, 1e-6);
  EXPECT_NEAR(found[0].q, 0.020196, 1e-6);
}

// 3 of 20 against 0 of 20: p = 0.23.
TEST(Factors, NameNoneWhenItMayBeChance) {
  EXPECT_TRUE(find_factors(made_results({{"a", times(20, ".") + times(3, "F") + times(17, ".")}},
                                        in_condition({20, 20})),
                           {written(), shuffled()}, {})
                  .empty());
}

TEST(Factors, NameNoneThatIsLostAmongManyQuestions) {
  std::vector<Row> rows{{"a", times(20, ".") + times(6, "F") + times(14, ".")}};
  for (int i = 0; i < 9; ++i)  // flaky alike in both conditions: nine more questions, 10 × 0.0202 > 0.05
    rows.push_back({"b" + std::to_string(i), times(20, ".F")});
  EXPECT_TRUE(find_factors(made_results(rows, in_condition({20, 20})), {written(), shuffled()}, {}).empty());
}

TEST(Factors, DoNotAskTestsThatAlwaysOrNeverPassed) {
  std::vector<Row> rows{{"a", times(20, ".") + times(6, "F") + times(14, ".")}};
  for (int i = 0; i < 100; ++i) {
    rows.push_back({"fine" + std::to_string(i), times(40, ".")});
    rows.push_back({"broken" + std::to_string(i), times(40, "F")});
  }
  EXPECT_EQ(find_factors(made_results(rows, in_condition({20, 20})), {written(), shuffled()}, {}).size(), 1u);
}

TEST(Factors, NameARepeatByItsSecondTimeAlone) {
  const auto found = find_factors(
      made_results({{"a", times(40, "."), times(20, "-") + times(10, "F.")}}, in_condition({20, 20})),
      {written(), repeated()}, {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].factor, "repeat: second time against first");
  EXPECT_EQ(found[0].failed_with, 10);
  EXPECT_EQ(found[0].n_with, 20);
}

TEST(Factors, DoNotBlameARepeatForItsSecondChanceToFail) {
  // Each time fails in one of four, whichever it is; attempts with two times fail in nearly one of two.
  const auto found = find_factors(
      made_results({{"a", times(50, "F..."), times(100, "-") + times(25, ".F..")}}, in_condition({100, 100})),
      {written(), repeated()}, {});
  EXPECT_TRUE(found.empty());
}

TEST(Factors, NameTheParityOfTheSeed) {
  std::vector<AttemptFacts> attempts = facts(40);
  for (int i = 0; i < 40; ++i) attempts[static_cast<std::size_t>(i)].seed = i % 4 == 0 ? -i - 1 : 2 * i;
  const auto found = find_factors(made_results({{"a", times(10, "F...")}}), {written()}, attempts);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].factor, "seed: odd against even");
  EXPECT_EQ(found[0].failed_with, 10);
  EXPECT_EQ(found[0].n_with, 10);
  EXPECT_DOUBLE_EQ(found[0].risk_difference, 1.0);
}

TEST(Factors, NameManyNeighbours) {
  std::vector<AttemptFacts> attempts = facts(40);
  for (int i = 0; i < 40; ++i) attempts[static_cast<std::size_t>(i)].neighbours = i % 2 == 0 ? 3 : 1;
  const auto found = find_factors(made_results({{"a", times(20, "F.")}}), {written()}, attempts);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].factor, "neighbours: 3 or more");
}

TEST(Factors, SplitNeighboursWhereTheMedianIsTheLeast) {
  std::vector<AttemptFacts> attempts = facts(40);
  for (int i = 0; i < 40; i += 4) attempts[static_cast<std::size_t>(i)].neighbours = 2;
  const auto found = find_factors(made_results({{"a", times(10, "F...")}}), {written()}, attempts);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].factor, "neighbours: 2 or more");
  EXPECT_EQ(found[0].n_with, 10);
}

TEST(Factors, CompareSeedsWithinAConditionOnly) {
  // Failures are all in the shuffled condition, and so are the odd seeds.
  std::vector<AttemptFacts> attempts = facts(40);
  for (int i = 20; i < 40; ++i) attempts[static_cast<std::size_t>(i)].seed = 1;
  const auto found =
      find_factors(made_results({{"a", times(20, ".") + times(10, "F.")}}, in_condition({20, 20})),
                   {written(), shuffled()}, attempts);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].factor, "order: shuffle against written");
}

TEST(Factors, PutTheLargestEffectFirst) {
  const auto found = find_factors(
      made_results({{"less", times(40, ".") + times(20, "F.")}, {"more", times(40, ".") + times(40, "F")}},
                   in_condition({40, 40})),
      {written(), shuffled()}, {});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].test, 1u);
}

}  // namespace
}  // namespace orchestrator
