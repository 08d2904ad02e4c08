// What following a job is, whatever the protocol: hand in, look until it has ended, cancel when that is
// wanted, fetch. Inside this room only.
#pragma once

#include "orchestrator/remote/job.h"
#include "orchestrator/remote/line.h"

namespace orchestrator::remote {

class FollowedJob : public Job {
 public:
  FollowedJob(io::CurlLoop& loop, JobSettings settings, EventLog& events)
      : settings_(std::move(settings)), events_(events), line_(loop, settings_) {}

  nlohmann::json run(const JobRequest& request) final;
  void stop() final;

 protected:
  virtual std::string hand_in(const JobRequest& request) = 0;  // returns its id
  // Tells what is new; true when it has ended.
  virtual bool look() = 0;
  virtual std::chrono::milliseconds between_looks() const = 0;
  virtual void cancel() = 0;
  // The report of a job that has ended; throws JobFailed where there is none.
  virtual nlohmann::json fetch() = 0;

  // How far it is, where that is all that is known: `elsewhere`, see event.h.
  void tell_progress(const nlohmann::json& progress);
  // `kind`: see Failure; empty where the error itself may tell.
  [[noreturn]] void ended_without_report(const std::string& state, const std::string& error,
                                         const std::string& kind = "") const;

  const JobSettings settings_;
  EventLog& events_;
  Line line_;
  std::string id_;

 private:
  bool has_ended();

  int stops_ = 0;
  bool cancelled_ = false;
  nlohmann::json told_;  // the last progress
};

// The two ways.
std::unique_ptr<Job> make_serve_job(io::CurlLoop& loop, JobSettings settings, EventLog& events);
std::unique_ptr<Job> make_endpoint_job(io::CurlLoop& loop, JobSettings settings, EventLog& events);

}  // namespace orchestrator::remote
