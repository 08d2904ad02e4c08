// One job in RunPod's shape, from its `input` to what its final post says: read and judged by what this
// worker admits, run by a HostedJob, its whole report put where there is room for it. What the queue's
// worker, the local test and the local API share. Loop's thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "orchestrator/runpod/answers.h"
#include "orchestrator/runpod/log.h"
#include "orchestrator/runpod/upload.h"
#include "orchestrator/service/admission.h"
#include "orchestrator/service/hosted_job.h"

namespace orchestrator::runpod {

struct JobSettings {
  Environment environment;
  std::string version;  // of this program
  std::string scratch;  // a folder of this process
  Admission admission;
  JobRequest defaults;  // the operator's
  std::optional<images::GitCredential> credential;
  images::GitAccess access;
  std::string ca_file;
  std::size_t result_bytes = 8'000'000;  // the most that a final post's body has
  std::string volume;                    // a folder that stays, for whole reports; empty: there is none
  bool private_urls = false;             // a job's bucket and a webhook may lie in the operator's own network
  GetEnv getenv;                         // for values of secrets
};

// What the jobs of a process share; it outlives them.
struct JobPlace {
  io::CurlLoop& loop;
  Background& background;
  sandbox::Engine& engine;
  const JobHost& host;
  HostBudget& budget;
  sandbox::ImageStore& images;  // of all jobs
  Log& log;
  JobSettings settings;
};

struct JobResult {
  std::string output;    // JSON; empty: none
  std::string error;     // as runpod_error() has it; empty: none
  bool as_list = false;  // the body's output is a list that holds it, as RunPod has it of what streams
  bool interrupted = false;
  bool host_failed = false;  // see HostedResult
  // The body of the final post, in at most so many bytes.
  std::string body(std::size_t most_bytes, bool stop_pod = false) const;
};

// Who sent the job: somebody elsewhere may have only what the operator admits.
enum class Sender { elsewhere, here };

class RunpodJob {
 public:
  // `ended` once, later, when nothing of the job is left; it may let go of this.
  RunpodJob(JobPlace& place, TakenJob job, Sender sender, EventLog::Listener on_event,
            std::function<void(JobResult)> ended);
  ~RunpodJob();

  void start();
  // As HostedJob: the first lets running attempts go on. The second lets go of an upload, too.
  void start_no_more(const std::string& reason);
  void stop(const std::string& reason);
  void kill();
  const std::string& id() const { return job_.id; }
  const TakenJob& job() const { return job_; }

 private:
  HostedJobSpec spec();
  JobRequest read() const;
  sandbox::EnvList secret_values(const JobRequest& request) const;
  void fail(const std::exception_ptr& error);
  void hosted_ended(HostedResult result);
  void keep_report();
  std::string folder_on_volume() const;
  void keep_on_volume(const std::string& problem);
  void not_kept(const std::string& problem);
  void end();

  JobPlace& place_;
  TakenJob job_;
  Sender sender_;
  EventLog::Listener on_event_;
  std::function<void(JobResult)> ended_;
  std::string name_;  // of its files
  std::string reports_;
  std::optional<Bucket> bucket_;
  std::unique_ptr<HostedJob> hosted_;
  HostedResult told_;
  nlohmann::ordered_json members_;  // of the report, beside its own
  std::unique_ptr<Upload> upload_;
  std::unique_ptr<io::Timer> ending_;
  bool hurried_ = false;
};

}  // namespace orchestrator::runpod
