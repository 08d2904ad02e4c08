// RunPod's queue protocol from the side of the queue: what its workers (ours, and those of its Python SDK)
// are answered.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "orchestrator/api/api_server.h"
#include "orchestrator/api/hand_out_keys.h"
#include "orchestrator/api/request_target.h"
#include "orchestrator/job/parse_json.h"
#include "orchestrator/report/report.h"
#include "orchestrator/report/times.h"
#include "orchestrator/report/utf8.h"
#include "sandbox/io/error.h"
#include "sandbox/io/json_text.h"
#include "sandbox/outcome.h"

namespace orchestrator {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::size_t kResultBytes = 20u << 20;
constexpr std::size_t kChunkBytes = 2u << 20;
constexpr std::int64_t kHold = 5'000;  // ms; clients allow 90 s

// Workers of the SDK append "&name=value" blindly: where the address that they were given has no query, that
// lands in the last segment.
struct Tail {
  std::string segment;
  std::map<std::string, std::string> query;
};

Tail read_tail(const Call& call, const std::string& name) {
  const std::string& said = call.param(name);
  const std::size_t end = std::min(said.find('&'), said.size());
  Tail tail{said.substr(0, end), call.request.query};
  for (auto& [key, value] : read_query(std::string_view(said).substr(end))) tail.query[key] = value;
  return tail;
}

std::string word_of(const std::map<std::string, std::string>& said, const std::string& name) {
  const auto found = said.find(name);
  return found == said.end() ? "" : found->second;
}

// The job that a post is about, as the worker calls it; empty where it says none.
std::string said_job(const Call& call) {
  const std::string in_path = call.params.contains("id") ? read_tail(call, "id").segment : "";
  return in_path.empty() ? word_of(call.request.headers, "x-request-id") : in_path;
}

// A stranger's words for the log.
std::string as_line(std::string said) {
  constexpr int kLongest = 256;  // columns
  std::erase_if(said, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  return fit(for_terminal(said), kLongest);
}

// A worker gives back the id that it was given, and nothing else: in it stands which hand-out it is, from the
// second on. So what comes of an older one is known for that, also when one worker had both.
constexpr char kHandOut = '~';

std::string id_of(const HandOut& job) {
  return job.epoch > 1 ? fmt::format("{}{}{}", job.id, kHandOut, job.epoch) : job.id;
}

HandOut hand_out_of(const std::string& id) {
  HandOut job{id.substr(0, id.find(kHandOut)), 1};
  if (job.id.size() < id.size()) job.epoch = std::atoll(id.c_str() + job.id.size() + 1);
  return job;
}

std::vector<HandOut> hand_outs_of(const std::string& ids) {
  std::vector<HandOut> jobs;
  for (std::size_t at = 0; at < ids.size();) {
    const std::size_t end = std::min(ids.find(',', at), ids.size());
    if (end > at) jobs.push_back(hand_out_of(ids.substr(at, end - at)));
    at = end + 1;
  }
  return jobs;
}

// What a worker is given of a job.
json order_for(const ApiParts& parts, const StoredJob& job) {
  json order = {{"id", id_of({job.id, job.epoch})},
                {"input", json::parse(job.input, nullptr, false)},
                {kWantsAttempts, true},
                {kClientOfJob, job.client},
                {kLowPriority, job.low_priority}};
  if (const std::string bucket = parts.buckets.find(job.id); !bucket.empty())
    order["s3Config"] = json::parse(bucket, nullptr, false);
  return order;
}

// What happens to a job at a worker elsewhere.
StoredEvent event_of(const StoredJob& job, const char* type, const json& data) {
  return {0, job.id, epoch_ms(std::chrono::system_clock::now()), type, io::json_text(data)};
}

// A job that was handed out, or a chunk that was kept, is that also where nobody can be told.
void append(const ApiParts& parts, const std::vector<StoredEvent>& events) try {
  if (!events.empty()) parts.events.append(events);
} catch (const io::HostError& error) {
  spdlog::warn("what a worker elsewhere does was not noted: {}", error.what());
}

// What of a chunk is the end of an attempt as workers of ours tell it; nothing of what others send. A
// worker's word is a stranger's: it is kept for everybody who reads events, so that it is short, and of the
// types that they expect.
std::optional<json> attempt_in(const json& chunk) {
  constexpr std::int64_t kMost = 1'000'000, kLongest = 1'000'000'000;  // ms
  if (!chunk.is_object()) return std::nullopt;
  const auto whole = [&](const char* name, std::int64_t most) -> std::optional<std::int64_t> {
    const auto found = chunk.find(name);
    if (found == chunk.end() || !found->is_number_integer()) return std::nullopt;
    const auto number = found->get<std::int64_t>();
    return number < 0 || number > most ? std::nullopt : std::optional(number);
  };
  const auto outcome = chunk.find("outcome");
  const bool known = outcome != chunk.end() && outcome->is_string() &&
                     sandbox::outcome_from_name(outcome->get_ref<const std::string&>());
  if (!known || !whole("attempt", kMost) || !whole("duration_ms", kLongest)) return std::nullopt;
  json attempt = {{"outcome", *outcome}, {"exit_code", nullptr}};
  for (const char* name : {"attempt", "done", "runs", "running", "not_passed"})
    if (const auto number = whole(name, kMost)) attempt[name] = *number;
  attempt["duration_ms"] = *whole("duration_ms", kLongest);
  if (const auto code = whole("exit_code", 255)) attempt["exit_code"] = *code;
  if (const auto seed = whole("seed", INT64_MAX)) attempt["seed"] = *seed;
  return attempt;
}

ServedResponse nothing() { return {204, "", "", {}}; }

class WorkersSide {
 public:
  explicit WorkersSide(const ApiParts& parts) : parts_(parts) {}

  void take(Call& call) const { hand_out(call, 1, false); }
  void take_batch(Call& call) const {
    const Tail tail = read_tail(call, "worker");
    const auto said = tail.query.find("batch_size");
    hand_out(call, said == tail.query.end() ? 1 : std::clamp(std::atoi(said->second.c_str()), 1, 100), true);
  }

  // Jobs that this worker may still run and that nobody wants any more.
  void stop(Call& call) const {
    const auto worker = heard(call);
    if (!worker) return;
    parts_.waiters.wait(kAnyJob, milliseconds(kHold),
                        [parts = parts_, worker = worker->segment, reply = call.reply](bool last) {
                          if (!reply->is_wanted()) return reply->respond(nothing()), true;
                          std::vector<std::string> ids;
                          for (const HandOut& job : parts.queue.jobs_to_stop(worker))
                            ids.push_back(id_of(job));
                          if (ids.empty() && !last) return false;
                          reply->respond(ids.empty() ? nothing() : json_response({{"jobsToStop", ids}}));
                          return true;
                        });
  }

  void done(Call& call) const {
    const auto worker = heard(call);
    if (!worker) return;
    const auto job = found(call);
    if (!job) return;
    if (!has_now(worker->segment, call, *job)) return call.reply->respond(json_response(json::object()));
    const auto body = read_body(call);
    if (!body) return;
    const json output = body->value("output", json());
    const std::string told = output.is_null() ? "" : io::json_text(output);
    if (body->value("status", json()) == "IN_PROGRESS") {
      parts_.queue.tell_progress(job->id, job->epoch, told, {});
    } else {
      const json error = body->value("error", json());
      const bool failed = !error.is_null();
      const std::string sentence = !failed             ? ""
                                   : error.is_string() ? error.get<std::string>()
                                                       : io::json_text(error);
      parts_.queue.finish(job->id, job->epoch, failed ? JobState::failed : JobState::completed, told,
                          sentence);
    }
    call.reply->respond(json_response(json::object()));
  }

  void stream(Call& call) const {
    const auto worker = heard(call);
    if (!worker) return;
    const auto job = found(call);
    if (!job) return;
    const auto body = read_body(call);
    if (!body) return;
    if (has_now(worker->segment, call, *job)) {
      const json chunk = body->value("output", json());
      // What is not kept is no event either: both have one bound.
      const auto kept = parts_.queue.tell_progress(job->id, job->epoch, "", {io::json_text(chunk)});
      if (const auto attempt = attempt_in(chunk); attempt && kept.value_or(0) > 0)
        append(parts_, {event_of(*job, "attempt_finished", *attempt)});
    }
    call.reply->respond(json_response(json::object()));
  }

  void ping(Call& call) const {
    const auto worker = heard(call);
    if (!worker) return;
    const auto& said = worker->query;
    if (word_of(said, "status") == "unhealthy") note_unhealthy(worker->segment, call.param("endpoint"), said);
    // One of the SDK that has no jobs says its version alone; who says neither may have some.
    const auto ids = said.find("job_id");
    if (ids != said.end() || said.count("runpod_version"))
      parts_.queue.holds(worker->segment, call.param("endpoint"),
                         ids == said.end() ? std::vector<HandOut>() : hand_outs_of(ids->second),
                         Claim::in_passing);
    call.reply->respond(json_response(json::object()));
  }

 private:
  // The worker that speaks; else the answer is given.
  std::optional<Tail> heard(Call& call) const {
    Tail worker = read_tail(call, "worker");
    if (parts_.queue.is_own(worker.segment)) {
      call.reply->respond(error_response(400, "this is the name of the server's own worker"));
      return std::nullopt;
    }
    parts_.queue.heard_of(worker.segment, call.param("endpoint"));
    return worker;
  }

  // Its host lacks something, and it is about to end.
  void note_unhealthy(const std::string& worker, const std::string& endpoint,
                      const std::map<std::string, std::string>& said) const {
    spdlog::warn("worker {} of {} says that it is unhealthy: {}: {}", as_line(worker), as_line(endpoint),
                 as_line(word_of(said, "check")), as_line(word_of(said, "reason")));
    parts_.queue.heard_is_unhealthy(worker, endpoint);
  }

  // Of this endpoint; else the answer is given.
  std::optional<StoredJob> found(Call& call) const {
    const std::string id = said_job(call);
    if (id.empty()) {
      call.reply->respond(error_response(400, "no job is named, by the path or by X-Request-ID"));
      return std::nullopt;
    }
    auto job = parts_.queue.find(hand_out_of(id).id);
    if (job && job->endpoint == call.param("endpoint")) return job;
    call.reply->respond(error_response(404, "job not found"));
    return std::nullopt;
  }

  // Else somebody else has the job, or this worker anew, or it has ended.
  static bool has_now(const std::string& worker, const Call& call, const StoredJob& job) {
    return job.worker == worker && job.state == JobState::running &&
           job.epoch == hand_out_of(said_job(call)).epoch;
  }

  static std::optional<json> read_body(Call& call) {
    std::vector<FieldError> errors;
    auto body = parse_json(call.request.body, errors, call.request.body.size());
    if (body && body->is_object()) return body;
    call.reply->respond(
        error_response(400, errors.empty() ? "the body is no JSON object" : errors[0].message));
    return std::nullopt;
  }

  void hand_out(Call& call, int most, bool as_list) const {
    const auto said = heard(call);
    if (!said) return;
    const std::string& worker = said->segment;
    const std::string endpoint = call.param("endpoint");
    if (word_of(said->query, "job_in_progress") == "0")
      parts_.queue.holds(worker, endpoint, {}, Claim::on_asking);
    // Woken by any job's change: what is taken is looked for anew.
    parts_.waiters.wait(kAnyJob, milliseconds(kHold),
                        [parts = parts_, worker, endpoint, most, as_list, reply = call.reply](bool last) {
                          // A job would be lost with an answer that nobody reads.
                          if (!reply->is_wanted()) return reply->respond(nothing()), true;
                          // Who were answered at once would ask at once again.
                          const auto jobs = parts.draining() ? std::vector<StoredJob>()
                                                             : parts.queue.take(endpoint, worker, most);
                          if (jobs.empty() && !last) return false;
                          if (jobs.empty()) return reply->respond(nothing()), true;
                          json list = json::array();
                          std::vector<StoredEvent> begun;
                          for (const auto& job : jobs) {
                            list.push_back(order_for(parts, job));
                            begun.push_back(event_of(job, "job_started", {{"worker", worker}}));
                          }
                          append(parts, begun);
                          reply->respond(json_response(as_list ? list : list[0]));
                          return true;
                        });
  }

  ApiParts parts_;
};

}  // namespace

std::vector<Route> runpod_worker_routes(const ApiParts& parts) {
  const auto to = answers_of(std::make_shared<const WorkersSide>(parts));
  return {
      {"GET", "/v2/{endpoint}/job-take/{worker}", may_work, to(&WorkersSide::take)},
      {"GET", "/v2/{endpoint}/job-take-batch/{worker}", may_work, to(&WorkersSide::take_batch)},
      {"GET", "/v2/{endpoint}/job-stop/{worker}", may_work, to(&WorkersSide::stop)},
      {"POST", "/v2/{endpoint}/job-done/{worker}/{id}", may_work, to(&WorkersSide::done), kResultBytes},
      {"POST", "/v2/{endpoint}/job-done/{worker}", may_work, to(&WorkersSide::done), kResultBytes},
      {"POST", "/v2/{endpoint}/job-stream/{worker}/{id}", may_work, to(&WorkersSide::stream), kChunkBytes},
      {"POST", "/v2/{endpoint}/job-stream/{worker}", may_work, to(&WorkersSide::stream), kChunkBytes},
      {"GET", "/v2/{endpoint}/ping/{worker}", may_work, to(&WorkersSide::ping)},
  };
}

}  // namespace orchestrator
