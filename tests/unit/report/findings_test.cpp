#include "orchestrator/report/findings.h"

#include <gtest/gtest.h>

#include "made_report.h"
#include "orchestrator/report/read_report.h"
#include "orchestrator/report/saved_report.h"

namespace orchestrator {
namespace {

using sandbox::Outcome;

// A run in which tests were told apart, test by test.
struct MadeFindings : MadeReport {
  MadeFindings() { report.conditions.push_back({.name = "shuffle", .order = TestOrder::shuffled}); }

  FailureText kept(const std::string& text) {
    const auto piece = spool.keep(text);
    return {piece.offset, static_cast<std::uint32_t>(piece.bytes)};
  }

  void attempt(int condition, Outcome outcome, const std::string& out = "") {
    add(outcome, out).condition = condition;
    tests.attempt = static_cast<int>(report.attempts.size()) - 1;
    tests.condition = condition;
    tests.session = tests.collected = tests.finished = true;
    tests.runs.clear();
  }
  MadeFindings& passes(const std::string& id, const std::string& log = "") {
    const TestIndex test = report.tests.intern_test(id);
    tests.runs.push_back({.test = test, .outcome = TestOutcome::passed});
    if (!log.empty())
      report.tests.add_passing_log({.attempt = tests.attempt, .test = test, .text = kept(log)});
    return *this;
  }
  MadeFindings& fails(const std::string& id, const std::string& signature, const std::string& log = "") {
    const TestIndex test = report.tests.intern_test(id);
    TestFailure failure{
        .attempt = tests.attempt,
        .test = test,
        .signature = report.tests.intern_signature(signature),
        .message = "assert 1 == 2",
        .text = kept("def test():\n>   assert 1 == 2\nE   assert 1 == 2\n--- Captured stdout\n" + log)};
    if (!log.empty()) failure.log = kept(log);
    tests.runs.push_back(
        {.test = test, .outcome = TestOutcome::failed, .failure = report.tests.add_failure(failure)});
    return *this;
  }
  MadeFindings& hangs(const std::string& id) {
    const TestIndex test = report.tests.intern_test(id);
    const TestFailure failure{.attempt = tests.attempt,
                              .test = test,
                              .signature = report.tests.intern_signature("call · timed_out")};
    tests.runs.push_back(
        {.test = test, .outcome = TestOutcome::timed_out, .failure = report.tests.add_failure(failure)});
    return *this;
  }
  void end() { report.tests.add(tests); }
  const Findings& find() {
    report.verdicts = judge(report.tests, report.conditions, {});
    return report.findings = find_findings(report, spool);
  }

  AttemptTests tests;
};

TEST(Findings, GroupsFailuresWithAnExample) {
  MadeFindings made;
  for (const bool fails : {false, true, true}) {
    made.attempt(0, fails ? Outcome::failed : Outcome::passed);
    fails ? made.fails("a", "call · ValueError · a.py::f").passes("b").end()
          : made.passes("a").passes("b").end();
  }
  const Findings& findings = made.find();
  ASSERT_EQ(findings.groups.size(), 1u);
  const FailureFinding& group = findings.groups[0];
  EXPECT_EQ(group.signature, "call · ValueError · a.py::f");
  EXPECT_EQ(group.failures, 2);
  EXPECT_EQ(group.attempts, (std::vector<int>{1, 2}));
  EXPECT_EQ(group.tests, std::vector<TestIndex>{0});
  EXPECT_EQ(group.example_attempt, 1);
  EXPECT_EQ(group.example_test, TestIndex{0});
  EXPECT_EQ(group.message, "assert 1 == 2");
}

TEST(Findings, ComparesWhatATestPrintedWithAPassUnderTheSameCondition) {
  MadeFindings made;
  made.attempt(1, Outcome::passed);
  made.passes("a", "begin\nother order\n").end();
  made.attempt(0, Outcome::passed);
  made.passes("a", "begin\ngot 200\nend\n").end();
  made.attempt(0, Outcome::failed);
  made.fails("a", "s", "begin\ngot an error\n").end();
  const auto& logs = made.find().groups.at(0).logs;
  ASSERT_TRUE(logs);
  EXPECT_EQ(logs->what, "test log");
  EXPECT_EQ(logs->failing_attempt, 2);
  EXPECT_EQ(logs->passing_attempt, 1);
  EXPECT_EQ(logs->difference.line, 2u);
  EXPECT_EQ(logs->difference.before, std::vector<std::string>{"begin"});
  EXPECT_EQ(logs->difference.failing, std::vector<std::string>{"got an error"});
  EXPECT_EQ(logs->difference.passing, (std::vector<std::string>{"got 200", "end"}));
}

TEST(Findings, AHangIsComparedByTheAttemptsOutput) {
  MadeFindings made;
  made.attempt(0, Outcome::passed, "a .\n");
  made.passes("a").end();
  made.attempt(0, Outcome::timed_out, "a \n");
  made.hangs("a").end();
  const auto& logs = made.find().groups.at(0).logs;
  ASSERT_TRUE(logs);
  EXPECT_EQ(logs->what, "stdout");
  EXPECT_EQ(logs->difference.failing, std::vector<std::string>{"a "});
}

TEST(Findings, AFailureThatPrintedNothingIsNotComparedByTheAttemptsOutput) {
  MadeFindings made;
  made.attempt(0, Outcome::passed, "a .\n");
  made.passes("a").passes("b", "b has a log\n").end();
  made.attempt(0, Outcome::failed, "a F\n");
  made.fails("a", "s").end();
  EXPECT_FALSE(made.find().groups.at(0).logs) << "its text says it all";
  EXPECT_EQ(made.report.findings.groups.at(0).not_compared, NotCompared::printed_nothing);
}

// cargo test, go test, node:test, pytest -s
TEST(Findings, AFailureIsComparedByTheAttemptsOutputWhereTheRunnerKeepsNoLogsOfTests) {
  const auto made_by = [](const std::string& framework, std::vector<std::string> command) {
    MadeFindings made;
    made.report.plan.test_command = {"", std::move(command)};
    made.tests.framework = framework;
    made.attempt(0, Outcome::passed, "connected\na ok\n");
    made.passes("a").end();
    made.attempt(1, Outcome::passed, "another order\n");
    made.passes("a").end();
    made.attempt(0, Outcome::failed, "refused\na FAILED\n");
    made.fails("a", "s").end();
    return made.find().groups.at(0).logs;
  };
  EXPECT_FALSE(made_by("pytest 8.3.4", {"pytest"}));
  for (const auto& logs :
       {made_by("cargo test", {"cargo", "test"}), made_by("pytest 8.3.4", {"pytest", "-s"}),
        made_by("pytest 8.3.4", {"pytest", "--capture=no"})}) {
    ASSERT_TRUE(logs);
    EXPECT_EQ(logs->what, "stdout");
    EXPECT_EQ(logs->failing_attempt, 2);
    EXPECT_EQ(logs->passing_attempt, 0);
    EXPECT_EQ(logs->difference.failing.at(0), "refused");
    EXPECT_EQ(logs->difference.passing.at(0), "connected");
  }
}

TEST(Findings, APassThatPrintedNothingIsAnEmptyLog) {
  MadeFindings made;
  made.attempt(0, Outcome::passed);
  made.passes("a").end();
  made.attempt(0, Outcome::failed);
  made.fails("a", "s", "retrying\n").end();
  const auto& logs = made.find().groups.at(0).logs;
  ASSERT_TRUE(logs);
  EXPECT_EQ(logs->passing_attempt, 0);
  EXPECT_EQ(logs->difference.failing, std::vector<std::string>{"retrying"});
  EXPECT_TRUE(logs->difference.passing.empty());
}

TEST(Findings, HasNothingToCompareWithWhenNoAttemptPassed) {
  MadeFindings made;
  made.attempt(0, Outcome::timed_out, "a F\n");
  made.hangs("a").end();
  EXPECT_FALSE(made.find().groups.at(0).logs);
  EXPECT_EQ(made.report.findings.groups.at(0).not_compared, NotCompared::never_passed);
}

TEST(Findings, SayWhyThereIsNothingToCompareWith) {
  MadeFindings printed;
  printed.attempt(0, Outcome::failed);
  printed.fails("a", "s", "a log\n").end();
  EXPECT_EQ(printed.find().groups.at(0).not_compared, NotCompared::never_passed);
  EXPECT_FALSE(printed.report.findings.groups.at(0).logs);

  MadeFindings silent;
  silent.attempt(0, Outcome::failed);
  silent.passes("b", "b has a log\n").fails("a", "s").end();
  EXPECT_EQ(silent.find().groups.at(0).not_compared, NotCompared::never_passed);

  MadeFindings hung;  // it passed, but beside a failure
  hung.attempt(0, Outcome::failed);
  hung.passes("a").fails("b", "s").end();
  hung.attempt(0, Outcome::timed_out);
  hung.hangs("a").end();
  const Findings& findings = hung.find();
  ASSERT_EQ(findings.groups.size(), 2u);
  for (const auto& group : findings.groups)
    EXPECT_EQ(group.not_compared, group.tests == std::vector<TestIndex>{0} ? NotCompared::no_attempt_passed
                                                                           : NotCompared::never_passed)
        << group.signature;
}

TEST(Findings, SayWhyThereIsNothingToCompareTheWholeCommandWith) {
  MadeReport made;
  made.report.conditions.push_back({.name = "shuffle", .order = TestOrder::shuffled});
  made.add(Outcome::failed, "one\n");
  EXPECT_EQ(find_findings(made.report, made.spool).groups.at(0).not_compared, NotCompared::never_passed);
  made.add(Outcome::passed, "one\n").condition = 1;
  EXPECT_EQ(find_findings(made.report, made.spool).groups.at(0).not_compared, NotCompared::no_attempt_passed);
  made.add(Outcome::passed, "one\n");
  EXPECT_FALSE(find_findings(made.report, made.spool).groups.at(0).not_compared);
}

TEST(Findings, KeepInTheirFileWhyThereIsNothingToCompareWith) {
  MadeFindings made;
  made.attempt(0, Outcome::failed);
  made.fails("a", "s", "a log\n").end();
  made.find();
  const auto group = made.json().at("findings").at("failure_groups").at("list").at(0);
  EXPECT_TRUE(group.at("first_difference").is_null());
  EXPECT_EQ(group.at("not_compared"), "never_passed");
  TemporaryFolder folder;
  Spool spool(folder.path(), "");
  const auto again = read_report(parse_saved_report(made.json_text(), "r.json"), "r.json", spool);
  EXPECT_EQ(again.report.findings.groups.at(0).not_compared, NotCompared::never_passed);
}

TEST(Findings, OfAWholeCommandAreHowItEnded) {
  MadeReport made;
  made.add(Outcome::passed, "one\ntwo\n");
  made.add(Outcome::failed, "one\nthree\n");
  made.add(Outcome::timed_out, "one\n");
  made.add(Outcome::failed, "one\nfour\n");
  const Findings findings = find_findings(made.report, made.spool);
  ASSERT_EQ(findings.groups.size(), 2u);
  EXPECT_EQ(findings.groups[0].signature, "failed with exit code 1");
  EXPECT_EQ(findings.groups[0].attempts, (std::vector<int>{1, 3}));
  EXPECT_TRUE(findings.groups[0].tests.empty());
  ASSERT_TRUE(findings.groups[0].logs);
  EXPECT_EQ(findings.groups[0].logs->difference.failing, std::vector<std::string>{"three"});
  EXPECT_TRUE(findings.groups[1].logs->difference.failing.empty()) << "that log has ended";
}

TEST(Findings, ComparesStderrWhenStdoutIsTheSame) {
  MadeReport made;
  made.add(Outcome::passed, "same\n", "fine\n");
  made.add(Outcome::failed, "same\n", "broken\n");
  const Findings findings = find_findings(made.report, made.spool);
  EXPECT_EQ(findings.groups.at(0).logs->what, "stderr");
}

TEST(Findings, TestsThatFailTogetherAndOrderAreFound) {
  MadeFindings made;
  for (int i = 0; i < 24; ++i) {
    const bool fails = i % 2 == 1;
    made.attempt(fails ? 1 : 0, fails ? Outcome::failed : Outcome::passed);
    for (const char* id : {"a", "b"}) fails&& i > 3 ? made.fails(id, "s") : made.passes(id);
    made.end();
  }
  const Findings& findings = made.find();
  ASSERT_EQ(findings.clusters.size(), 1u);
  EXPECT_EQ(findings.clusters[0].tests, (std::vector<TestIndex>{0, 1}));
  ASSERT_FALSE(findings.factors.empty());
  EXPECT_EQ(findings.factors[0].factor, "order: shuffle against written");
  EXPECT_EQ(findings.factors[0].failed_with, 10);
  EXPECT_EQ(findings.factors[0].n_without, 12);
}

TEST(Findings, NeighboursAreAttemptsThatRanBesideForHalfOfTheTime) {
  MadeFindings made;
  // Attempts 0 … 15 run in pairs and fail; 16 … 31 run alone and pass.
  for (int i = 0; i < 32; ++i) {
    const bool paired = i < 16;
    made.attempt(0, paired ? Outcome::failed : Outcome::passed);
    made.report.attempts.back().started_at += std::chrono::seconds(paired ? 10 * (i / 2) : 10 * i);
    paired ? made.fails("a", "s").end() : made.passes("a").end();
  }
  const Findings& findings = made.find();
  ASSERT_FALSE(findings.factors.empty());
  EXPECT_EQ(findings.factors[0].factor, "neighbours: 1 or more");
  EXPECT_EQ(findings.factors[0].failed_with, 16);
  EXPECT_EQ(findings.factors[0].failed_without, 0);
}

// The long ones have as many neighbours as the short ones beside them.
TEST(Findings, AHangIsNotPutDownToHowFewRanBesideIt) {
  MadeFindings made;
  for (int i = 0; i < 60; ++i) {
    const bool hangs = i % 3 == 0;
    made.attempt(0, hangs ? Outcome::timed_out : Outcome::passed);
    AttemptRecord& attempt = made.report.attempts.back();
    // Two at a time: beside each that hangs for a minute two short ones run, one after the other.
    attempt.started_at += std::chrono::seconds(60 * (i / 3) + (i % 3 == 2 ? 5 : 0));
    attempt.duration = std::chrono::seconds(hangs ? 60 : 5);
    hangs ? made.fails("a", "s").end() : made.passes("a").end();
  }
  for (const auto& factor : made.find().factors)
    EXPECT_EQ(factor.factor.find("neighbours"), std::string::npos) << factor.factor << " q " << factor.q;
}

TEST(Findings, SayWhereAPassIsOfAnotherCondition) {
  MadeFindings made;
  made.attempt(0, Outcome::passed);
  made.passes("a", "first\n").end();
  made.attempt(1, Outcome::failed);
  made.fails("a", "call · ValueError · a.py::f", "second\n").end();
  made.find();
  EXPECT_NE(made.text().find("which passed as\n  written, at line 1"), std::string::npos) << made.text();
  made.attempt(1, Outcome::passed);
  made.passes("a", "first\n").end();
  made.find();
  EXPECT_NE(made.text().find("which passed, at\n  line 1"), std::string::npos) << made.text();
}

// Where no test is told apart; seeds count up.
TEST(Findings, NameWhatGoesWithFailureOfTheWholeCommand) {
  MadeReport made;
  for (int i = 0; i < 24; ++i) {
    const AttemptRecord& attempt = made.add(Outcome::passed);
    if (attempt.seed % 2 != 0) made.report.attempts.back().outcome = Outcome::failed;
  }
  made.report.findings = find_findings(made.report, made.spool);
  const auto& factors = made.report.findings.factors;
  ASSERT_EQ(factors.size(), 1u);
  EXPECT_EQ(factors[0].factor, "seed: odd against even");
  EXPECT_FALSE(factors[0].test);
  EXPECT_EQ(factors[0].failed_with, 12);
  EXPECT_EQ(factors[0].failed_without, 0);
  const auto saved = made.json().at("findings").at("factors").at("list").at(0);
  EXPECT_EQ(saved.at("test"), "(the whole command)");
  EXPECT_NE(made.text().find("factor   (the whole command): fails 12 of 12 times with"), std::string::npos)
      << made.text();
  TemporaryFolder folder;
  Spool spool(folder.path(), "");
  const auto again = read_report(parse_saved_report(made.json_text(), "r.json"), "r.json", spool);
  ASSERT_EQ(again.report.findings.factors.size(), 1u);
  EXPECT_FALSE(again.report.findings.factors[0].test);
}

TEST(Findings, StandInTheJsonReportAndInTheSummary) {
  MadeFindings made;
  made.attempt(0, Outcome::passed);
  made.passes("a", "got 200\n").end();
  made.attempt(0, Outcome::failed);
  made.fails("a", "call · ValueError · a.py::f", "got 500\x1b[31m\n").end();
  made.find();
  const auto group = made.json().at("findings").at("failure_groups").at("list").at(0);
  EXPECT_EQ(group.at("tests"), nlohmann::json({"a"}));
  EXPECT_EQ(group.at("first_difference").at("passing"), nlohmann::json({"got 200"}));
  const std::string text = made.text();
  EXPECT_NE(text.find("call · ValueError · a.py::f  in 1 attempt: 1"), std::string::npos) << text;
  EXPECT_NE(text.find("  | E   assert 1 == 2"), std::string::npos) << text;
  EXPECT_NE(text.find("  | + got 200"), std::string::npos) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << "escape sequences of a test reached the terminal";
  EXPECT_EQ(text.find("Captured stdout"), std::string::npos) << text;
}

}  // namespace
}  // namespace orchestrator
