// The modes of the command line. Each takes the parsed options and returns the exit code; errors are
// exceptions that main() turns into a sentence and a code.
#pragma once

#include "orchestrator/cli/report_file.h"
#include "orchestrator/cli/session.h"
#include "orchestrator/report/failure.h"
#include "orchestrator/run/failure_of.h"

namespace orchestrator {

// Throws nothing: it tells its errors itself, as `tell_failure` does.
int run_command(const Program& program, const CommandLine& options);
int ci_command(const Program& program, const CommandLine& options);
int compare_command(const CommandLine& options);
int replay_command(const Program& program, const CommandLine& options);
int bootstrap_command(const Program& program, const CommandLine& options);
int list_images_command(const Program& program, const CommandLine& options);
int prune_images_command(const Program& program, const CommandLine& options);
int doctor_command(const Program& program, const CommandLine& options);
int clean_command(const Program& program, const CommandLine& options);
int serve_command(const Program& program, const CommandLine& options);
int worker_command(const Program& program, const CommandLine& options);
int token_command(const CommandLine& options);
int history_import_command(const CommandLine& options);

// A run that ends without a report says so: on stderr, with --progress json as the last event and nothing
// beside it, and in the place of the report. Returns the exit code.
int tell_failure(const Failure& failure, ProgressMode progress, EventLog& events, ReportFile& file,
                 const std::string& program_version);
// The same for a command line that could not be understood; a line of the log where that is one of JSON.
int tell_usage_error(const UsageError& error, const std::string& program_version);

// Runs a mode; prints what it throws as one sentence per mistake, as a line of the log where that is one of
// JSON, and returns the exit code of that kind of error.
int guarded(const std::function<int()>& mode, LogFormat log_format = LogFormat::text);

}  // namespace orchestrator
