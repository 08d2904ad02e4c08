#include "orchestrator/analysis/result_cases.h"

#include <gtest/gtest.h>

#include "orchestrator/analysis/verdict.h"

namespace orchestrator {
namespace {

ResultCase one(const std::string& id, TestOutcome outcome, bool again = false) {
  ResultCase made{.id = id, .outcome = outcome, .seconds = 1, .again = again};
  if (did_not_pass(outcome)) made.facts.exception = made.text = std::string(name(outcome));
  return made;
}

// Judges attempts of these cases, all of one condition.
TestVerdict verdict_of(const std::vector<std::vector<ResultCase>>& attempts) {
  TestResults results;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    ResultCases cases(results);
    for (const auto& each : attempts[i]) cases.add(each);
    results.add(cases.finish(static_cast<int>(i), 0, sandbox::Outcome::passed, true));
  }
  return judge(results, {Condition{}}, {}).tests.at(0).verdict;
}

TEST(ResultCases, OfOneIdAreOneTestThatEndedAsItsWorst) {
  TestResults results;
  ResultCases cases(results);
  for (const auto outcome :
       {TestOutcome::passed, TestOutcome::error, TestOutcome::failed, TestOutcome::skipped})
    cases.add(one("a", outcome));
  const AttemptTests tests = cases.finish(3, 0, sandbox::Outcome::failed, true);
  ASSERT_EQ(tests.runs.size(), 1u);
  EXPECT_EQ(tests.runs[0].outcome, TestOutcome::failed);
  EXPECT_EQ(tests.attempt, 3);
  EXPECT_TRUE(tests.session);
  EXPECT_TRUE(tests.finished);
  ASSERT_EQ(cases.failures().size(), 1u);
  EXPECT_EQ(cases.failures()[0].facts.exception, "error") << "the first failure";
}

TEST(ResultCases, ThatTheirRunnerRepeatedAreRepeats) {
  TestResults results;
  ResultCases cases(results);
  cases.add(one("a", TestOutcome::failed));
  cases.add(one("a", TestOutcome::failed, true));
  cases.add(one("a", TestOutcome::passed, true));
  cases.add(one("b", TestOutcome::passed));
  const AttemptTests tests = cases.finish(0, 0, sandbox::Outcome::passed, true);
  ASSERT_EQ(tests.runs.size(), 4u);
  EXPECT_EQ(tests.runs[2].repeat, 3);
  EXPECT_EQ(tests.runs[2].outcome, TestOutcome::passed);
  EXPECT_EQ(cases.failures().size(), 2u);
}

TEST(ResultCases, OfATestThatPassedOnlyWhenItsRunnerRanItAgainMakeItFlaky) {
  const auto failed = one("a", TestOutcome::failed), again = one("a", TestOutcome::failed, true);
  const auto passed_again = one("a", TestOutcome::passed, true);
  EXPECT_EQ(verdict_of({{failed, passed_again}, {failed, passed_again}}), TestVerdict::flaky);
  EXPECT_EQ(verdict_of({{failed, again}, {failed, again}}), TestVerdict::failing);
  // Two tests that share an id, one of them broken, are not flaky for that.
  EXPECT_EQ(verdict_of({{one("a", TestOutcome::passed), failed}}), TestVerdict::failing);
}

TEST(ResultCases, OfAnAttemptThatIsNoEvidenceAreNotCounted) {
  TestResults results;
  ResultCases cases(results);
  cases.add(one("a", TestOutcome::failed));
  const AttemptTests tests = cases.finish(0, 0, sandbox::Outcome::cancelled, true);
  EXPECT_FALSE(tests.counted);
  EXPECT_FALSE(tests.finished);
}

TEST(ResultCases, AreBounded) {
  TestResults results;
  ResultCases cases(results, 100);
  ResultCase large = one("", TestOutcome::failed);
  large.text = std::string(1u << 20, 'x');
  large.log = large.facts.message = large.facts.exception = large.facts.location = large.text;
  for (int i = 0; i < 2000; ++i) {
    large.id = std::to_string(i) + std::string(5000, 'i');
    cases.add(large);
  }
  large.again = true;
  for (int i = 0; i < 1000; ++i) cases.add(large);
  const AttemptTests tests = cases.finish(0, 0, sandbox::Outcome::failed, true);
  EXPECT_EQ(tests.runs.size(), 100u);
  EXPECT_GT(tests.dropped, 0u);
  std::size_t bytes = 0;
  for (const auto& failure : cases.failures()) {
    EXPECT_LE(failure.text.size(), kMaxFailureText);
    EXPECT_LE(failure.facts.message.size(), kMaxMessage);
    bytes += failure.text.size();
  }
  for (const auto& log : cases.logs()) bytes += log.text.size();
  EXPECT_LE(bytes, kMaxAttemptText);
  for (const auto& id : results.tests()) EXPECT_LE(id.size(), kMaxTestId);
}

}  // namespace
}  // namespace orchestrator
