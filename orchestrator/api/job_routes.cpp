// The API of our own, /api/v1: jobs, what is known of them, and their reports. Errors are RFC 9457's problem
// documents.
#include <fmt/format.h>

#include "orchestrator/api/intake.h"
#include "orchestrator/api/job_page.h"
#include "orchestrator/api/kept_report.h"
#include "orchestrator/api/problem.h"
#include "orchestrator/run/runpod_error.h"

namespace orchestrator {
namespace {

using nlohmann::json;

constexpr std::size_t kJobBytes = 8u << 20;

json time_or_null(Milliseconds ms) { return ms > 0 ? json(timestamp(ms)) : json(); }

json text_or_null(const std::string& text) { return text.empty() ? json() : json(text); }

json described(const StoredJob& job) {
  const ToldError error = read_runpod_error(job.error);
  const auto parsed = [](const std::string& text) {
    return text.empty() ? json() : json::parse(text, nullptr, false);
  };
  return {{"id", job.id},
          {"number", job.number},
          {"state", name(job.state)},
          {"client", job.client},
          {"queue", job.endpoint},
          {"created_at", timestamp(job.created)},
          {"started_at", time_or_null(job.started)},
          {"ended_at", time_or_null(job.ended)},
          {"worker", text_or_null(job.worker)},
          {"restarts", job.retries},
          {"progress", parsed(job.progress)},
          {"error", text_or_null(error.message)},
          {"error_kind", text_or_null(error.kind)}};
}

// What its summary says at a glance. A worker elsewhere may have handed in anything.
json result_of(const StoredJob& job) {
  if (!is_final(job.state) || job.output.empty()) return nullptr;
  const json output = json::parse(job.output, nullptr, false);
  json result = json::object();
  for (const auto& [key, of_type] : {std::pair{"verdict", &json::is_string},
                                     {"severity", &json::is_string},
                                     {"total_runs", &json::is_number_integer},
                                     {"failures", &json::is_number_integer},
                                     {"repro_rate", &json::is_number}})
    if (output.is_object() && output.contains(key) && (output.at(key).*of_type)())
      result[key] = output.at(key);
  return result.empty() ? json() : result;
}

json links_of(const StoredJob& job) {
  const std::string self = "/api/v1/jobs/" + job.id;
  json links = {{"self", self},
                {"attempts", self + "/attempts"},
                {"tests", self + "/tests"},
                {"events", "/api/v1/events?after=0&job=" + job.id}};
  for (const char* format : {"json", "html", "markdown", "junit"})
    links[fmt::format("report_{}", format)] = self + "/report." + format;
  return links;
}

class Jobs {
 public:
  explicit Jobs(const ApiParts& parts) : parts_(parts), reports_(parts) {}

  void create(Call& call) const {
    try {
      const Submitted submitted = take_in_job(parts_, call);
      const auto job = parts_.queue.find(submitted.id);
      ServedResponse response = json_response(job ? described(*job) : json{{"id", submitted.id}}, 202);
      response.headers.emplace_back("Location", "/api/v1/jobs/" + submitted.id);
      call.reply->respond(std::move(response));
    } catch (const InvalidJob& wrong) {
      json errors = json::array();
      for (const auto& error : wrong.errors())
        errors.push_back({{"pointer", error.pointer}, {"detail", error.message}});
      call.reply->respond(problem(422, "The job is not one that can be run", errors));
    } catch (const KeyReused& reused) {
      call.reply->respond(problem(422, reused.what()));
    } catch (const NotTaken& wrong) {
      call.reply->respond(not_taken(problem(wrong.status, wrong.what())));
    }
  }

  void list(Call& call) const {
    JobFilter filter;
    filter.most = static_cast<int>(call.number("limit", 50, 1, 200));
    filter.before = call.number("cursor", 0, 0, INT64_MAX);
    if (const std::string state = call.query("state"); !state.empty()) {
      for (const JobState each : {JobState::queued, JobState::running, JobState::completed, JobState::failed,
                                  JobState::cancelled, JobState::timed_out})
        if (name(each) == state) filter.state = each;
      if (!filter.state)
        return call.reply->respond(problem(400, fmt::format("'{}' is no state of a job", state)));
    }
    json jobs = json::array();
    const JobPage page = page_of(parts_.queue, filter);
    for (const auto& job : page.jobs) jobs.push_back(described(job));
    const std::string next = page.next ? std::to_string(*page.next) : "";
    ServedResponse response =
        json_response({{"jobs", jobs}, {"next_cursor", page.next ? json(next) : json()}});
    if (page.next)
      response.headers.emplace_back(
          "Link", fmt::format("</api/v1/jobs?limit={}{}&cursor={}>; rel=\"next\"", filter.most,
                              filter.state ? fmt::format("&state={}", name(*filter.state)) : "", next));
    call.reply->respond(std::move(response));
  }

  void show(Call& call) const {
    if (const auto job = find_job(parts_, call)) {
      json all = described(*job);
      all["request"] = job->request.empty() ? json() : json::parse(job->request, nullptr, false);
      all["result"] = result_of(*job);
      all["links"] = links_of(*job);
      call.reply->respond(json_response(all));
    }
  }

  void cancel(Call& call) const {
    const auto job = find_job(parts_, call);
    if (!job) return;
    if (!may_change(call.caller, *job))
      return call.reply->respond(problem(403, "this job is another client's"));
    call.reply->respond(json_response(described(parts_.queue.cancel(job->id).value_or(*job))));
  }

  void report(Call& call) const {
    if (const auto job = find_job(parts_, call))
      call.reply->respond(reports_.answer(*job, call.param("format")));
  }

 private:
  ApiParts parts_;
  KeptReports reports_;
};

}  // namespace

std::vector<Route> job_routes(const ApiParts& parts) {
  const auto to = answers_of(std::make_shared<const Jobs>(parts));
  return {
      {"POST", "/api/v1/jobs", may_submit, to(&Jobs::create), kJobBytes},
      {"GET", "/api/v1/jobs", may_read, to(&Jobs::list)},
      {"GET", "/api/v1/jobs/{id}", may_submit | may_read, to(&Jobs::show)},
      {"POST", "/api/v1/jobs/{id}/cancel", may_submit, to(&Jobs::cancel)},
      {"GET", "/api/v1/jobs/{id}/report.{format}", may_submit | may_read, to(&Jobs::report)},
  };
}

}  // namespace orchestrator
