#include "orchestrator/cli/report_formats.h"

namespace orchestrator {

const std::vector<ReportFormat>& report_formats() {
  static const std::vector<ReportFormat> formats = {};
  return formats;
}

}  // namespace orchestrator
