#include "orchestrator/runpod/addresses.h"

#include <fmt/format.h>

namespace orchestrator::runpod {
namespace {

constexpr std::size_t kMostIds = 64 * 1024;  // bytes
constexpr std::size_t kMostReason = 256;     // characters

void replace(std::string& text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

// RunPod's own test server leaves the GPU's name to the worker.
std::string with_worker(std::string text, const Environment& environment) {
  replace(text, "$RUNPOD_POD_ID", url_encoded(environment.worker));
  if (!environment.gpu_type.empty()) replace(text, "$RUNPOD_GPU_TYPE_ID", url_encoded(environment.gpu_type));
  return text;
}

}  // namespace

std::string url_encoded(const std::string& text) {
  std::string encoded;
  for (const unsigned char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    encoded += plain ? std::string(1, static_cast<char>(c)) : fmt::format("%{:02X}", c);
  }
  return encoded;
}

std::string with_query(std::string url, const std::string& query) {
  if (query.empty()) return url;
  if (url.find('?') == std::string::npos)
    url += '?';
  else if (!url.ends_with('?') && !url.ends_with('&'))
    url += '&';
  return url + query;
}

// "$ID" is the worker in the address of job-take and the job in those of job-done and job-stream.
Addresses::Addresses(const Environment& environment)
    : take_(with_worker(environment.take, environment)),
      done_(with_worker(environment.done, environment)),
      stream_(with_worker(environment.stream, environment)),
      ping_(with_worker(environment.ping, environment)) {
  replace(take_, "$ID", url_encoded(environment.worker));
  replace(ping_, "$ID", url_encoded(environment.worker));
}

std::string Addresses::take(int wanted, bool busy) const {
  std::string url = take_;
  const std::string holds = fmt::format("job_in_progress={}", busy ? 1 : 0);
  const auto at = url.find("/job-take/");
  if (wanted <= 1 || at == std::string::npos) return with_query(std::move(url), holds);
  url.replace(at, 10, "/job-take-batch/");
  return with_query(std::move(url), fmt::format("batch_size={}&{}", wanted, holds));
}

std::optional<std::string> Addresses::stop() const {
  std::string url = take_;
  const auto at = url.find("/job-take/");
  if (at == std::string::npos) return std::nullopt;
  return url.replace(at, 10, "/job-stop/");
}

std::string Addresses::done(const std::string& job, bool streamed) const {
  std::string url = done_;
  replace(url, "$ID", url_encoded(job));
  return with_query(std::move(url), streamed ? "isStream=true" : "isStream=false");
}

std::optional<std::string> Addresses::stream(const std::string& job) const {
  if (stream_.empty()) return std::nullopt;
  std::string url = stream_;
  replace(url, "$ID", url_encoded(job));
  return with_query(std::move(url), "isStream=false");  // only a final post says true
}

std::string Addresses::ping(const std::string& ids, const std::string& version) const {
  const std::string who = "runpod_version=" + url_encoded(version);
  return with_query(ping_, ids.empty() ? who : "job_id=" + url_encoded(ids) + "&" + who);
}

std::string Addresses::unhealthy(const std::string& check, const std::string& reason,
                                 const std::string& version) const {
  return with_query(ping_,
                    fmt::format("status=unhealthy&check={}&reason={}&runpod_version={}", url_encoded(check),
                                url_encoded(reason.substr(0, kMostReason)), url_encoded(version)));
}

std::string joined_ids(const std::vector<std::string>& ids) {
  std::string joined;
  for (const auto& id : ids) {
    if (joined.size() + 1 + id.size() > kMostIds) break;
    joined += (joined.empty() ? "" : ",") + id;
  }
  return joined;
}

}  // namespace orchestrator::runpod
