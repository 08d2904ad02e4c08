#include "orchestrator/api/problem.h"

#include <fmt/format.h>

#include "orchestrator/report/times.h"
#include "sandbox/io/json_text.h"

namespace orchestrator {

ServedResponse problem(int status, const std::string& title, const nlohmann::json& errors) {
  nlohmann::json document = {{"type", "about:blank"}, {"title", title}, {"status", status}};
  if (!errors.is_null()) document["errors"] = errors;
  return {status, "application/problem+json", io::json_text(document), {}};
}

ServedResponse too_many_readers(const std::string& of_what) {
  return not_before(problem(503, fmt::format("too many readers of {}", of_what)), std::chrono::seconds(10));
}

std::optional<StoredJob> find_job(const ApiParts& parts, Call& call) {
  auto job = parts.queue.find(call.param("id"));
  if (job && may_see(call.caller, *job)) return job;
  call.reply->respond(problem(404, "there is no such job"));
  return std::nullopt;
}

std::string timestamp(std::int64_t ms) {
  return iso_time(std::chrono::system_clock::time_point(std::chrono::milliseconds(ms)));
}

}  // namespace orchestrator
