// What RunPod tells a worker, and what its operator adds: variables of the environment, read once. Pure.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace orchestrator::runpod {

using GetEnv = std::function<std::optional<std::string>(const char*)>;

// Where whole reports go. Its secret is neither logged nor in any report.
struct Bucket {
  std::string url;     // of the bucket, without a slash at its end
  std::string prefix;  // of keys; may be empty
  std::string region;  // "us-east-1"
  std::string access_id, secret;
  bool of_job = false;  // a stranger chose the URL
};

// Joined as RunPod's clients mean it: an endpoint with or without the bucket's name in it.
Bucket make_bucket(const std::string& endpoint, const std::string& name, const std::string& prefix,
                   const std::string& access_id, const std::string& secret);
// "us-west-2" of "https://s3.us-west-2.amazonaws.com"; "us-east-1" where the host tells none.
std::string region_of(const std::string& url);

struct Environment {
  // Templates of URLs; empty where RunPod did not tell.
  std::string take, done, stream, ping;
  std::string key;     // sent raw, without "Bearer"
  std::string worker;  // RUNPOD_POD_ID, or a random one
  std::string hostname = "unknown";
  std::string endpoint;  // its presence makes log lines JSON
  std::string gpu_type;
  std::string integration;                 // for the user agent
  std::string log_level;                   // as said
  bool pings = false;                      // only with a key, a worker's id and a URL
  std::chrono::seconds ping_interval{10};  // never below one: a worker would do nothing else
  int realtime_port = 0, realtime_concurrency = 1;
  bool skip_checks = false;
  double min_memory_gb = 0, min_disk_percent = 0;  // 0: ours
  std::optional<Bucket> bucket;
};

// What cannot be understood counts as not said.
Environment read_environment(const GetEnv& getenv);

// Why no job may be taken from the queue, as a sentence; empty: one may.
std::string obstacle_to_jobs(const Environment& environment);

}  // namespace orchestrator::runpod
