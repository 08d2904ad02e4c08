// Where the report as JSON and the outputs of --logs go. Checked before the first attempt: a path that cannot
// be written must be known before an hour of attempts, not after.
#pragma once

#include <string>

#include "orchestrator/report/report.h"

namespace orchestrator {

// Empty and "-" (stdout) will always do. Throws io::RequestError.
void check_report_path(const std::string& path);
// A file appears whole or not at all; what is no file (a pipe, /dev/stderr) is written as it is.
void write_report_file(const Report& report, const Spool& spool, const std::string& path);

// Makes the folder of --logs if it is not there. Throws io::RequestError when it cannot be written.
void prepare_logs_folder(const std::string& path);

}  // namespace orchestrator
