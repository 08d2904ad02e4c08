#include "orchestrator/run/test_book.h"

#include <unordered_map>

#include "orchestrator/analysis/failure_signature.h"

namespace orchestrator {
namespace {

constexpr int kTextsOfATest = 20;  // further failures of it are counted and grouped without their text
constexpr int kLogsOfATest = 3;    // of its passes: one of each condition, when they come as they are dealt
constexpr std::size_t kMostLogBytes = 128u << 20;  // of all passes together

}  // namespace

TestBook::TestBook(Spool& spool, std::optional<double> until_sure) : spool_(spool) {
  if (until_sure) settled_.emplace(*until_sure);
}

void TestBook::enter(AttemptTests tests, const std::vector<RecordedFailure>& failures,
                     const std::vector<RecordedLog>& logs) {
  std::unordered_map<std::size_t, std::string_view> log_of;
  for (const RecordedLog& log : logs) log_of.emplace(log.run, log.text);
  for (const RecordedFailure& failure : failures) {
    const auto log = log_of.find(failure.run);
    keep(failure, log == log_of.end() ? std::string_view() : log->second, tests);
  }
  if (tests.counted)
    for (const RecordedLog& log : logs) keep(log, tests);
  if (settled_ && tests.session) settled_->add(tests);
  results_.add(std::move(tests));
}

FailureText TestBook::kept(std::string_view text) {
  const auto piece = spool_.keep(text);
  return {piece.offset, static_cast<std::uint32_t>(piece.bytes)};
}

void TestBook::keep(const RecordedLog& log, const AttemptTests& tests) {
  const TestRun& run = tests.runs.at(log.run);
  if (run.outcome != TestOutcome::passed || log_bytes_ + log.text.size() > kMostLogBytes) return;
  if (logs_of_.size() <= run.test) logs_of_.resize(run.test + 1);
  if (logs_of_[run.test]++ >= kLogsOfATest) return;
  log_bytes_ += log.text.size();
  results_.add_passing_log(
      {.attempt = tests.attempt, .test = run.test, .repeat = run.repeat, .text = kept(log.text)});
}

void TestBook::keep(const RecordedFailure& recorded, std::string_view log, AttemptTests& tests) {
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

}  // namespace orchestrator
