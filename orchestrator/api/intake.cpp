#include "orchestrator/api/intake.h"

#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/job/parse_json.h"
#include "orchestrator/job/read_field.h"
#include "orchestrator/report/stable_hash.h"
#include "orchestrator/run/failure_of.h"
#include "orchestrator/run/runpod_error.h"
#include "sandbox/io/error.h"
#include "sandbox/io/json_text.h"

namespace orchestrator {
namespace {

using nlohmann::json;

void refuse_while_draining(const ApiParts& parts) {
  if (parts.draining()) throw NotTaken(503, "this server is about to stop and takes no more jobs");
}

json parsed(const std::string& body) {
  std::vector<FieldError> errors;
  // How large it may be was asked before it was read, by its route.
  auto document = parse_json(body, errors, body.size());
  if (!document) throw NotTaken(400, errors.empty() ? "the body is not JSON" : errors.front().message);
  if (!document->is_object()) throw NotTaken(400, "the body is not a JSON object");
  return std::move(*document);
}

Milliseconds policy_number(const json& policy, const char* name, Milliseconds otherwise, Milliseconds least,
                           Milliseconds most) {
  const auto found = policy.find(name);
  if (found == policy.end() || found->is_null()) return otherwise;
  if (!found->is_number() || found->get<double>() < static_cast<double>(least) ||
      found->get<double>() > static_cast<double>(most))
    throw NotTaken(400, fmt::format("policy.{} must be between {} and {} ms", name, least, most));
  return found->get<Milliseconds>();
}

constexpr Milliseconds kWeek = 7ll * 86'400'000;

void read_policy(const json& document, Submission& submission) {
  const json policy = document.value("policy", json());
  if (policy.is_null()) return;
  if (!policy.is_object()) throw NotTaken(400, "policy must be an object");
  submission.execution_timeout =
      policy_number(policy, "executionTimeout", submission.execution_timeout, 5'000, kWeek);
  submission.ttl = policy_number(policy, "ttl", submission.ttl, 10'000, kWeek);
  const json low = policy.value("lowPriority", json());
  if (!low.is_null() && !low.is_boolean()) throw NotTaken(400, "policy.lowPriority must be true or false");
  submission.low_priority = low == true;
}

// Where its end is told. Longer or stranger ones are for no server that there is.
std::string webhook_of(const json& document) {
  constexpr std::size_t kLongest = 2'000;
  const auto found = document.find("webhook");
  if (found == document.end() || found->is_null()) return "";
  const std::string url = found->is_string() ? found->get<std::string>() : "?";
  const auto plain = [](unsigned char c) { return c > 0x20 && c < 0x7F; };
  const bool web = url.starts_with("https://") || url.starts_with("http://");
  if (!url.empty() && (!web || url.size() > kLongest || !std::all_of(url.begin(), url.end(), plain)))
    throw NotTaken(400, fmt::format("webhook must be an http or https URL of at most {} bytes", kLongest));
  return url;
}

// For its worker alone; see BucketKeys.
std::string bucket_config_of(const json& document) {
  constexpr std::size_t kLongest = 8'000;
  const auto found = document.find("s3Config");
  if (found == document.end() || found->is_null()) return "";
  std::string config = io::json_text(*found);
  if (!found->is_object() || config.size() > kLongest)
    throw NotTaken(400, fmt::format("s3Config must be an object of at most {} bytes", kLongest));
  return config;
}

// The Python client wraps an empty input once more.
const json& unwrapped(const json& input) {
  if (input.is_object() && input.size() == 1 && input.contains("input") && input.at("input").is_object())
    return input.at("input");
  return input;
}

// What stands beside a wrapped input is of RunPod's requests: nobody here would heed it. An id does no harm.
void refuse_beside_input(JobReading& reading) {
  for (const auto& key : reading.beside)
    if (key != "id")
      add_error(reading.errors, {below("", key), fmt::format("unknown field '{}' beside input", key), ""});
}

void check_admission(const ApiParts& parts, const Call& call, JobReading& reading) {
  for (auto& error : refusals(reading.request, parts.settings.admission, call.caller.here))
    add_error(reading.errors, std::move(error));
}

}  // namespace

ServedResponse not_taken(ServedResponse response) {
  return response.status == 503 ? not_before(std::move(response), std::chrono::seconds(30)) : response;
}

StoredJob take_in_runpod(const ApiParts& parts, const Call& call, bool sync) {
  refuse_while_draining(parts);
  const json document = parsed(call.request.body);
  if (!document.contains("input") || document.at("input").is_null()) throw NotTaken(400, "input is required");
  const json& input = unwrapped(document.at("input"));
  Submission submission;
  submission.id = new_job_id(sync);
  submission.endpoint = call.param("endpoint");
  submission.client = call.caller.name;
  submission.input = io::json_text(input);
  read_policy(document, submission);
  submission.webhook = webhook_of(document);
  const std::string bucket = bucket_config_of(document);
  // Read now, so that a job that can only fail does so at once and costs nobody a place.
  try {
    JobReading reading = read_job(submission.input, UnknownFields::warn, "", submission.input.size());
    check_admission(parts, call, reading);
    submission.request = io::json_text(combine({reading}).to_json());
  } catch (...) {
    Failure failure = failure_of(std::current_exception());
    failure.message = plain_message(std::current_exception());
    submission.error = runpod_error(failure, parts.settings.version, "", "");
  }
  if (submission.error.empty()) parts.buckets.keep(submission.id, bucket);  // before a worker may take it
  try {
    parts.queue.submit(submission);
  } catch (...) {
    parts.buckets.forget(submission.id);
    throw;
  }
  parts.metrics.job_submitted();
  auto job = parts.queue.find(submission.id);
  if (!job) throw io::HostError("the job was taken, and is no more: the database has lost it");
  return *std::move(job);
}

Submitted take_in_job(const ApiParts& parts, const Call& call) {
  refuse_while_draining(parts);
  JobReading reading = read_job(call.request.body, UnknownFields::error, "", call.request.body.size());
  refuse_beside_input(reading);
  check_admission(parts, call, reading);
  Submission submission;
  submission.id = new_job_id(false);
  submission.endpoint = "jobs";
  submission.client = call.caller.name;
  submission.input = call.request.body;
  submission.request = io::json_text(combine({reading}).to_json());
  submission.execution_timeout = kWeek;  // the job's own deadline counts
  submission.ttl = kWeek;
  if (const auto key = call.request.headers.find("idempotency-key"); key != call.request.headers.end()) {
    if (key->second.empty() || key->second.size() > 255)
      throw NotTaken(400, "an Idempotency-Key has 1 to 255 characters");
    submission.idempotency = {key->second, stable_hash({call.request.body})};
  }
  const Submitted submitted = parts.queue.submit(submission);
  if (!submitted.repeated) parts.metrics.job_submitted();
  return submitted;
}

}  // namespace orchestrator
