#include "orchestrator/analysis/condition.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace orchestrator {
namespace {

TEST(Deal, IsAllPlainByDefault) {
  const Deal deal;
  EXPECT_TRUE(deal.conditions.at(static_cast<std::size_t>(deal.condition_of(999))).plain());
}

TEST(Deal, DependsOnTheIndexAlone) {
  const Deal deal{.conditions = {{}, {.name = "shuffle"}, {.name = "repeat"}},
                  .pattern = interleaved({2, 1, 1})};
  EXPECT_EQ(deal.condition_of(0), 0);
  EXPECT_EQ(deal.condition_of(5), 1);
  EXPECT_EQ(deal.condition_of(7), 2);
}

TEST(Interleaved, SpreadsEachShare) {
  EXPECT_EQ(interleaved({2, 1, 1}), (std::vector<int>{0, 1, 0, 2}));
  EXPECT_EQ(interleaved({2, 2}), (std::vector<int>{0, 1, 0, 1}));
  EXPECT_EQ(interleaved({1}), (std::vector<int>{0}));
  EXPECT_EQ(interleaved({0, 1}), (std::vector<int>{1}));
}

TEST(Interleaved, GivesEachItsShareWhateverTheShares) {
  for (const auto& shares : {std::vector<int>{7, 5, 3}, {1, 1, 1, 1}, {10, 1}, {3, 3, 2, 9}}) {
    const std::vector<int> pattern = interleaved(shares);
    for (std::size_t i = 0; i < shares.size(); ++i)
      EXPECT_EQ(std::count(pattern.begin(), pattern.end(), static_cast<int>(i)), shares[i]);
  }
}

TEST(Interleaved, IsNeverEmpty) {
  EXPECT_EQ(interleaved({}), std::vector<int>{0});
  EXPECT_EQ(interleaved({0, 0}), std::vector<int>{0});
}

TEST(Condition, IsPlainOnlyWithoutOrderRepeatsAndChoice) {
  EXPECT_TRUE(Condition{}.plain());
  EXPECT_FALSE((Condition{.order = TestOrder::reversed}).plain());
  EXPECT_FALSE((Condition{.repeat = 2}).plain());
  EXPECT_FALSE((Condition{.tests = {"a"}}).plain());
  EXPECT_EQ(name(TestOrder::shuffled), "shuffled");
}

}  // namespace
}  // namespace orchestrator
