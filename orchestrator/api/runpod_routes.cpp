// RunPod's endpoint API, for its clients: https://docs.runpod.io/serverless/endpoints/operations and what its
// Python, JavaScript and Go clients really send and read.
#include <fmt/format.h>

#include <mutex>
#include <set>

#include "orchestrator/api/intake.h"
#include "orchestrator/api/job_page.h"
#include "orchestrator/api/runpod_status.h"

namespace orchestrator {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::size_t kRunBytes = 10u << 20;
constexpr std::size_t kRunSyncBytes = 20u << 20;
constexpr std::int64_t kSyncWait = 90'000;

ServedResponse status_response(const StoredJob& job) {
  return {200, "application/json", runpod_status(job), {}};
}

// Cancelled jobs whose readers of a stream know it. Those of the Python client take CANCELLED for a state
// that goes on; only an error ends their loop.
class ToldOnce {
 public:
  bool is_new(const std::string& id) {
    const std::lock_guard lock(mutex_);
    if (told_.size() >= kMost) told_.clear();
    return told_.insert(id).second;
  }

 private:
  static constexpr std::size_t kMost = 10'000;
  std::mutex mutex_;
  std::set<std::string> told_;  // guarded by mutex_
};

std::string why_not_retried(const StoredJob& job) {
  if (job.state == JobState::failed && job.epoch == 0)
    return "the job's input was refused as it came in, and would be again: hand in a job with another input";
  return fmt::format("only a job that FAILED or TIMED_OUT can be retried, not one that is {}",
                     runpod_word(job.state));
}

class Endpoint {
 public:
  explicit Endpoint(const ApiParts& parts) : parts_(parts) {}

  void run(Call& call) const {
    const auto job = submitted(call, false);
    if (job) call.reply->respond(json_response({{"id", job->id}, {"status", "IN_QUEUE"}}));
  }

  void run_sync(Call& call) const {
    const auto job = submitted(call, true);
    if (job) answer_when_final(call, job->id, call.number("wait", kSyncWait, 1'000, 300'000));
  }

  void status(Call& call) const {
    const auto job = found(call);
    if (job) call.reply->respond(status_response(*job));
  }

  void status_sync(Call& call) const {
    const auto job = found(call);
    if (job) answer_when_final(call, job->id, call.number("wait", kSyncWait, 1'000, 300'000));
  }

  // All that was told and not yet delivered; with a final state all that is left, since clients stop there.
  // Whose job it is not, or who may only read, sees it and takes nothing from its owner; so does who has
  // gone, it seems.
  void stream(Call& call) const {
    const auto job = found(call);
    if (!job) return;
    const std::int64_t wait = call.number("wait", 1'000, 0, 90'000);
    parts_.waiters.wait(
        job->id, milliseconds(wait),
        [parts = parts_, id = job->id, reply = call.reply, told = told_cancelled_, client = call.caller.name,
         takes = call.caller.may(may_submit) && may_change(call.caller, *job)](bool last) {
          const auto now = parts.queue.find(id);
          if (!now) return reply->respond(error_response(404, "job not found")), true;
          if (now->state == JobState::cancelled && !told->is_new(fmt::format("{} {}", id, client)))
            return reply->respond(error_response(404, "the job was cancelled")), true;
          json chunks = json::array();
          const bool delivers = takes && reply->is_wanted();
          for (const auto& chunk : delivers ? parts.queue.take_chunks(id) : parts.queue.chunks(id))
            chunks.push_back({{"output", json::parse(chunk, nullptr, false)}});
          if (chunks.empty() && !is_final(now->state) && !last) return false;
          json answer = {{"status", runpod_word(now->state)}, {"stream", std::move(chunks)}};
          reply->respond(json_response(answer));
          return true;
        });
  }

  void cancel(Call& call) const {
    const auto job = found_to_change(call);
    if (!job) return;
    call.reply->respond(status_response(parts_.queue.cancel(job->id).value_or(*job)));
  }

  void retry(Call& call) const {
    const auto job = found_to_change(call);
    if (!job) return;
    if (!parts_.queue.retry(job->id))
      return call.reply->respond(
          error_response(400, why_not_retried(parts_.queue.find(job->id).value_or(*job))));
    call.reply->respond(json_response({{"id", job->id}, {"status", "IN_QUEUE"}}));
  }

  void purge(Call& call) const {
    const std::string whose = call.caller.may(may_admin) ? "" : call.caller.name;
    const int removed = parts_.queue.purge(call.param("endpoint"), whose);
    call.reply->respond(json_response({{"removed", removed}, {"status", "completed"}}));
  }

  void health(Call& call) const {
    const std::string& endpoint = call.param("endpoint");
    const Counts jobs = parts_.queue.counts(endpoint);
    const auto workers = parts_.queue.workers(endpoint);
    // This host, where it works itself, works on every endpoint's jobs.
    const int able = parts_.settings.works_itself ? 1 : 0;
    const int own = able > 0 && !parts_.not_ready() ? 1 : 0;
    const int busy = own > 0 && workers.own_runs ? 1 : 0;
    call.reply->respond(json_response({{"jobs",
                                        {{"completed", jobs.completed},
                                         {"failed", jobs.failed + jobs.timed_out},
                                         {"inProgress", jobs.running},
                                         {"inQueue", jobs.queued},
                                         {"retried", jobs.retried}}},
                                       {"workers",
                                        {{"idle", workers.idle + own - busy},
                                         {"initializing", 0},
                                         {"ready", workers.idle + own - busy},
                                         {"running", workers.running + busy},
                                         {"throttled", 0},
                                         {"unhealthy", workers.unhealthy + able - own}}}}));
  }

  void requests(Call& call) const {
    JobFilter filter;
    filter.endpoint = call.param("endpoint");
    filter.most = static_cast<int>(call.number("limit", 100, 1, 1'000));
    filter.before = call.number("before", 0, 0, INT64_MAX);
    json requests = json::array();
    const JobPage page = page_of(parts_.queue, filter);
    for (const auto& job : page.jobs) requests.push_back(json::parse(runpod_status(job)));
    call.reply->respond(json_response(
        {{"requests", std::move(requests)}, {"next_before", page.next ? json(*page.next) : json()}}));
  }

 private:
  std::optional<StoredJob> submitted(Call& call, bool sync) const {
    try {
      return take_in_runpod(parts_, call, sync);
    } catch (const NotTaken& wrong) {
      call.reply->respond(not_taken(error_response(wrong.status, wrong.what())));
      return std::nullopt;
    }
  }

  // Of this endpoint; else the answer is given.
  std::optional<StoredJob> found(Call& call) const {
    auto job = parts_.queue.find(call.param("id"));
    if (job && job->endpoint == call.param("endpoint") && may_see(call.caller, *job)) return job;
    call.reply->respond(error_response(404, "job not found"));
    return std::nullopt;
  }

  std::optional<StoredJob> found_to_change(Call& call) const {
    auto job = found(call);
    if (!job || may_change(call.caller, *job)) return job;
    call.reply->respond(error_response(403, "this job is another client's"));
    return std::nullopt;
  }

  void answer_when_final(Call& call, const std::string& id, std::int64_t wait) const {
    parts_.waiters.wait(id, milliseconds(wait), [parts = parts_, id, reply = call.reply](bool last) {
      const auto job = parts.queue.find(id);
      if (!job) return reply->respond(error_response(404, "job not found")), true;
      if (!is_final(job->state) && !last) return false;
      reply->respond(status_response(*job));
      return true;
    });
  }

  ApiParts parts_;
  std::shared_ptr<ToldOnce> told_cancelled_ = std::make_shared<ToldOnce>();
};

}  // namespace

std::vector<Route> runpod_routes(const ApiParts& parts) {
  const auto to = answers_of(std::make_shared<const Endpoint>(parts));
  return {
      {"POST", "/v2/{endpoint}/run", may_submit, to(&Endpoint::run), kRunBytes},
      {"POST", "/v2/{endpoint}/runsync", may_submit, to(&Endpoint::run_sync), kRunSyncBytes},
      {"GET|POST", "/v2/{endpoint}/status/{id}", may_submit | may_read, to(&Endpoint::status)},
      {"GET|POST", "/v2/{endpoint}/status-sync/{id}", may_submit | may_read, to(&Endpoint::status_sync)},
      {"GET|POST", "/v2/{endpoint}/stream/{id}", may_submit | may_read, to(&Endpoint::stream)},
      {"POST", "/v2/{endpoint}/cancel/{id}", may_submit, to(&Endpoint::cancel)},
      {"POST", "/v2/{endpoint}/retry/{id}", may_submit, to(&Endpoint::retry)},
      {"POST", "/v2/{endpoint}/purge-queue", may_submit, to(&Endpoint::purge)},
      {"GET", "/v2/{endpoint}/health", may_submit | may_read, to(&Endpoint::health)},
      {"GET", "/v2/{endpoint}/requests", may_read, to(&Endpoint::requests)},
  };
}

}  // namespace orchestrator
