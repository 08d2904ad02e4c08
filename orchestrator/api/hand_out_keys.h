// What a serve says to a worker of ours with a job that it hands out, beside RunPod's own keys; others pass
// over it.
#pragma once

namespace orchestrator {

// True: each attempt is to be told as a chunk when it has ended.
inline constexpr const char* kWantsAttempts = "wantsAttempts";
// Whose the job is, and whether others go before it: a worker of several jobs shares its host among them so.
inline constexpr const char* kClientOfJob = "client";
inline constexpr const char* kLowPriority = "lowPriority";

}  // namespace orchestrator
