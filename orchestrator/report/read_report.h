// A report.json as a Report again, so that every form of a report can be written of a run that another
// program, on another host, has made. What stands in the document is taken as it stands: nothing is judged
// anew. Where it holds less than the run knew (outputs and lists that were cut, the seconds of each test in
// each attempt), the Report holds less, and `lost` says so in sentences.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "orchestrator/report/report.h"
#include "orchestrator/report/saved_place.h"

namespace orchestrator {

struct ReadReport {
  Report report;                  // without what a pipeline made of it
  std::vector<std::string> lost;  // sentences; they are among the report's warnings, too
  bool whole_grid = true;         // false: how each test ended in each attempt is not known
};

// Outputs and texts go into `spool`. Throws InvalidJob for the plan, io::RequestError with one sentence for
// all else (also for a report of a replay, whose attempts are another job's), std::system_error for the
// spool. `where` names the document in sentences.
ReadReport read_report(const nlohmann::json& document, const std::string& where, Spool& spool);

// Parts of it, in this order; each needs those before. Tests, verdicts and findings of `document`.
void read_tests(const SavedPlace& document, Spool& spool, ReadReport& read);
void read_findings(const SavedPlace& findings, Spool& spool, ReadReport& read);

}  // namespace orchestrator
