#include "orchestrator/analysis/comparison.h"

#include <gtest/gtest.h>

#include <vector>

namespace orchestrator {
namespace {

// Computed with scipy 1.17: fisher_exact([[failed a, passed a], [failed b, passed b]]).
TEST(FisherExact, AgreesWithAnotherImplementation) {
  EXPECT_NEAR(fisher_exact({5, 5, 0, 10}), 0.032508, 1e-6);
  EXPECT_NEAR(fisher_exact({3, 17, 0, 20}), 0.230769, 1e-6);
  EXPECT_NEAR(fisher_exact({6, 14, 0, 20}), 0.020196, 1e-6);
  EXPECT_NEAR(fisher_exact({8, 2, 1, 5}), 0.034965, 1e-6);
  EXPECT_NEAR(fisher_exact({12, 38, 2, 98}), 0.000036, 1e-6);
  EXPECT_NEAR(fisher_exact({0, 50, 6, 19}), 0.000880, 1e-6);
  EXPECT_NEAR(fisher_exact({1, 9, 11, 3}), 0.002759, 1e-6);  // Fisher's own kind of table
}

TEST(FisherExact, IsTheSameForExchangedGroups) {
  EXPECT_NEAR(fisher_exact({3, 17, 9, 4}), fisher_exact({9, 4, 3, 17}), 1e-12);
}

TEST(FisherExact, SaysNothingWithoutAGroupOrADifference) {
  EXPECT_EQ(fisher_exact({0, 0, 3, 4}), 1.0);
  EXPECT_EQ(fisher_exact({3, 4, 0, 0}), 1.0);
  EXPECT_NEAR(fisher_exact({0, 10, 0, 10}), 1.0, 1e-9);
  EXPECT_NEAR(fisher_exact({5, 5, 5, 5}), 1.0, 1e-9);
}

TEST(FisherExactMore, AgreesWithAnotherImplementation) {  // scipy 1.17: hypergeom.sf
  EXPECT_NEAR(fisher_exact_more({2, 0, 0, 18}), 0.005263, 1e-6);
  EXPECT_NEAR(fisher_exact_more({4, 2, 2, 22}), 0.007217, 1e-6);
  EXPECT_NEAR(fisher_exact_more({400, 100, 100, 400}), 0, 1e-9);
  EXPECT_EQ(fisher_exact_more({2, 22, 4, 2}), 1.0);
  EXPECT_EQ(fisher_exact_more({1, 1, 0, 0}), 1.0);
}

TEST(RiskDifference, IsOneRateLessTheOther) {
  EXPECT_DOUBLE_EQ(risk_difference({6, 14, 1, 9}), 0.2);
  EXPECT_DOUBLE_EQ(risk_difference({0, 10, 10, 0}), -1.0);
  EXPECT_DOUBLE_EQ(risk_difference({1, 0, 0, 0}), 0.0);
}

// The fifteen p-values of the example in the paper; adjusted ones by scipy's false_discovery_control.
TEST(BenjaminiHochberg, AgreesOnTheExampleOfThePaper) {
  const std::vector<double> p{.0001, .0004, .0019, .0095, .0201, .0278, .0298, .0344,
                              .0459, .3240, .4262, .5719, .6528, .7590, 1.0};
  const std::vector<double> expected{.0015,   .0030,   .0095,   .035625, .060300, .063857, .063857, .064500,
                                     .076500, .486000, .581182, .714875, .753231, .813214, 1.0};
  const std::vector<double> adjusted = benjamini_hochberg(p);
  ASSERT_EQ(adjusted.size(), p.size());
  for (std::size_t i = 0; i < p.size(); ++i) EXPECT_NEAR(adjusted[i], expected[i], 1e-6);
}

TEST(BenjaminiHochberg, TakesOneForManyAlikeAndWhatIsNotListedForCertain) {
  const auto whole = benjamini_hochberg({.01, .01, .01, .04, .2, 1, 1, 1});
  const auto short_form = benjamini_hochberg({.04, .01, .2}, {1, 3, 1}, 8);
  EXPECT_DOUBLE_EQ(short_form[0], whole[3]);
  EXPECT_DOUBLE_EQ(short_form[1], whole[0]);
  EXPECT_DOUBLE_EQ(short_form[2], whole[4]);
}

TEST(BenjaminiHochberg, KeepsTheOrderOfTheQuestions) {
  const std::vector<double> adjusted = benjamini_hochberg({.01, .04, .03, .005, .55});
  const std::vector<double> expected{.025, .05, .05, .025, .55};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(adjusted[i], expected[i], 1e-12);
  EXPECT_TRUE(benjamini_hochberg({}).empty());
}

// scipy 1.17: mannwhitneyu(alternative="greater", method="asymptotic").
TEST(MannWhitney, AgreesWithAnotherImplementation) {
  EXPECT_NEAR(mann_whitney(std::vector<float>{5, 6, 7, 8, 9.5f}, std::vector<float>{1, 2, 3, 4, 4.5f, 6}),
              0.008683, 1e-6);
  EXPECT_NEAR(mann_whitney(std::vector<float>{3, 3, 4}, std::vector<float>{1, 2, 3, 3, 3, 5, 1}), 0.164557,
              1e-6);
}

TEST(MannWhitney, IsNeverSurerThanTheMostExtremeOrder) {
  const std::vector<float> alike(20, 1.0f);
  EXPECT_NEAR(mann_whitney(std::vector<float>{10, 11}, alike), 1.0 / 231, 1e-9);  // 2 of 22
  EXPECT_NEAR(mann_whitney(std::vector<float>{10}, alike), 1.0 / 21, 1e-9);
}

TEST(MannWhitney, SaysNothingOfEqualOrNoValues) {
  const std::vector<float> alike(5, 2.0f);
  EXPECT_EQ(mann_whitney(alike, alike), 1.0);
  EXPECT_EQ(mann_whitney({}, alike), 1.0);
  EXPECT_EQ(mann_whitney(alike, {}), 1.0);
}

}  // namespace
}  // namespace orchestrator
