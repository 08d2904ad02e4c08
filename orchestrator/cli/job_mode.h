// One job from the command line: from the first signal handler to the report. What `run`, `ci` and `replay`
// share; they differ in what they ask for and in what they say at the end. Made and used by a mode's entry.
#pragma once

#include <functional>
#include <memory>
#include <stdexcept>

#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/progress.h"
#include "orchestrator/cli/report_file.h"
#include "orchestrator/cli/session.h"
#include "orchestrator/run/event.h"
#include "orchestrator/run/job_execution.h"

namespace orchestrator {

// The repository does not want to be run on this occasion: exit 0, and a sentence.
class NothingToDo : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// How it ended: with a report, or with a failure in its place.
struct JobEnd {
  const Report* report = nullptr;
  const Failure* failure = nullptr;
  int exit_code = 0;  // of the program
};

// An attempt whose image is ready, for somebody who sits down in the place of its test.
struct Seat {
  io::Loop& loop;
  sandbox::Sandbox& sandbox;
  sandbox::AttemptSpec spec;
  std::function<void(int signal)>& on_signal;  // to be set: told of SIGINT, SIGTERM and SIGHUP
};

struct JobModeHooks {
  // The job that is to run; it may throw InvalidJob and io::RequestError. Empty: what the command line, the
  // job file and the user's config say (`gather_inputs`). `folder` is this run's own.
  std::function<JobInputs(const CommandLine&, const std::string& folder)> inputs;
  // The report is whole but not written yet: what a mode adds to it. Also asked for a report without
  // attempts.
  std::function<void(Report&)> complete;
  // After the report was written to its files: says what is to be said on stdout and returns the exit code.
  // Not asked for a run that a signal has ended, but for the text. Empty: the summary, and exit_code().
  std::function<int(const Report&, const Spool&)> conclude;
  // Last of all, also for a job that has no report. What it throws is told like an error of the job.
  std::function<void(const JobEnd&)> ended;
  // Instead of attempts and a report: returns the exit code when nothing runs any more.
  std::function<int(Seat)> sit;
};

// Throws nothing: it tells its errors itself, as `tell_failure` does. Returns the exit code.
int run_job(const Program& program, const CommandLine& options, const JobModeHooks& hooks);

// From flags, job file, environment and the user's config. Throws InvalidJob and io::RequestError.
JobInputs gather_inputs(const CommandLine& options);

// The summary on stdout, not where a report went there; with workflow commands when they are asked for.
void write_summary(const CommandLine& options, const Report& report, const Spool& spool);

// The usual end: the summary on stdout (not where a report went there); the exit code of the report.
int conclude_run(const CommandLine& options, const Report& report, const Spool& spool);

}  // namespace orchestrator
