#include "orchestrator/report/report.h"

#include <gtest/gtest.h>

#include "made_report.h"
#include "made_tests.h"

namespace orchestrator {
namespace {

using sandbox::Outcome;

TEST(ExitCode, IsZeroWhenNoAttemptFailed) {
  MadeReport made;
  made.add_many(3, Outcome::passed);
  made.add(Outcome::infrastructure_error);
  EXPECT_EQ(exit_code(made.report), 0);
}

TEST(ExitCode, IsOneWhenSomeFailed) {
  MadeReport made;
  made.add(Outcome::passed);
  made.add(Outcome::timed_out);
  EXPECT_EQ(exit_code(made.report), 1);
}

TEST(ExitCode, IsOneWhenTestsPassedOnlyBecauseTheirRunnerRanThemAgain) {
  MadeReport made;
  made.add_many(3, Outcome::passed);
  made.report.verdicts.not_shown_flaky = 4;
  EXPECT_EQ(exit_code(made.report), 0);
  made.report.verdicts.flaky = 1;
  EXPECT_TRUE(flaky_inside(made.report));
  EXPECT_EQ(exit_code(made.report), 1);
  made.add(Outcome::failed);
  EXPECT_FALSE(flaky_inside(made.report)) << "that is seen from outside";
  EXPECT_EQ(exit_code(made.report), 1);
}

TEST(ExitCode, IsThreeWhenAllFailed) {
  MadeReport made;
  made.add(Outcome::failed);
  made.add(Outcome::out_of_memory);
  made.add(Outcome::cancelled);
  EXPECT_EQ(exit_code(made.report), 3);
}

TEST(ExitCode, IsFourWhenTheCommandCannotBeRun) {
  MadeReport made;
  made.add(Outcome::not_runnable);
  made.report.end = RunEnd::not_runnable;
  EXPECT_EQ(exit_code(made.report), 4);
}

TEST(ExitCode, IsFiveWhenTheHostBroke) {
  MadeReport made;
  made.add(Outcome::failed);
  made.report.end = RunEnd::infrastructure;
  EXPECT_EQ(exit_code(made.report), 5);
}

TEST(ExitCode, IsFiveWhenACompleteRunHasNoEvidence) {
  MadeReport made;
  made.add_many(2, Outcome::infrastructure_error);
  EXPECT_EQ(exit_code(made.report), 5);
}

TEST(ExitCode, IsSixWhenTheRunWasStoppedBeforeAnyEvidence) {
  for (const RunEnd end : {RunEnd::deadline, RunEnd::cancelled}) {
    MadeReport made;
    made.add(Outcome::cancelled);
    made.report.end = end;
    EXPECT_EQ(exit_code(made.report), 6);
  }
}

TEST(ExitCode, IsThatOfTheEvidenceWhenTheRunWasStoppedLater) {
  MadeReport made;
  made.add(Outcome::passed);
  made.add(Outcome::failed);
  made.report.end = RunEnd::deadline;
  EXPECT_EQ(exit_code(made.report), 1);
}

TEST(Report, CountsOnlyEvidence) {
  MadeReport made;
  made.add_many(2, Outcome::passed);
  made.add(Outcome::disk_limit);
  made.add(Outcome::cancelled);
  EXPECT_EQ(made.report.total_runs(), 3);
  EXPECT_EQ(made.report.failures(), 1);
  EXPECT_EQ(made.report.repro_rate(), 0.333);
}

TEST(Report, HasARateOfZeroWithoutEvidence) { EXPECT_EQ(Report{}.repro_rate(), 0.0); }

TEST(MoreRuns, GrowWithWhatWasRunAndEndAtAThousand) {
  MadeReport made;
  made.add_many(20, Outcome::passed);
  ASSERT_TRUE(more_runs(made.report));
  EXPECT_EQ(more_runs(made.report)->runs, 100);
  EXPECT_NEAR(more_runs(made.report)->rate_below, 0.0295, 0.0001);
  made.add_many(480, Outcome::passed);
  EXPECT_EQ(more_runs(made.report)->runs, 1000);
  made.add_many(500, Outcome::passed);
  EXPECT_FALSE(more_runs(made.report));
}

TEST(MoreRuns, AreNotAdvisedAfterAFailure) {
  MadeReport made;
  made.add_many(2, Outcome::passed);
  made.add(Outcome::failed);
  EXPECT_FALSE(more_runs(made.report));
}

TEST(MoreRuns, AreNotAdvisedWhereTheRunWouldStopEarlyAgain) {
  MadeReport made;
  made.add_many(20, Outcome::passed);
  made.report.plan.until_sure = 0.05;
  EXPECT_FALSE(more_runs(made.report));
  EXPECT_EQ(made.text().find("would show less"), std::string::npos) << made.text();
}

TEST(ToShowLess, IsTheNextUsualRateThatIsWorthIt) {
  Report report;
  EXPECT_DOUBLE_EQ(to_show_less(report, 0.5)->rate_below, 0.2);
  EXPECT_EQ(to_show_less(report, 0.5)->attempts, 14);
  EXPECT_DOUBLE_EQ(to_show_less(report, 0.181)->rate_below, 0.1);
  EXPECT_DOUBLE_EQ(to_show_less(report, 0.058)->rate_below, 0.02);
  EXPECT_DOUBLE_EQ(to_show_less(report, 0.03)->rate_below, 0.02);
  EXPECT_DOUBLE_EQ(to_show_less(report, 0.0299)->rate_below, 0.01);
  EXPECT_FALSE(to_show_less(report, 0.001));
  report.anytime = true;
  EXPECT_GT(to_show_less(report, 0.5)->attempts, 14) << "who looks after each attempt needs more of them";
}

TEST(FirstFailure, IsTheAttemptInWhichATestFailedWhereTheCommandAlwaysPassed) {
  MadeTests made(std::vector<MadeRow>{{"a", "..F.F"}});
  EXPECT_EQ(made.report.first_failure()->index, 2);
  for (auto& attempt : made.report.attempts) attempt.outcome = Outcome::passed;
  ASSERT_TRUE(made.report.first_failure());
  EXPECT_EQ(made.report.first_failure()->index, 2);
  EXPECT_NE(made.text().find("--only-attempt 2"), std::string::npos) << made.text();
}

TEST(EarlyStop, SaysWhichRuleEndedARunThatCouldStop) {
  MadeReport made;
  made.add_many(40, sandbox::Outcome::passed);
  EXPECT_FALSE(early_stop(made.report));
  made.report.plan.until_sure = 0.05;
  made.report.plan.runs = 100;
  made.report.settled = true;
  const auto settled = early_stop(made.report);
  ASSERT_TRUE(settled);
  EXPECT_EQ(settled->rule, "settled");
  EXPECT_EQ(settled->saved(), 60);
  EXPECT_EQ(made.json().at("early_stop").at("saved"), 60);
  EXPECT_NE(made.text().find("by --until-sure after 40 attempts, 60 saved"), std::string::npos)
      << made.text();
  made.report.settled = false;
  EXPECT_EQ(early_stop(made.report)->rule, "max_runs");
  made.report.end = RunEnd::cancelled;
  EXPECT_EQ(early_stop(made.report)->rule, "interrupted");
}

}  // namespace
}  // namespace orchestrator
