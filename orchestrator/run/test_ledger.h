// Collects what single tests did, attempt by attempt: reads the records of each attempt's probe and the
// result files that its command left, masks secret values, and says when enough is known. Owned by the Run;
// loop's thread.
//
// Probe and result files name tests differently, and a run never mixes the two: once a probe has told tests
// apart in one attempt, what result files say is left out, of all attempts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/analysis/record_reader.h"
#include "orchestrator/analysis/result_cases.h"
#include "orchestrator/run/secret_mask.h"
#include "orchestrator/run/test_book.h"

namespace orchestrator {

class TestLedger {
 public:
  // `until_sure`: the rate below which a test that never fails is settled; absent: settled() is never true.
  // `files_know_conditions`: those who write result files were asked for an order and for repeats; else what
  // files say is all of one condition, the first.
  TestLedger(Spool& spool, std::vector<std::string> secrets, std::optional<double> until_sure,
             bool files_know_conditions = false);

  // One try of one attempt.
  class Page {
   public:
    explicit Page(TestLedger& ledger)
        : ledger_(ledger), reader_(ledger.probe_.results()), cases_(ledger.files_.results()) {}
    void record(std::string_view line) { reader_.record(ledger_.masked(line)); }
    void result_file(std::string_view path, std::string_view bytes);
    // What of the result files could not be read, a sentence each; begin with sandbox::kResultsNote.
    const std::vector<std::string>& notes() const { return notes_; }
    // Its end. A try that is repeated is not closed: it leaves no trace.
    void close(int attempt, int condition, sandbox::Outcome outcome);

   private:
    TestLedger& ledger_;
    RecordReader reader_;
    ResultCases cases_;
    bool whole_ = true;  // all its files could be read to their end
    std::vector<std::string> notes_;
  };

  // Every test is settled; where no attempt told its tests apart, the whole command is.
  bool settled() const;
  const TestResults& results() const { return told_by_files() ? files_.results() : probe_.results(); }
  // Results are those of files.
  bool told_by_files() const { return probe_.empty() && !files_.empty(); }
  int result_files() const { return result_files_; }  // that came, whatever is in them

  std::string masked(std::string_view line);

 private:
  ResultCase clean(ResultCase one);

  SecretMask mask_;
  TestBook probe_, files_;
  bool files_know_conditions_;
  int result_files_ = 0;
  std::optional<SettledTests> settled_command_;
};

}  // namespace orchestrator
