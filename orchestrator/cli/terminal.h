// What of the terminal the modes ask: colour, width, whether somebody watches.
#pragma once

#include <iosfwd>
#include <string_view>

#include "orchestrator/cli/options.h"
#include "orchestrator/cli/progress.h"
#include "orchestrator/report/report.h"

namespace orchestrator {

void write_to_stderr(std::string_view text);
// After the last word of a mode: what did not reach stdout must not look done. Throws io::HostError.
void finish_stdout(std::ostream& out);
ProgressOptions progress_options(const CommandLine& options);  // for stderr
TextStyle text_style(const CommandLine& options);              // for stdout

}  // namespace orchestrator
