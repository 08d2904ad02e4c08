#include "orchestrator/cli/job_mode.h"

namespace orchestrator {

int run_command(const Program& program, const CommandLine& options) { return run_job(program, options, {}); }

}  // namespace orchestrator
