// Whether this host can do what a worker is for, looked at before the queue hears of it: a worker that cannot
// make a sandbox must say so and end, never take a job.
#pragma once

#include <optional>
#include <string>

#include "orchestrator/runpod/environment.h"
#include "sandbox/capabilities.h"

namespace orchestrator::runpod {

struct Unfit {
  std::string check;   // "engine", "cgroups", "memory", "disk": for the queue
  std::string reason;  // a sentence
  std::string remedy;  // what the operator can do; may be empty
};

// Of a host whose engine answers. A limit that nobody enforces is said by the report, and does not make a
// host unfit; where there are no cgroups at all, strangers' tests would have the whole host. Throws
// io::RequestError when ORCHESTRATOR_MIN_FREE is no size.
std::optional<Unfit> find_unfit(const Environment& environment, const sandbox::Capabilities& engine,
                                const std::string& scratch);

}  // namespace orchestrator::runpod
