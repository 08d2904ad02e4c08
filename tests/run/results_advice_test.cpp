#include "orchestrator/run/results_advice.h"

#include <gtest/gtest.h>

#include "orchestrator/run/ran_no_test.h"
#include "tests/unit/report/made_report.h"

namespace orchestrator {
namespace {

using Sentences = std::vector<std::string>;

Report report_of(std::vector<sandbox::Outcome> outcomes) {
  Report report;
  for (const auto outcome : outcomes)
    report.attempts.push_back({.index = static_cast<int>(report.attempts.size()), .outcome = outcome});
  return report;
}

void tell_tests_apart(Report& report) {
  AttemptTests tests;
  tests.runs.push_back({.test = report.tests.intern_test("a"), .outcome = TestOutcome::passed});
  report.tests.add(tests);
}

TEST(ResultsAdvice, SaysHowToTellTestsApart) {
  EXPECT_EQ(results_advice(report_of({sandbox::Outcome::passed, sandbox::Outcome::failed}), {}),
            Sentences{"tests were not told apart: --results 'GLOB' reads JUnit XML that the command writes"});
  EXPECT_EQ(results_advice(report_of({sandbox::Outcome::passed}), {}).size(), 1u) << "however it went";
  EXPECT_TRUE(results_advice(report_of({sandbox::Outcome::cancelled}), {}).empty());
  Report told = report_of({sandbox::Outcome::failed});
  tell_tests_apart(told);
  EXPECT_TRUE(results_advice(told, {}).empty());
}

TEST(ResultsAdvice, SaysWhatHidesThePluginForPytest) {
  Report report = report_of({sandbox::Outcome::passed});
  report.plan.test_command.line = "PYTHONPATH=src pytest -q";
  EXPECT_EQ(
      results_advice(report, {}),
      Sentences{"tests were not told apart: the command's own PYTHONPATH hides the plugin for pytest; --env "
                "PYTHONPATH=src in its place does not"});
}

TEST(ResultsAdvice, SaysWhenGlobsFoundNothing) {
  Report report = report_of({sandbox::Outcome::passed});
  report.plan.results = {"a/*.xml", "b.xml"};
  EXPECT_EQ(results_advice(report, {}),
            Sentences{"tests were not told apart: no attempt left a file that matches 'a/*.xml', 'b.xml'"});
  EXPECT_EQ(
      results_advice(report, {.files = 1}),
      Sentences{
          "tests were not told apart: no test could be read of the files that match 'a/*.xml', 'b.xml'"});
}

TEST(ResultsAdvice, SaysWhenAProbeWasThere) {
  Report report = report_of({sandbox::Outcome::passed});
  report.plan.results = {"a.xml"};
  tell_tests_apart(report);
  EXPECT_EQ(results_advice(report, {.by_files = false, .files = 1}),
            Sentences{"results was not used: the framework's own probe told the tests apart"});
  EXPECT_TRUE(results_advice(report, {.by_files = true, .files = 1}).empty());
}

TEST(ResultsAdvice, SaysOnceWhatIsMissing) {
  Report report = report_of({sandbox::Outcome::passed, sandbox::Outcome::failed, sandbox::Outcome::failed});
  report.plan.results = {"a.xml"};
  tell_tests_apart(report);
  report.attempts[0].notes = {"something else"};
  report.attempts[1].notes = {"something else", "results: a.xml is empty"};
  report.attempts[2].notes = {"results: a.xml is not well-formed"};
  EXPECT_EQ(results_advice(report, {.by_files = true, .files = 3}),
            Sentences{"results: a.xml is empty (attempt 1; 2 attempts with such a note)"});
}

// A runner that found no test and ended with 0 all the same has shown nothing.
TEST(ResultsAdvice, SaysThatNoTestWasRun) {
  MadeReport none, some;
  none.add(sandbox::Outcome::passed, "Test project /work\n", "No tests were found!!!\n");
  const std::string words = words_for_no_test(none.report, none.spool);
  EXPECT_EQ(results_advice(none.report, {.no_test = words}),
            Sentences{"no test was run: the command says 'No tests were found!!!'"});
  some.add(sandbox::Outcome::passed, "ok\n");
  EXPECT_EQ(words_for_no_test(some.report, some.spool), "");
}

TEST(ResultsAdvice, SaysWhatWasLeftOut) {
  Report report = report_of({sandbox::Outcome::passed, sandbox::Outcome::passed});
  tell_tests_apart(report);
  AttemptTests tests{.attempt = 1, .dropped = 3};
  tests.runs.push_back({.test = report.tests.intern_test("a"), .outcome = TestOutcome::passed});
  report.tests.add(tests);
  EXPECT_EQ(
      results_advice(report, {}),
      Sentences{"3 records of tests are malformed or beyond a bound, and left out (attempt 1 is the first)"});
}

}  // namespace
}  // namespace orchestrator
