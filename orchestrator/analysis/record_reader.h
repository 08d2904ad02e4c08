// Turns the records of a probe into the results of one attempt. The bytes come from where the test runs:
// anything may be wrong with them; what is malformed or beyond a bound is counted and dropped, never an
// error. Owned by who runs the attempt, one for each try; loop's thread.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "orchestrator/analysis/test_results.h"
#include "sandbox/outcome.h"

namespace orchestrator {

inline constexpr std::size_t kMaxRecord = 256 * 1024;  // bytes of one
inline constexpr std::size_t kMaxAttemptText =
    4u << 20;  // of all failures and logs of an attempt, until they are spooled

// A failure as it was recorded, before it is kept.
struct RecordedFailure {
  std::size_t run = 0;  // into AttemptTests::runs
  FailureFacts facts;
  std::string text;  // ≤ kMaxFailureText; empty when the attempt has had its kMaxAttemptText
};

// What a test printed, all its phases together, head first.
struct RecordedLog {
  std::size_t run = 0;
  std::string text;  // not empty, ≤ kMaxTestLog
};
inline constexpr std::size_t kMaxTestLog = 8 * 1024;

// The records of one attempt, as the probe documents them
// (images/probes/pytest/orchestrator_probe_session.py):
//   session, collected, test, start, phase, collect_error, finish
// A test's outcome is the first of these that holds: a phase failed in "call" → failed; setup or teardown
// failed → error; it was skipped in setup, or in call without having been expected to fail → skipped; its
// call passed, or failed as expected → passed. A test that has begun and has no teardown yet is running:
// finish() says how it ended, whatever its call said, unless that had failed. A test whose set-up comes once
// more is run again by its runner: a run of its own, of the same number. A further session numbers its tests
// anew (`pytest a && pytest b`). Sessions that run at the same time say which one they are in each record, by
// a number "k" (Go's packages are tested side by side); without it their tests cannot be told apart.
class RecordReader {
 public:
  explicit RecordReader(TestResults& results, std::size_t most_runs = kMaxRunsPerAttempt)
      : results_(results), most_runs_(most_runs) {}

  void record(std::string_view line);
  bool told_apart() const { return !tests_.runs.empty(); }  // a test was named; before finish()
  // The attempt has ended so, and nothing is recorded any more: a test that was running then timed out, ran
  // out of memory, or crashed. With an outcome that is no evidence it is not_run and the whole attempt is not
  // counted.
  AttemptTests finish(int attempt, int condition, sandbox::Outcome outcome);
  // Complete after finish(). At most one for each run, in the order in which they happened.
  const std::vector<RecordedFailure>& failures() const { return failures_; }
  // What tests printed, of those that came to their teardown; at most one for each run.
  const std::vector<RecordedLog>& logs() const { return logs_; }

 private:
  struct Progress {  // of a run
    bool begun = false, ended = false, failure = false, log = false;
    TestPhase next = TestPhase::setup;
  };

  bool read(const nlohmann::json& record);
  bool read_session(const nlohmann::json& record);
  bool read_finish(const nlohmann::json& record);
  bool read_test(const nlohmann::json& record);
  bool read_start(const nlohmann::json& record);
  bool read_phase(const nlohmann::json& record);
  bool read_collect_error(const nlohmann::json& record);

  std::optional<std::size_t> add_run(TestRun run);
  std::optional<std::size_t> run_of(const nlohmann::json& record);
  std::optional<std::size_t> next_try(std::size_t run, const nlohmann::json& record);
  void add_failure(std::size_t run, TestPhase phase, const nlohmann::json& record);
  void add_log(std::size_t run, std::string_view text);
  void end_running(std::size_t run, sandbox::Outcome outcome);

  TestResults& results_;
  std::size_t most_runs_;
  AttemptTests tests_;
  std::vector<Progress> progress_;  // as tests_.runs
  std::vector<RecordedFailure> failures_;
  std::vector<RecordedLog> logs_;
  // By the number that the probe gave: index of the run + 1, 0 for none. Of sessions that say which one they
  // are in a map, by that and the number.
  std::uint32_t* slot(const nlohmann::json& record, std::uint64_t i, bool make);
  std::vector<std::uint32_t> run_of_number_;
  std::unordered_map<std::uint64_t, std::uint32_t> run_of_keyed_number_;
  std::set<std::uint64_t> open_sessions_;  // those that say which one they are, until their end
  std::size_t text_bytes_ = 0;
};

}  // namespace orchestrator
