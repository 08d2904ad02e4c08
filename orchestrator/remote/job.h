// A job that runs elsewhere: handed in at a `serve` or at an endpoint as RunPod has them, followed until it
// ends, and its report fetched. Used where a mode's entry waits; what it waits for are callbacks of the
// caller's loop.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "orchestrator/job/job.h"
#include "orchestrator/remote/address.h"
#include "orchestrator/report/failure.h"
#include "orchestrator/run/event.h"
#include "sandbox/io/curl_loop.h"

namespace orchestrator::remote {

struct JobSettings {
  Address address;
  std::string token;    // empty: none is sent
  std::string ca_file;  // PEM; empty: as io::set_trust has it
  std::string user_agent;
  std::string logs_folder;  // where every byte that attempts printed goes; empty: nowhere
};

// It ended there without a report, or before its end was seen here.
class JobFailed : public std::runtime_error {
 public:
  explicit JobFailed(Failure failure_) : std::runtime_error(failure_.message), failure(std::move(failure_)) {}
  Failure failure;
};

class Job {
 public:
  virtual ~Job() = default;

  // The report's document. What happens there is told to the event log that it was made with, as far as it is
  // told here: attempt by attempt, or as `elsewhere` events. Throws InvalidJob (with the other side's
  // complaints), io::RequestError, io::HostError (it cannot be reached, does not let us in, has lost the job)
  // and JobFailed. Once.
  virtual nlohmann::json run(const JobRequest& request) = 0;
  // From a callback of the loop: cancels it there; run() then waits for what was known of it. The second time
  // run() waits for nothing more.
  virtual void stop() = 0;
};

std::unique_ptr<Job> make_job(io::CurlLoop& loop, JobSettings settings, EventLog& events);

// What a job's error says: the text that RunPod's clients expect (see runpod_error.h), or any other.
Failure failure_from(const std::string& error);

}  // namespace orchestrator::remote
