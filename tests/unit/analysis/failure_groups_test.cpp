#include "orchestrator/analysis/failure_groups.h"

#include <gtest/gtest.h>

#include "made_results.h"

namespace orchestrator {
namespace {

struct Failed {
  std::string test, signature;
  std::uint32_t text = 0;
};

AttemptTests attempt_of(TestResults& results, int number, const std::vector<Failed>& failed) {
  AttemptTests attempt{.attempt = number};
  for (const auto& each : failed) {
    const TestIndex test = results.intern_test(each.test);
    const auto failure = results.add_failure({.attempt = number,
                                              .test = test,
                                              .signature = results.intern_signature(each.signature),
                                              .text = {.bytes = each.text}});
    attempt.runs.push_back({.test = test, .outcome = TestOutcome::failed, .failure = failure});
  }
  return attempt;
}

TEST(FailureGroups, HoldAllFailuresOfASignature) {
  TestResults results;
  results.add(attempt_of(results, 1, {{"a", "rare"}, {"a", "often"}, {"b", "often"}}));
  results.add(attempt_of(results, 4, {{"b", "often", 10}, {"a", "often", 20}}));
  const auto groups = group_failures(results);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(results.signatures()[groups[0].signature], "often");
  EXPECT_EQ(groups[0].failures, 4);
  EXPECT_EQ(groups[0].attempts, (std::vector<int>{1, 4}));
  EXPECT_EQ(groups[0].tests, (std::vector<TestIndex>{0, 1}));
  EXPECT_EQ(groups[0].representative, 3);  // the first with a text
  EXPECT_EQ(groups[1].representative, 0);  // none has one
}

TEST(FailureGroups, HoldNothingOfAReplacedTryOrAnAttemptThatIsNotCounted) {
  TestResults results;
  results.add(attempt_of(results, 1, {{"a", "first try"}}));
  results.add(attempt_of(results, 1, {{"a", "second try"}}));
  AttemptTests cancelled = attempt_of(results, 2, {{"a", "cancelled"}});
  cancelled.counted = false;
  results.add(std::move(cancelled));
  const auto groups = group_failures(results);
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(results.signatures()[groups[0].signature], "second try");
}

// Links as they are, whatever chance says of so few attempts.
constexpr ClusterRule kAnyLink{0.5, 1.0};

TEST(FailureClusters, HoldTestsThatFailTogether) {
  const auto clusters = cluster_failures(
      made_results({{"a", "F.FF...."}, {"b", "F.FF...."}, {"c", "F.F....."}, {"alone", "....FFFF"}}),
      kAnyLink);
  ASSERT_EQ(clusters.size(), 1u);
  EXPECT_EQ(clusters[0].tests, (std::vector<TestIndex>{0, 1, 2}));
  EXPECT_EQ(clusters[0].attempts, (std::vector<int>{0, 2, 3}));
  EXPECT_DOUBLE_EQ(clusters[0].jaccard, 2.0 / 3);
}

TEST(FailureClusters, AreHeldByTheStrongestLinks) {
  // a–b ¾, b–c ¾, a–c ½: the last link is not needed.
  const auto clusters =
      cluster_failures(made_results({{"a", "FFF...."}, {"b", "FFFF..."}, {"c", ".FFF..."}}), kAnyLink);
  ASSERT_EQ(clusters.size(), 1u);
  EXPECT_DOUBLE_EQ(clusters[0].jaccard, 3.0 / 4);
}

TEST(FailureClusters, SayTheLeastOfTheLinksThatAreNeeded) {
  // a–b ¾, b–c ½, a–c less: without b–c there is no c.
  const auto clusters =
      cluster_failures(made_results({{"a", "FFF...."}, {"b", "FFFF..."}, {"c", ".FFFFF."}}), kAnyLink);
  ASSERT_EQ(clusters.size(), 1u);
  EXPECT_EQ(clusters[0].tests.size(), 3u);
  EXPECT_DOUBLE_EQ(clusters[0].jaccard, 1.0 / 2);
}

TEST(FailureClusters, TakeEveryWayOfNotPassing) {
  EXPECT_EQ(cluster_failures(made_results({{"a", "TF.."}, {"b", "EM.."}}), kAnyLink).size(), 1u);
}

TEST(FailureClusters, LeaveOutBrokenTestsSingleFailuresAndWeakLinks) {
  EXPECT_TRUE(cluster_failures(made_results({{"a", "FFFF"}, {"b", "FFFF"}}), kAnyLink).empty());
  EXPECT_TRUE(cluster_failures(made_results({{"a", "F..."}, {"b", "F..."}}), kAnyLink).empty());
  EXPECT_TRUE(cluster_failures(made_results({{"a", "FFF..."}, {"b", "..FFF."}}), kAnyLink).empty());
}

// Two that fail in 70 % of attempts share more than half of them by chance.
TEST(FailureClusters, AreNotWhatChanceExplains) {
  const std::string one = times(4, "FFFFFFF..."), other = times(4, "FFFF...FFF");
  EXPECT_TRUE(
      cluster_failures(made_results({{"a", one}, {"b", one.substr(20) + other.substr(0, 20)}})).empty());
  EXPECT_EQ(cluster_failures(made_results({{"a", one}, {"b", one}})).size(), 1u);
}

TEST(FailureClusters, NeedMoreEvidenceAmongMoreTests) {
  const auto among = [](int others) {
    std::vector<Row> rows = {{"a", "FF" + times(18, ".")}, {"b", "FF" + times(18, ".")}};
    for (int i = 0; i < others; ++i) {
      std::string alone = times(20, ".");
      alone[static_cast<std::size_t>(2 + i)] = alone[static_cast<std::size_t>(19 - i)] = 'F';
      rows.push_back({"t" + std::to_string(i), alone});
    }
    return cluster_failures(made_results(rows)).size();
  };
  EXPECT_EQ(among(0), 1u);  // p = 1 ÷ 190, of one pair
  EXPECT_EQ(among(8), 0u);  // of 45 pairs
}

TEST(FailureClusters, OfManyTestsFailingAlikeAreOne) {
  std::vector<Row> rows;
  for (int i = 0; i < 3000; ++i) rows.push_back({"t" + std::to_string(i), "F.F" + times(20, ".")});
  const auto clusters = cluster_failures(made_results(rows));
  ASSERT_EQ(clusters.size(), 1u);
  EXPECT_EQ(clusters[0].tests.size(), 3000u);
  EXPECT_DOUBLE_EQ(clusters[0].jaccard, 1.0);
}

TEST(FailureClusters, CompareOnlyTheMostFrequentOfVeryManyPatterns) {
  std::vector<Row> rows;
  for (unsigned i = 0; i < kMaxPatterns + 500; ++i) {
    std::string letters = "..";  // its own number in binary, so that each pattern is another one
    for (unsigned bit = 0; bit < 12; ++bit) letters += (i >> bit & 1) != 0 ? "F." : ".F";
    rows.push_back({"t" + std::to_string(i), letters});
  }
  rows.push_back({"twin 1", "FF" + times(24, ".")});
  rows.push_back({"twin 2", "FF" + times(24, ".")});
  const auto clusters = cluster_failures(made_results(rows), {0.999, 1.0});
  ASSERT_EQ(clusters.size(), 1u);  // two tests of one pattern come before patterns of one test
  EXPECT_EQ(clusters[0].tests.size(), 2u);
}

}  // namespace
}  // namespace orchestrator
