#include "orchestrator/runpod/local_api.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "orchestrator/job/parse_json.h"
#include "orchestrator/runpod/bodies.h"
#include "sandbox/io/error.h"
#include "sandbox/io/json_text.h"
#include "sandbox/io/uuid.h"

namespace orchestrator::runpod {
namespace {

using nlohmann::json;

constexpr std::size_t kMostEnded = 100;      // of which somebody may still ask
constexpr std::size_t kMostWaiting = 1'000;  // jobs that have not ended
constexpr std::size_t kBodyBytes = 20u << 20;

const char* const kPage = R"(<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>orchestrator worker</title>
<h1>orchestrator worker</h1>
<p>For trying a worker out, as on RunPod:</p>
<pre>
POST /run            {"input": {"repo": "https://…", "test_command": "pytest", "runs": 10}}
POST /runsync        the same; answers when the job has ended
GET  /status/{id}    how it is; POST waits for its end
GET  /stream/{id}    finished attempts; POST waits for the end
</pre>
)";

ServedResponse of_json(std::string body, int status = 200) {
  return {status, "application/json", std::move(body), {}};
}

// A mistake in a body as FastAPI tells it.
ServedResponse unprocessable(const std::string& field, const std::string& message) {
  json place = json::array({"body"});
  if (!field.empty()) place.push_back(field);
  return of_json(io::json_text({{"detail", {{{"loc", place}, {"msg", message}, {"type", "value_error"}}}}}),
                 422);
}

std::string new_id() { return "test-" + io::random_uuid(); }

std::optional<json> object_of(const std::string& body) {
  std::vector<FieldError> ignored;
  auto document = parse_json(body, ignored, body.size());
  if (!document || !document->is_object()) return std::nullopt;
  return document;
}

}  // namespace

class LocalApi::Job {
 public:
  Job(LocalApi& api, TakenJob taken) : id(taken.id), taken_(std::move(taken)), api_(api) {}

  void start() {
    state_ = State::running;
    job_ = std::make_unique<RunpodJob>(
        api_.place_, taken_, Sender::elsewhere,
        [this](const Event& event) {
          if (event.type == "attempt_finished") chunks_.push_back(io::json_text({{"output", event.data}}));
        },
        [this](JobResult result) {
          result_ = std::move(result);
          state_ = State::ended;
          api_.place_.loop.post([self = api_.self_, job = std::shared_ptr<RunpodJob>(std::move(job_))] {
            if (*self) (*self)->run_next();
          });
          api_.ended(*this);
        });
    job_->start();
  }

  bool waits() const { return state_ == State::waiting; }
  bool runs() const { return state_ == State::running; }
  bool has_ended() const { return state_ == State::ended; }
  bool failed() const { return !result_.error.empty(); }
  RunpodJob* job() { return job_.get(); }
  std::string result_body() const { return result_.body(api_.place_.settings.result_bytes); }

  void never() {
    state_ = State::ended;
    result_.error = "the worker was stopped";
    api_.ended(*this);
  }

  // {"id": …, "status": …, and what came out}
  std::string status() const {
    const char* const word = has_ended() ? failed() ? "FAILED" : "COMPLETED"
                             : waits()   ? "IN_QUEUE"
                                         : "IN_PROGRESS";
    const std::string head = io::json_text({{"id", id}, {"status", word}});
    const std::string body = has_ended() ? result_body() : "{}";
    return body == "{}" ? head : head.substr(0, head.size() - 1) + "," + body.substr(1);
  }

  // Chunks that nobody was told of yet.
  std::string stream() {
    std::string list;
    for (; told_ < chunks_.size(); ++told_) list += (list.empty() ? "" : ",") + chunks_[told_];
    const char* const word = has_ended() ? failed() ? "FAILED" : "COMPLETED" : "IN_PROGRESS";
    const std::string head = io::json_text({{"id", id}, {"status", word}});
    return fmt::format("{},\"stream\":[{}]}}", head.substr(0, head.size() - 1), list);
  }

  void when_ended(std::function<void()> fn) {
    if (has_ended()) return fn();
    waiting_.push_back(std::move(fn));
  }
  void tell_waiting() {
    for (const auto& fn : std::exchange(waiting_, {})) fn();
  }

  const std::string id;
  std::string webhook;

 private:
  enum class State { waiting, running, ended };
  TakenJob taken_;
  LocalApi& api_;
  State state_ = State::waiting;
  std::unique_ptr<RunpodJob> job_;
  JobResult result_;
  std::vector<std::string> chunks_;
  std::size_t told_ = 0;
  std::vector<std::function<void()>> waiting_;
};

LocalApi::LocalApi(JobPlace& place, const LocalApiSettings& settings)
    : place_(place), settings_(settings), http_(place.loop), self_(std::make_shared<LocalApi*>(this)) {
  HttpServerSettings http;
  http.address = settings.address;
  http.port = settings.port;
  // Its threads only hand on what they read.
  const auto handler = [&loop = place.loop, self = self_](const ServedRequest& request, const Answer& reply) {
    loop.post([self, request, reply] {
      if (*self) (*self)->handle(request, reply);
    });
  };
  server_ = std::make_unique<HttpServer>(http, handler, [](const ServedRequest&) { return kBodyBytes; });
}

LocalApi::~LocalApi() {
  *self_ = nullptr;
  server_->stop(std::chrono::milliseconds(0));
}

void LocalApi::handle(const ServedRequest& request, const Answer& reply) {
  const auto& path = request.segments;
  const bool get = request.method == "GET", post = request.method == "POST";
  // A page in somebody's browser is nobody who tries a worker out.
  if (request.headers.contains("origin")) return reply->respond(of_json(R"({"detail":"Forbidden"})", 403));
  if (get && path.empty()) return reply->respond({200, "text/html; charset=utf-8", kPage, {}});
  if (get && path.size() == 1 && path[0] == "docs") return reply->respond({307, "", "", {{"Location", "/"}}});
  if (post && path.size() == 1 && (path[0] == "run" || path[0] == "runsync"))
    return submit(request, reply, path[0] == "runsync");
  if ((get || post) && path.size() == 2 && (path[0] == "status" || path[0] == "stream"))
    return tell(request, reply, path[0] == "stream");
  const std::string& endpoint = place_.settings.environment.endpoint;
  if (post && path.size() == 2 && !endpoint.empty() && path[0] == endpoint && path[1] == "realtime")
    return realtime(request, reply);
  reply->respond(of_json(R"({"detail":"Not Found"})", 404));
}

LocalApi::Job* LocalApi::find(const std::string& id) const {
  const auto found =
      std::find_if(jobs_.begin(), jobs_.end(), [&](const auto& each) { return each->id == id; });
  return found == jobs_.end() ? nullptr : found->get();
}

LocalApi::Job& LocalApi::add(TakenJob taken) {
  jobs_.push_back(std::make_unique<Job>(*this, std::move(taken)));
  Job& job = *jobs_.back();
  run_next();
  return job;
}

void LocalApi::submit(const ServedRequest& request, const Answer& reply, bool sync) {
  const auto body = object_of(request.body);
  if (!body) return reply->respond(unprocessable("", "value is not a valid dict"));
  const auto input = body->find("input");
  if (input == body->end() || !input->is_object())
    return reply->respond(
        unprocessable("input", input == body->end() ? "field required" : "value is not a valid dict"));
  const auto waiting =
      std::count_if(jobs_.begin(), jobs_.end(), [](const auto& each) { return !each->has_ended(); });
  if (draining_ || waiting >= static_cast<std::ptrdiff_t>(kMostWaiting))
    return reply->respond(of_json(R"({"detail":"no more jobs are taken"})", 503));
  TakenJob taken;
  taken.id = new_id();
  taken.input = io::json_text(*input);
  Job& job = add(std::move(taken));
  if (const auto hook = body->find("webhook"); hook != body->end() && hook->is_string()) job.webhook = *hook;
  if (!sync) return reply->respond(of_json(io::json_text({{"id", job.id}, {"status", "IN_PROGRESS"}})));
  job.when_ended([&job, reply] { reply->respond(of_json(job.status())); });
}

void LocalApi::realtime(const ServedRequest& request, const Answer& reply) {
  const auto body = object_of(request.body);
  if (!body || !body->contains("input")) return reply->respond(unprocessable("input", "field required"));
  if (draining_) return reply->respond(of_json(R"({"detail":"no more jobs are taken"})", 503));
  TakenJob taken;
  const json id = body->value("id", json());
  taken.id = id.is_string() && !find(id.get<std::string>()) ? id.get<std::string>() : new_id();
  taken.input = io::json_text(body->at("input"));
  Job& job = add(std::move(taken));
  job.when_ended([&job, reply] { reply->respond(of_json(job.result_body())); });
}

void LocalApi::tell(const ServedRequest& request, const Answer& reply, bool stream) {
  Job* const job = find(request.segments[1]);
  if (!job)
    return reply->respond(of_json(
        io::json_text({{"id", request.segments[1]}, {"status", "FAILED"}, {"error", "Job ID not found"}})));
  const auto answer = [job, reply, stream] {
    reply->respond(of_json(stream ? job->stream() : job->status()));
  };
  if (request.method == "POST") return job->when_ended(answer);
  answer();
}

void LocalApi::run_next() {
  auto running = std::count_if(jobs_.begin(), jobs_.end(), [](const auto& each) { return each->runs(); });
  for (const auto& job : jobs_) {
    if (running >= settings_.jobs || draining_) return;
    if (!job->waits()) continue;
    job->start();
    ++running;
  }
}

// From inside the job: it stays.
void LocalApi::ended(Job& job) {
  job.tell_waiting();
  if (!job.webhook.empty() && !job.failed()) call_webhook(job);
  auto too_many =
      std::count_if(jobs_.begin(), jobs_.end(), [](const auto& each) { return each->has_ended(); }) -
      static_cast<std::ptrdiff_t>(kMostEnded);
  std::erase_if(jobs_,
                [&](const auto& each) { return each->has_ended() && each.get() != &job && too_many-- > 0; });
}

void LocalApi::call_webhook(const Job& job) {
  io::HttpRequest request;
  request.method = "POST";
  request.url = job.webhook;
  request.ca_file = place_.settings.ca_file;
  request.headers = {"Content-Type: application/json"};
  request.body = job.result_body();
  request.timeout = std::chrono::seconds(10);
  request.public_only = !place_.settings.private_urls;
  std::erase_if(webhooks_, [](const auto& call) { return !call; });
  try {
    // Kept until it has answered, or this ends.
    auto place = std::make_shared<std::weak_ptr<io::HttpCall>>();
    std::shared_ptr<io::HttpCall> call = http_.send(
        std::move(request), [this, id = job.id, place](const io::Result<io::HttpResponse>& result) {
          if (!result.ok())
            spdlog::warn("the webhook of {} was not told: {}", id, io::describe(result.error()));
          std::erase(webhooks_, place->lock());
        });
    *place = call;
    webhooks_.push_back(std::move(call));
  } catch (const std::exception& error) {
    spdlog::warn("the webhook of {} was not told: {}", job.id, error.what());
  }
}

void LocalApi::drain(std::chrono::milliseconds budget) {
  draining_ = true;
  std::vector<Job*> waiting;
  for (const auto& job : jobs_) {
    if (job->waits()) waiting.push_back(job.get());
    if (job->runs() && job->job()) job->job()->start_no_more("the worker was stopped");
  }
  for (Job* job : waiting) job->never();
  budget_ = place_.loop.call_after(budget, [this] {
    for (const auto& job : jobs_)
      if (job->runs() && job->job()) job->job()->stop("the worker was stopped");
  });
}

void LocalApi::leave() {
  draining_ = true;
  for (const auto& job : jobs_)
    if (job->runs() && job->job()) job->job()->kill();
}

bool LocalApi::ended() const {
  return draining_ && std::none_of(jobs_.begin(), jobs_.end(), [](const auto& each) { return each->runs(); });
}

}  // namespace orchestrator::runpod
