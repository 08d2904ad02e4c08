#include "orchestrator/analysis/test_results.h"

#include <gtest/gtest.h>

#include "made_results.h"

namespace orchestrator {
namespace {

TEST(TestResults, NumberEachTestOnce) {
  TestResults results;
  EXPECT_EQ(results.intern_test("a"), 0u);
  EXPECT_EQ(results.intern_test("b"), 1u);
  EXPECT_EQ(results.intern_test("a"), 0u);
  EXPECT_EQ(results.tests(), (std::vector<std::string>{"a", "b"}));
}

TEST(TestResults, CutALongIdAndKeepItApartFromOthersLikeIt) {
  TestResults results;
  const std::string start(kMaxTestId, 'x');
  const TestIndex one = results.intern_test(start + "1"), other = results.intern_test(start + "2");
  EXPECT_NE(one, other);
  EXPECT_LE(results.tests()[one].size(), kMaxTestId);
  EXPECT_EQ(results.intern_test(start + "1"), one);
}

TEST(TestResults, CutNoCharacterInTwo) {
  TestResults results;
  for (std::size_t shift = 0; shift < 3; ++shift) {
    std::string id(shift, 'x');
    while (id.size() <= kMaxTestId) id += "€";
    const std::string& kept = results.tests()[results.intern_test(id)];
    EXPECT_EQ((kept.find("…") - shift) % 3, 0u);
  }
}

TEST(TestResults, PutAllTestsPastTheBoundTogether) {
  TestResults results;
  for (std::size_t i = 0; i < kMaxTests + 10; ++i) results.intern_test(std::to_string(i));
  EXPECT_EQ(results.tests().size(), kMaxTests);
  EXPECT_EQ(results.tests().back(), "(further tests)");
  EXPECT_EQ(results.intern_test("one more"), results.intern_test("and another"));
  EXPECT_EQ(results.intern_test("7"), 7u);
}

TEST(TestResults, BoundTheBytesOfAllIds) {
  TestResults results;
  const std::string long_id(kMaxTestId - 10, 'x');
  for (int i = 0; i < 50'000; ++i) results.intern_test(long_id + std::to_string(i));
  EXPECT_LE(results.tests().size() * kMaxTestId, kMaxTestIdBytes + 2 * kMaxTestId * 1024);
  EXPECT_EQ(results.tests().back(), "(further tests)");
}

TEST(TestResults, SortAttemptsAndKeepTheSecondTry) {
  TestResults results;
  const TestIndex test = results.intern_test("a");
  results.add({.attempt = 3, .runs = {{.test = test, .outcome = TestOutcome::failed}}});
  results.add({.attempt = 1, .runs = {{.test = test}}});
  results.add({.attempt = 3, .runs = {{.test = test, .outcome = TestOutcome::passed}}});
  ASSERT_EQ(results.attempts().size(), 2u);
  EXPECT_EQ(results.attempts()[0].attempt, 1);
  EXPECT_EQ(results.attempts()[1].runs.at(0).outcome, TestOutcome::passed);
}

TEST(TestResults, CountAReplacedTryNoLongerAgainstTheBound) {
  TestResults results;
  for (std::size_t tries = 0; tries <= kMaxRuns / kMaxRunsPerAttempt; ++tries)
    results.add({.attempt = 0, .runs = std::vector<TestRun>(kMaxRunsPerAttempt)});
  EXPECT_EQ(results.attempts()[0].runs.size(), kMaxRunsPerAttempt);
  EXPECT_EQ(results.attempts()[0].dropped, 0u);
}

TEST(TestResults, AreEmptyUntilAnAttemptToldItsTestsApart) {
  TestResults results;
  EXPECT_TRUE(results.empty());
  results.add({.attempt = 0});
  EXPECT_TRUE(results.empty());
  results.add({.attempt = 1, .runs = {{.test = results.intern_test("a")}}});
  EXPECT_FALSE(results.empty());
}

TEST(TestResults, KeepTheMessagesOfTheFirstTwentyFailuresOfATest) {
  TestResults results;
  const TestIndex test = results.intern_test("a"), other = results.intern_test("b");
  for (int i = 0; i < kMessagesPerTest + 5; ++i) results.add_failure({.test = test, .message = "why"});
  const auto last = results.add_failure({.test = other, .message = std::string(5000, 'm')});
  EXPECT_EQ(results.failures()[kMessagesPerTest - 1].message, "why");
  EXPECT_EQ(results.failures()[kMessagesPerTest].message, "");
  EXPECT_EQ(results.failures()[static_cast<std::size_t>(last)].message.size(), kMaxMessage);
}

TEST(TestResults, CountFailuresPastTheBound) {
  TestResults results;
  for (std::size_t i = 0; i < kMaxFailures; ++i) results.add_failure({});
  EXPECT_EQ(results.add_failure({}), -1);
  EXPECT_EQ(results.failures_dropped(), 1u);
}

// A collector is named only when it fails; that it passed elsewhere makes it flaky rather than failing.
TEST(TestResults, EnterThatACollectorPassedWhereAnAttemptCollectedWithoutNamingIt) {
  TestResults results;
  results.add({.attempt = 0, .collected = true});
  const TestIndex file = results.intern_collector("tests/test_a.py");
  results.add({.attempt = 1, .collected = true, .runs = {{.test = file, .outcome = TestOutcome::error}}});
  results.add({.attempt = 2, .collected = true});
  results.add({.attempt = 3, .collected = false});
  ASSERT_EQ(results.attempts()[0].runs.size(), 1u);
  EXPECT_EQ(results.attempts()[0].runs[0].outcome, TestOutcome::passed);
  ASSERT_EQ(results.attempts()[1].runs.size(), 1u);
  EXPECT_EQ(results.attempts()[1].runs[0].outcome, TestOutcome::error);
  ASSERT_EQ(results.attempts()[2].runs.size(), 1u);
  EXPECT_EQ(results.attempts()[2].runs[0].outcome, TestOutcome::passed);
  EXPECT_TRUE(results.attempts()[3].runs.empty());
}

TEST(TestOutcome, HasALetterAndANameOfItsOwn) {
  const std::string letters = " .FETMCs";
  for (const char each : letters) EXPECT_EQ(letter(outcome_of(each)), each);
  EXPECT_EQ(name(TestOutcome::out_of_memory), "out_of_memory");
  EXPECT_EQ(name(TestPhase::teardown), "teardown");
}

TEST(TestOutcome, IsEvidenceOnlyWhenTheTestRan) {
  EXPECT_FALSE(is_evidence(TestOutcome::not_run));
  EXPECT_FALSE(is_evidence(TestOutcome::skipped));
  EXPECT_FALSE(did_not_pass(TestOutcome::passed));
  for (const char each : std::string("FETMC")) EXPECT_TRUE(did_not_pass(outcome_of(each)));
}

TEST(TestOutcome, IsTheWorstOfSeveralTimes) {
  EXPECT_EQ(worse(TestOutcome::passed, TestOutcome::failed), TestOutcome::failed);
  EXPECT_EQ(worse(TestOutcome::timed_out, TestOutcome::failed), TestOutcome::timed_out);
  EXPECT_EQ(worse(TestOutcome::skipped, TestOutcome::passed), TestOutcome::passed);
  EXPECT_EQ(worse(TestOutcome::not_run, TestOutcome::skipped), TestOutcome::skipped);
}

TEST(TestOutcome, OfAWholeCommandIsThatOfItsAttempt) {
  using sandbox::Outcome;
  EXPECT_EQ(command_outcome(Outcome::passed), TestOutcome::passed);
  EXPECT_EQ(command_outcome(Outcome::failed), TestOutcome::failed);
  EXPECT_EQ(command_outcome(Outcome::timed_out), TestOutcome::timed_out);
  EXPECT_EQ(command_outcome(Outcome::out_of_memory), TestOutcome::out_of_memory);
  for (const auto limit : {Outcome::output_limit, Outcome::disk_limit, Outcome::pids_limit})
    EXPECT_EQ(command_outcome(limit), TestOutcome::crashed);
  for (const auto nothing : {Outcome::not_runnable, Outcome::infrastructure_error, Outcome::cancelled})
    EXPECT_EQ(command_outcome(nothing), TestOutcome::not_run);
}

}  // namespace
}  // namespace orchestrator
