// A page of the queue's jobs, and where the next one begins. Handlers' threads.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "orchestrator/store/job_queue.h"

namespace orchestrator {

struct JobPage {
  std::vector<StoredJob> jobs;       // as JobQueue::list() gives them
  std::optional<std::int64_t> next;  // JobFilter::before of the next page; nullopt: there is none
};

// Throws io::HostError.
JobPage page_of(const JobQueue& queue, JobFilter filter);

}  // namespace orchestrator
