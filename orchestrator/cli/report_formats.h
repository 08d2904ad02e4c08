// The forms of a report beside the terminal's summary and --json: each a flag that names a file, and a
// writer. A new form is one more entry.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "orchestrator/report/report.h"

namespace orchestrator {

struct ReportFormat {
  const char* flag;   // "--html"
  const char* about;  // for the help
  void (*write)(const Report& report, const Spool& spool, std::ostream& out);
};

const std::vector<ReportFormat>& report_formats();

// Where a format was asked for; "-": stdout, in the place of the summary.
struct WantedReport {
  const ReportFormat* format = nullptr;
  std::string path;
};

}  // namespace orchestrator
