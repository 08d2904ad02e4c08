// Works on the queue's jobs with this host's engine: takes as many at once as it may, has what happens to
// them written down, and ends those that nobody wants any more. Loop's thread only, but for job_changed().
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/run/cached_layers.h"
#include "orchestrator/run/host_builds.h"
#include "orchestrator/run/leased_builds.h"
#include "orchestrator/service/admission.h"
#include "orchestrator/service/background.h"
#include "orchestrator/service/hosted_job.h"
#include "orchestrator/store/event_store.h"
#include "orchestrator/store/job_queue.h"
#include "sandbox/shared_builds.h"

namespace orchestrator {

struct LocalWorkerSettings {
  std::string name = "local";  // who has the job, in the queue
  int jobs = 4;                // at once; up to twice as many when clients would wait who have none of them
  std::string scratch;         // a folder of this process
  std::string reports;         // a folder that stays: one below it for each job
  std::string version;
  JobRequest defaults;  // the operator's: below what a job says, above the repository's own file
  std::optional<images::GitCredential> credential;
  images::GitAccess access;
  std::string ca_file;
  Admission admission;  // asked again when a job begins: the operator may have changed it since it came
  // Values of the variables that a job may have; throws io::RequestError where there is none.
  std::function<sandbox::EnvList(const std::vector<std::string>& names)> secrets;
  bool fails_interrupted = false;  // jobs that stop() has interrupted stay here; else the queue has them back
  // Something has failed that is not the jobs' fault: nothing is taken until set_able(). Empty: that is
  // nothing.
  std::function<void()> look_at_host;
};

class LocalWorker {
 public:
  LocalWorker(io::Loop& loop, Background& background, sandbox::Engine& engine, const JobHost& host,
              JobQueue& queue, EventStore& events, LocalWorkerSettings settings);
  ~LocalWorker();

  void start() { look(); }
  // From any thread.
  void job_changed(const std::string& id);
  // Whether this host can work just now; what runs goes on.
  void set_able(bool able);
  // Takes nothing more; what runs goes on.
  void take_no_more() { taking_ = false; }
  // Stops what runs; the next start finds it.
  void stop(const std::string& reason);
  void kill();
  // Once stopped it does not wait for a database that takes no result.
  bool idle() const { return active_.empty() && !asking_ && (stopping_ || untold_.empty()); }
  HostBudget& budget() { return budget_; }

 private:
  class Active;
  struct End;

  void look();
  void look_after(Milliseconds pause);
  std::string reports_of(const StoredJob& job) const;
  void remove_reports_of(const StoredJob& job) const;
  HostedJobSpec spec_of(const StoredJob& job) const;
  JobRequest request_of(const StoredJob& job) const;
  bool has(const std::string& id) const;
  void begin(const StoredJob& job);
  void begin_waiting();
  void run(const StoredJob& job);
  void check(const std::string& id);
  void stop_before(const HandOut& wanted);
  void ended(Active& active, HostedResult result);
  void over(const StoredJob& job, bool overran, HostedResult result);
  void tell_end(std::shared_ptr<const End> end, int tries);
  void tell_end_later(std::shared_ptr<const End> end, int tries);
  void flush();
  void write_soon();

  io::Loop& loop_;
  Background& background_;
  sandbox::Engine& engine_;
  const JobHost& host_;
  JobQueue& queue_;
  EventStore& events_;
  LocalWorkerSettings settings_;
  HostBudget budget_;
  LeasedBuilds leased_;
  CachedLayers cached_;
  HostBuilds host_builds_;
  sandbox::SharedBuilds builds_;
  std::vector<std::unique_ptr<Active>> active_;  // no two of one job
  std::vector<StoredJob> waiting_;               // taken; each while an earlier hand-out of it is active
  std::vector<StoredEvent> unwritten_;
  std::unique_ptr<io::Timer> writing_;
  std::map<HandOut, std::unique_ptr<io::Timer>> untold_;  // ends that the queue does not know yet
  bool asking_ = false, again_ = false;                   // the queue for a job
  std::unique_ptr<io::Timer> pause_;                      // of the first job that this host has failed
  bool taking_ = true, able_ = true;
  bool stopping_ = false;
  std::shared_ptr<LocalWorker*> self_;  // empty once this is gone
};

}  // namespace orchestrator
