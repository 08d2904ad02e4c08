// The URLs of one worker at RunPod's queue, out of the templates that its environment holds. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "orchestrator/runpod/environment.h"

namespace orchestrator::runpod {

// A segment of a path or a value of a query.
std::string url_encoded(const std::string& text);
// Behind '?' or '&', as the URL needs it: not all templates have a query.
std::string with_query(std::string url, const std::string& query);

class Addresses {
 public:
  explicit Addresses(const Environment& environment);

  // `wanted` at least 1; more than one asks for a batch. `busy`: the worker holds a job.
  std::string take(int wanted, bool busy) const;
  // Where a worker hears of jobs that nobody wants any more; absent where the template has no such place.
  std::optional<std::string> stop() const;
  // Of a result, an error and progress.
  std::string done(const std::string& job, bool streamed) const;
  std::optional<std::string> stream(const std::string& job) const;
  // `ids`: of the jobs held, joined by commas; may be empty.
  std::string ping(const std::string& ids, const std::string& version) const;
  std::string unhealthy(const std::string& check, const std::string& reason,
                        const std::string& version) const;

 private:
  std::string take_, done_, stream_, ping_;  // the worker's id is in them, the job's is not yet
};

// Ids joined by commas, as many whole ones as a ping may carry.
std::string joined_ids(const std::vector<std::string>& ids);

}  // namespace orchestrator::runpod
