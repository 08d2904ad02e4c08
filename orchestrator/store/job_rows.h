// What both halves of JobQueue know of its table.
#pragma once

#include "orchestrator/store/job_queue.h"
#include "orchestrator/store/sql.h"

namespace orchestrator {

inline constexpr const char* kOverran = "executionTimeout exceeded";

inline int as_number(JobState state) { return static_cast<int>(state); }

}  // namespace orchestrator
