// A job at an endpoint as RunPod has them: /run, /stream, /status, /cancel.
#include "orchestrator/remote/followed_job.h"
#include "orchestrator/report/saved_report.h"
#include "sandbox/io/error.h"
#include "sandbox/io/json_text.h"
#include "sandbox/io/text.h"

namespace orchestrator::remote {
namespace {

using nlohmann::json;

constexpr std::int64_t kWeek = 7ll * 86'400'000;  // ms; the most that RunPod takes

class EndpointJob : public FollowedJob {
 public:
  using FollowedJob::FollowedJob;

 private:
  std::string hand_in(const JobRequest& request) override {
    line_.knock("/health");
    // How long it may take is the job's own business.
    const json body = {{"input", request.to_json()},
                       {"policy", {{"executionTimeout", kWeek}, {"ttl", kWeek}}}};
    // Twice would be two jobs.
    const io::HttpResponse answer = line_.post("/run", io::json_text(body), Again::when_not_done);
    if (answer.status == 400) throw io::RequestError(settings_.address.said + ": " + said_in(answer));
    const std::string id = io::text_at(line_.object_in(answer), "id");
    if (id.empty()) line_.complain("its answer names no job: is this the right address?");
    return id;
  }

  bool look() override {
    tell_stream();
    status_ = line_.object_in(line_.get("/status/" + id_));
    state_ = io::lower(io::text_at(status_, "status"));
    if (state_ != "in_queue" && state_ != "in_progress") return true;
    if (!told_attempts_) tell_progress(status_.value("output", json()));
    return false;
  }

  std::chrono::milliseconds between_looks() const override { return std::chrono::seconds(2); }

  // Attempts that have ended, each once. An endpoint of another kind has none, or other things.
  void tell_stream() {
    const io::HttpResponse answer = line_.get("/stream/" + id_);
    if (answer.status != 200) return;
    const json body = json::parse(answer.body, nullptr, false);
    if (!body.is_object() || !body.contains("stream") || !body["stream"].is_array()) return;
    for (const auto& chunk : body["stream"]) {
      const json attempt = chunk.is_object() ? chunk.value("output", json()) : json();
      if (!attempt.is_object() || !attempt.contains("attempt") || !attempt.contains("done")) continue;
      told_attempts_ = true;
      events_.append("attempt_finished", attempt);
    }
  }

  void cancel() override { line_.post("/cancel/" + id_, "", Again::always); }

  json fetch() override {
    json output = status_.value("output", json());
    if (output.is_array() && output.size() == 1) output = json(output[0]);  // of a worker that streams
    if (output.is_object() && output.contains("schema_version"))
      return parse_saved_report(output.dump(), settings_.address.said);
    std::string error = io::text_at(status_, "error");
    if (error.empty()) error = io::text_at(output, "error");
    ended_without_report(state_, error);
  }

  json status_;
  std::string state_;
  bool told_attempts_ = false;
};

}  // namespace

std::unique_ptr<Job> make_endpoint_job(io::CurlLoop& loop, JobSettings settings, EventLog& events) {
  return std::make_unique<EndpointJob>(loop, std::move(settings), events);
}

}  // namespace orchestrator::remote
