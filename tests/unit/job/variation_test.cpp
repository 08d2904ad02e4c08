#include "orchestrator/job/variation.h"

#include <gtest/gtest.h>

#include "orchestrator/job/job.h"

namespace orchestrator {
namespace {

TEST(Shares, AreNamesAndNumbers) {
  EXPECT_EQ(parse_shares("written=2, shuffle=1,repeat=0"),
            (Shares{{"written", 2}, {"shuffle", 1}, {"repeat", 0}}));
  EXPECT_TRUE(parse_shares(kAutoShares));
}

TEST(Shares, ThatMakeNoSenseAreNone) {
  for (const char* text : {"", "written", "written=", "written=x", "written=-1", "written=101", "written=0",
                           "dance=1", "written=1,written=1", "written=1,", "written=1.5"})
    EXPECT_FALSE(parse_shares(text)) << text;
}

TEST(Rates, AreSharesOrPercent) {
  EXPECT_DOUBLE_EQ(*parse_rate("5%"), 0.05);
  EXPECT_DOUBLE_EQ(*parse_rate("0.5 %"), 0.005);
  EXPECT_DOUBLE_EQ(*parse_rate("0.05"), 0.05);
  for (const char* text : {"", "0", "1", "100%", "-5%", "nan", "5%%", "five"})
    EXPECT_FALSE(parse_rate(text)) << text;
}

JobRequest request() {
  JobRequest said;
  said.repo = ".";
  said.test_command = TestCommand{"pytest", {}};
  return said;
}

TEST(Variation, IsAutomaticUnlessAnOrderIsAskedFor) {
  JobRequest said = request();
  EXPECT_EQ(make_plan(said, {}, {}, PlanContext{2, 1}).vary, "auto");
  said.order = "shuffled";
  const JobPlan plan = make_plan(said, {}, {}, PlanContext{2, 1});
  EXPECT_EQ(plan.vary, "none");
  EXPECT_EQ(plan.order, "shuffled");
}

TEST(Variation, ExcludesAnOrderOfEveryAttempt) {
  JobRequest said = request();
  said.order = "reversed";
  said.vary = "written=1,shuffle=1";
  EXPECT_THROW(make_plan(said, {}, {}, PlanContext{2, 1}), InvalidJob);
}

TEST(UntilSure, DecidesTheNumberOfRunsUpToABound) {
  JobRequest said = request();
  said.until_sure = "2%";
  JobPlan plan = make_plan(said, {}, {}, PlanContext{2, 1});
  EXPECT_DOUBLE_EQ(*plan.until_sure, 0.02);
  EXPECT_EQ(plan.runs, 1000);
  said.max_runs = 40;
  EXPECT_EQ(make_plan(said, {}, {}, PlanContext{2, 1}).runs, 40);
  said.runs = 10;
  EXPECT_THROW(make_plan(said, {}, {}, PlanContext{2, 1}), InvalidJob);
  JobRequest only_bound = request();
  only_bound.max_runs = 40;
  EXPECT_THROW(make_plan(only_bound, {}, {}, PlanContext{2, 1}), InvalidJob);
}

}  // namespace
}  // namespace orchestrator
