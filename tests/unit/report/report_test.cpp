#include "orchestrator/report/report.h"

#include <gtest/gtest.h>

#include <sstream>

#include "made_report.h"
#include "made_tests.h"
#include "orchestrator/report/html_writer.h"
#include "orchestrator/report/markdown_writer.h"
#include "orchestrator/report/verdict_words.h"

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
  EXPECT_TRUE(tests_failed_inside(made.report));
  EXPECT_EQ(exit_code(made.report), 1);
  made.add(Outcome::failed);
  EXPECT_FALSE(tests_failed_inside(made.report)) << "that is seen from outside";
  EXPECT_EQ(exit_code(made.report), 1);
}

// An attempt per letter, '.' or 'F', under the condition of its digit.
struct CommandUnder : MadeReport {
  CommandUnder(const std::string& letters, const std::string& conditions) {
    report.conditions = {{},
                         {.name = "shuffle", .order = TestOrder::shuffled},
                         {.name = "repeat", .repeat = 2},
                         {.name = "changed", .files = {"tests/test_a.py"}}};
    for (std::size_t i = 0; i < letters.size(); ++i)
      add(letters[i] == '.' ? Outcome::passed : Outcome::failed).condition = conditions[i] - '0';
  }
};

TEST(CommandVerdict, NeverPoolsConditions) {
  struct Case {
    const char *letters, *conditions, *verdict;
    int exit_code;
    const char* severity;
  };
  for (const auto& [letters, conditions, word, code, level] :
       {Case{"......FFF", "000000111", "order_dependent", 1, "CRITICAL"},
        {"......FFF", "000000222", "repeat_dependent", 1, "CRITICAL"},
        {".....F...", "000000111", "flaky", 1, "MEDIUM"},
        {"FFFFFFFFF", "000111222", "fails_every_time", 3, "CRITICAL"},
        {".........", "000111222", "not_shown_flaky", 0, "NONE"}}) {
    const CommandUnder made(letters, conditions);
    EXPECT_EQ(name(verdict(made.report)), word) << letters;
    EXPECT_EQ(exit_code(made.report), code) << letters;
    EXPECT_EQ(made.json()["severity"], level) << letters;
  }
}

TEST(CommandVerdict, NamesTheConditionsThatDiffer) {
  const CommandUnder made("......FFF", "000000111");
  EXPECT_NE(made.text({.width = 120})
                .find("ORDER-DEPENDENT  3 of 9 attempts did not pass: 0 of 6 as written, 3 of 3 by shuffle   "
                      "CRITICAL"),
            std::string::npos)
      << made.text({.width = 120});
}

constexpr const char* kMayBeChance = "may be chance (p = 0.25): more attempts would tell";

TEST(CommandVerdict, OnDependenceSaysWhereFewAttemptsMadeIt) {
  const CommandUnder few("...F", "0012");
  EXPECT_NE(
      few.text({.width = 120}).find("1 of 1 by repeat   CRITICAL\ndoubt    " + std::string(kMayBeChance)),
      std::string::npos)
      << few.text({.width = 120});
  EXPECT_EQ(verdict_words(few.report).graded(),
            "1 of 4 attempts did not pass: 0 of 2 as written, 0 of 1 by shuffle, 1 of 1 by repeat (severity "
            "CRITICAL); " +
                std::string(kMayBeChance));
  EXPECT_EQ(few.json().at("dependence_p"), 0.25);
  EXPECT_EQ(exit_code(few.report), 1);

  const CommandUnder enough("......FFF", "000000111");
  EXPECT_EQ(enough.text().find("doubt"), std::string::npos);
  EXPECT_NEAR(enough.json().at("dependence_p").get<double>(), 1.0 / 84, 1e-6);
  EXPECT_FALSE(CommandUnder(".F..", "0000").json().contains("dependence_p"));
}

TEST(TestVerdicts, OnDependenceSayWhereFewAttemptsMadeThem) {
  const MadeTests made(
      {{"a", "....", "---F"}},
      {{}, {.name = "shuffle", .order = TestOrder::shuffled}, {.name = "repeat", .repeat = 2}}, {0, 0, 1, 2});
  const TestSummary& test = made.report.verdicts.tests.at(0);
  ASSERT_EQ(test.verdict, TestVerdict::repeat_dependent);
  EXPECT_EQ(doubt_words(test), kMayBeChance);
  EXPECT_TRUE(test_sentence(made.report, test).ends_with("did not pass; " + std::string(kMayBeChance)));
  EXPECT_NE(made.text({.width = 200}).find("did not pass; " + std::string(kMayBeChance)), std::string::npos);
  EXPECT_EQ(made.json().at("tests").at(0).at("dependence_p"), 0.25);
  std::ostringstream markdown, page;
  write_markdown(made.report, made.spool, markdown, {});
  EXPECT_NE(markdown.str().find("1 of 1 by repeat; " + std::string(kMayBeChance) + " |"), std::string::npos);
  write_html(made.report, made.spool, page);
  EXPECT_NE(page.str().find("did not pass; " + std::string(kMayBeChance) + "</span>"), std::string::npos);
}

TEST(CommandVerdict, IsThatOfABrokenTestThatOnlySomeConditionsRun) {
  CommandUnder made("FFF...", "000333");
  EXPECT_EQ(exit_code(made.report), 1);
  made.report.verdicts.failing = 1;
  EXPECT_EQ(exit_code(made.report), 3);
  EXPECT_NE(made.text().find("FAILS EVERY TIME  3 of 6 attempts did not pass: 1 test never passed."),
            std::string::npos)
      << made.text();
}

// `pytest || true`
TEST(CommandVerdict, IsThatOfTheWorstTestWhereTheCommandAlwaysPassed) {
  MadeTests made(std::vector<MadeRow>{{"a", "..F.."}, {"b", "FFFFF"}});
  for (auto& attempt : made.report.attempts) attempt.outcome = Outcome::passed;
  EXPECT_EQ(exit_code(made.report), 3);
  EXPECT_FALSE(more_runs(made.report));
  EXPECT_EQ(made.json()["severity"], "CRITICAL");
  EXPECT_NE(made.text().find("FAILS EVERY TIME  all of 5 attempts passed, but inside 1 test never passed,"),
            std::string::npos)
      << made.text();
  made.report.verdicts.failing = 0;
  EXPECT_EQ(verdict(made.report), ReportVerdict::flaky);
  made.report.verdicts.flaky = 0;
  made.report.verdicts.order_dependent = 1;
  EXPECT_EQ(verdict(made.report), ReportVerdict::order_dependent);
}

TEST(CommandVerdict, OfASingleAttemptSaysThatATestInsideFailed) {
  MadeTests made(std::vector<MadeRow>{{"a", "F"}});
  made.report.attempts[0].outcome = Outcome::passed;
  made.report.plan.only_attempt = 0;
  EXPECT_NE(made.text().find("DID NOT PASS"), std::string::npos) << made.text();
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

TEST(FailureToRepeat, IsTheFirstAttemptThatDidNotPassWhereTestsAreNotToldApart) {
  MadeReport made;
  EXPECT_FALSE(failure_to_repeat(made.report).attempt);
  made.add_many(2, Outcome::passed);
  made.add_many(2, Outcome::timed_out);
  EXPECT_EQ(failure_to_repeat(made.report).attempt->index, 2);
  EXPECT_FALSE(failure_to_repeat(made.report).test);
}

TEST(FailureToRepeat, IsOfTheWorstTestNotOfTheBrokenOneThatFailsEverywhere) {
  const MadeTests made(std::vector<MadeRow>{{"broken", "FFFFFF"}, {"flaky", "...F.F"}});
  EXPECT_EQ(failure_to_repeat(made.report).attempt->index, 3);
  EXPECT_EQ(made.report.tests.tests()[*failure_to_repeat(made.report).test], "flaky");
  EXPECT_NE(made.text().find("--only-attempt 3"), std::string::npos) << made.text();
}

TEST(FailureToRepeat, IsWhereTheTestFailsMostOften) {
  const MadeTests made(std::vector<MadeRow>{{"flaky", ".F...FF."}},
                       {{}, {.name = "shuffle", .order = TestOrder::shuffled}}, {0, 0, 0, 0, 1, 1, 1, 0});
  EXPECT_EQ(failure_to_repeat(made.report).attempt->index, 5);
}

TEST(FailureToRepeat, IsReplayedByTheNameOfItsTestWhereThatIsShort) {
  MadeTests made(std::vector<MadeRow>{{"tests/test_a.py::test_y", ".F"}});
  made.report.saved_as = "report.json";
  const auto last_line = [&](TextStyle style) {
    const std::string text = made.text(style);
    return text.substr(text.rfind('\n', text.size() - 2) + 1);
  };
  EXPECT_EQ(last_line({}), "or       orchestrator replay report.json --test tests/test_a.py::test_y\n");
  EXPECT_EQ(last_line({.width = 60}), "or       orchestrator replay report.json --attempt 1\n");
}

TEST(FailureToRepeat, IsTheAttemptInWhichATestFailedWhereTheCommandAlwaysPassed) {
  MadeTests made(std::vector<MadeRow>{{"a", "..F.F"}});
  for (auto& attempt : made.report.attempts) attempt.outcome = Outcome::passed;
  ASSERT_TRUE(failure_to_repeat(made.report).attempt);
  EXPECT_EQ(failure_to_repeat(made.report).attempt->index, 2);
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
