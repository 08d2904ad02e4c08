#include "orchestrator/runpod/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "orchestrator/api/hand_out_keys.h"
#include "orchestrator/job/parse_json.h"
#include "sandbox/io/json_text.h"

namespace orchestrator::runpod {
namespace {

using nlohmann::json;
using Kind = TakeAnswer::Kind;

constexpr std::size_t kLongestId = 512;

bool is_json(const io::HttpResponse& answer) {
  const auto found = answer.headers.find("content-type");
  if (found == answer.headers.end()) return false;
  std::string type = found->second.substr(0, found->second.find(';'));
  while (type.ends_with(' ')) type.pop_back();
  return type == "application/json";
}

// The document, without what is nested so deep that copying it would overflow the stack.
struct Parsed {
  json document;           // discarded: it is no JSON
  std::set<int> too_deep;  // elements of the array (0 for a single job) of which something is missing
};

Parsed parse(const std::string& text) {
  Parsed parsed;
  int element = -1;
  const auto watch = [&](int depth, json::parse_event_t event, json&) {
    if (event != json::parse_event_t::object_start && event != json::parse_event_t::array_start) return true;
    if (depth == 1 && event == json::parse_event_t::object_start) ++element;
    if (depth < kDeepest + 2) return true;
    parsed.too_deep.insert(std::max(element, 0));
    return false;
  };
  parsed.document = json::parse(text, watch, false);
  return parsed;
}

std::optional<Bucket> bucket_of(const json& job) {
  const auto found = job.find("s3Config");
  if (found == job.end() || !found->is_object()) return std::nullopt;
  const std::string endpoint = io::text_at(*found, "endpointUrl"), id = io::text_at(*found, "accessId"),
                    secret = io::text_at(*found, "accessSecret");
  if (endpoint.empty() || id.empty() || secret.empty()) return std::nullopt;
  Bucket bucket =
      make_bucket(endpoint, io::text_at(*found, "bucketName"), io::text_at(*found, "objectPath"), id, secret);
  bucket.of_job = true;
  return bucket;
}

bool is_plain(const std::string& id) {
  return !id.empty() && id.size() <= kLongestId &&
         std::all_of(id.begin(), id.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
}

void add_job(const json& object, bool too_deep, TakeAnswer& answer) {
  const std::string id = io::text_at(object, "id");
  if (!is_plain(id)) {
    answer.problem = "a job without a usable id was handed out; nobody can be told its result";
    return;
  }
  TakenJob job;
  job.id = id;
  // An empty input does not reach workers at all.
  const auto input = object.find("input");
  job.input = input == object.end() || input->is_null() ? "{}" : io::json_text(*input);
  job.batch = io::text_at(object, "batchId");
  job.bucket = bucket_of(object);
  job.wants_attempts = object.value(kWantsAttempts, json()) == json(true);
  job.client = io::text_at(object, kClientOfJob);
  job.low_priority = object.value(kLowPriority, json()) == json(true);
  if (too_deep) job.problem = fmt::format("JSON is nested deeper than {} levels", kDeepest);
  answer.jobs.push_back(std::move(job));
}

TakeAnswer of_kind(Kind kind, const io::HttpResponse& answer) {
  return {kind, {}, fmt::format("the queue answered {}", answer.status), retry_after(answer)};
}

}  // namespace

std::chrono::seconds retry_after(const io::HttpResponse& answer) {
  const auto found = answer.headers.find("retry-after");
  if (found == answer.headers.end()) return std::chrono::seconds(0);
  return std::chrono::seconds(std::clamp(std::atol(found->second.c_str()), 0L, 120L));
}

TakeAnswer read_take_answer(const io::HttpResponse& answer) {
  switch (answer.status) {
    case 200:
      break;
    case 204:
      return {};
    case 400:
      return of_kind(Kind::not_now, answer);
    case 429:
      return of_kind(Kind::too_many, answer);
    case 401:
    case 403:
    case 404:
      return of_kind(Kind::refused, answer);
    default:
      return of_kind(Kind::failed, answer);
  }
  if (answer.body.empty()) return {Kind::not_now, {}, "", {}};
  if (!is_json(answer)) return {Kind::not_now, {}, "the queue answered something that is not JSON", {}};
  const Parsed parsed = parse(answer.body);
  if (!parsed.document.is_structured())
    return {Kind::not_now, {}, "the queue answered something that is no job", {}};
  TakeAnswer jobs;
  jobs.kind = Kind::jobs;
  if (parsed.document.is_object()) {
    add_job(parsed.document, !parsed.too_deep.empty(), jobs);
  } else {
    int element = 0;
    for (const auto& each : parsed.document) add_job(each, parsed.too_deep.contains(element++), jobs);
  }
  if (jobs.jobs.empty()) jobs.kind = Kind::not_now;
  return jobs;
}

StopAnswer read_stop_answer(const io::HttpResponse& answer) {
  using StopKind = StopAnswer::Kind;
  if (answer.status == 204) return {};
  if (answer.status == 429) return {StopKind::too_many, {}};
  if (answer.status == 404) return {StopKind::absent, {}};
  if (answer.status != 200) return {StopKind::failed, {}};
  if (answer.body.empty()) return {};
  const Parsed parsed = parse(answer.body);
  StopAnswer stop;
  if (!is_json(answer) || !parsed.document.is_object()) return {StopKind::failed, {}};
  const auto ids = parsed.document.find("jobsToStop");
  if (ids == parsed.document.end() || !ids->is_array()) return {StopKind::failed, {}};
  for (const auto& id : *ids)
    if (id.is_string()) stop.ids.push_back(id.get<std::string>());
  stop.kind = stop.ids.empty() ? StopKind::nothing : StopKind::ids;
  return stop;
}

std::string safe_name(const std::string& id) {
  std::string name = id.substr(0, 80);
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '_' || c == '-';
    if (!plain) c = '_';
  }
  return name.empty() || name[0] == '.' || name[0] == '-' ? "job_" + name : name;
}

}  // namespace orchestrator::runpod
