#include "orchestrator/run/deal.h"

#include <gtest/gtest.h>

namespace orchestrator {
namespace {

std::string dealt(const Deal& deal, int attempts) {
  std::string text;
  for (int i = 0; i < attempts; ++i)
    text += (i ? " " : "") + deal.conditions[static_cast<std::size_t>(deal.condition_of(i))].name;
  return text;
}

TEST(Deal, VariesByItselfWhereTheFrameworkCan) {
  std::vector<std::string> warnings;
  EXPECT_EQ(dealt(make_deal(JobPlan{}, images::kAllAbilities, warnings), 5),
            "written shuffle written repeat written");
  EXPECT_EQ(dealt(make_deal(JobPlan{}, {}, warnings), 3), "written written written");
  EXPECT_TRUE(warnings.empty()) << "nobody had asked for it";
}

TEST(Deal, SaysWhenWhatWasAskedForCannotBe) {
  std::vector<std::string> warnings;
  JobPlan plan;
  plan.order = "shuffled";
  EXPECT_EQ(dealt(make_deal(plan, {}, warnings), 2), "written written");
  EXPECT_EQ(warnings.size(), 1u);
}

TEST(Deal, GivesEveryAttemptTheOrderThatWasAskedFor) {
  std::vector<std::string> warnings;
  JobPlan plan;
  plan.vary = "none";
  EXPECT_EQ(dealt(make_deal(plan, images::kAllAbilities, warnings), 2), "written written");
  plan.order = "reversed";
  plan.repeat_in_process = 3;
  const Deal deal = make_deal(plan, images::kAllAbilities, warnings);
  EXPECT_EQ(dealt(deal, 2), "reversed, repeat 3 reversed, repeat 3");
  const auto selection = selection_of(deal.conditions[0], 77);
  EXPECT_EQ(selection.order, "reversed");
  EXPECT_EQ(selection.repeat, 3);
  EXPECT_EQ(selection.seed, 77);
}

TEST(Deal, TakesShares) {
  std::vector<std::string> warnings;
  JobPlan plan;
  plan.vary = "reverse=1,repeat=1,written=0";
  EXPECT_EQ(dealt(make_deal(plan, images::kAllAbilities, warnings), 4), "reverse repeat reverse repeat");
}

TEST(Deal, LeavesOutWhatTheFrameworkCannotBeAskedFor) {
  std::vector<std::string> warnings;
  const images::ProbeAbilities only_shuffle{.shuffle = true};
  EXPECT_EQ(dealt(make_deal(JobPlan{}, only_shuffle, warnings), 3), "written written shuffle");
  EXPECT_TRUE(warnings.empty()) << "nobody had asked for it";
  JobPlan plan;
  plan.vary = "reverse=1,repeat=1,shuffle=1";
  EXPECT_EQ(dealt(make_deal(plan, only_shuffle, warnings), 2), "shuffle shuffle");
  EXPECT_EQ(warnings, std::vector<std::string>{
                          "vary: reverse, repeat left out: this framework cannot be asked for them"});
  plan.vary = "repeat=1";
  EXPECT_EQ(dealt(make_deal(plan, only_shuffle, warnings), 2), "written written");
  warnings.clear();
  plan.vary = "auto";
  plan.repeat_in_process = 2;
  plan.ignore_patterns = {"slow"};
  EXPECT_EQ(dealt(make_deal(plan, only_shuffle, warnings), 2), "written written");
  EXPECT_EQ(warnings,
            (std::vector<std::string>{"ignore_patterns has no effect: this framework cannot be asked for it",
                                      "repeat 2 has no effect: this framework cannot be asked for it"}));
}

TEST(Deal, GivesTheChangedFilesAttemptsOfTheirOwnAfterAllOthers) {
  std::vector<std::string> warnings;
  JobPlan plan;
  plan.runs = 3;
  plan.changed_runs = 5;
  Deal deal = make_deal(plan, images::kAllAbilities, warnings);
  const std::string usual = dealt(deal, 3);
  add_changed(deal, plan, {"tests/test_a.py"});
  EXPECT_EQ(dealt(deal, 8),
            "written shuffle written changed changed, shuffle changed changed, repeat changed");
  EXPECT_EQ(dealt(deal, 3), usual) << "an attempt of the others stays the same attempt";
  EXPECT_FALSE(deal.of_changed(2));
  EXPECT_TRUE(deal.of_changed(3));
  const Condition& shuffled = deal.conditions[static_cast<std::size_t>(deal.condition_of(4))];
  EXPECT_EQ(selection_of(shuffled, 7).files, std::vector<std::string>{"tests/test_a.py"});
  EXPECT_EQ(selection_of(shuffled, 7).order, "shuffled");
  EXPECT_FALSE(shuffled.plain());
}

TEST(Deal, HasNoAttemptsOfNoChangedFiles) {
  std::vector<std::string> warnings;
  JobPlan plan;
  plan.changed_runs = 5;
  Deal deal = make_deal(plan, images::kAllAbilities, warnings);
  add_changed(deal, plan, {});
  EXPECT_EQ(deal.conditions.size(), 3u);
  EXPECT_FALSE(deal.of_changed(999));
}

}  // namespace
}  // namespace orchestrator
