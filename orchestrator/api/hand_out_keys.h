// What a serve says to a worker of ours with a job that it hands out, beside RunPod's own keys; others pass
// over it.
#pragma once

namespace orchestrator {

// True: each attempt is to be told as a chunk when it has ended.
inline constexpr const char* kWantsAttempts = "wantsAttempts";

}  // namespace orchestrator
