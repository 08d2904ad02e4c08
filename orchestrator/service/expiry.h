// Lets what time brings about in the queue happen soon after it is due: once a minute at the least, whatever
// the database says. What forgotten jobs have left on disk goes with them; what a sudden death has kept from
// going, at the next start. Loop's thread only, but for changed().
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "orchestrator/service/background.h"
#include "orchestrator/store/job_queue.h"

namespace orchestrator {

class Expiry {
 public:
  // `reports`: where each job has a folder of reports and logs; the background removes them.
  Expiry(io::Loop& loop, Background& background, JobQueue& queue, JobQueue::Now now, Retention retention,
         std::string reports);
  ~Expiry() { *self_ = nullptr; }

  void start();
  // From any thread: a job that came or was taken may have to end before the next look at all of them.
  void changed();

 private:
  void expire();
  void plan();
  void remove(const Forgotten& forgotten) const;
  void remove_forgotten() const;

  io::Loop& loop_;
  Background& background_;
  JobQueue& queue_;
  JobQueue::Now now_;  // the queue's
  Retention retention_;
  std::string reports_;
  std::atomic<bool> told_{false};
  std::unique_ptr<io::Timer> next_, planning_;
  std::shared_ptr<Expiry*> self_;  // empty once this is gone
};

}  // namespace orchestrator
