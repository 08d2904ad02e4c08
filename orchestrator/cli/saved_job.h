// What a job is made of that comes out of a saved report: of replay, and of a bundle. Before anything is
// started.
#pragma once

#include <string>

#include "orchestrator/cli/options.h"
#include "orchestrator/report/saved_run.h"
#include "orchestrator/run/job_execution.h"
#include "sandbox/execution.h"

namespace orchestrator {

// What the report's `job.request` says of it.
JobRequest request_again(const JobPlan& plan);
// A report keeps the names of secret variables only; their values come from who runs it again. Throws
// io::RequestError, which names `file`, for those that are not set here.
sandbox::EnvList secrets_again(const JobPlan& plan, const std::string& file);
// A report may come from anywhere: what it makes this host do, a line for each, is told before it is done.
std::string job_lines(const SavedRun& saved);

// Of run --from-bundle; `folder` gets the image. Tells what it is about to run.
JobInputs bundle_inputs(const CommandLine& options, const std::string& folder);

}  // namespace orchestrator
