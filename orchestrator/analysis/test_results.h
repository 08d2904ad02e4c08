// What single tests did inside attempts, as a probe in the attempt recorded it, kept small: 1,000 attempts of
// 2,000 tests are 2 million entries. Ids and signatures are interned; the text of a failure lies in the
// spool. Filled on the loop's thread by the run; afterwards read by analysis and writers.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sandbox/outcome.h"

namespace orchestrator {

// How one test ended, once. What a framework expected to fail and did is a pass.
enum class TestOutcome : std::uint8_t {
  not_run,  // collected, but the attempt ended before
  passed,
  failed,         // in the test itself
  error,          // before or after it: a fixture, collection
  timed_out,      // the attempt was stopped while this test ran
  out_of_memory,  // the kernel killed while this test ran
  crashed,        // the process was gone, or stopped at another limit, while this test ran
  skipped,
};
std::string_view name(TestOutcome outcome);  // "passed", "timed_out", …: the report's words
char letter(TestOutcome outcome);       // ' ', '.', 'F', 'E', 'T', 'M', 'C', 's': one character of a grid
bool is_evidence(TestOutcome outcome);  // it ran: neither not_run nor skipped
inline bool did_not_pass(TestOutcome outcome) {
  return is_evidence(outcome) && outcome != TestOutcome::passed;
}
// Of several times that a test ran, the one that counts: a hang before a kill, a crash, a failure, an error,
// a pass; skipped and not_run only when there is nothing else.
TestOutcome worse(TestOutcome one, TestOutcome other);
// How the person's whole command ended, taken as one test; not_run for what is no evidence.
TestOutcome command_outcome(sandbox::Outcome attempt);

enum class TestPhase : std::uint8_t { collect, setup, call, teardown };
std::string_view name(TestPhase phase);

// Bounds on what a hostile probe can make us keep. What is beyond is counted: AttemptTests::dropped.
inline constexpr std::size_t kMaxTests = 100'000;           // different ids of a run
inline constexpr std::size_t kMaxTestIdBytes = 32u << 20;   // of all ids together
inline constexpr std::size_t kMaxRunsPerAttempt = 200'000;  // of tests, repeats included
inline constexpr std::size_t kMaxRuns = 20'000'000;         // of all attempts together
inline constexpr std::size_t kMaxTestId = 1024;             // bytes; a longer one is cut and ends in a hash
inline constexpr std::size_t kMaxCollectors = 100;          // see TestResults::intern_collector
inline constexpr std::size_t kMaxSignatures = 10'000;
inline constexpr std::size_t kMaxFailures = 500'000;       // of a run
inline constexpr std::size_t kMaxFailureText = 16 * 1024;  // of one failure, in the spool
inline constexpr std::size_t kMaxMessage = 1024;
inline constexpr std::size_t kMaxWord = 200;                // an exception's or function's name
inline constexpr std::size_t kMaxLocation = 500;            // path and line
inline constexpr double kMaxSeconds = 1e7;                  // of one run
inline constexpr std::size_t kMaxMessageBytes = 16u << 20;  // of all messages together
inline constexpr int kMessagesPerTest = 20;

using TestIndex = std::uint32_t;
using SignatureIndex = std::uint32_t;

// A failure without its text: what makes two failures alike.
struct FailureFacts {
  TestPhase phase = TestPhase::call;
  std::string exception;  // "AssertionError"; for a hang or a kill the outcome's word
  std::string location;   // top frame inside the repository: "tests/test_a.py:14"
  std::string function;   // "test_y"
  std::string message;    // first line, raw
};

struct FailureText {
  std::uint64_t spool_offset = 0;
  std::uint32_t bytes = 0;
};

struct TestRun {
  TestIndex test = 0;
  std::uint16_t repeat = 1;  // 1-based, within one process
  TestOutcome outcome = TestOutcome::not_run;
  float seconds = 0;          // all phases, by a clock that the suite cannot freeze
  std::int32_t failure = -1;  // into TestResults::failures(), when it did not pass
};

struct TestFailure {
  int attempt = 0;
  TestIndex test = 0;
  std::uint16_t repeat = 1;
  SignatureIndex signature = 0;
  std::string message;  // ≤ kMaxMessage; empty past the first kMessagesPerTest of a test
  FailureText text;
  FailureText log;  // what the test printed
};

// What a test printed when it passed: to compare with when it fails.
struct PassingLog {
  int attempt = 0;
  TestIndex test = 0;
  std::uint16_t repeat = 1;
  FailureText text;
};

// One attempt, in the order in which its tests began.
struct AttemptTests {
  int attempt = 0;
  int condition = 0;       // into Report::conditions
  bool counted = true;     // false: cancelled, or engine or host broke. In no rate, no group, no factor
  bool session = false;    // the probe was loaded by a framework
  bool collected = false;  // … which came to the end of collecting
  bool finished = false;   // … and saw its own end
  std::string framework;   // "pytest 8.3.5"
  std::string root;        // the folder, inside the attempt, that ids of tests begin from
  std::vector<TestRun> runs;
  std::uint64_t dropped = 0;  // records that were malformed or beyond a bound
};

// Texts by number, in the order in which they were first seen. Past its bounds all further ones share a
// number.
class Names {
 public:
  Names(std::size_t most, std::size_t most_bytes, std::string_view further)
      : most_(most), most_bytes_(most_bytes), further_(further) {}
  std::uint32_t intern(std::string_view text);
  const std::vector<std::string>& all() const { return all_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::uint32_t append(std::string_view text);

  std::size_t most_, most_bytes_, bytes_ = 0;
  std::string_view further_;  // a literal
  std::optional<std::uint32_t> shared_;
  std::vector<std::string> all_;
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> number_of_;
};

class TestResults {
 public:
  TestIndex intern_test(std::string_view id);
  // A file or class that could not be collected, as a test. Frameworks tell of a collector only when it
  // fails: that it passed in an attempt follows from the attempt having collected without naming it, and
  // add() enters that.
  TestIndex intern_collector(std::string_view id);
  SignatureIndex intern_signature(std::string_view signature) { return signatures_.intern(signature); }
  // A second try of the same attempt replaces the first. Past kMaxRuns its runs are dropped.
  void add(AttemptTests attempt);
  std::int32_t add_failure(TestFailure failure);  // −1 past kMaxFailures

  bool empty() const;  // no attempt told its tests apart
  const std::vector<std::string>& tests() const { return tests_.all(); }
  const std::vector<std::string>& signatures() const { return signatures_.all(); }
  const std::vector<AttemptTests>& attempts() const { return attempts_; }  // sorted by attempt
  // Those of a replaced try too: only what a run of attempts() points at counts.
  const std::vector<TestFailure>& failures() const { return failures_; }
  std::uint64_t failures_dropped() const { return failures_dropped_; }
  void add_passing_log(PassingLog log) { passing_logs_.push_back(log); }  // kept small by who adds
  const std::vector<PassingLog>& passing_logs() const { return passing_logs_; }

 private:
  bool keep_message(const TestFailure& failure);
  void enter_passes(AttemptTests& attempt, std::size_t first_collector);

  Names tests_{kMaxTests, kMaxTestIdBytes, "(further tests)"};
  Names signatures_{kMaxSignatures, kMaxSignatures * 1024, "(further kinds of failure)"};
  std::vector<TestIndex> collectors_;
  std::size_t entered_collectors_ = 0;  // of those, whose passes all attempts have
  std::vector<AttemptTests> attempts_;
  std::size_t runs_ = 0;  // of all attempts
  std::vector<TestFailure> failures_;
  std::uint64_t failures_dropped_ = 0;
  std::vector<PassingLog> passing_logs_;
  std::vector<std::uint8_t> messages_of_;  // by test
  std::size_t message_bytes_ = 0;
};

}  // namespace orchestrator
