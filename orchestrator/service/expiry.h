// Lets what time brings about in the queue happen soon after it is due: once a minute at the least, whatever
// the database says. Loop's thread only, but for changed().
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "orchestrator/service/background.h"
#include "orchestrator/store/job_queue.h"

namespace orchestrator {

class Expiry {
 public:
  // `forgotten`: told of each job that is no more, by the background.
  Expiry(io::Loop& loop, Background& background, JobQueue& queue, JobQueue::Now now, Retention retention,
         std::function<void(const std::string& id)> forgotten);
  ~Expiry() { *self_ = nullptr; }

  void start() { expire(); }
  // From any thread: a job that came or was taken may have to end before the next look at all of them.
  void changed();

 private:
  void expire();
  void plan();

  io::Loop& loop_;
  Background& background_;
  JobQueue& queue_;
  JobQueue::Now now_;  // the queue's
  Retention retention_;
  std::function<void(const std::string&)> forgotten_;
  std::atomic<bool> told_{false};
  std::unique_ptr<io::Timer> next_, planning_;
  std::shared_ptr<Expiry*> self_;  // empty once this is gone
};

}  // namespace orchestrator
