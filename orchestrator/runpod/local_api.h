// The API that a worker has of itself for trying it out (--rp_serve_api), as RunPod's SDK has it: POST /run,
// /runsync, /status/{id}, /stream/{id}, and GET for the last two. Jobs really run from /run on. A POST of
// status or stream waits for the end, as there; a GET says how it is, as the live service does. No
// authentication: what may be asked for is bounded by the worker's Admission. Loop's thread only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "orchestrator/api/http_server.h"
#include "orchestrator/runpod/runpod_job.h"

namespace orchestrator::runpod {

struct LocalApiSettings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8000;
  int jobs = 1;  // at once; others wait
};

class LocalApi {
 public:
  // Throws io::HostError when it cannot listen there.
  LocalApi(JobPlace& place, const LocalApiSettings& settings);
  ~LocalApi();

  void start() { server_->start(); }
  std::uint16_t port() const { return server_->port(); }
  // No more jobs; what runs may go on for so long.
  void drain(std::chrono::milliseconds budget);
  void leave();  // at once
  bool ended() const;

 private:
  class Job;
  using Answer = std::shared_ptr<Reply>;

  void handle(const ServedRequest& request, const Answer& reply);
  void submit(const ServedRequest& request, const Answer& reply, bool sync);
  void realtime(const ServedRequest& request, const Answer& reply);
  void tell(const ServedRequest& request, const Answer& reply, bool stream);
  Job& add(TakenJob taken);
  Job* find(const std::string& id) const;
  void run_next();
  void ended(Job& job);
  void call_webhook(const Job& job);

  JobPlace& place_;
  LocalApiSettings settings_;
  std::vector<std::unique_ptr<Job>> jobs_;  // oldest first; ended ones are kept for a while
  std::vector<std::shared_ptr<io::HttpCall>> webhooks_;
  io::HttpClient http_;
  std::unique_ptr<io::Timer> budget_;
  bool draining_ = false;
  std::shared_ptr<LocalApi*> self_;  // empty once this is gone
  std::unique_ptr<HttpServer> server_;
};

}  // namespace orchestrator::runpod
