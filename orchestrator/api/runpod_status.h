// A job as RunPod's clients know it: the status object, the states' words, and the text of an error. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "orchestrator/store/job_queue.h"

namespace orchestrator {

// "IN_QUEUE", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT".
std::string_view runpod_word(JobState state);

// `now` in ms: for the delay of a job that waits. The job's output must be JSON.
nlohmann::json runpod_status(const StoredJob& job);

}  // namespace orchestrator
