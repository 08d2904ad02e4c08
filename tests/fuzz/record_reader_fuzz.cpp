// Whatever a probe writes, what is read of it is within bounds and can be judged, and reading it again gives
// the same.
#include <cstdlib>
#include <string>
#include <string_view>

#include "orchestrator/analysis/failure_groups.h"
#include "orchestrator/analysis/failure_signature.h"
#include "orchestrator/analysis/first_difference.h"
#include "orchestrator/analysis/record_reader.h"
#include "orchestrator/analysis/stopping.h"
#include "orchestrator/analysis/verdict.h"

namespace {

using namespace orchestrator;

void require(bool condition) {
  if (!condition) std::abort();
}

// Reads one attempt, line by line, and says how many lines there were.
std::uint64_t read_attempt(std::string_view bytes, sandbox::Outcome outcome, int number,
                           TestResults& results) {
  RecordReader reader(results);
  std::uint64_t lines = 0;
  for (; !bytes.empty(); ++lines) {
    const std::size_t newline = bytes.find('\n');
    reader.record(bytes.substr(0, newline));
    bytes.remove_prefix(newline == std::string_view::npos ? bytes.size() : newline + 1);
  }
  AttemptTests attempt = reader.finish(number, 0, outcome);
  require(attempt.dropped <= lines && attempt.runs.size() <= kMaxRunsPerAttempt);
  for (const auto& run : attempt.runs) {
    require(run.test < results.tests().size() && run.repeat >= 1 && run.seconds >= 0);
    require(results.tests()[run.test].size() <= kMaxTestId);
  }
  for (const auto& failure : reader.failures()) {
    TestRun& run = attempt.runs.at(failure.run);
    require(run.failure == -1 && (did_not_pass(run.outcome) || !attempt.counted));
    require(failure.text.size() <= kMaxFailureText && failure.facts.message.size() <= kMaxMessage);
    const std::string signature = failure_signature(failure.facts);
    require(signature.size() <= 2048);
    run.failure = results.add_failure(
        {.attempt = number, .test = run.test, .signature = results.intern_signature(signature)});
  }
  results.add(std::move(attempt));
  return lines;
}

void require_same(const AttemptTests& one, const AttemptTests& other) {
  require(one.runs.size() == other.runs.size() && one.dropped == other.dropped);
  for (std::size_t i = 0; i < one.runs.size(); ++i)
    require(one.runs[i].test == other.runs[i].test && one.runs[i].outcome == other.runs[i].outcome);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const auto outcome = static_cast<sandbox::Outcome>(data[0] % 10);
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);

  TestResults results;
  SettledTests settled(0.05);
  const std::uint64_t lines = read_attempt(bytes, outcome, 0, results);
  require(read_attempt(bytes, outcome, 1, results) == lines);
  require_same(results.attempts()[0], results.attempts()[1]);
  read_attempt(bytes.substr(0, bytes.size() / 2), sandbox::Outcome::timed_out, 2, results);
  for (const auto& attempt : results.attempts()) settled.add(attempt);
  require(settled.unsettled() >= 0);

  const Verdicts verdicts = judge(results, {Condition{}}, {});
  require(verdicts.tests.size() == results.tests().size() && verdicts.grid.size() == results.tests().size());
  for (const auto& group : group_failures(results)) require(group.failures > 0 && !group.attempts.empty());
  cluster_failures(results);

  const std::string once = normalised(bytes);
  require(once.size() <= kMaxNormalised);
  require(first_difference(bytes, bytes).same);
  first_difference(bytes, bytes.substr(bytes.size() / 2));
  return 0;
}
