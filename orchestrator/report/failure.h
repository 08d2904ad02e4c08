// Why a run ended without any report: a value for the event log, for scripts and for the exit code.
#pragma once

#include <iosfwd>
#include <string>

namespace orchestrator {

struct Failure {
  // "request": what was asked is wrong; "setup": the image cannot be built; "host": the host or a peer lacks
  // something; "defect": unforeseen; "cancelled", "deadline": stopped before the first attempt;
  // "skipped": the repository does not want to be run on this occasion.
  std::string kind;
  std::string message;  // a sentence, or several, a line each
  int exit_code = 5;
  bool lasting = false;  // of a "host": see io::LastingError
};

// A small document in the place of report.json, so that nobody takes an older one for this run's. By the same
// schema; it has no results.
void write_failure_json(const Failure& failure, const std::string& program_version, std::ostream& out);

}  // namespace orchestrator
