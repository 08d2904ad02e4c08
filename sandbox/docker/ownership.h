// Whose a container is: labels name the owner and an expiry, so that what a dead process left can be found
// and removed, and what a living one owns is never touched.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "sandbox/image_labels.h"

namespace sandbox::docker {

inline constexpr const char* kOwnerLabel =
    "orchestrator.owner";  // this host's boot and pid namespace, hashed
inline constexpr const char* kProcessLabel = "orchestrator.process";  // "pid:start time in clock ticks"
inline constexpr const char* kExpiryLabel = "orchestrator.expires";   // seconds since the epoch

using Labels = std::map<std::string, std::string>;

// Labels of something that this process owns and nobody needs any more after `lifetime`.
Labels ownership_labels(std::chrono::seconds lifetime);

enum class OwnerState { self, alive, dead };
// A foreign host's owner counts as alive until the expiry. Labels that make no sense count as dead only after
// their expiry, and as alive when they have none.
OwnerState owner_state(const Labels& labels, std::chrono::system_clock::time_point now);

}  // namespace sandbox::docker
