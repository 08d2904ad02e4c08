// Where a job of the command line comes from: this host's engine, or another host that runs it for us. Made
// by a mode's entry, which waits.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "orchestrator/cli/session.h"
#include "orchestrator/report/report.h"
#include "orchestrator/run/cached_layers.h"
#include "orchestrator/run/event.h"
#include "orchestrator/run/host_builds.h"
#include "orchestrator/run/job_execution.h"
#include "orchestrator/run/leased_builds.h"

namespace orchestrator {

class JobRunner {
 public:
  virtual ~JobRunner() = default;

  // Waits for the end. Errors are those of JobExecution, or remote::JobFailed.
  virtual io::Result<Report> run() = 0;
  // From a callback of the loop; legal before run(), too.
  virtual void stop(const std::string& reason) = 0;
  virtual void kill() = 0;
  virtual const Spool& spool() const = 0;  // once a report is there
  // See JobExecution.
  virtual std::optional<Report> report_without_attempts(RunEnd end, const std::string& reason) const = 0;
  virtual bool keeps_scratch() const = 0;
  // Nothing of the job is left anywhere; the spool stays.
  virtual void close() = 0;
  // What close() removed beside, as one line for a person; empty: nothing.
  virtual std::string also_removed() const { return ""; }
};

// `inputs` must have their folders. Throws io::HostError when the engine cannot be reached, or the disk is
// full.
class LocalRunner : public JobRunner {
 public:
  LocalRunner(Session& session, JobInputs inputs, EventLog& events);

  io::Result<Report> run() override;
  // All but the attempts: the first of them, for somebody who wants to sit in its place.
  io::Result<sandbox::AttemptSpec> prepare();
  void stop(const std::string& reason) override;
  void kill() override { execution_->kill(); }
  const Spool& spool() const override { return execution_->spool(); }
  std::optional<Report> report_without_attempts(RunEnd end, const std::string& reason) const override {
    return execution_->report_without_attempts(end, reason);
  }
  bool keeps_scratch() const override { return execution_->keeps_scratch(); }
  void close() override;
  std::string also_removed() const override { return also_removed_; }

 private:
  void keep_image_budget();

  Session& session_;
  EventLog& events_;
  const JobHost host_;
  HostBudget budget_;  // of CPUs alone, and those are shared with other processes: a person may ask for more
  LeasedBuilds leased_;
  CachedLayers cached_;
  HostBuilds builds_;
  std::unique_ptr<JobExecution> execution_;
  bool started_ = false;
  std::string stop_;  // wanted before there was anything to stop
  std::string also_removed_;
};

// --on. Throws io::RequestError for what cannot be sent there.
std::unique_ptr<JobRunner> make_remote_runner(Session& session, const CommandLine& options, JobInputs inputs,
                                              EventLog& events, const std::string& program_version);

}  // namespace orchestrator
