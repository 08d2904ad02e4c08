// The events of all jobs, kept for whoever comes late: one order over all of them, so that a reader goes on
// after the last sequence number that it has seen. The last of a job that has ended is `job_ended`, written
// by the database in the commit of that end, whoever made it; the queue tells of it as of any change. Rows go
// with their jobs. Any thread; see job_queue.h for what blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "orchestrator/store/database.h"

namespace orchestrator {

struct StoredEvent {
  std::int64_t sequence = 0;  // 1, 2, 3, … over all jobs; given by append()
  std::string job;
  std::int64_t time = 0;  // ms since the epoch
  std::string type;
  std::string data;  // JSON
};

class EventStore {
 public:
  explicit EventStore(Database& database) : database_(database) {}

  // Told after each append, by its thread. Once, before any use.
  void on_append(std::function<void(const std::vector<StoredEvent>&)> told) { told_ = std::move(told); }
  // What comes behind the end of its job is left out.
  void append(const std::vector<StoredEvent>& events);
  // Those behind `after`, of one job or (empty) of all.
  std::vector<StoredEvent> read(std::int64_t after, const std::string& job, int most) const;
  std::int64_t last() const;  // 0: none yet

 private:
  Database& database_;
  std::function<void(const std::vector<StoredEvent>&)> told_;
};

}  // namespace orchestrator
