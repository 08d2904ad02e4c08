// A worker at RunPod's queue: takes as many jobs as this host carries, tells how far they are, delivers what
// came out, and ends those that nobody wants any more. Loop's thread only; it waits for nothing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "orchestrator/runpod/fitness.h"
#include "orchestrator/runpod/heartbeat.h"
#include "orchestrator/runpod/job_posts.h"
#include "orchestrator/runpod/policy.h"
#include "orchestrator/runpod/queue_client.h"
#include "orchestrator/runpod/runpod_job.h"

namespace orchestrator::runpod {

struct WorkerSettings {
  int jobs = 1;          // at once
  bool stream = false;   // each finished attempt is a chunk, and the output a list that holds the report
  bool refresh = false;  // one job, then the platform makes a new worker
};

// How many jobs such a host carries: one job is several containers at once.
int jobs_for(int cpus, std::int64_t memory_bytes);

class RunpodWorker {
 public:
  // `heartbeat` may be null. Both outlive this.
  RunpodWorker(JobPlace& place, QueueClient& queue, Heartbeat* heartbeat, WorkerSettings settings);
  ~RunpodWorker();

  void start() { take(); }
  // Takes no more, starts no more attempts; what runs may go on for so long. Partial reports are posted.
  void drain(std::chrono::milliseconds budget);
  // At once; nothing more is posted.
  void leave();
  bool ended() const { return left_ || (!taking_ && held_.empty() && waiting_.empty()); }
  // The queue has refused for minutes: somebody should make another worker.
  bool refused() const { return refused_; }
  // What broke of the host: no more jobs were taken.
  const std::optional<Unfit>& unfit() const { return unfit_; }

 private:
  class Held;

  void take();
  void took(const TakeAnswer& answer, io::TimePoint asked);
  void begin(TakenJob job);
  void begin_waiting();
  Held* held(const std::string& id) const;
  bool waits(const std::string& id) const;
  void watch_stops();
  void drop(const std::string& id, const std::string& why);
  void forget(Held& held);
  void look_at_host();
  void looked(const io::Result<sandbox::Capabilities>& engine);
  void tell_heartbeat() const;

  JobPlace& place_;
  QueueClient& queue_;
  Heartbeat* heartbeat_;
  WorkerSettings settings_;
  TakePolicy take_policy_;
  StopPolicy stop_policy_;
  std::vector<std::unique_ptr<Held>> held_;
  std::vector<TakenJob> waiting_;  // handed out again while what was dropped of them is still ending
  std::unique_ptr<io::HttpCall> taking_call_, stop_call_;
  std::unique_ptr<io::Timer> take_later_, stop_later_, budget_;
  std::string last_problem_;
  std::optional<Unfit> unfit_;
  bool looking_ = false;  // at the host: nothing is taken until it has answered
  bool taking_ = true, refused_ = false, left_ = false;
  std::shared_ptr<RunpodWorker*> self_;  // empty once this is gone
};

}  // namespace orchestrator::runpod
