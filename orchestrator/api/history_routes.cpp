// What runs have come to, as the predecessor's dashboard asked for it: below /api/v1/history.
#include <charconv>
#include <chrono>

#include "orchestrator/api/api_server.h"
#include "orchestrator/api/problem.h"
#include "orchestrator/report/times.h"

namespace orchestrator {
namespace {

using nlohmann::json;

json described(const HistoricRun& run) {
  const auto text_or_null = [](const std::string& text) { return text.empty() ? json() : json(text); };
  return {{"id", run.id},
          {"job", text_or_null(run.job)},
          {"timestamp", timestamp(run.time)},
          {"repository", run.repository},
          {"test_command", run.test_command},
          {"framework", text_or_null(run.framework)},
          {"total_runs", run.total_runs},
          {"parallelism", run.parallelism},
          {"failures", run.failures},
          {"repro_rate", run.repro_rate},
          {"severity", run.severity},
          {"verdict", text_or_null(run.verdict)},
          {"duration_seconds", run.duration_s ? json(*run.duration_s) : json()},
          {"pr_number", run.pull_request ? json(*run.pull_request) : json()},
          {"branch", text_or_null(run.branch)},
          {"commit_sha", text_or_null(run.commit)}};
}

std::int64_t days_ago(std::int64_t days) {
  return epoch_ms(std::chrono::system_clock::now()) - days * 86'400'000;
}

}  // namespace

std::vector<Route> history_routes(const ApiParts& parts) {
  return {{"GET", "/api/v1/history/runs", may_read,
           [parts](Call& call) {
             json runs = json::array();
             for (const auto& run : parts.history.recent(
                      call.query("repository"), static_cast<int>(call.number("limit", 50, 1, 1'000))))
               runs.push_back(described(run));
             call.reply->respond(json_response({{"runs", std::move(runs)}}));
           }},
          {"GET", "/api/v1/history/runs/{id}", may_read,
           [parts](Call& call) {
             std::int64_t id = 0;
             const std::string& text = call.param("id");
             std::from_chars(text.data(), text.data() + text.size(), id);
             const auto run = parts.history.find(id);
             call.reply->respond(run ? json_response(described(*run)) : problem(404, "there is no such run"));
           }},
          {"GET", "/api/v1/history/trend", may_read,
           [parts](Call& call) {
             json days = json::array();
             for (const auto& day :
                  parts.history.trend(call.query("repository"), days_ago(call.number("days", 30, 1, 3'650))))
               days.push_back({{"date", day.day},
                               {"avg_repro_rate", day.mean_rate},
                               {"run_count", day.runs},
                               {"flaky_count", day.flaky_runs}});
             call.reply->respond(json_response({{"days", std::move(days)}}));
           }},
          {"GET", "/api/v1/history/most-flaky", may_read,
           [parts](Call& call) {
             json commands = json::array();
             for (const auto& each : parts.history.most_flaky(
                      call.query("repository"), static_cast<int>(call.number("limit", 10, 1, 1'000))))
               commands.push_back({{"test_command", each.test_command},
                                   {"run_count", each.runs},
                                   {"avg_repro_rate", each.mean_rate},
                                   {"max_repro_rate", each.highest_rate},
                                   {"last_run", timestamp(each.last_time)}});
             call.reply->respond(json_response({{"commands", std::move(commands)}}));
           }},
          {"GET", "/api/v1/history/statistics", may_read, [parts](Call& call) {
             const std::int64_t days = call.number("days", 0, 0, 3'650);
             const Statistics all =
                 parts.history.statistics(call.query("repository"), days > 0 ? days_ago(days) : 0);
             json words = json::object();
             for (const auto& [severity, runs] : all.runs_by_severity) words[severity] = runs;
             call.reply->respond(json_response({{"total_runs", all.runs},
                                                {"total_attempts", all.attempts},
                                                {"total_failures", all.failures},
                                                {"avg_repro_rate", all.mean_rate},
                                                {"by_severity", std::move(words)}}));
           }}};
}

}  // namespace orchestrator
