// The text of an error as RunPod's clients expect it: a string that holds JSON with six keys, which some of
// them parse.
#pragma once

#include <string>

#include "orchestrator/report/failure.h"

namespace orchestrator {

// `hostname` and `worker` may be empty. No path of the host and no secret is in it as long as none is in the
// message.
std::string runpod_error(const Failure& failure, const std::string& program_version,
                         const std::string& hostname, const std::string& worker);

}  // namespace orchestrator
