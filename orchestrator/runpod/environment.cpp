#include "orchestrator/runpod/environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "orchestrator/job/plain_text.h"
#include "sandbox/io/uuid.h"

namespace orchestrator::runpod {
namespace {

double number(const std::string& text, double otherwise) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end && value >= 0 ? value : otherwise;
}

std::string without_slash(std::string text) {
  while (text.ends_with('/')) text.pop_back();
  return text;
}

std::string host_of(const std::string& url) {
  const auto scheme = url.find("://");
  const auto start = scheme == std::string::npos ? 0 : scheme + 3;
  return url.substr(start, url.find_first_of("/:", start) - start);
}

std::vector<std::string> labels(const std::string& host) {
  std::vector<std::string> all;
  for (std::size_t at = 0; at <= host.size();) {
    const auto dot = std::min(host.find('.', at), host.size());
    all.push_back(host.substr(at, dot - at));
    at = dot + 1;
  }
  return all;
}

}  // namespace

std::string region_of(const std::string& url) {
  const auto parts = labels(host_of(url));
  const std::string host = host_of(url);
  if (host.ends_with(".r2.cloudflarestorage.com")) return "auto";
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    if (parts[i].starts_with("s3-") && parts[i] != "s3-accelerate") return parts[i].substr(3);
    if (parts[i] == "s3")
      return parts[i + 1] == "amazonaws" || i + 2 >= parts.size() ? "us-east-1" : parts[i + 1];
    if (parts[i] == "digitaloceanspaces") return i > 0 ? parts[i - 1] : "us-east-1";
  }
  return "us-east-1";
}

Bucket make_bucket(const std::string& endpoint, const std::string& name, const std::string& prefix,
                   const std::string& access_id, const std::string& secret) {
  Bucket bucket;
  bucket.url = without_slash(endpoint);
  if (!name.empty() && !host_of(endpoint).starts_with(name + ".") && !bucket.url.ends_with("/" + name))
    bucket.url += "/" + name;
  bucket.prefix = without_slash(prefix);
  bucket.prefix.erase(0, bucket.prefix.find_first_not_of('/'));
  bucket.region = region_of(endpoint);
  bucket.access_id = access_id;
  bucket.secret = secret;
  return bucket;
}

Environment read_environment(const GetEnv& getenv) {
  const auto said = [&](const char* name) { return getenv(name).value_or(""); };
  Environment environment;
  environment.take = said("RUNPOD_WEBHOOK_GET_JOB");
  environment.done = said("RUNPOD_WEBHOOK_POST_OUTPUT");
  environment.stream = said("RUNPOD_WEBHOOK_POST_STREAM");
  // Another name of the same, in RunPod's own simulator.
  if (environment.stream.empty()) environment.stream = said("RUNPOD_WEBHOOK_JOB_STREAM");
  environment.ping = said("RUNPOD_WEBHOOK_PING");
  environment.key = said("RUNPOD_AI_API_KEY");
  environment.worker = said("RUNPOD_POD_ID");
  environment.pings = !environment.ping.empty() && !environment.key.empty() && !environment.worker.empty();
  if (environment.worker.empty()) environment.worker = io::random_uuid();
  if (const auto name = said("RUNPOD_POD_HOSTNAME"); !name.empty()) environment.hostname = name;
  environment.endpoint = said("RUNPOD_ENDPOINT_ID");
  environment.gpu_type = said("RUNPOD_GPU_TYPE_ID");
  environment.integration = said("RUNPOD_UA_INTEGRATION");
  environment.log_level = said("RUNPOD_LOG_LEVEL");
  if (environment.log_level.empty()) environment.log_level = said("RUNPOD_DEBUG_LEVEL");
  const double interval = number(said("RUNPOD_PING_INTERVAL"), 10'000);
  environment.ping_interval =
      std::chrono::seconds(std::clamp(static_cast<int>(std::min(interval, 1e9) / 1000), 1, 300));
  environment.realtime_port = static_cast<int>(std::min(number(said("RUNPOD_REALTIME_PORT"), 0), 65'535.0));
  environment.realtime_concurrency =
      static_cast<int>(std::clamp(number(said("RUNPOD_REALTIME_CONCURRENCY"), 1), 1.0, 64.0));
  environment.skip_checks = boolean_from(said("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS")).value_or(false);
  environment.min_memory_gb = number(said("RUNPOD_MIN_MEMORY_GB"), 0);
  environment.min_disk_percent = number(said("RUNPOD_MIN_DISK_PERCENT"), 0);
  const std::string endpoint = said("BUCKET_ENDPOINT_URL");
  const std::string id = said("BUCKET_ACCESS_KEY_ID"), secret = said("BUCKET_SECRET_ACCESS_KEY");
  if (!endpoint.empty() && !id.empty() && !secret.empty())
    environment.bucket = make_bucket(endpoint, said("BUCKET_NAME"), "", id, secret);
  return environment;
}

std::string obstacle_to_jobs(const Environment& environment) {
  if (!environment.done.empty()) return "";
  return "RUNPOD_WEBHOOK_POST_OUTPUT is not set: the result of each job that is taken from "
         "RUNPOD_WEBHOOK_GET_JOB would be lost";
}

}  // namespace orchestrator::runpod
