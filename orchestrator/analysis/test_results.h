// What single tests did inside attempts, as a probe in the attempt recorded it, kept small: 1,000 attempts of 2,000
// tests are 2 million entries. Ids and signatures are interned; the text of a failure lies in the spool. Filled on
// the loop's thread by the run; afterwards read by analysis and writers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace orchestrator {

// How one test ended, once. What a framework expected to fail and did is a pass.
enum class TestOutcome : std::uint8_t {
  not_run,        // collected, but the attempt ended before
  passed,
  failed,         // in the test itself
  error,          // before or after it: a fixture, collection
  timed_out,      // the attempt was stopped while this test ran
  out_of_memory,  // the kernel killed while this test ran
  crashed,        // the process was gone while this test ran
  skipped,
};
std::string_view name(TestOutcome outcome);  // "passed", "timed_out", …: the report's words
char letter(TestOutcome outcome);            // ' ', '.', 'F', 'E', 'T', 'M', 'C', 's': one character of a grid
bool is_evidence(TestOutcome outcome);       // it ran: neither not_run nor skipped
inline bool did_not_pass(TestOutcome outcome) { return is_evidence(outcome) && outcome != TestOutcome::passed; }

enum class TestPhase : std::uint8_t { collect, setup, call, teardown };
std::string_view name(TestPhase phase);

// Bounds on what a hostile probe can make us keep. What is beyond is counted in AttemptTests::dropped.
inline constexpr std::size_t kMaxTests = 100'000;           // different ids of a run
inline constexpr std::size_t kMaxRunsPerAttempt = 200'000;  // of tests, repeats included
inline constexpr std::size_t kMaxTestId = 1024;             // bytes; a longer one is cut and ends in a hash
inline constexpr std::size_t kMaxSignatures = 10'000;
inline constexpr std::size_t kMaxFailureText = 16 * 1024;  // of one failure, in the spool
inline constexpr std::size_t kMaxMessage = 1024;

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
  float seconds = 0;                        // all phases, by a clock that the suite cannot freeze
  std::int32_t failure = -1;                // into TestResults::failures(), when it did not pass
};

struct TestFailure {
  int attempt = 0;
  TestIndex test = 0;
  std::uint16_t repeat = 1;
  SignatureIndex signature = 0;
  std::string message;  // ≤ kMaxMessage; empty past the first 20 of a test
  FailureText text;
};

// One attempt, in the order in which its tests began.
struct AttemptTests {
  int attempt = 0;
  int condition = 0;  // into Report::conditions
  bool session = false;   // the probe was loaded by a framework
  bool finished = false;  // … and saw its end
  std::string framework;  // "pytest 8.3.5"
  std::vector<TestRun> runs;
  std::uint64_t dropped = 0;  // records that were malformed or beyond a bound
};

class TestResults {
 public:
  TestIndex intern_test(std::string_view id);  // kMaxTests reached: the last index, whose id says so
  SignatureIndex intern_signature(std::string_view signature);
  void add(AttemptTests attempt);              // a second try of the same attempt replaces the first
  std::int32_t add_failure(TestFailure failure);

  bool empty() const;  // no attempt told its tests apart
  const std::vector<std::string>& tests() const { return tests_; }
  const std::vector<std::string>& signatures() const { return signatures_; }
  const std::vector<AttemptTests>& attempts() const { return attempts_; }  // sorted by attempt
  const std::vector<TestFailure>& failures() const { return failures_; }

 private:
  std::vector<std::string> tests_, signatures_;
  std::unordered_map<std::string, std::uint32_t> test_of_, signature_of_;
  std::vector<AttemptTests> attempts_;
  std::vector<TestFailure> failures_;
};

}  // namespace orchestrator
