// Collects what single tests did, attempt by attempt: reads the records of each attempt's probe, keeps the
// texts of failures on disk, masks secret values, and says when enough is known. Owned by the Run; loop's
// thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/analysis/record_reader.h"
#include "orchestrator/analysis/stopping.h"
#include "orchestrator/analysis/test_results.h"
#include "orchestrator/report/spool.h"

namespace orchestrator {

class TestLedger {
 public:
  // `until_sure`: the rate below which a test that never fails is settled; absent: settled() is never true.
  TestLedger(Spool& spool, std::vector<std::string> secrets, std::optional<double> until_sure);

  // One try of one attempt.
  class Page {
   public:
    explicit Page(TestLedger& ledger) : ledger_(ledger), reader_(ledger.results_) {}
    void record(std::string_view line) { reader_.record(ledger_.masked(line)); }
    // Its end. A try that is repeated is not closed: it leaves no trace.
    void close(int attempt, int condition, sandbox::Outcome outcome);

   private:
    TestLedger& ledger_;
    RecordReader reader_;
  };

  // Every test is settled; where no attempt told its tests apart, the whole command is.
  bool settled() const;
  const TestResults& results() const { return results_; }

 private:
  std::string masked(std::string_view line) const;
  // `log`: what the test printed, or nothing.
  void keep(const RecordedFailure& failure, std::string_view log, AttemptTests& tests);
  void keep(const RecordedLog& log, const AttemptTests& tests);
  FailureText kept(std::string_view text);

  Spool& spool_;
  std::vector<std::string> secrets_;
  TestResults results_;
  std::vector<int> texts_of_;  // by test: failures whose text was kept
  std::vector<int> logs_of_;   // by test: passes whose log was kept
  std::size_t log_bytes_ = 0;
  std::optional<SettledTests> settled_tests_, settled_command_;
};

}  // namespace orchestrator
