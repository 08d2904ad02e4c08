#include "orchestrator/job/check.h"

#include <algorithm>

#include "orchestrator/job/field_table.h"
#include "orchestrator/job/quoted.h"
#include "sandbox/execution.h"

namespace orchestrator {
namespace {

// Whether one of the mistakes is about that field already, wherever it was said.
bool mentioned(const std::vector<FieldError>& errors, const char* name) {
  const Field& field = *find_field(name);
  return std::any_of(errors.begin(), errors.end(), [&](const FieldError& error) {
    const std::string pointer = field_pointer(field);
    return error.pointer == pointer || error.pointer.rfind(pointer + "/", 0) == 0 ||
           error.pointer == field.flag || error.pointer == field_variable(field);
  });
}

// `errors` are those known already: a request that is wrong anyway is told about its missing test command at
// once.
std::vector<FieldError> missing(const JobRequest& request, const std::vector<FieldError>& errors) {
  std::vector<FieldError> found;
  // A document that cannot be read as a whole may well hold them.
  if (std::any_of(errors.begin(), errors.end(),
                  [](const FieldError& error) { return error.pointer.empty(); }))
    return found;
  if (!request.repo && !mentioned(errors, "repo"))
    found.push_back({"/repo", "Repository URL is required", ""});
  const bool may_follow = request.suite || request.test_command || mentioned(errors, "test_command");
  if (!may_follow && !(errors.empty() && found.empty())) {
    found.push_back({"/test_command", "Test command is required", ""});
  }
  return found;
}

void append(std::vector<FieldError>& to, const std::vector<FieldError>& from) {
  for (const auto& error : from) add_error(to, error);
}

}  // namespace

std::string shown_build_arg(const std::string& name) {
  return in_quotes(name) + " stands in secret_env too: no secret is given to a build, which would keep it";
}

bool is_cloned(const std::string& repo) {
  if (repo.find("://") != std::string::npos) return true;
  // user@host:path; a folder of such a name is written with a '/' before it.
  const auto at = repo.find('@'), colon = repo.find(':');
  return at < colon && colon < repo.find('/') && colon != std::string::npos;
}

std::vector<FieldError> out_of_bounds(const JobRequest& request) {
  std::vector<FieldError> errors;
  for (const auto& field : job_fields()) {
    if (field.alias) continue;
    if (auto sentence = violation(field, request); !sentence.empty()) {
      add_error(errors, {field_pointer(field), std::move(sentence), ""});
    }
  }
  return errors;
}

std::vector<FieldError> contradictions(const JobRequest& request) {
  std::vector<FieldError> errors;
  if (request.image && request.dockerfile) {
    add_error(errors, {"/dockerfile", "image and dockerfile exclude each other", ""});
  }
  if (!request.build_args.empty() && !request.dockerfile)
    add_error(errors, {"/build_args", "build_args needs dockerfile", ""});
  for (const auto& name : request.secret_env) {
    if (request.build_args.count(name)) add_error(errors, {"/build_args", shown_build_arg(name), ""});
    if (request.env.count(name)) {
      add_error(errors,
                {"/secret_env", in_quotes(name) + " stands in env too, where its value would be shown", ""});
    }
  }
  if (request.vary && *request.vary != "none" && (request.order || request.repeat_in_process))
    add_error(errors,
              {"/vary", "vary excludes order and repeat_in_process, which hold for every attempt", ""});
  if (request.results.size() > sandbox::kMaxResultGlobs)
    add_error(errors, {"/results",
                       "results holds more than " + std::to_string(sandbox::kMaxResultGlobs) + " globs", ""});
  if (request.max_runs && !request.until_sure)
    add_error(errors, {"/max_runs", "max_runs needs until_sure; a fixed number is runs", ""});
  if (request.runs && request.until_sure)
    add_error(errors, {"/until_sure", "until_sure decides the number of runs; its bound is max_runs", ""});
  if (request.changed_runs && !request.only_changed)
    add_error(errors, {"/changed_runs", "changed_runs needs only_changed", ""});
  if (request.only_changed && request.until_sure)
    add_error(errors, {"/only_changed", "only_changed and until_sure exclude each other", ""});
  if (request.only_changed && request.repo && is_cloned(*request.repo))
    add_error(errors,
              {"/only_changed",
               "only_changed needs a local folder with its history, and a clone has one commit alone: "
               "clone it yourself (actions/checkout with fetch-depth: 0) and name the folder",
               ""});
  const std::int64_t changed_runs = request.only_changed ? request.changed_runs.value_or(kChangedRuns) : 0;
  if (request.runs && request.only_attempt && *request.only_attempt >= *request.runs + changed_runs) {
    add_error(errors,
              {"/only_attempt", "Only attempt must be less than runs: attempts are counted from 0", ""});
  }
  return errors;
}

std::vector<FieldError> request_errors(const JobRequest& request) {
  std::vector<FieldError> errors = out_of_bounds(request);
  append(errors, contradictions(request));
  append(errors, missing(request, errors));
  return errors;
}

void check_request(const JobRequest& request) {
  auto errors = request_errors(request);
  if (!errors.empty()) throw InvalidJob(std::move(errors));
}

JobRequest combine(const std::vector<JobReading>& strongest_first) {
  JobRequest request;
  std::vector<FieldError> errors;
  for (const auto& reading : strongest_first) {
    request = merge(std::move(request), reading.request);
    append(errors, reading.errors);
  }
  append(errors, out_of_bounds(request));
  append(errors, contradictions(request));
  append(errors, missing(request, errors));
  if (!errors.empty()) throw InvalidJob(std::move(errors));
  return request;
}

}  // namespace orchestrator
