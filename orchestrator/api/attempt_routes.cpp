// What a job's attempts did, test by test and byte by byte: below /api/v1/jobs/{id}.
#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>

#include "orchestrator/api/api_server.h"
#include "orchestrator/api/kept_report.h"
#include "orchestrator/api/problem.h"

namespace orchestrator {
namespace {

using nlohmann::json;

constexpr std::int64_t kMostBytes = 4 << 20;  // of a log, in one piece; more is streamed
constexpr std::int64_t kPieceOfStream = 256 * 1024;
constexpr auto kLook = std::chrono::milliseconds(200);  // between two looks at a log that grows, or is read

std::string folder_of(const ApiParts& parts, const std::string& job) {
  return parts.settings.reports + "/" + job;
}

// Of a report, without what they printed. What a worker elsewhere has handed in may be anything.
json attempts_of(const json& report) {
  json attempts = report.value("results", json());
  if (!attempts.is_array()) return json::array();
  for (auto& each : attempts)
    for (const char* text : {"stdout", "stderr"})
      if (each.is_object()) each.erase(text);
  return attempts;
}

// Of a job that runs: the attempts that have ended behind an event, which becomes the last that was read.
// Those of earlier hand-outs are forgotten. A worker elsewhere may tell of one twice, when it did not hear
// that it was heard.
json ended_attempts(const ApiParts& parts, const std::string& job, std::int64_t& after) {
  json attempts = json::array();
  std::map<json, std::size_t> places;  // by number
  for (const auto& event : parts.events.read(after, job, 100'000)) {
    after = event.sequence;
    if (event.type == "job_started") attempts.clear(), places.clear();
    if (event.type != "attempt_finished") continue;
    json data = json::parse(event.data, nullptr, false);
    for (const char* sum : {"done", "runs", "running", "not_passed"}) data.erase(sum);
    data["passed"] = data.value("outcome", "") == "passed";
    const auto [place, is_new] = places.emplace(data.value("attempt", json()), attempts.size());
    if (is_new) attempts.push_back(nullptr);
    attempts[place->second] = std::move(data);
  }
  return attempts;
}

std::string read_piece(const std::string& file, std::int64_t offset, std::int64_t most) {
  std::ifstream in(file, std::ios::binary);
  in.seekg(offset);
  std::string bytes(static_cast<std::size_t>(most), '\0');
  in.read(bytes.data(), most);
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  return bytes;
}

// Somebody who reads a log while it grows, or as far as `until`.
class LogReader {
 public:
  LogReader(const ApiParts& parts, std::shared_ptr<Reply> reply, std::shared_ptr<void> seat, std::string file,
            std::string job, std::int64_t attempt, std::int64_t offset, std::int64_t until)
      : parts_(parts),
        reply_(std::move(reply)),
        seat_(std::move(seat)),
        file_(std::move(file)),
        job_(std::move(job)),
        attempt_(attempt),
        offset_(offset),
        until_(until) {}

  // False when there is nothing more to come, or nobody to read it.
  bool pump() {
    const auto job = parts_.queue.find(job_);
    const bool here = job && was_here(parts_, *job);
    const bool elsewhere = !job || was_elsewhere(parts_, *job);
    // Asked first: what was written before is read below.
    const bool ended = elsewhere || is_final(job->state) || (here && has_ended());
    while (const std::size_t room = reply_->room()) {
      std::string bytes = here ? piece(room) : "";
      if (bytes.empty()) {
        const bool over = ended || offset_ >= until_;
        if (over) reply_->end();
        return !over && reply_->write("");
      }
      offset_ += static_cast<std::int64_t>(bytes.size());
      if (!reply_->write(std::move(bytes))) return false;
    }
    return reply_->write("");  // the rest when this is read
  }

 private:
  std::string piece(std::size_t room) const {
    return read_piece(file_, offset_,
                      std::min({kPieceOfStream, static_cast<std::int64_t>(room), until_ - offset_}));
  }

  bool has_ended() {
    for (const auto& each : ended_attempts(parts_, job_, seen_))
      ended_ |= each.value("attempt", -1) == attempt_;
    return ended_;
  }

  ApiParts parts_;
  std::shared_ptr<Reply> reply_;
  std::shared_ptr<void> seat_;
  std::string file_, job_;
  std::int64_t attempt_, offset_, until_;
  std::int64_t seen_ = 0;  // the last event that was looked at
  bool ended_ = false;
};

void follow(const ApiParts& parts, const std::shared_ptr<LogReader>& reader) {
  if (!reader->pump()) return;
  parts.waiters.wait("follow", kLook, [parts, reader](bool last) {
    if (last && !parts.waiters.ended()) parts.later([parts, reader] { follow(parts, reader); });
    return last;
  });
}

std::string why_no_log(const ApiParts& parts, const StoredJob& job) {
  if (job.logs_gone) return "the logs of this job were removed: all that is kept became too large";
  if (was_elsewhere(parts, job))
    return "a worker elsewhere ran this job: it keeps no logs, only what its report shows";
  return "there is no such log";
}

using Headers = decltype(ServedResponse::headers);

class Attempts {
 public:
  explicit Attempts(const ApiParts& parts) : parts_(parts), seats_(parts.settings.streams) {}

  void list(Call& call) const {
    const auto job = find_job(parts_, call);
    if (!job) return;
    call.reply->respond(json_response({{"attempts", attempts_of_last(*job)}}));
  }

  void tests(Call& call) const {
    const auto job = find_job(parts_, call);
    if (!job) return;
    const auto report = report_document(parts_, *job);
    if (!report) return call.reply->respond(problem(404, "this job has no report yet"));
    json answer;
    for (const char* part : {"verdict", "severity", "interval", "conditions", "tests"})
      answer[part] = report->value(part, json());
    call.reply->respond(json_response(answer));
  }

  void log(Call& call) const {
    const auto job = find_job(parts_, call);
    if (!job) return;
    const std::string& text = call.param("attempt");
    const std::string& stream = call.param("stream");
    int attempt = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), attempt);
    if (error != std::errc{} || end != text.data() + text.size() || attempt < 0 ||
        (stream != "stdout" && stream != "stderr"))
      return call.reply->respond(problem(404, "there is no such log"));
    const std::string file =
        fmt::format("{}/logs/attempt-{:04}.{}", folder_of(parts_, job->id), attempt, stream);
    const std::int64_t offset = call.number("offset", 0, 0, INT64_MAX / 2);
    if (job->logs_gone || was_elsewhere(parts_, *job))
      return call.reply->respond(problem(404, why_no_log(parts_, *job)));
    if (call.query("follow") == "1")
      return start_stream(call, *job, file, attempt, {.from = offset, .until = INT64_MAX}, {});
    std::error_code missing;
    const auto size = static_cast<std::int64_t>(std::filesystem::file_size(file, missing));
    if (missing || !was_here(parts_, *job))
      return call.reply->respond(problem(404, why_no_log(parts_, *job)));
    const auto headers = [&](std::int64_t next) {
      return Headers{{"X-Log-Size", std::to_string(size)}, {"X-Next-Offset", std::to_string(next)}};
    };
    if (call.query("limit").empty() && size - offset > kMostBytes)
      return start_stream(call, *job, file, attempt, {.from = offset, .until = size}, headers(size));
    ServedResponse response{200,
                            "text/plain; charset=utf-8",
                            read_piece(file, offset, call.number("limit", kMostBytes, 1, kMostBytes)),
                            {}};
    response.headers = headers(offset + static_cast<std::int64_t>(response.body.size()));
    call.reply->respond(std::move(response));
  }

 private:
  // Of the last hand-out: of a job that nobody has had since it went back to the queue there are none.
  json attempts_of_last(const StoredJob& job) const {
    if (job.worker.empty()) return json::array();
    if (const auto report = is_final(job.state) ? report_document(parts_, job) : std::nullopt)
      return attempts_of(*report);
    std::int64_t first = 0;
    return ended_attempts(parts_, job.id, first);
  }

  struct Bytes {
    std::int64_t from, until;
  };
  void start_stream(Call& call, const StoredJob& job, const std::string& file, std::int64_t attempt,
                    const Bytes& bytes, Headers headers) const {
    auto seat = seats_.try_take();
    if (!seat) return call.reply->respond(too_many_readers("logs"));
    headers.emplace_back("X-Accel-Buffering", "no");
    call.reply->start_stream({200, "text/plain; charset=utf-8", "", std::move(headers)});
    follow(parts_, std::make_shared<LogReader>(parts_, call.reply, std::move(seat), file, job.id, attempt,
                                               bytes.from, bytes.until));
  }

  ApiParts parts_;
  Seats seats_;
};

}  // namespace

std::vector<Route> attempt_routes(const ApiParts& parts) {
  const auto to = answers_of(std::make_shared<const Attempts>(parts));
  return {
      {"GET", "/api/v1/jobs/{id}/attempts", may_submit | may_read, to(&Attempts::list)},
      {"GET", "/api/v1/jobs/{id}/tests", may_submit | may_read, to(&Attempts::tests)},
      {"GET", "/api/v1/jobs/{id}/attempts/{attempt}/{stream}", may_submit | may_read, to(&Attempts::log)},
  };
}

}  // namespace orchestrator
