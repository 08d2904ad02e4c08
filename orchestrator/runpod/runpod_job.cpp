#include "orchestrator/runpod/runpod_job.h"

#include <fmt/format.h>

#include <filesystem>

#include "orchestrator/job/check.h"
#include "orchestrator/job/quoted.h"
#include "orchestrator/run/failure_of.h"
#include "orchestrator/run/runpod_error.h"
#include "orchestrator/runpod/bodies.h"
#include "sandbox/io/error.h"

namespace orchestrator::runpod {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kRoom = 1'024;  // of a body, around its output

bool is_the_workers(const std::string& variable) {
  return variable.starts_with("RUNPOD_") || variable.starts_with("BUCKET_");
}

// Two jobs of one id never run at once, but one of them may still be cleaned up.
std::string file_name(const std::string& id) {
  static int number = 0;
  return fmt::format("{}-{}", ++number, safe_name(id));
}

}  // namespace

std::string JobResult::body(std::size_t most_bytes, bool stop_pod) const {
  const std::size_t around = kRoom + 2 * error.size();
  const std::size_t room = most_bytes > around ? most_bytes - around : 0;
  std::string text = output.empty() ? "" : fitted(output, room);
  // After it was fitted, which takes a report only.
  if (as_list && !text.empty()) text = "[" + text + "]";
  return final_body({text, error, stop_pod});
}

RunpodJob::RunpodJob(JobPlace& place, TakenJob job, Sender sender, EventLog::Listener on_event,
                     std::function<void(JobResult)> ended)
    : place_(place),
      job_(std::move(job)),
      sender_(sender),
      on_event_(std::move(on_event)),
      ended_(std::move(ended)),
      name_(file_name(job_.id)),
      bucket_(job_.bucket ? job_.bucket : place_.settings.environment.bucket) {
  reports_ = bucket_ ? fmt::format("{}/{}.reports", place_.settings.scratch, name_) : folder_on_volume();
}

// Empty where there is no volume.
std::string RunpodJob::folder_on_volume() const {
  const std::string& volume = place_.settings.volume;
  return volume.empty() ? "" : fmt::format("{}/orchestrator/{}", volume, safe_name(job_.id));
}

RunpodJob::~RunpodJob() {
  std::error_code ignored;
  if (bucket_) fs::remove_all(reports_, ignored);
}

void RunpodJob::start() try {
  if (!job_.problem.empty()) throw io::RequestError(job_.problem);
  hosted_ = std::make_unique<HostedJob>(place_.loop, place_.background, place_.engine, place_.host, spec(),
                                        on_event_,
                                        [this](HostedResult result) { hosted_ended(std::move(result)); });
  hosted_->start();
} catch (...) {
  fail(std::current_exception());
}

HostedJobSpec RunpodJob::spec() {
  const JobSettings& settings = place_.settings;
  HostedJobSpec spec;
  spec.id = name_;
  spec.said = read();
  spec.scratch = fmt::format("{}/{}", settings.scratch, name_);
  spec.reports = reports_;
  spec.summary_bytes = settings.result_bytes - std::min(settings.result_bytes, 2 * kRoom);
  spec.credential = settings.credential;
  spec.access = settings.access;
  spec.ca_file = settings.ca_file;
  if (sender_ == Sender::elsewhere) spec.allowed_hosts = settings.admission.repository_hosts;
  spec.secret_values = secret_values(spec.said);
  spec.program_version = settings.version;
  spec.budget = &place_.budget;
  spec.images = &place_.images;
  spec.claimant = {job_.client, job_.low_priority};
  return spec;
}

// All mistakes at once, and what may not be asked for among them.
JobRequest RunpodJob::read() const {
  JobReading reading = read_job(job_.input, UnknownFields::warn, "", job_.input.size());
  JobRequest& request = reading.request;
  if (sender_ == Sender::elsewhere) {
    for (auto& error : refusals(request, place_.settings.admission, false))
      add_error(reading.errors, std::move(error));
  } else if (request.repo && !request.repo->empty() && !is_cloned(*request.repo)) {
    request.repo = fs::absolute(*request.repo).lexically_normal().string();
  }
  for (const auto& variable : request.secret_env)
    if (is_the_workers(variable))
      add_error(
          reading.errors,
          {"/secret_env",
           fmt::format("the variable {} is the worker's own; no test sees it", in_quotes(variable)), ""});
  return combine({reading, {place_.settings.defaults, {}}});
}

sandbox::EnvList RunpodJob::secret_values(const JobRequest& request) const {
  sandbox::EnvList values;
  for (const auto& name : request.secret_env) {
    const auto value = place_.settings.getenv(name.c_str());
    if (!value) throw io::RequestError(fmt::format("secret_env: the worker has no variable {}", name));
    values.emplace_back(name, *value);
  }
  return values;
}

// Told later, as all else.
void RunpodJob::fail(const std::exception_ptr& error) {
  told_.error = plain_message(error);
  told_.error_kind = failure_of(error).kind;
  ending_ = place_.loop.call_after(std::chrono::seconds(0), [this] { end(); });
}

void RunpodJob::start_no_more(const std::string& reason) {
  hurried_ = true;
  if (hosted_) hosted_->start_no_more(RunEnd::cancelled, reason);
}

void RunpodJob::stop(const std::string& reason) {
  hurried_ = true;
  if (hosted_) hosted_->stop(RunEnd::cancelled, reason);
  if (!upload_ || !ended_) return;
  // The result does not wait for a bucket that takes its time.
  upload_.reset();
  keep_on_volume(reason);
  ending_ = place_.loop.call_after(std::chrono::seconds(0), [this] { end(); });
}

void RunpodJob::kill() {
  if (hosted_) hosted_->kill();
}

void RunpodJob::hosted_ended(HostedResult result) {
  told_ = std::move(result);
  // It is let go of when its callback is over.
  place_.loop.post([kept = std::shared_ptr<HostedJob>(std::move(hosted_))] {});
  if (told_.error_kind == "cancelled") told_.interrupted = true;
  if (told_.interrupted) members_["interrupted"] = true;
  if (told_.summary.empty() || reports_.empty()) return end();
  keep_report();
}

void RunpodJob::keep_report() {
  const auto file = [this](const char* format) { return HostedJob::report_file(reports_, format); };
  if (!fs::exists(file("json"))) {
    members_["full_report_problem"] = "the worker could not write it";
    return end();
  }
  if (!bucket_) {
    members_["full_report"] = file("json");
    return end();
  }
  UploadSpec spec;
  spec.bucket = *bucket_;
  spec.private_urls = place_.settings.private_urls;
  spec.ca_file = place_.settings.ca_file;
  for (const char* format : {"json", "html"})
    if (fs::exists(file(format)))
      spec.files.push_back({file(format), fmt::format("{}/report.{}", safe_name(job_.id), format),
                            HostedJob::media_type(format)});
  if (hurried_) {
    spec.tries = 1;
    spec.timeout = std::chrono::seconds(5);
  }
  const std::string url = object_url(*bucket_, spec.files.front().key);
  upload_ = std::make_unique<Upload>(place_.loop, std::move(spec), [this, url](const std::string& problem) {
    if (problem.empty())
      members_["full_report"] = url;
    else
      keep_on_volume(problem);
    end();
  });
}

// What a bucket did not take, for `problem`.
void RunpodJob::keep_on_volume(const std::string& problem) try {
  const std::string folder = folder_on_volume();
  if (folder.empty()) return not_kept(problem);
  fs::create_directories(folder);
  for (const char* format : {"json", "html"})
    if (const std::string file = HostedJob::report_file(reports_, format); fs::exists(file))
      fs::copy_file(file, HostedJob::report_file(folder, format), fs::copy_options::overwrite_existing);
  members_["full_report"] = HostedJob::report_file(folder, "json");
  members_["full_report_problem"] = problem;
  place_.log.about(job_, spdlog::level::warn,
                   "the whole report is on the volume, not in the bucket: " + problem);
} catch (const fs::filesystem_error& error) {
  not_kept(fmt::format("{}; {}", problem, error.what()));
}

void RunpodJob::not_kept(const std::string& problem) {
  members_["full_report_problem"] = problem;
  place_.log.about(job_, spdlog::level::warn, "the whole report was not kept: " + problem);
}

void RunpodJob::end() {
  JobResult result;
  result.interrupted = told_.interrupted;
  result.host_failed = told_.host_failed;
  if (!told_.summary.empty()) {
    result.output = with_members(told_.summary, members_);
  } else if (told_.interrupted) {
    result.output = R"({"interrupted":true,"total_runs":0,"failures":0,"repro_rate":0.0,"results":[]})";
  }
  if (!told_.error.empty()) {
    const Environment& environment = place_.settings.environment;
    result.error =
        runpod_error({told_.error_kind, told_.error, 0}, place_.settings.version, environment.hostname,
                     environment.worker, std::min<std::size_t>(place_.settings.result_bytes / 2, 512 * 1024));
  }
  const auto ended = std::exchange(ended_, nullptr);
  ended(std::move(result));
}

}  // namespace orchestrator::runpod
