// The server's routes behind one door: who is asked for a token, which Host and Origin may call, what is
// found where. Owns the HTTP server; every thread of that calls it.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/api/bucket_keys.h"
#include "orchestrator/api/metrics.h"
#include "orchestrator/api/route.h"
#include "orchestrator/api/waiters.h"
#include "orchestrator/service/admission.h"
#include "orchestrator/store/event_store.h"
#include "orchestrator/store/history.h"
#include "orchestrator/store/job_queue.h"
#include "sandbox/io/soon.h"

namespace orchestrator {

struct ApiSettings {
  HttpServerSettings http;
  std::string version;
  Tokens tokens;                   // empty: whoever reaches the socket may do everything
  std::vector<std::string> hosts;  // names that Host may say beside those of loopback, with or without port
  Admission admission;
  std::string reports;        // a folder that holds one for each job
  bool works_itself = true;   // this host has a worker of its own
  std::size_t streams = 128;  // readers of events and logs at once
};

// What Waiters know changes of any job, and new events, by.
inline constexpr const char* kAnyJob = "";
inline constexpr const char* kAnyEvent = "events";

// What the server is made for.
struct ApiHost {
  JobQueue& queue;
  EventStore& events;
  History& history;
  Metrics& metrics;
  std::function<std::optional<std::string>()> not_ready;  // why this host cannot work just now; any thread
  std::function<std::string()> metrics_text;              // any thread
};

// What routes work with.
struct ApiParts : ApiHost {
  Waiters& waiters;
  BucketKeys& buckets;
  const ApiSettings& settings;
  std::function<void(std::function<void()>)> later;  // on a handler's thread, soon
  std::function<bool()> draining;                    // no new jobs are taken
};

// Its own jobs, or everybody's for an admin.
inline bool may_change(const Caller& caller, const StoredJob& job) {
  return caller.may(may_admin) || caller.name == job.client;
}

// To anybody else it is not there: its id may have leaked, what its tests print must not.
inline bool may_see(const Caller& caller, const StoredJob& job) {
  return caller.may(may_read) || caller.name == job.client;
}

std::vector<Route> runpod_routes(const ApiParts& parts);
std::vector<Route> runpod_worker_routes(const ApiParts& parts);
std::vector<Route> job_routes(const ApiParts& parts);
std::vector<Route> attempt_routes(const ApiParts& parts);
std::vector<Route> event_routes(const ApiParts& parts);
std::vector<Route> history_routes(const ApiParts& parts);
std::vector<Route> service_routes(const ApiParts& parts);

class ApiServer {
 public:
  // Binds; throws io::HostError, and io::RequestError for a public address without tokens.
  ApiServer(ApiSettings settings, ApiHost host);
  ~ApiServer();

  void start();
  std::uint16_t port() const;
  void drain();  // jobs are refused from now on, with 503
  // Whoever waits is answered with what is so now.
  void stop(std::chrono::milliseconds grace);
  // To be told by the queue: any thread.
  void job_changed(const std::string& id);
  void events_came();
  const std::vector<Route>& routes() const { return routes_; }
  const ApiSettings& settings() const { return settings_; }
  std::size_t connections() const { return http_->connections(); }

 private:
  void serve(const ServedRequest& request, const std::shared_ptr<Reply>& reply);
  const Route* find(const ServedRequest& request, std::map<std::string, std::string>& params,
                    std::string& allowed) const;
  std::size_t body_limit(const ServedRequest& request) const;
  bool is_from_elsewhere(const ServedRequest& request) const;
  bool has_ended(const std::string& id) const;
  void look_for_events();
  std::optional<Caller> caller_of(const ServedRequest& request) const;

  ApiSettings settings_;
  std::atomic<bool> draining_{false};
  std::unique_ptr<HttpServer> http_;
  Waiters waiters_;
  BucketKeys buckets_;
  ApiParts parts_;
  std::atomic<std::int64_t> told_event_{0};  // the last that readers were woken for
  // Jobs change by the thousand at once, and each wake costs every reader a look at the database.
  io::Soon wake_for_jobs_{parts_.later, [this] { waiters_.changed(kAnyJob); }};
  io::Soon wake_for_events_{parts_.later, [this] { look_for_events(); }};
  std::vector<Route> routes_;
};

}  // namespace orchestrator
