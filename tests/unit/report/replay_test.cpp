#include "orchestrator/report/replay.h"

#include <gtest/gtest.h>

#include "made_report.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

using sandbox::Outcome;
using Words = std::vector<std::string>;

// ---- which attempt

SavedAttempt attempt(int number, Outcome outcome, std::size_t condition = 0) {
  SavedAttempt made;
  made.number = made.index = number;
  made.outcome = outcome;
  made.condition = condition;
  return made;
}

// Six attempts; "t::a" always passes, "t::b" fails in 1, 2, 4 and 5.
SavedRun six_attempts() {
  SavedRun run;
  run.conditions = {Condition{}, {.name = "shuffle", .order = TestOrder::shuffled}};
  for (int i = 0; i < 6; ++i)
    run.attempts.push_back(attempt(i, i % 3 ? Outcome::failed : Outcome::passed, i < 3 ? 0u : 1u));
  run.tests = {{"t::b", ".FF.FF", {{"written", 0.5}, {"shuffle", 0.9}}},
               {"t::a", "......", {{"written", 0}, {"shuffle", 0}}}};
  run.groups = {{"usual", {1, 2, 5}, {"t::b"}}, {"rare", {4}, {"t::b"}}};
  return run;
}

std::string complaint(const std::function<void()>& call) {
  try {
    call();
  } catch (const io::RequestError& error) {
    return error.what();
  }
  return "";
}

TEST(ChosenAttempt, FailsAsTheTestMostlyDoesWhereItFailsMostOften) {
  EXPECT_EQ(choose_attempt(six_attempts(), "t::b", "r").number, 5);
}

TEST(ChosenAttempt, PrefersTheUsualFailureToTheWorstCondition) {
  SavedRun run = six_attempts();
  run.groups = {{"usual", {1, 2}, {"t::b"}}, {"rare", {4}, {"t::b"}}};
  EXPECT_EQ(choose_attempt(run, "t::b", "r").number, 1);
}

TEST(ChosenAttempt, IsTheFirstOfThoseThatAreAlike) {
  SavedRun run = six_attempts();
  run.groups.clear();
  run.tests[0].rate_in = {{"written", 0.5}, {"shuffle", 0.5}};
  EXPECT_EQ(choose_attempt(run, "t::b", "r").number, 1);
}

TEST(ChosenAttempt, WithoutLettersIsFoundByGroups) {
  SavedRun run = six_attempts();
  run.tests[0].outcomes.clear();
  run.groups = {{"usual", {2}, {"t::b"}}};
  EXPECT_EQ(choose_attempt(run, "t::b", "r").number, 2);
}

TEST(ChosenAttempt, WithoutAnyWordIsThatOfTheWorstTest) {
  const ChosenAttempt chosen = choose_attempt(six_attempts(), "", "r");
  EXPECT_EQ(chosen.number, 5);
  EXPECT_EQ(chosen.test, "t::b");
}

TEST(ChosenAttempt, OfAWholeCommandIsTheFirstThatDidNotPass) {
  SavedRun run = six_attempts();
  run.tests.clear();
  EXPECT_EQ(choose_attempt(run, "", "r").number, 1);
  EXPECT_EQ(choose_attempt(run, "", "r").test, "");
}

TEST(ChosenAttempt, OfARunThatPassedMustBeNamed) {
  SavedRun run;
  run.attempts = {attempt(0, Outcome::passed)};
  EXPECT_EQ(complaint([&] { choose_attempt(run, "", "r.json"); }),
            "no attempt of r.json failed; say with --attempt which of them to run again");
  EXPECT_EQ(choose_attempt(run, 0, "r.json").number, 0);
}

TEST(ChosenAttempt, NamedByTheEndOfATestsIdThatOnlyOneHas) {
  SavedRun run = six_attempts();
  EXPECT_EQ(choose_attempt(run, "b", "r").test, "t::b");
  run.tests.push_back({"u::b", "......", {}});
  EXPECT_EQ(complaint([&] { choose_attempt(run, "b", "r.json"); }),
            "--test: 'b' ends several tests of r.json: 't::b', 'u::b'");
}

TEST(ChosenAttempt, ThatIsNotThereIsRefusedInASentence) {
  const SavedRun run = six_attempts();
  EXPECT_EQ(complaint([&] { choose_attempt(run, 6, "r.json"); }),
            "--attempt: r.json has no attempt 6; it has 0 to 5");
  EXPECT_EQ(complaint([&] { choose_attempt(run, "t::bb", "r.json"); }),
            "--test: r.json has no test 't::bb' (did you mean 't::b'?)");
  EXPECT_EQ(complaint([&] { choose_attempt(run, "t::a", "r.json"); }),
            "--test: 't::a' failed in no attempt of r.json");
  SavedRun untold = six_attempts();
  untold.tests.clear();
  EXPECT_EQ(complaint([&] { choose_attempt(untold, "t::a", "r.json"); }),
            "--test: r.json tells no tests apart; use --attempt");
}

// ---- what differs

TEST(PackageDifferences, NameWhatCameWentAndChanged) {
  EXPECT_EQ(package_differences({"a==1", "b==1", "c==1", "odd"}, {"a==1", "b==2", "d==4"}),
            (Words{"package b: 1 then, 2 now", "package c 1 is not there now", "package odd is not there now",
                   "package d 4 was not there then"}));
  EXPECT_EQ(package_differences({"a==1"}, {"a==1"}), Words{});
}

// As the report says that it was.
SavedRun saved_from(const Report& report) {
  SavedRun run;
  run.framework = report.framework;
  run.environment.image = {report.image.id, report.image.base_reference, report.image.base_id,
                           report.image.base_digest};
  run.environment.commit = report.source.commit;
  run.environment.tree_hash = report.source.tree_hash;
  run.environment.packages = report.packages;
  run.environment.engine = report.engine;
  return run;
}

TEST(ReplayDifferences, AreNoneWhereNothingDiffers) {
  const MadeReport made;
  EXPECT_EQ(replay_differences(saved_from(made.report), made.report), Words{});
}

TEST(ReplayDifferences, OfAnImageThatWasBuiltAgainNameItsParts) {
  MadeReport made;
  const SavedRun was = saved_from(made.report);
  made.report.image.id = "sha256:another";
  EXPECT_EQ(replay_differences(was, made.report), Words{}) << "built again from the same is no difference";
  made.report.image.base_id = "sha256:b2";
  made.report.source.tree_hash = "t2";
  made.report.packages = {"pytest==9.0.0"};
  EXPECT_EQ(replay_differences(was, made.report),
            (Words{"id of the base image: unknown then, sha256:b2 now",
                   "tree of the sources: " + std::string(64, 'a') + " then, t2 now",
                   "package pytest: 8.3.4 then, 9.0.0 now"}));
}

TEST(ReplayDifferences, OfTheHostNameEngineAndEnforcement) {
  MadeReport made;
  const SavedRun was = saved_from(made.report);
  made.report.engine.engine_version = "27.1";
  made.report.engine.limits["disk"] = sandbox::Enforcement::enforced;
  EXPECT_EQ(replay_differences(was, made.report),
            (Words{"engine's version: 20.10.24 then, 27.1 now", "limit disk: sampled then, enforced now"}));
}

// ---- whether it happened again

// A replay of an attempt in which t::b failed.
MadeReport& replay_of_failure(MadeReport& made) {
  ReplayRecord record;
  record.attempt = attempt(17, Outcome::failed);
  record.attempt.exit_code = 1;
  record.attempt.seed = 4711;
  record.report = "old report.json";
  record.told_apart = true;
  record.failed_tests = {"t::b"};
  record.signatures = {"call · Oops"};
  record.times = 5;
  made.report.replay = record;
  return made;
}

void add(MadeReport& made, const std::string& failed_test, const std::string& signature) {
  Report& report = made.report;
  const int index = made.add(failed_test.empty() ? Outcome::passed : Outcome::failed).index;
  AttemptTests tests{.attempt = index, .session = true};
  for (const char* id : {"t::a", "t::b", "t::c"}) {
    TestRun run{.test = report.tests.intern_test(id), .outcome = TestOutcome::passed};
    if (failed_test == id) {
      run.outcome = TestOutcome::failed;
      run.failure = report.tests.add_failure(
          {.attempt = index, .test = run.test, .signature = report.tests.intern_signature(signature)});
    }
    tests.runs.push_back(run);
  }
  report.tests.add(std::move(tests));
}

TEST(ReplayResult, CountsTheSameTestOrTheSameSignatureAsTheSame) {
  MadeReport made;
  replay_of_failure(made);
  add(made, "t::b", "call · Other");
  add(made, "t::c", "call · Oops");
  add(made, "t::c", "call · Other");
  add(made, "", "");
  made.add(Outcome::cancelled);
  const ReplayResult result = replay_result(made.report);
  EXPECT_EQ(result.n, 4);
  EXPECT_EQ(result.same, 2);
  EXPECT_EQ(result.differently, 1);
  EXPECT_EQ(result.passed, 1);
  // Clopper–Pearson of 2 of 4, 95 %: from tables.
  EXPECT_NEAR(result.interval.low, 0.0676, 1e-4);
  EXPECT_NEAR(result.interval.high, 0.9324, 1e-4);
}

TEST(ReplayResult, OfANamedTestCountsThatTestAlone) {
  MadeReport made;
  replay_of_failure(made).report.replay->test = "t::b";
  add(made, "t::b", "call · Other");
  add(made, "t::c", "call · Oops");
  EXPECT_EQ(replay_result(made.report).same, 1);
  EXPECT_EQ(replay_result(made.report).differently, 1);
}

TEST(ReplayResult, OfANamedTestDoesNotAskWhetherTheCommandPassedAllTheSame) {
  MadeReport made;
  replay_of_failure(made).report.replay->test = "t::b";
  made.report.replay->attempt = attempt(3, Outcome::passed);
  add(made, "t::b", "call · Oops");
  add(made, "t::b", "call · Oops");
  for (auto& each : made.report.attempts) each.outcome = Outcome::passed;
  EXPECT_EQ(replay_result(made.report).same, 2);
  EXPECT_EQ(exit_code(made.report), 3) << "it fails every time";
  EXPECT_NE(made.text({.width = 200}).find("the same happened 2 of 2 times"), std::string::npos);
  add(made, "", "");
  EXPECT_EQ(replay_result(made.report).same, 2);
  EXPECT_EQ(replay_result(made.report).passed, 3);
  EXPECT_EQ(replay_result(made.report).differently, 0);
  EXPECT_EQ(exit_code(made.report), 1);
  EXPECT_NE(made.text({.width = 200}).find("1 passed · 0 failed in another way"), std::string::npos);
}

TEST(ReplayResult, OfAWholeCommandComparesHowItEnded) {
  MadeReport made;
  replay_of_failure(made);
  made.report.replay->told_apart = false;
  made.report.replay->failed_tests.clear();
  made.report.replay->signatures = {"failed with exit code 1"};
  made.add(Outcome::failed);
  made.add(Outcome::failed).exit_code = 2;
  made.add(Outcome::timed_out);
  EXPECT_EQ(replay_result(made.report).same, 1);
  EXPECT_EQ(replay_result(made.report).differently, 2);
}

TEST(ReplayResult, OfAPassIsAPass) {
  MadeReport made;
  replay_of_failure(made).report.replay->attempt = attempt(3, Outcome::passed);
  add(made, "", "");
  add(made, "t::b", "call · Oops");
  EXPECT_EQ(replay_result(made.report).same, 1);
  EXPECT_EQ(replay_result(made.report).passed, 1);
  EXPECT_EQ(replay_result(made.report).differently, 1);
}

// ---- how it is told

std::string last_lines(const MadeReport& made) {
  const std::string text = made.text({.width = 200});
  return text.substr(text.rfind("───"));
}

TEST(ReplayText, SaysThatItWasReproducedAndWhatToTypeNext) {
  MadeReport made;
  replay_of_failure(made);
  for (int i = 0; i < 5; ++i) add(made, "t::b", "call · Oops");
  const std::string text = last_lines(made);
  for (const char* part :
       {"REPRODUCED", "attempt 17 (seed 4711)", "the same happened 5 of 5 times (rate at least 54.9 %, 95 %)",
        "orchestrator replay 'old report.json' --attempt 17 --shell"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  EXPECT_EQ(text.find("broken rather than flaky"), std::string::npos);
}

TEST(ReplayText, GivesARateWhereItHappenedSometimes) {
  MadeReport made;
  replay_of_failure(made);
  add(made, "t::b", "call · Oops");
  add(made, "", "");
  made.report.replay->rebuilt = true;
  made.report.replay->differences = {"package \x1b[31m: 1 then, 2 now"};
  const std::string text = last_lines(made);
  for (const char* part : {"REPRODUCED SOMETIMES", "1 of 2 times", "50.0 % [1.3–98.7, 95 %]", "1 passed",
                           "built again", "differs"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(ReplayText, SaysThatItWasNot) {
  MadeReport made;
  replay_of_failure(made);
  add(made, "", "");
  EXPECT_NE(last_lines(made).find("NOT REPRODUCED"), std::string::npos) << last_lines(made);
  made.report.replay->attempt = attempt(3, Outcome::passed);
  EXPECT_NE(last_lines(made).find("PASSED AGAIN"), std::string::npos) << last_lines(made);
  made.report.attempts.clear();
  EXPECT_NE(last_lines(made).find("NOT RUN AGAIN"), std::string::npos) << last_lines(made);
}

TEST(ReplayLine, FollowsAFailureWhoseReportWasWritten) {
  MadeReport made;
  made.add(Outcome::passed);
  made.add(Outcome::failed);
  EXPECT_EQ(made.text().find("orchestrator replay"), std::string::npos);
  made.report.saved_as = "out/report.json";
  EXPECT_NE(made.text().find("orchestrator replay out/report.json --attempt 1"), std::string::npos);
}

TEST(ReplayReproduce, NamesTheReplayedAttempt) {
  MadeReport made;
  replay_of_failure(made);
  EXPECT_NE(reproduce_attempt(made.report, 2).find("--only-attempt 17 "), std::string::npos);
}

}  // namespace
}  // namespace orchestrator
