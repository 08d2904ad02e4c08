// What the results of a run say together, beyond the verdict on each test: failures that look the same, tests
// that fail together, circumstances that go with failure, and where the log of a failure parts from that of a
// pass. Computed once, when the attempts have ended; every writer reads the same. Values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/analysis/factors.h"
#include "orchestrator/analysis/failure_groups.h"
#include "orchestrator/analysis/first_difference.h"
#include "orchestrator/analysis/test_results.h"

namespace orchestrator {

struct Report;
class Spool;

// Two logs of the same thing: one of an attempt in which it failed, one of an attempt in which it passed.
struct ComparedLogs {
  std::string what;  // "test log": what the test printed; "stdout", "stderr": of the whole attempt
  int failing_attempt = 0, passing_attempt = 0;
  LogDifference difference;  // `same`: no line differs
};

// Why a failure has no pass to be compared with.
enum class NotCompared {
  never_passed,       // the test; of the whole command, no attempt
  printed_nothing,    // the test, neither where it failed nor where it passed
  no_attempt_passed,  // whose output would have to do, under the condition of the failure
};
std::string_view name(NotCompared reason);  // "never_passed", …: the report's words

// All failures that look the same.
struct FailureFinding {
  // "call · AssertionError · tests/test_a.py::test_y" (see failure_signature.h); where no test is told apart,
  // how the command ended: "failed with exit code 1".
  std::string signature;
  int failures = 0;              // of tests, repeats included; of attempts where no test is told apart
  std::vector<int> attempts;     // sorted, each once
  std::vector<TestIndex> tests;  // sorted; empty: the whole command
  int example_attempt = 0;       // one that stands for all
  std::optional<TestIndex> example_test;
  std::string message;                      // of the example: first line, raw
  FailureText text;                         // of the example, in the spool; 0 bytes: none was kept
  std::optional<ComparedLogs> logs;         // absent when there is no passing log to compare with
  std::optional<NotCompared> not_compared;  // why; absent beside `logs`, and in reports that do not say it
};

struct Findings {
  std::vector<FailureFinding> groups;    // the most frequent first
  std::vector<FailureCluster> clusters;  // the largest first
  std::vector<FactorFinding> factors;    // the largest effect first
};

// " by shuffle" where the pass is of another condition than the failure, since there was none of the same;
// else "".
std::string passed_how(const Report& report, const ComparedLogs& logs);

// The test's id, or kWholeCommand.
std::string_view subject(const Report& report, const FactorFinding& finding);

// `report` must have its attempts, tests and conditions. Throws std::system_error when the spool cannot be
// read.
Findings find_findings(const Report& report, const Spool& spool);

}  // namespace orchestrator
