// What of the terminal the modes ask: colour, width, whether somebody watches.
#pragma once

#include <string_view>

#include "orchestrator/cli/options.h"
#include "orchestrator/cli/progress.h"
#include "orchestrator/report/report.h"

namespace orchestrator {

void write_to_stderr(std::string_view text);
ProgressOptions progress_options(const CommandLine& options);  // for stderr
TextStyle text_style(const CommandLine& options);              // for stdout

}  // namespace orchestrator
