#include "orchestrator/remote/followed_job.h"

#include <fmt/format.h>

#include "orchestrator/run/failure_of.h"
#include "orchestrator/run/runpod_error.h"

namespace orchestrator::remote {

Failure failure_from(const std::string& error) {
  const ToldError told = read_runpod_error(error);
  Failure failure{told.kind.empty() ? "host" : told.kind, told.message};
  if (failure.message.empty()) failure.message = "the job failed there without a word";
  failure.exit_code = exit_code_of(failure.kind);
  return failure;
}

nlohmann::json FollowedJob::run(const JobRequest& request) {
  try {
    id_ = hand_in(request);
  } catch (const Stopped&) {
    throw JobFailed({"cancelled", "stopped while the job was being handed in", 6});
  }
  events_.append("elsewhere", {{"at", settings_.address.said}, {"job", id_}});
  while (!has_ended()) {
  }
  try {
    return fetch();
  } catch (const Stopped&) {
    throw JobFailed({"cancelled", fmt::format("the report of the job {} was not waited for", id_), 6});
  }
}

bool FollowedJob::has_ended() try {
  if (stops_ > 0 && !cancelled_) {
    cancelled_ = true;
    cancel();
  }
  if (look()) return true;
  line_.wait(between_looks());
  return false;
} catch (const Stopped&) {
  if (stops_ > 1)
    throw JobFailed({"cancelled", fmt::format("the end of the job {} was not waited for", id_), 6});
  line_.go_on();
  return false;
}

// While the job is being handed in nobody knows yet what to cancel.
void FollowedJob::stop() {
  if (++stops_ > 1 || !id_.empty()) line_.stop();
}

void FollowedJob::tell_progress(const nlohmann::json& progress) {
  if (!progress.is_object() || progress == told_) return;
  told_ = progress;
  events_.append("elsewhere", progress);
}

void FollowedJob::ended_without_report(const std::string& state, const std::string& error,
                                       const std::string& kind) const {
  if (!error.empty())
    throw JobFailed(kind.empty() ? failure_from(error) : Failure{kind, error, exit_code_of(kind)});
  if (state == "cancelled") throw JobFailed({"cancelled", "the job was cancelled", 6});
  if (state == "timed_out")
    throw JobFailed({"deadline", fmt::format("the time of the job {} is over", id_), 6});
  throw JobFailed({"host", fmt::format("the job {} ended without a report", id_), 5});
}

std::unique_ptr<Job> make_job(io::CurlLoop& loop, JobSettings settings, EventLog& events) {
  return settings.address.endpoint ? make_endpoint_job(loop, std::move(settings), events)
                                   : make_serve_job(loop, std::move(settings), events);
}

}  // namespace orchestrator::remote
