#include "orchestrator/api/runpod_status.h"

#include "orchestrator/api/route.h"
#include "sandbox/io/json_text.h"

namespace orchestrator {

std::string_view runpod_word(JobState state) {
  switch (state) {
    case JobState::queued:
      return "IN_QUEUE";
    case JobState::running:
      return "IN_PROGRESS";
    case JobState::completed:
      return "COMPLETED";
    case JobState::failed:
      return "FAILED";
    case JobState::cancelled:
      return "CANCELLED";
    case JobState::timed_out:
      return "TIMED_OUT";
  }
  return "FAILED";
}

nlohmann::json summary_of(const StoredJob& job) {
  auto output = nlohmann::json::parse(job.output, nullptr, false);
  return output.is_array() && output.size() == 1 ? output.at(0) : output;
}

namespace {

// RunPod's clients know no servers that end, but its sentence for workers.
std::string error_of(const StoredJob& job) {
  return job.error == kServerEndedTwice ? lost_again(job.retries) : job.error;
}

}  // namespace

std::string runpod_status(const StoredJob& job) {
  nlohmann::json status = {{"id", job.id}, {"status", runpod_word(job.state)}};
  const bool ended = is_final(job.state);
  // Some clients want all of these in every final answer, for a job that no worker ever had, too.
  if (job.started > 0 || ended) {
    status["delayTime"] = (job.started > 0 ? job.started : job.ended) - job.queued;
    status["workerId"] = job.worker.empty() ? "none" : job.worker;
  }
  if (ended) status["executionTime"] = job.started > 0 ? job.ended - job.started : 0;
  if (job.retries > 0) status["retries"] = job.retries;
  if (!job.error.empty()) status["error"] = error_of(job);
  std::string text = io::json_text(status);
  if (const std::string& output = ended ? job.output : job.progress; !output.empty()) {
    text.pop_back();
    text += ",\"output\":" + output + "}";
  }
  return text;
}

}  // namespace orchestrator
