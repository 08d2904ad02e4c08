#include <fmt/format.h>

#include <fstream>
#include <iostream>

#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/terminal.h"
#include "orchestrator/report/report_comparison.h"
#include "orchestrator/report/saved_report.h"
#include "sandbox/io/error.h"

namespace orchestrator {

int compare_command(const CommandLine& options) {
  check_report_path("--json", options.json_file);
  const SavedReport before{options.before_file, read_saved_report(options.before_file)};
  const SavedReport after{options.after_file, read_saved_report(options.after_file)};
  const ReportComparison comparison = compare_reports(before, after);
  if (options.json_file == "-") {
    write_comparison_json(comparison, std::cout);
  } else {
    if (!options.json_file.empty()) {
      std::ofstream file(options.json_file, std::ios::binary | std::ios::trunc);
      write_comparison_json(comparison, file);
      file.close();
      if (!file) throw io::HostError(fmt::format("cannot write the comparison to {}", options.json_file));
    }
    write_comparison_text(comparison, std::cout, text_style(options));
  }
  return comparison.worse() ? 1 : 0;
}

}  // namespace orchestrator
