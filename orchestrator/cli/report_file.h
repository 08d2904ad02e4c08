// Where the report as JSON and the outputs of --logs go. Checked before the first attempt: a path that cannot
// be written must be known before an hour of attempts, not after.
#pragma once

#include <string>

#include "orchestrator/cli/options.h"
#include "orchestrator/report/failure.h"
#include "orchestrator/report/report.h"
#include "orchestrator/report/report_formats.h"

namespace orchestrator {

// Can the file that this flag names be written? Empty and "-" (stdout) will always do. Throws
// io::RequestError.
void check_report_path(const std::string& flag, const std::string& path);
// All of a command line: each by itself, and no two at the same place. Throws io::RequestError.
void check_report_paths(const CommandLine& options);
// Does one of them go to stdout, where the summary would stand?
bool report_to_stdout(const CommandLine& options);

// Writes one of the further formats; a file appears, or grows, whole or not at all. Throws io::HostError.
void write_report(const WantedReport& wanted, const Report& report, const Spool& spool);
// For a run that has no report: an older file must not be taken for this run's. Never throws.
void discard_older(const WantedReport& wanted) noexcept;
void discard_older(const std::string& file) noexcept;  // of --bundle, or empty

// The file of --json. After a run it holds what that run said, whatever it said: an older report must not be
// taken for the new one. A file appears whole or not at all; what is no file (a pipe, /dev/stderr) is written
// as it is.
class ReportFile {
 public:
  // `path` is empty when no report is wanted, "-" for stdout.
  explicit ReportFile(std::string path) : path_(std::move(path)) {}

  // Throws io::HostError.
  void write(const Report& report, const Spool& spool);
  // For a run that has no report; does nothing when one was written. Never throws: there is a worse thing to
  // tell already.
  void write(const Failure& failure, const std::string& program_version) noexcept;

 private:
  std::string path_;
  bool written_ = false;
};

// Makes the folder that this flag (--logs, --image-cache) names if it is not there; empty: none. Throws
// io::RequestError when it cannot be written.
void prepare_folder(const std::string& flag, const std::string& path);

}  // namespace orchestrator
