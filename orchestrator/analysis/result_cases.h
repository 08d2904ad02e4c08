// The cases that the result files of one attempt name, as the results of its tests. Owned by who runs the
// attempt, one for each try; loop's thread.
//
// A test whose id stands there several times (in two files, or with parameters that its name does not tell)
// is one test that ran once: the worst of what is said about it counts. Only what its runner repeated by
// itself are repeats: `again`.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "orchestrator/analysis/record_reader.h"
#include "orchestrator/analysis/result_format.h"

namespace orchestrator {

class ResultCases {
 public:
  explicit ResultCases(TestResults& results, std::size_t most_runs = kMaxRunsPerAttempt)
      : results_(results), most_runs_(most_runs) {}

  void add(const ResultCase& one);
  // The attempt has ended so. `whole`: all its files could be read to their end, so that a test that is not
  // named did not run. A test that was running when the attempt was stopped is in no file.
  AttemptTests finish(int attempt, int condition, sandbox::Outcome outcome, bool whole);
  // Complete after finish(). At most one for each run.
  const std::vector<RecordedFailure>& failures() const { return failures_; }
  const std::vector<RecordedLog>& logs() const { return logs_; }

 private:
  struct Known {
    std::size_t first = 0;    // of its runs
    std::uint16_t times = 0;  // that it ran
  };

  void add_run(TestIndex test, Known& known, const ResultCase& one);
  void add_to_first(const Known& known, const ResultCase& one);
  void add_failure(std::size_t run, const ResultCase& one);
  std::string bounded_text(std::string_view text, std::size_t most);

  TestResults& results_;
  std::size_t most_runs_;
  AttemptTests tests_;
  std::vector<RecordedFailure> failures_;
  std::vector<RecordedLog> logs_;
  std::unordered_map<TestIndex, Known> known_;
  std::size_t text_bytes_ = 0;
};

}  // namespace orchestrator
