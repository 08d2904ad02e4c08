#include "orchestrator/api/job_page.h"

namespace orchestrator {

JobPage page_of(const JobQueue& queue, JobFilter filter) {
  const auto most = static_cast<std::size_t>(filter.most);
  ++filter.most;  // one more tells whether there is another page
  JobPage page{queue.list(filter), std::nullopt};
  if (page.jobs.size() <= most) return page;
  page.jobs.resize(most);
  page.next = page.jobs.back().number;
  return page;
}

}  // namespace orchestrator
