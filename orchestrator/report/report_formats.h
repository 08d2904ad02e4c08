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
  const char* media_type;
  void (*write)(const Report& report, const Spool& spool, std::ostream& out);
  // Set where the file is others', too: the report is put behind the `already` bytes that it holds, and what
  // stands there is never removed.
  void (*append)(const Report& report, const Spool& spool, std::ostream& out, std::size_t already) = nullptr;
};

const std::vector<ReportFormat>& report_formats();
// --junit with --junit-flaky=fail: in the place of the usual one.
const ReportFormat& junit_with_flaky_failing();

// Where a format was asked for; "-": stdout, in the place of the summary.
struct WantedReport {
  const ReportFormat* format = nullptr;
  std::string path;
};

}  // namespace orchestrator
