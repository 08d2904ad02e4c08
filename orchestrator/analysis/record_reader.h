// Turns the records of a probe into the results of one attempt. The bytes come from where the test runs: anything
// may be wrong with them; what is malformed or beyond a bound is counted and dropped, never an error. Loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/analysis/test_results.h"
#include "sandbox/outcome.h"

namespace orchestrator {

// A failure as it was recorded, before it is kept.
struct RecordedFailure {
  std::size_t run = 0;  // into AttemptTests::runs
  FailureFacts facts;
  std::string text;  // ≤ kMaxFailureText
};

// The records of one attempt, as the probe documents them (images/probes/orchestrator_probe.py):
//   session, collected, test, start, phase, collect_error, finish
// A test's outcome is the first of these that holds: a phase failed in "call" → failed; setup or teardown failed →
// error; it was skipped in setup, or in call without having been expected to fail → skipped; its call passed, or
// failed as expected → passed; it started and has no end → `not_run` until finish() says why.
class RecordReader {
 public:
  explicit RecordReader(TestResults& results) : results_(results) {}

  void record(std::string_view line);
  // The attempt has ended so: a test that was running then timed out, ran out of memory, or crashed. With a
  // cancelled attempt, or one of infrastructure, it is not_run.
  AttemptTests finish(int attempt, int condition, sandbox::Outcome outcome);
  const std::vector<RecordedFailure>& failures() const { return failures_; }

 private:
  TestResults& results_;
  AttemptTests tests_;
  std::vector<RecordedFailure> failures_;
  struct Numbered;                    // a test by the number that the probe gave it
  std::vector<std::uint32_t> run_of_;  // by number
  std::uint64_t bytes_ = 0;
};

}  // namespace orchestrator
