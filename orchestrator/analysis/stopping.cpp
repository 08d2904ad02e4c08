#include "orchestrator/analysis/stopping.h"

#include <algorithm>

#include "orchestrator/analysis/proportions.h"

namespace orchestrator {
namespace {

constexpr double kEvidence = 20;  // 1 ÷ α: a 95 % bound
constexpr int kMostAttempts = 1'000'000'000;

// The evidence of clean attempts grows with their number. That of an attempt more that never passed is the
// same for the other end, so this number serves both.
int clean_attempts_for(double rate) {
  int too_few = 0, enough = 1;
  while (enough < kMostAttempts && evidence_below(rate, 0, enough) < kEvidence) {
    too_few = enough;
    enough *= 2;
  }
  while (enough - too_few > 1) {
    const int middle = too_few + (enough - too_few) / 2;
    (evidence_below(rate, 0, middle) < kEvidence ? too_few : enough) = middle;
  }
  return enough;
}

}  // namespace

SettledTests::SettledTests(double rate) : needed_(clean_attempts_for(std::clamp(rate, 1e-6, 1 - 1e-6))) {}

void SettledTests::make_room(const AttemptTests& attempt) {
  std::size_t tests = counts_.size();
  for (const auto& run : attempt.runs) tests = std::max(tests, run.test + std::size_t{1});
  const std::size_t conditions = std::max(finished_.size(), static_cast<std::size_t>(attempt.condition) + 1);
  if (conditions > finished_.size()) {
    finished_.resize(conditions);
    for (auto& of_test : counts_) of_test.resize(conditions);
  }
  // A test that is new was missing until now.
  std::vector<Counts> fresh(conditions);
  for (std::size_t i = 0; i < conditions; ++i) fresh[i].missing = finished_[i];
  unsettled_ += static_cast<int>(tests - counts_.size());
  counts_.resize(tests, fresh);
  settled_.resize(tests);
}

bool SettledTests::settles(const std::vector<Counts>& of_test) const {
  int missing = 0, missing_where_it_ran = 0;
  bool ran = false;
  for (const auto& counts : of_test) {
    if (counts.passed > 0 && counts.not_passed > 0) return true;
    if (std::max(counts.passed, counts.not_passed) >= needed_) return true;
    const bool here = counts.passed + counts.not_passed > 0;
    ran |= here;
    missing += counts.missing;
    missing_where_it_ran += here ? counts.missing : 0;
  }
  return (ran ? missing_where_it_ran : missing) >= needed_;
}

void SettledTests::add(const AttemptTests& attempt) {
  if (!attempt.counted) return;
  ++attempts_;
  make_room(attempt);
  const auto condition = static_cast<std::size_t>(attempt.condition);
  std::vector<TestOutcome> outcomes(counts_.size(), TestOutcome::not_run);
  for (const auto& run : attempt.runs) outcomes[run.test] = worse(outcomes[run.test], run.outcome);
  finished_[condition] += attempt.finished;
  for (std::size_t test = 0; test < counts_.size(); ++test) {
    Counts& counts = at(test, condition);
    counts.passed += outcomes[test] == TestOutcome::passed;
    counts.not_passed += did_not_pass(outcomes[test]);
    counts.missing += attempt.finished && !is_evidence(outcomes[test]);
    if (settled_[test] || !settles(counts_[test])) continue;
    settled_[test] = true;
    --unsettled_;
  }
}

}  // namespace orchestrator
