// What the flags --allow-… of serve and worker come to.
#pragma once

#include "orchestrator/cli/options.h"
#include "orchestrator/service/admission.h"
#include "sandbox/capabilities.h"

namespace orchestrator {

// It bounds no CPUs and no memory: attempts run elsewhere, where others know what there is.
Admission admission_of(const CommandLine::Serve& said);
// An attempt may have as much as the engine's host has.
Admission admission_of(const CommandLine::Serve& said, const sandbox::Capabilities& engine);

}  // namespace orchestrator
