#include "orchestrator/report/ci_decision.h"

#include <gtest/gtest.h>

#include "../analysis/made_results.h"
#include "made_report.h"

namespace orchestrator {
namespace {

using namespace std::chrono_literals;
using sandbox::Outcome;
using Names = std::vector<std::string>;

constexpr std::chrono::sys_days kToday = std::chrono::sys_days(2027y / 6 / 15);

// A report whose attempts did not pass exactly when one of their tests did not, but for `others`, by attempt.
Report report_of(const std::vector<Row>& rows, const std::vector<int>& conditions = {},
                 std::vector<Condition> kinds = {written()}, const std::vector<int>& others = {}) {
  Report report;
  report.tests = made_results(rows, conditions);
  report.conditions = std::move(kinds);
  for (const auto& attempt : report.tests.attempts()) {
    bool failed = std::count(others.begin(), others.end(), attempt.attempt) > 0;
    for (const auto& run : attempt.runs) failed = failed || did_not_pass(run.outcome);
    report.attempts.push_back({.index = attempt.attempt,
                               .condition = attempt.condition,
                               .outcome = failed ? Outcome::failed : Outcome::passed});
  }
  report.verdicts = judge(report.tests, report.conditions, {});
  return report;
}

KnownFlake entry(const std::string& test, double max_rate, std::chrono::sys_days expires = kToday) {
  return {.test = test, .max_rate = max_rate, .expires = expires, .reason = "known"};
}

CiPolicy policy(std::vector<KnownFlake> entries = {}, FailOn fail_on = FailOn::flaky,
                std::optional<double> max_flake_rate = std::nullopt) {
  CiPolicy made{.fail_on = fail_on, .max_flake_rate = max_flake_rate, .today = kToday};
  if (!entries.empty()) made.quarantine = Quarantine{"known-flaky.json", std::move(entries)};
  return made;
}

std::string standings(const CiDecision& decision) {
  std::string text;
  for (const auto& test : decision.tests)
    text += (text.empty() ? "" : " ") + test.id + "=" + std::string(name(test.standing));
  return text;
}

// 4 of 20, all of 20, none of 20, 1 of 20.
const Row kFlaky{"flaky", times(4, "F....")}, kBroken{"broken", times(20, "F")};
const Row kFine{"fine", times(20, ".")}, kRare{"rare", "F" + times(19, ".")};

struct Case {
  const char* what;
  std::vector<Row> rows;
  CiPolicy policy;
  int exit_code;
  std::string standings;
  Names allowed_by;
};

TEST(CiDecision, FollowsThePolicy) {
  const auto yesterday = kToday - std::chrono::days(1);
  const std::vector<Case> cases = {
      {"nothing failed", {kFine}, policy(), 0, "", {}},
      {"a new flake", {kFlaky, kFine}, policy(), 1, "flaky=new", {}},
      {"within its bound", {kFlaky, kFine}, policy({entry("flaky", 0.2)}), 0, "flaky=known", {"quarantine"}},
      {"shown above its bound", {kFlaky}, policy({entry("flaky", 0.05)}), 1, "flaky=worse", {}},
      {"4 of 20 do not show more than 7.2 %",
       {kFlaky},
       policy({entry("flaky", 0.072)}),
       0,
       "flaky=known",
       {"quarantine"}},
      {"… but more than 7.1 %", {kFlaky}, policy({entry("flaky", 0.071)}), 1, "flaky=worse", {}},
      {"expired yesterday", {kFlaky}, policy({entry("flaky", 0.2, yesterday)}), 1, "flaky=expired", {}},
      {"known beside new",
       {kFlaky, kRare},
       policy({entry("flaky", 0.2)}),
       1,
       "rare=new flaky=known",
       {"quarantine"}},
      {"broken", {kBroken}, policy(), 3, "broken=failing", {}},
      {"broken beside flaky", {kFlaky, kBroken}, policy(), 3, "broken=failing flaky=new", {}},
      {"no bound allows never passing", {kBroken}, policy({entry("broken", 0.8)}), 3, "broken=failing", {}},
      {"but one at which it may well happen",
       {kBroken},
       policy({entry("broken", 0.9)}),
       0,
       "broken=known",
       {"quarantine"}},
      {"tolerated", {kRare}, policy({}, FailOn::flaky, 0.02), 0, "rare=tolerated", {"max_flake_rate"}},
      {"not tolerated", {kFlaky}, policy({}, FailOn::flaky, 0.02), 1, "flaky=new", {}},
      {"an entry comes before what is tolerated",
       {kFlaky},
       policy({entry("flaky", 0.05)}, FailOn::flaky, 0.5),
       1,
       "flaky=worse",
       {}},
      {"no rate tolerates what is broken",
       {kBroken},
       policy({}, FailOn::flaky, 0.99),
       3,
       "broken=failing",
       {}},
      {"flakes do not fail", {kFlaky}, policy({}, FailOn::failing), 0, "flaky=new", {"fail_on"}},
      {"but what is broken does",
       {kFlaky, kBroken},
       policy({}, FailOn::failing),
       3,
       "broken=failing flaky=new",
       {}},
      {"nothing fails", {kBroken}, policy({}, FailOn::none), 0, "broken=failing", {"fail_on"}},
      {"two flakes that fail in turns fail every time",
       {{"a", times(10, "F.")}, {"b", times(10, ".F")}},
       policy(),
       3,
       "a=new b=new",
       {}},
      {"… and yet neither is failing",
       {{"a", times(10, "F.")}, {"b", times(10, ".F")}},
       policy({}, FailOn::failing),
       0,
       "a=new b=new",
       {"fail_on"}},
      {"… of which one is known: flaky",
       {{"a", times(10, "F.")}, {"b", times(10, ".F")}},
       policy({entry("a", 0.5)}),
       1,
       "b=new a=known",
       {"quarantine"}},
  };
  for (const auto& each : cases) {
    const Report report = report_of(each.rows);
    const CiDecision decision = decide(report, each.policy);
    EXPECT_EQ(decision.exit_code, each.exit_code) << each.what;
    EXPECT_EQ(standings(decision), each.standings) << each.what;
    EXPECT_EQ(decision.allowed_by, each.allowed_by) << each.what;
    EXPECT_EQ(decision.without_policy, exit_code(report)) << each.what;
  }
}

TEST(CiDecision, WithoutAPolicySaysWhatRunSays) {
  for (const auto& rows :
       std::vector<std::vector<Row>>{{kFine}, {kFlaky, kFine}, {kBroken, kFlaky}, {kRare}}) {
    const Report report = report_of(rows);
    EXPECT_EQ(decide(report, policy()).exit_code, exit_code(report));
  }
}

// Their runner ran them again until they passed, or their exit code was thrown away.
TEST(CiDecision, HoldsTestsThatFailedInsideOfPassingAttemptsAgainstThePolicyToo) {
  Report report = report_of({kFlaky, kRare});
  for (auto& attempt : report.attempts) attempt.outcome = Outcome::passed;
  EXPECT_EQ(decide(report, policy()).exit_code, 1);
  EXPECT_EQ(decide(report, policy({entry("flaky", 0.2)})).exit_code, 1) << "the other is new";
  EXPECT_EQ(decide(report, policy({entry("flaky", 0.2), entry("rare", 0.1)})).exit_code, 0);
  EXPECT_EQ(decide(report, policy({}, FailOn::failing)).exit_code, 0);
  const CiDecision lenient = decide(report, policy({}, FailOn::none));
  EXPECT_EQ(lenient.exit_code, 0);
  EXPECT_EQ(lenient.allowed_by, Names{"fail_on"});
}

TEST(CiDecision, HoldsANewFlakeInsideOfPassingAttemptsBesideAKnownOneThatFailsThem) {
  Report report = report_of({kFlaky, {"inside", "." + times(19, ".")}, kFine});
  Report inside = report_of({kFlaky, {"inside", ".F" + times(18, ".")}, kFine});
  for (auto& attempt : inside.attempts) attempt.outcome = report.find(attempt.index)->outcome;
  EXPECT_EQ(standings(decide(inside, policy({entry("flaky", 0.2)}))), "inside=new flaky=known");
  EXPECT_EQ(decide(inside, policy({entry("flaky", 0.2)})).exit_code, 1);
  EXPECT_EQ(decide(report, policy({entry("flaky", 0.2)})).exit_code, 0);
}

TEST(CiDecision, AllowsNoBrokenHostAndNoBrokenSetUp) {
  for (const auto& [end, code] : {std::pair{RunEnd::not_runnable, 4}, {RunEnd::infrastructure, 5}}) {
    Report report = report_of({kFlaky});
    report.end = end;
    const CiDecision decision = decide(report, policy({entry("flaky", 0.5)}, FailOn::none, 0.9));
    EXPECT_EQ(decision.exit_code, code);
    EXPECT_TRUE(decision.allowed_by.empty());
  }
  Report report;
  report.end = RunEnd::deadline;
  EXPECT_EQ(decide(report, policy({}, FailOn::none)).exit_code, 6);
}

// The excuse of a test does not excuse an attempt that failed for something else.
TEST(CiDecision, HoldsAttemptsThatFailedOutsideOfAnyTestAgainstTheWholeCommand) {
  const Report report = report_of({kFlaky}, {}, {written()}, {1, 2});
  CiDecision decision = decide(report, policy({entry("flaky", 0.3)}));
  EXPECT_EQ(decision.exit_code, 1);
  EXPECT_EQ(standings(decision), "(the whole command)=new flaky=known");
  EXPECT_EQ(decision.tests[0].not_passed, 2);
  EXPECT_EQ(decision.tests[0].n, 16) << "the four in which a test failed tell nothing of the rest";
  decision = decide(report, policy({entry("flaky", 0.3), entry("(the whole command)", 0.1)}));
  EXPECT_EQ(decision.exit_code, 0);
}

// Each time a known flake fails, or else the rest of the command: it never passed.
TEST(CiDecision, CallsBrokenACommandThatFailsWheneverItsTestsPass) {
  std::vector<int> others;
  for (int i = 0; i < 20; ++i)
    if (i % 5 != 0) others.push_back(i);
  const CiDecision decision =
      decide(report_of({kFlaky}, {}, {written()}, others), policy({entry("flaky", 0.3)}));
  EXPECT_EQ(standings(decision), "(the whole command)=failing flaky=known");
  EXPECT_EQ(decision.exit_code, 3);
}

TEST(CiDecision, FailsForATestThatNeverPassedInsideOfPassingAttempts) {
  Report report = report_of({kFlaky, kBroken});
  for (auto& attempt : report.attempts) attempt.outcome = Outcome::passed;
  EXPECT_EQ(decide(report, policy()).without_policy, 3);
  EXPECT_EQ(decide(report, policy()).exit_code, 3);
  EXPECT_EQ(decide(report, policy({}, FailOn::failing)).exit_code, 3);
  EXPECT_EQ(decide(report, policy({entry("broken", 1)})).exit_code, 1) << "the other is new";
  EXPECT_EQ(decide(report, policy({}, FailOn::none)).exit_code, 0);
}

// A test that ran once, and failed there, in a command that passed all other times.
TEST(CiDecision, IsNeverWorseThanWithoutAPolicy) {
  Report report = report_of({kBroken});
  for (auto& attempt : report.attempts)
    if (attempt.index > 0) attempt.outcome = Outcome::passed;
  EXPECT_EQ(decide(report, policy()).without_policy, 1);
  EXPECT_EQ(decide(report, policy()).exit_code, 1);
  EXPECT_EQ(decide(report, policy({}, FailOn::failing)).exit_code, 1);
}

TEST(CiDecision, NamesTheVerdictOnTheWholeCommandByItsConditions) {
  Report report;
  report.conditions = {{}, {.name = "shuffle", .order = TestOrder::shuffled}};
  for (int i = 0; i < 10; ++i)
    report.attempts.push_back(
        {.index = i, .condition = i % 2, .outcome = i % 2 == 0 ? Outcome::passed : Outcome::failed});
  const CiDecision decision = decide(report, policy());
  EXPECT_EQ(decision.tests.at(0).verdict, TestVerdict::order_dependent);
  EXPECT_EQ(decision.tests.at(0).n, 5);
}

TEST(CiDecision, KnowsTheWholeCommandWhereTestsAreNotToldApart) {
  Report report;
  for (int i = 0; i < 20; ++i)
    report.attempts.push_back({.index = i, .outcome = i % 5 == 0 ? Outcome::timed_out : Outcome::passed});
  EXPECT_EQ(standings(decide(report, policy())), "(the whole command)=new");
  EXPECT_EQ(decide(report, policy({entry("(the whole command)", 0.2)})).exit_code, 0);
  EXPECT_EQ(decide(report, policy({}, FailOn::flaky, 0.2)).exit_code, 0);
  EXPECT_EQ(decide(report, policy({}, FailOn::flaky, 0.05)).exit_code, 1);
}

// 10 of 20 as written and 5 of 20 shuffled are two rates, each held against the bound at half of the error.
TEST(CiDecision, NeverPoolsConditions) {
  const Report report =
      report_of({{"t", times(10, "F.") + times(5, "F...")}}, in_condition({20, 20}), {written(), shuffled()});
  EXPECT_EQ(standings(decide(report, policy({entry("t", 0.28)}))), "t=known");
  const CiDecision worse = decide(report, policy({entry("t", 0.25)}));
  EXPECT_EQ(standings(worse), "t=worse");
  EXPECT_EQ(worse.tests[0].condition, 0);
  EXPECT_EQ(worse.tests[0].not_passed, 10);
  EXPECT_EQ(worse.tests[0].n, 20);
  EXPECT_NEAR(worse.tests[0].at_least, clopper_pearson_lower(10, 20, 0.975), 1e-12);
}

// An attempt that runs a test twice has two chances to fail: 12 of 40 are what 20 % a time may well give.
TEST(CiDecision, GrantsEachRepeatItsOwnChance) {
  const Row row{"t", times(12, "F") + times(28, ".")};
  const Report once = report_of({row}),
               twice = report_of({row}, in_condition({0, 40}), {written(), repeated()});
  EXPECT_EQ(standings(decide(once, policy({entry("t", 0.15)}))), "t=worse");
  EXPECT_EQ(standings(decide(twice, policy({entry("t", 0.15)}))), "t=known");
}

TEST(CiDecision, CallsATestHealedOnlyAfterEnoughAttempts) {
  const int enough = attempts_to_show_below(0.2);
  const auto healed = [](int attempts) {
    return decide(report_of({{"t", times(attempts, ".")}}), policy({entry("t", 0.2)})).healed;
  };
  ASSERT_EQ(healed(enough).size(), 1u);
  EXPECT_EQ(healed(enough)[0].n, enough);
  EXPECT_TRUE(healed(enough - 1).empty());
  const auto other_condition = report_of({{"t", times(50, ".") + "F" + times(9, ".")}},
                                         in_condition({50, 10}), {written(), shuffled()});
  EXPECT_TRUE(decide(other_condition, policy({entry("t", 0.2)})).healed.empty());
}

TEST(CiDecision, TellsOfEntriesThatExpiredAndOfTestsThatAreGone) {
  Report report = report_of({kFine});
  const CiPolicy rules = policy({entry("fine", 0.01, kToday - std::chrono::days(1)), entry("away", 0.2)});
  CiDecision decision = decide(report, rules);
  ASSERT_EQ(decision.expired.size(), 1u);
  EXPECT_EQ(decision.expired[0].test, "fine");
  ASSERT_EQ(decision.gone.size(), 1u);
  EXPECT_EQ(decision.gone[0].test, "away");
  EXPECT_EQ(decision.exit_code, 0);
  decision = decide(Report{}, rules);
  EXPECT_TRUE(decision.gone.empty()) << "no session came to its end: nobody knows";
}

TEST(CiDecision, IsInTheReportAndInTheSummary) {
  MadeReport made;
  made.report.tests = made_results({kFlaky, kRare});
  made.report.verdicts = judge(made.report.tests, made.report.conditions, {});
  for (int i = 0; i < 20; ++i) made.add(i % 5 == 0 ? Outcome::failed : Outcome::passed);
  EXPECT_TRUE(made.json().at("ci").is_null());
  EXPECT_EQ(made.text().find("CI "), std::string::npos);
  made.report.ci = decide(made.report, policy({entry("flaky", 0.3), entry("a\x1b[31mway", 0.2)}));
  const auto json = made.json();
  EXPECT_EQ(json.at("ci").at("exit_code"), 1);
  EXPECT_EQ(json.at("ci").at("tests").at(0).at("standing"), "new");
  EXPECT_EQ(json.at("ci").at("tests").at(1).at("entry").at("expires"), "2027-06-15");
  const std::string text = made.text({.width = 200});
  EXPECT_NE(text.find("4 of 20 as written, within its bound of 30.0 % until 2027-06-15: known"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("CI FAILS  1 new; 1 known"), std::string::npos) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
}

}  // namespace
}  // namespace orchestrator
