// How often a pipeline's job runs where neither its command line nor the repository's file says so.
#pragma once

namespace orchestrator {

inline constexpr int kAutoTriggerRuns = 20;
inline constexpr int kAutoTriggerParallelism = 5;

}  // namespace orchestrator
