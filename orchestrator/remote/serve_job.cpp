// A job at a `serve`, by /api/v1: handed in once whatever the network does, followed event by event.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "orchestrator/remote/event_lines.h"
#include "orchestrator/remote/followed_job.h"
#include "orchestrator/report/saved_report.h"
#include "sandbox/io/error.h"
#include "sandbox/io/json_text.h"
#include "sandbox/io/uuid.h"

namespace orchestrator::remote {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr std::size_t kLogPiece = 4u << 20;  // of a log, held at a time

// The events of one job, from the first. When the connection breaks it is made again from where it was.
class EventFeed {
 public:
  EventFeed(io::CurlLoop& loop, const Line& line, std::string job, std::function<void(const json&)> on_event)
      : loop_(loop),
        http_(loop),
        line_(line),
        job_(std::move(job)),
        lines_([this, on_event](const auto& data) {
          json event = json::parse(data, nullptr, false);
          if (io::text_at(event, "job") == job_ && event.contains("data")) on_event(event);
        }) {
    open();
  }

 private:
  void open() {
    io::HttpRequest request = line_.request("GET", "/api/v1/events?after=0&job=" + job_);
    request.accept_encoding.clear();
    if (!lines_.last_id().empty()) request.headers.push_back("Last-Event-ID: " + lines_.last_id());
    lines_.start_again();
    refused_ = false;
    call_ = http_.stream(std::move(request), {.on_head =
                                                  [this](const io::HttpResponse& head) {
                                                    // Whose token may not read them does without.
                                                    refused_ = head.status == 401 || head.status == 403 ||
                                                               head.status == 404;
                                                    readable_ = head.status == 200;
                                                  },
                                              .on_bytes =
                                                  [this](std::string_view bytes) {
                                                    if (readable_ && !lines_.append(bytes)) refused_ = true;
                                                  },
                                              .on_end =
                                                  [this](auto) {
                                                    if (!refused_)
                                                      again_ = loop_.call_after(2s, [this] { open(); });
                                                  }});
  }

  io::CurlLoop& loop_;
  io::HttpClient http_;
  const Line& line_;
  std::string job_;
  EventLines lines_;
  bool refused_ = false, readable_ = false;
  std::unique_ptr<io::HttpCall> call_;
  std::unique_ptr<io::Timer> again_;
};

class ServeJob : public FollowedJob {
 public:
  ServeJob(io::CurlLoop& loop, JobSettings settings, EventLog& events)
      : FollowedJob(loop, std::move(settings), events), loop_(loop) {}

 private:
  std::string hand_in(const JobRequest& request) override {
    line_.knock("/livez");
    const io::HttpResponse answer = line_.post("/api/v1/jobs", io::json_text(request.to_json()),
                                               Again::always, {"Idempotency-Key: " + io::random_uuid()});
    if (answer.status == 422) refuse(answer);
    std::string id = io::text_at(line_.object_in(answer), "id");
    if (id.empty()) line_.complain("its answer names no job: is this the right address?");
    feed_.emplace(loop_, line_, id, [this](const json& event) { tell(event); });
    return id;
  }

  // What the other side does not like about the job, each by its place in it.
  [[noreturn]] static void refuse(const io::HttpResponse& answer) {
    std::vector<FieldError> errors;
    const json body = json::parse(answer.body, nullptr, false);
    if (body.is_object() && body.contains("errors") && body["errors"].is_array())
      for (const auto& each : body["errors"])
        if (each.is_object())
          errors.push_back({io::text_at(each, "pointer"), io::text_at(each, "detail"), ""});
    if (errors.empty()) throw io::RequestError(said_in(answer));
    throw InvalidJob(std::move(errors));
  }

  void tell(const json& event) {
    const std::string type = io::text_at(event, "type");
    if (type == "job_ended") {  // what follows of it is told here as of a job of this host
      told_end_ = true;
      return line_.wake();
    }
    told_ = told_ || type != "job_started";  // of a worker elsewhere nothing may follow but how far it is
    if (type == "run_finished" || type == "job_failed") {
      told_end_ = true;
      line_.wake();
    }
    // How it failed is told by whoever asked for the job, here as for a job of this host.
    if (type != "job_failed") events_.append(type, event.at("data"));
  }

  bool look() override {
    job_ = line_.object_in(line_.get("/api/v1/jobs/" + id_));
    if (!told_) tell_progress(job_.value("progress", json()));
    const std::string state = io::text_at(job_, "state");
    if (state == "queued" || state == "running") return false;
    if (told_ && !told_end_) line_.wait(1s);  // the last events are on their way
    return true;
  }

  std::chrono::milliseconds between_looks() const override { return told_end_ ? 200ms : 2000ms; }

  void cancel() override { line_.post("/api/v1/jobs/" + id_ + "/cancel", "", Again::always); }

  json fetch() override {
    const std::string state = io::text_at(job_, "state");
    // Attempts that run get their time to end before there is a report.
    const auto patience =
        loop_.now() + (state == "cancelled" && !io::text_at(job_, "started_at").empty() ? 60s : 0s);
    for (;;) {
      const io::HttpResponse answer = line_.get("/api/v1/jobs/" + id_ + "/report.json");
      if (answer.status == 200) {
        json report = parse_saved_report(answer.body, settings_.address.said);
        if (!settings_.logs_folder.empty()) fetch_logs(report);
        return report;
      }
      if (answer.status != 404) line_.require_success(answer);
      if (loop_.now() >= patience)
        ended_without_report(state, io::text_at(job_, "error"), io::text_at(job_, "error_kind"));
      line_.wait(300ms);
    }
  }

  void fetch_logs(const json& report) {
    const json& results = report.at("results");
    std::size_t missing = 0;
    for (const auto& each : results) {
      if (!each.is_object() || !each.contains("attempt") || !each["attempt"].is_number_integer()) continue;
      const int attempt = each["attempt"].get<int>();
      // Both in any case: each removes what an earlier run has left.
      const bool has_out = fetch_log(attempt, "stdout");
      const bool has_err = fetch_log(attempt, "stderr");
      if (!has_out || !has_err) ++missing;
    }
    if (missing > 0)
      events_.append("warning", {{"text", fmt::format("--logs: of {} of {} attempts {} has none: {}", missing,
                                                      results.size(), settings_.address.said, why_no_log_)}});
  }

  // False where the server has not got it: workers elsewhere keep none. What an earlier run has left under
  // that name is never taken for it.
  bool fetch_log(int attempt, const char* stream) {
    const std::string file = fmt::format("{}/attempt-{:04}.{}", settings_.logs_folder, attempt, stream);
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
    std::ofstream out;
    for (std::size_t offset = 0;;) {
      const io::HttpResponse piece = line_.get(fmt::format(
          "/api/v1/jobs/{}/attempts/{}/{}?offset={}&limit={}", id_, attempt, stream, offset, kLogPiece));
      if (piece.status == 404) {
        why_no_log_ = said_in(piece);
        std::filesystem::remove(file, ignored);
        return false;
      }
      line_.require_success(piece);
      if (!out.is_open()) out.open(file, std::ios::binary);
      if (piece.body.empty()) break;
      out << piece.body;
      offset += piece.body.size();
    }
    out.flush();
    if (!out) throw io::HostError("cannot write " + file);
    return true;
  }

  io::CurlLoop& loop_;
  std::optional<EventFeed> feed_;
  json job_;
  bool told_ = false, told_end_ = false;
  std::string why_no_log_;  // the server's word
};

}  // namespace

std::unique_ptr<Job> make_serve_job(io::CurlLoop& loop, JobSettings settings, EventLog& events) {
  return std::make_unique<ServeJob>(loop, std::move(settings), events);
}

}  // namespace orchestrator::remote
