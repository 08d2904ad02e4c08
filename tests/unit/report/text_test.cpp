#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "made_report.h"
#include "made_tests.h"
#include "orchestrator/report/utf8.h"

namespace orchestrator {
namespace {

using sandbox::Outcome;

const std::string kGoldenFolder = std::string(SOURCE_FOLDER) + "/tests/unit/report/golden/";

// UPDATE_GOLDEN=1 writes the files anew.
void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = kGoldenFolder + name + ".txt";
  if (::getenv("UPDATE_GOLDEN")) std::ofstream(path, std::ios::binary) << text;
  EXPECT_EQ(text, read_file(path));
}

constexpr const char* kPytest =
    "============================= test session starts ==============================\n"
    "collected 3 items\n\ntests/test_cart.py ..F                                        [100%]\n\n"
    "=================================== FAILURES ===================================\n"
    "    def test_total():\n>       assert cart.total() == 30\nE       assert 29 == 30\n\n"
    "tests/test_cart.py:12: AssertionError\n"
    "=========================== short test summary info ============================\n"
    "FAILED tests/test_cart.py::test_total - assert 29 == 30\n"
    "========================= 1 failed, 2 passed in 0.12s ==========================\n";

TEST(Summary, OfAFlakyRunEndsWithTheRateAndTheCommand) {
  MadeReport made;
  made.add_many(7, Outcome::passed, "3 passed\n");
  made.add_many(9, Outcome::failed, kPytest);
  made.add_many(14, Outcome::passed, "3 passed\n");
  expect_golden("flaky", made.text());
}

TEST(Summary, OfARunWithoutFailureSaysHowLittleItShows) {
  MadeReport made;
  made.report.plan.runs = 20;
  made.add_many(20, Outcome::passed, "3 passed\n");
  expect_golden("not_shown_flaky", made.text());
}

TEST(Summary, OfABrokenTestDoesNotCallItFlaky) {
  MadeReport made;
  made.report.plan.runs = 20;
  made.add_many(20, Outcome::failed, kPytest, "DeprecationWarning: old\n");
  expect_golden("fails_every_time", made.text());
}

TEST(Summary, TellsWaysOfNotPassingApart) {
  MadeReport made;
  made.add_many(20, Outcome::passed);
  made.add_many(4, Outcome::failed, kPytest);
  made.add_many(2, Outcome::timed_out, "waiting for the lock\n");
  made.add(Outcome::out_of_memory);
  AttemptRecord& crashed = made.add(Outcome::failed, "", "Fatal Python error: Segmentation fault\n");
  crashed.exit_code = 139;
  crashed.signal = 11;
  AttemptRecord& lost = made.add(Outcome::infrastructure_error);
  lost.reason = "while starting the container: connection reset";
  made.report.warnings = {
      "The engine has no disk quota: what attempts write is read every 5 s, so that a fast one "
      "can write more than its limit."};
  expect_golden("mixed", made.text());
}

TEST(Summary, SaysWhenFailuresLookLikeTheSandbox) {
  MadeReport made;
  made.add_many(3, Outcome::passed);
  for (int i = 0; i < 7; ++i)
    made.add(Outcome::failed, "", "socket.gaierror: [Errno -3] Temporary failure in name resolution\n")
        .hints = {{"name-resolution", "stderr: …", "--network bridge"}};
  made.report.attempts.back().hints.push_back({"network", "kernel counter: …", "--network bridge"});
  made.add_many(2, Outcome::failed, kPytest);
  made.report.attempts.back().hints = {{"privilege", "stderr: …", ""}};
  expect_golden("sandbox", made.text());
}

TEST(Summary, OfACommandThatCannotBeRunSaysWhy) {
  MadeReport made;
  made.report.end = RunEnd::not_runnable;
  AttemptRecord& attempt = made.add(Outcome::not_runnable);
  attempt.reason = "pytest: No such file or directory";
  expect_golden("not_runnable", made.text());

  made.report.plan.dockerfile = "docker/test.Dockerfile";
  EXPECT_NE(made.text().find("\nadvice   install it in docker/test.Dockerfile, or by --setup-command\n"),
            std::string::npos)
      << made.text();
}

TEST(Summary, OfAStoppedRunSaysHowFarItCame) {
  MadeReport made;
  made.report.plan.runs = 100;
  made.report.end = RunEnd::cancelled;
  made.report.end_reason = "interrupted";
  made.add_many(11, Outcome::passed);
  made.add(Outcome::failed, kPytest);
  made.add_many(4, Outcome::cancelled);
  expect_golden("stopped", made.text());
}

TEST(Summary, OfARunThatWasStoppedAtOnceSaysThatNothingIsKnown) {
  MadeReport made;
  made.report.end = RunEnd::deadline;
  made.report.end_reason = "the deadline of 60 s has passed";
  made.add(Outcome::cancelled);
  expect_golden("inconclusive", made.text());
}

TEST(Summary, OfALostEngineBlamesTheHost) {
  MadeReport made;
  made.report.end = RunEnd::infrastructure;
  made.report.end_reason = "more than 3 attempts were lost to the engine";
  made.add(Outcome::passed);
  made.add_many(4, Outcome::infrastructure_error);
  expect_golden("infrastructure", made.text());
}

TEST(Summary, OfOneAttemptSaysWhetherItPassed) {
  MadeReport made;
  made.report.plan.only_attempt = 0;
  made.add(Outcome::failed, kPytest);
  expect_golden("only_attempt", made.text());
}

TEST(Summary, SaysWhatADockerfilesBuildWasNotLimitedIn) {
  MadeReport made;
  made.report.plan.dockerfile = "docker/Dockerfile";
  made.report.plan.build_args = {{"A", "1"}};
  made.report.engine.builder = "classic builder";
  made.report.engine.build_limits = {{"memory", sandbox::Enforcement::enforced},
                                     {"pids", sandbox::Enforcement::not_enforced},
                                     {"disk", sandbox::Enforcement::not_enforced}};
  EXPECT_NE(
      made.text({.width = 200})
          .find("built by docker/Dockerfile · classic builder · A=1 · memory 4 GiB · timeout 15:00 · not "
                "enforced: disk, pids\n"),
      std::string::npos)
      << made.text({.width = 200});
}

TEST(Summary, UsesColourOnlyWhenToldTo) {
  MadeReport made;
  made.add(Outcome::failed, "\x1b[31mred\x1b[0m\n");
  EXPECT_EQ(made.text().find('\x1b'), std::string::npos);
  EXPECT_NE(made.text({true, 80}).find("\x1b[1;31mFAILS EVERY TIME\x1b[0m"), std::string::npos);
  EXPECT_EQ(made.text({true, 80}).find("\x1b[31mred"), std::string::npos) << "the test's own escapes";
}

TEST(Summary, StaysWithinTheWidthButForTheCommand) {
  MadeReport made;
  made.add_many(3, Outcome::passed);
  made.add(Outcome::failed, repeated(150, 'x') + "\n", "日本語" + repeated(300, 'y') + "\n");
  made.report.warnings = {"many words in a warning that is longer than a line of the terminal is"};
  for (const int width : {40, 60, 80, 120}) {
    std::istringstream lines(made.text({false, width}));
    for (std::string line; std::getline(lines, line);) {
      if (line.rfind("again", 0) == 0) continue;
      EXPECT_LE(columns(line), width) << line;
    }
  }
}

TEST(Summary, OfTestsIsATableTheWorstFirst) { expect_golden("tests", every_verdict().text()); }

TEST(Summary, OfTestsStaysWithinTheWidthButForIdsAndTheCommand) {
  const MadeTests made = every_verdict();
  for (const int width : {40, 60, 80, 120}) {
    std::istringstream lines(made.text({false, width}));
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("again") || line.find("::test_") != std::string::npos) continue;
      EXPECT_LE(columns(line), width) << line;
    }
  }
}

// What a repository calls its tests and prints stands behind something of ours in each line.
TEST(Summary, OfAHostileRunBeginsNoLineWithItsWords) {
  MadeTests made({{"tests/a\nCI PASSES nothing failed\n::error::x", "F.F.", "",
                   "E\nNOT SHOWN FLAKY all is well", "m\nagain    rm -rf /", "\n::error::text\n"},
                  {"b\nCI PASSES", "F.F.", "", "E\n::error::y", "m", ""}});
  made.report.warnings = {"w\nCI PASSES it says"};
  std::istringstream lines(made.text({false, 80}));
  for (std::string line; std::getline(lines, line);)
    for (const char* word : {"CI PASSES", "::error", "NOT SHOWN", "again    rm"})
      EXPECT_FALSE(line.starts_with(word)) << line;
}

TEST(Summary, SaysWhatTheQOfAFactorIsWorthWhereTheRunCouldStopEarly) {
  MadeTests made = every_verdict();
  EXPECT_EQ(made.text().find("decided beforehand"), std::string::npos);
  made.report.anytime = true;
  EXPECT_NE(made.text({.width = 200}).find("as if the number of attempts had been decided beforehand"),
            std::string::npos);
}

TEST(Summary, CutsLinesOfOutputAtTheLengthThatWasAskedFor) {
  MadeReport made;
  made.report.plan.max_error_length = 10;
  made.add(Outcome::failed, "0123456789abcdef\n");
  EXPECT_NE(made.text().find("| 012345678…\n"), std::string::npos) << made.text();
}

}  // namespace
}  // namespace orchestrator
