#include "orchestrator/cli/report_formats.h"

#include "orchestrator/report/html_writer.h"

namespace orchestrator {

const std::vector<ReportFormat>& report_formats() {
  static const std::vector<ReportFormat> formats = {
      {"--html", "writes the report as one self-contained page; - for stdout", write_html},
  };
  return formats;
}

}  // namespace orchestrator
