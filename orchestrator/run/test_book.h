// The results of all attempts under one way of naming tests: with the texts of failures and logs on disk, and
// what is settled. A TestLedger has one for probes and one for result files, because their names never mix.
// Loop's thread.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "orchestrator/analysis/record_reader.h"
#include "orchestrator/analysis/stopping.h"
#include "orchestrator/analysis/test_results.h"
#include "orchestrator/report/spool.h"

namespace orchestrator {

class TestBook {
 public:
  // `until_sure`: see TestLedger.
  TestBook(Spool& spool, std::optional<double> until_sure);

  // One attempt, whose tests were interned in results().
  void enter(AttemptTests tests, const std::vector<RecordedFailure>& failures,
             const std::vector<RecordedLog>& logs);

  TestResults& results() { return results_; }
  const TestResults& results() const { return results_; }
  bool empty() const { return results_.empty(); }
  // With `until_sure` only.
  bool all_settled() const { return settled_->all_settled(); }

 private:
  // `log`: what the test printed, or nothing.
  void keep(const RecordedFailure& failure, std::string_view log, AttemptTests& tests);
  void keep(const RecordedLog& log, const AttemptTests& tests);
  FailureText kept(std::string_view text);

  Spool& spool_;
  TestResults results_;
  std::vector<int> texts_of_;  // by test: failures whose text was kept
  std::vector<int> logs_of_;   // by test: passes whose log was kept
  std::size_t log_bytes_ = 0;
  std::optional<SettledTests> settled_;
};

}  // namespace orchestrator
