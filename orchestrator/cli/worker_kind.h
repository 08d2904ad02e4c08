// What `orchestrator worker` is to be, by its flags and RunPod's variables: asked in the order of RunPod's
// SDK. Pure.
#pragma once

#include "orchestrator/cli/options.h"
#include "orchestrator/runpod/environment.h"
#include "orchestrator/runpod/local_api.h"

namespace orchestrator {

enum class WorkerKind {
  api,   // the routes of RunPod's SDK, on this host
  test,  // one job, of a flag or a file
  queue  // at RunPod's queue
};

WorkerKind worker_kind(const CommandLine::Worker& said, const runpod::Environment& environment);

// Where the API listens: as the flags say, or at the port where the platform expects it, for everybody.
runpod::LocalApiSettings api_settings(const CommandLine::Worker& said,
                                      const runpod::Environment& environment);

}  // namespace orchestrator
