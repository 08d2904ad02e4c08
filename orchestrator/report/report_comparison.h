// Two saved reports side by side: is the second one of flakier tests? Read from their JSON, which may be
// anybody's. Pure but for the streams; any thread.
#pragma once

#include <iosfwd>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "orchestrator/analysis/rate_comparison.h"
#include "orchestrator/report/report.h"

namespace orchestrator {

struct SavedReport {
  std::string where;  // for people
  nlohmann::json document;
};

struct ReportComparison {
  struct Side {
    std::string where, commit, ref;
    int attempts = 0;
  } before, after;
  std::vector<std::string> warnings;                 // why the two are not quite comparable, sentences
  std::vector<std::string> only_before, only_after;  // ids of tests
  RateComparison tests;
  RateComparison command;               // the whole command, condition by condition
  std::vector<Power> power;             // by condition, as `conditions`
  std::vector<std::string> conditions;  // that both have
  std::vector<std::string> left_out;    // conditions that only one has

  bool worse() const { return tests.worse + command.worse > 0; }
};

// Throws io::RequestError with a sentence that names the file when one is no whole report, or when the two
// have no condition in common.
ReportComparison compare_reports(const SavedReport& before, const SavedReport& after);

void write_comparison_text(const ReportComparison& comparison, std::ostream& out, const TextStyle& style);
void write_comparison_json(const ReportComparison& comparison, std::ostream& out);

}  // namespace orchestrator
