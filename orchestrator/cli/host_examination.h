// What `doctor` looks at where an engine answers, and a worker before it asks for jobs.
#pragma once

#include <vector>

#include "orchestrator/cli/finding.h"
#include "orchestrator/cli/session.h"

namespace orchestrator {

// The engine, the limits, the disk, the base images; and, where one is here and nothing is missing, a trial
// of two attempts, which takes about a second. Throws io::HostError when the engine is lost on the way.
std::vector<Finding> examine_host(const Program& program, Session& session,
                                  const sandbox::Capabilities& engine);

}  // namespace orchestrator
