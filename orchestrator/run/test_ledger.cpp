#include "orchestrator/run/test_ledger.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "orchestrator/analysis/failure_signature.h"
#include "orchestrator/run/secret_mask.h"

namespace orchestrator {
namespace {

constexpr int kTextsOfATest = 20;  // further failures of it are counted and grouped without their text
constexpr int kLogsOfATest = 3;    // of its passes: one of each condition, when they come as they are dealt
constexpr std::size_t kMostLogBytes = 128u << 20;  // of all passes together

TestOutcome of_the_whole(sandbox::Outcome outcome) {
  switch (outcome) {
    case sandbox::Outcome::passed:
      return TestOutcome::passed;
    case sandbox::Outcome::timed_out:
      return TestOutcome::timed_out;
    case sandbox::Outcome::out_of_memory:
      return TestOutcome::out_of_memory;
    default:
      return sandbox::is_evidence(outcome) ? TestOutcome::failed : TestOutcome::not_run;
  }
}

// Records are JSON: a value appears in them as it is, or as a JSON writer escapes it.
std::vector<std::string> with_escaped(std::vector<std::string> secrets) {
  std::vector<std::string> all = secrets;
  for (const auto& secret : secrets) {
    const std::string quoted =
        nlohmann::json(secret).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
    if (const std::string escaped = quoted.substr(1, quoted.size() - 2); escaped != secret)
      all.push_back(escaped);
  }
  return all;
}

}  // namespace

TestLedger::TestLedger(Spool& spool, std::vector<std::string> secrets, std::optional<double> until_sure)
    : spool_(spool), secrets_(with_escaped(std::move(secrets))) {
  if (!until_sure) return;
  settled_tests_.emplace(*until_sure);
  settled_command_.emplace(*until_sure);
}

std::string TestLedger::masked(std::string_view line) const {
  if (secrets_.empty()) return std::string(line);
  SecretMask mask(secrets_);
  std::string text = mask.feed(line);
  return text + mask.finish();
}

void TestLedger::Page::close(int attempt, int condition, sandbox::Outcome outcome) {
  AttemptTests tests = reader_.finish(attempt, condition, outcome);
  std::unordered_map<std::size_t, std::string_view> log_of;
  for (const RecordedLog& log : reader_.logs()) log_of.emplace(log.run, log.text);
  for (const RecordedFailure& failure : reader_.failures()) {
    const auto log = log_of.find(failure.run);
    ledger_.keep(failure, log == log_of.end() ? std::string_view() : log->second, tests);
  }
  if (tests.counted)
    for (const RecordedLog& log : reader_.logs()) ledger_.keep(log, tests);
  if (ledger_.settled_tests_) {
    AttemptTests whole = tests;
    whole.runs = {TestRun{.test = 0, .outcome = of_the_whole(outcome)}};
    ledger_.settled_command_->add(whole);
    if (tests.session) ledger_.settled_tests_->add(tests);
  }
  ledger_.results_.add(std::move(tests));
}

FailureText TestLedger::kept(std::string_view text) {
  const auto piece = spool_.keep(text);
  return {piece.offset, static_cast<std::uint32_t>(piece.bytes)};
}

void TestLedger::keep(const RecordedLog& log, const AttemptTests& tests) {
  const TestRun& run = tests.runs.at(log.run);
  if (run.outcome != TestOutcome::passed || log_bytes_ + log.text.size() > kMostLogBytes) return;
  if (logs_of_.size() <= run.test) logs_of_.resize(run.test + 1);
  if (logs_of_[run.test]++ >= kLogsOfATest) return;
  log_bytes_ += log.text.size();
  results_.add_passing_log(
      {.attempt = tests.attempt, .test = run.test, .repeat = run.repeat, .text = kept(log.text)});
}

void TestLedger::keep(const RecordedFailure& recorded, std::string_view log, AttemptTests& tests) {
  TestRun& run = tests.runs.at(recorded.run);
  TestFailure failure;
  failure.attempt = tests.attempt;
  failure.test = run.test;
  failure.repeat = run.repeat;
  failure.signature = results_.intern_signature(failure_signature(recorded.facts));
  if (texts_of_.size() <= run.test) texts_of_.resize(run.test + 1);
  if (texts_of_[run.test]++ < kTextsOfATest) {
    failure.message = recorded.facts.message;
    failure.text = kept(recorded.text);
    if (!log.empty()) failure.log = kept(log);
  }
  run.failure = results_.add_failure(std::move(failure));
}

bool TestLedger::settled() const {
  if (!settled_tests_) return false;
  return results_.empty() ? settled_command_->all_settled() : settled_tests_->all_settled();
}

}  // namespace orchestrator
