#include "orchestrator/cli/job_mode.h"
#include "orchestrator/cli/saved_job.h"

namespace orchestrator {

int run_command(const Program& program, const CommandLine& options) {
  JobModeHooks hooks;
  if (!options.from_bundle.empty()) hooks.inputs = bundle_inputs;
  return run_job(program, options, hooks);
}

}  // namespace orchestrator
