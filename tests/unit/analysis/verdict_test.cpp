#include "orchestrator/analysis/verdict.h"

#include <gtest/gtest.h>

#include <cmath>

#include "made_results.h"

namespace orchestrator {
namespace {

const ConditionCounts& deciding(const TestSummary& summary) {
  return summary.conditions.at(static_cast<std::size_t>(summary.deciding));
}

TestSummary judged(const Row& row, const std::vector<Condition>& conditions = {written()},
                   const std::vector<int>& of_attempts = {}, const VerdictOptions& options = {}) {
  return judge(made_results({row}, of_attempts), conditions, options).tests.at(0);
}

TEST(Verdict, IsFlakyWhenItPassedAndFailedInOneCondition) {
  const TestSummary summary = judged({"a", "...F."});
  EXPECT_EQ(summary.verdict, TestVerdict::flaky);
  EXPECT_EQ(deciding(summary).not_passed(), 1);
  EXPECT_EQ(deciding(summary).n(), 5);
  EXPECT_FALSE(summary.one_sided);
}

TEST(Verdict, IsFlakyForEachWayOfNotPassingAndShowsItApart) {
  for (const char way : std::string("FETMC")) {
    const TestSummary summary = judged({"a", std::string("..") + way});
    EXPECT_EQ(summary.verdict, TestVerdict::flaky) << way;
    const ConditionCounts& counts = deciding(summary);
    EXPECT_EQ(counts.failed, way == 'F');
    EXPECT_EQ(counts.errors, way == 'E');
    EXPECT_EQ(counts.timed_out, way == 'T');
    EXPECT_EQ(counts.out_of_memory, way == 'M');
    EXPECT_EQ(counts.crashed, way == 'C');
    EXPECT_EQ(counts.not_passed(), 1);
  }
}

TEST(Verdict, IsFailingWhenItNeverPassed) {
  const TestSummary summary = judged({"a", "FFTE"});
  EXPECT_EQ(summary.verdict, TestVerdict::failing);
  EXPECT_TRUE(summary.one_sided);
  EXPECT_EQ(summary.interval.high, 1.0);
  EXPECT_EQ(summary.severity, "critical");
}

// 1 − 0.05^(1/20)
TEST(Verdict, IsNotShownFlakyWithABoundWhenItAlwaysPassed) {
  const TestSummary summary = judged({"a", times(20, ".")});
  EXPECT_EQ(summary.verdict, TestVerdict::not_shown_flaky);
  EXPECT_TRUE(summary.one_sided);
  EXPECT_NEAR(summary.interval.high, 0.1391, 5e-5);
  EXPECT_EQ(summary.severity, "");
}

TEST(Verdict, HasAWiderBoundWhenTheRunCouldStopEarly) {
  const TestSummary summary = judged({"a", times(20, ".")}, {written()}, {}, {.anytime = true});
  EXPECT_NEAR(summary.interval.high, 0.15586, 5e-6);
}

TEST(Verdict, IsNotRunWhenItWasSkippedOrNeverReached) {
  const TestSummary summary = judged({"a", "s s-"});
  EXPECT_EQ(summary.verdict, TestVerdict::not_run);
  EXPECT_EQ(summary.deciding, -1);
  ASSERT_EQ(summary.conditions.size(), 1u);
  EXPECT_EQ(summary.conditions[0].skipped, 2);
  EXPECT_EQ(summary.conditions[0].not_run, 2);
}

TEST(Verdict, CountsSkippedAttemptsInNoRate) {
  const TestSummary summary = judged({"a", "s.s."});
  EXPECT_EQ(summary.verdict, TestVerdict::not_shown_flaky);
  EXPECT_EQ(deciding(summary).n(), 2);
  EXPECT_NEAR(summary.interval.high, 1 - std::sqrt(0.05), 1e-9);
}

TEST(Verdict, LeavesOutAttemptsThatWereCancelledOrBrokeDown) {
  TestResults results = made_results({{"a", "..."}});
  results.add({.attempt = 3, .counted = false, .runs = {{.test = 0, .outcome = TestOutcome::failed}}});
  results.add({.attempt = 4, .counted = false, .runs = {{.test = 0, .outcome = TestOutcome::passed}}});
  const Verdicts verdicts = judge(results, {written()}, {});
  EXPECT_EQ(verdicts.tests.at(0).verdict, TestVerdict::not_shown_flaky);
  EXPECT_EQ(deciding(verdicts.tests[0]).n(), 3);
  EXPECT_EQ(deciding(verdicts.tests[0]).not_run, 0);
  EXPECT_EQ(verdicts.grid.at(0), "...  ");
}

TEST(Verdict, IsOrderDependentWhenItPassesInOneOrderAndFailsInAnother) {
  const TestSummary summary = judged({"a", "....FFF"}, {written(), reversed()}, in_condition({4, 3}));
  EXPECT_EQ(summary.verdict, TestVerdict::order_dependent);
  EXPECT_EQ(deciding(summary).condition, 1);
  EXPECT_EQ(deciding(summary).n(), 3);
}

TEST(Verdict, IsOrderDependentWhenItNeedsAnotherTestBeforeIt) {
  Condition alone{.name = "alone", .order = TestOrder::listed, .tests = {"a"}};
  EXPECT_EQ(judged({"a", "...FF"}, {written(), alone}, in_condition({3, 2})).verdict,
            TestVerdict::order_dependent);
}

// Fisher 12 of 25 against 0 of 50: far below 5 %.
TEST(Verdict, IsOrderDependentWhenOnlyShuffledOrdersFailAndThatIsNoChance) {
  const std::string shuffle = times(12, ".F") + ".";
  const TestSummary summary =
      judged({"a", times(50, ".") + shuffle}, {written(), shuffled()}, in_condition({50, 25}));
  EXPECT_EQ(summary.verdict, TestVerdict::order_dependent);
  EXPECT_EQ(deciding(summary).condition, 1);
}

// 1 of 25 against 0 of 50: a third of all such tables by chance.
TEST(Verdict, IsFlakyWhenAFailureInShuffledOrderMayBeChance) {
  const TestSummary summary =
      judged({"a", times(50, ".") + times(24, ".") + "F"}, {written(), shuffled()}, in_condition({50, 25}));
  EXPECT_EQ(summary.verdict, TestVerdict::flaky);
  EXPECT_EQ(deciding(summary).condition, 1);
}

TEST(Verdict, IsFlakyWhenItDiffersAsWrittenWhateverShufflingDoes) {
  const TestSummary summary =
      judged({"a", times(49, ".") + "F" + times(25, "F")}, {written(), shuffled()}, in_condition({50, 25}));
  EXPECT_EQ(summary.verdict, TestVerdict::flaky);
  EXPECT_EQ(deciding(summary).condition, 0);
}

TEST(Verdict, IsFlakyWhenItDiffersInAnotherFixedOrder) {
  EXPECT_EQ(judged({"a", times(50, ".") + times(13, ".F")}, {written(), reversed()}, in_condition({50, 26}))
                .verdict,
            TestVerdict::flaky);
}

TEST(Verdict, IsRepeatDependentWhenOnlyTheSecondTimeFails) {
  const TestSummary summary = judged({"a", "....", "--FF"}, {written(), repeated()}, in_condition({2, 2}));
  EXPECT_EQ(summary.verdict, TestVerdict::repeat_dependent);
  EXPECT_EQ(deciding(summary).condition, 1);
  EXPECT_EQ(deciding(summary).failed_on_repeat_only, 2);
}

TEST(Verdict, IsRepeatDependentWhenTheSecondTimeOftenFails) {
  const TestSummary summary = judged({"a", times(75, "."), times(50, "-") + times(12, ".F") + "."},
                                     {written(), repeated()}, in_condition({50, 25}));
  EXPECT_EQ(summary.verdict, TestVerdict::repeat_dependent);
}

ConditionCounts counted(int passed, int failed) { return {.passed = passed, .failed = failed}; }

// 1 ÷ C(n, k), where k attempts of n fail and they are those of one condition.
TEST(DependenceP, IsFishersForTheConditionAgainstThoseThatAlwaysPassed) {
  EXPECT_NEAR(dependence_p({counted(2, 0), counted(1, 0), counted(0, 1)}, 2), 1.0 / 4, 1e-9);
  EXPECT_NEAR(dependence_p({counted(0, 3), counted(9, 0)}, 0), 1.0 / 220, 1e-9);
  EXPECT_NEAR(dependence_p({counted(1, 0), counted(0, 1)}, 1), 1.0, 1e-9);
}

TEST(DependenceP, LeavesOutConditionsThatFailToo) {
  EXPECT_NEAR(dependence_p({counted(3, 0), counted(0, 5), counted(0, 1)}, 2), 1.0 / 4, 1e-9);
  EXPECT_NEAR(dependence_p({counted(3, 0), counted(0, 1), {}}, 1), 1.0 / 4, 1e-9);
}

TEST(Verdict, OfFewAttemptsOnDependenceMayBeChance) {
  const std::vector<Condition> conditions{written(), shuffled(), repeated()};
  const TestSummary few = judged({"a", "....", "---F"}, conditions, in_condition({2, 1, 1}));
  EXPECT_EQ(few.verdict, TestVerdict::repeat_dependent);
  EXPECT_NEAR(few.dependence_p.value(), 0.25, 1e-9);
  EXPECT_TRUE(may_be_chance(few));
  const TestSummary more =
      judged({"a", times(30, "."), times(20, "-") + times(10, "F")}, conditions, in_condition({10, 10, 10}));
  EXPECT_EQ(more.verdict, TestVerdict::repeat_dependent);
  EXPECT_FALSE(may_be_chance(more));
  // 1 ÷ 20 is just enough.
  const TestSummary just =
      judged({"a", times(19, ".") + "F"}, {written(), reversed()}, in_condition({19, 1}));
  EXPECT_EQ(just.verdict, TestVerdict::order_dependent);
  EXPECT_NEAR(just.dependence_p.value(), 0.05, 1e-9);
  EXPECT_FALSE(may_be_chance(just));
}

TEST(Verdict, SaysHowProbableByChanceTheMixtureIsThatNamedIt) {
  const TestSummary summary =
      judged({"a", times(50, ".") + times(12, ".F") + "."}, {written(), shuffled()}, in_condition({50, 25}));
  EXPECT_EQ(summary.verdict, TestVerdict::order_dependent);
  EXPECT_LT(summary.dependence_p.value(), 1e-4);
  EXPECT_FALSE(may_be_chance(summary));
  EXPECT_FALSE(judged({"a", "..F."}).dependence_p);
  EXPECT_FALSE(judged({"a", "FFFF"}).dependence_p);
}

TEST(Verdict, IsFlakyWhenTheFirstOfTwoTimesFailsToo) {
  const TestSummary summary =
      judged({"a", times(50, ".") + "F" + times(24, "."), times(50, "-") + times(25, ".")},
             {written(), repeated()}, in_condition({50, 25}));
  EXPECT_EQ(summary.verdict, TestVerdict::flaky);
  EXPECT_EQ(deciding(summary).failed_on_repeat_only, 0);
}

TEST(Verdict, CountsATestAsPassedWhenAllItsRepeatsDid) {
  const TestSummary summary = judged({"a", "..F.", "...F"}, {repeated()});
  EXPECT_EQ(deciding(summary).passed, 2);
  EXPECT_EQ(deciding(summary).failed, 2);
  EXPECT_EQ(deciding(summary).failed_on_repeat_only, 1);
}

TEST(Verdict, NeverPoolsConditions) {
  const TestSummary summary = judged({"a", ".....F.F.."}, {written(), shuffled()}, in_condition({5, 5}));
  ASSERT_EQ(summary.conditions.size(), 2u);
  EXPECT_EQ(summary.conditions[0].n(), 5);
  EXPECT_EQ(summary.conditions[0].not_passed(), 0);
  EXPECT_EQ(summary.conditions[1].n(), 5);
  EXPECT_EQ(summary.conditions[1].not_passed(), 2);
  EXPECT_EQ(deciding(summary).condition, 1);
  EXPECT_DOUBLE_EQ(summary.ranking, 2.5 / 6);
}

TEST(Verdict, BoundsATestThatAlwaysPassedByItsLargestConditionAlone) {
  const TestSummary summary = judged({"a", times(30, ".")}, {written(), shuffled()}, in_condition({10, 20}));
  EXPECT_NEAR(summary.interval.high, 0.1391, 5e-5);  // of 20, not of 30
}

TEST(Verdict, DoesNotMissATestWhereItWasNotAskedFor) {
  const Condition others{.name = "others", .order = TestOrder::listed, .tests = {"b"}};
  const Verdicts verdicts =
      judge(made_results({{"a", "..--"}, {"b", "...."}}, in_condition({2, 2})), {written(), others}, {});
  EXPECT_EQ(verdicts.tests.at(0).conditions.size(), 1u);
  EXPECT_EQ(verdicts.tests.at(1).conditions.size(), 2u);
}

TEST(Verdict, GivesTheWordsOfTheThresholds) {
  const auto word = [](int failed, const VerdictOptions& options = {}) {
    return judged({"a", times(failed, "F") + times(100 - failed, ".")}, {written()}, {}, options).severity;
  };
  EXPECT_EQ(word(90), "critical");
  EXPECT_EQ(word(89), "high");
  EXPECT_EQ(word(50), "high");
  EXPECT_EQ(word(49), "medium");
  EXPECT_EQ(word(10), "medium");
  EXPECT_EQ(word(9), "low");
  EXPECT_EQ(word(1), "low");
  EXPECT_EQ(word(1, {.low = 0.02}), "");
}

TEST(Verdicts, ArePutWorstFirstAndCounted) {
  const TestResults results = made_results({{"fine", "......"},
                                            {"skipped", "ssssss"},
                                            {"broken", "FFFFFF"},
                                            {"rare", ".F...."},
                                            {"often", ".FF.F."},
                                            {"order", "....FF"},
                                            {"repeat", "......", "--FF--"}},
                                           {0, 0, 2, 2, 1, 1});
  const Verdicts verdicts = judge(results, {written(), reversed(), repeated()}, {});
  std::vector<std::string> ids;
  for (const auto& each : verdicts.tests) ids.push_back(results.tests()[each.test]);
  EXPECT_EQ(ids, (std::vector<std::string>{"often", "rare", "order", "repeat", "broken", "fine", "skipped"}));
  EXPECT_EQ(verdicts.flaky, 2);
  EXPECT_EQ(verdicts.order_dependent, 1);
  EXPECT_EQ(verdicts.repeat_dependent, 1);
  EXPECT_EQ(verdicts.failing, 1);
  EXPECT_EQ(verdicts.not_shown_flaky, 1);
  EXPECT_EQ(verdicts.not_run, 1);
}

TEST(Verdicts, ShowHowEachTestEndedInEachAttempt) {
  const Verdicts verdicts = judge(made_results({{"a", ".FETMCs -", "F.....s--"}}), {written()}, {});
  EXPECT_EQ(verdicts.grid.at(0), "FFETMCs  ");
}

TEST(Verdicts, OfNothingAreNone) {
  const Verdicts verdicts = judge(TestResults(), {written()}, {});
  EXPECT_TRUE(verdicts.tests.empty());
}

}  // namespace
}  // namespace orchestrator
