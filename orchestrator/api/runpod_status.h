// A job as RunPod's clients know it: the status object, the states' words, and the text of an error. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "orchestrator/store/job_queue.h"

namespace orchestrator {

// "IN_QUEUE", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT".
std::string_view runpod_word(JobState state);

// The status object as text: the job's output, which is JSON, may be megabytes and is not read again.
std::string runpod_status(const StoredJob& job);

// What a job has come to, as its worker told it: the summary of its report. A worker that streams puts it
// into a list.
nlohmann::json summary_of(const StoredJob& job);

}  // namespace orchestrator
