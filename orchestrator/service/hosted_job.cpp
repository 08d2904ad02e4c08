#include "orchestrator/service/hosted_job.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <sstream>

#include "orchestrator/report/report_formats.h"
#include "orchestrator/report/verdict_words.h"
#include "orchestrator/run/failure_of.h"
#include "orchestrator/run/runpod_error.h"
#include "sandbox/io/error.h"
#include "sandbox/io/whole_file.h"

namespace orchestrator {
namespace {

namespace fs = std::filesystem;

JobInputs inputs_of(const HostedJobSpec& spec) {
  JobInputs inputs;
  inputs.said = spec.said;
  inputs.secret_values = spec.secret_values;
  inputs.run_id = spec.id;
  inputs.scratch = spec.scratch;
  inputs.credential = spec.credential;
  inputs.access = spec.access;
  inputs.ca_file = spec.ca_file;
  inputs.allowed_hosts = spec.allowed_hosts;
  inputs.logs_folder = spec.logs;
  inputs.budget = spec.budget;
  inputs.claimant = spec.claimant;
  return inputs;
}

void make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw io::HostError(fmt::format("cannot make the folder {}: {}", path, error.message()));
}

// On disk before anybody is told that the job has ended: that is on disk, too.
void write_files(const Report& report, const Spool& spool, const HostedJobSpec& spec) {
  make_folder(spec.reports);
  io::write_whole_file(HostedJob::report_file(spec.reports, "json"),
                       [&](std::ostream& out) { write_json(report, spool, out); });
  for (const auto& format : report_formats())
    io::write_whole_file(HostedJob::report_file(spec.reports, format.flag + 2),
                         [&](std::ostream& out) { format.write(report, spool, out); });
  io::sync_folder(spec.reports);
  io::sync_folder(fs::absolute(spec.reports).parent_path());
}

// As far as they can be counted: that costs nobody a result.
std::int64_t bytes_below(const std::string& folder) {
  std::uintmax_t bytes = 0;
  std::error_code gone;
  for (fs::recursive_directory_iterator at(folder, gone), end; at != end; at.increment(gone))
    if (at->is_regular_file(gone)) {
      const auto size = at->file_size(gone);
      if (!gone) bytes += size;
    }
  return static_cast<std::int64_t>(bytes);
}

std::string reason_of_host(const Report& report) {
  const std::string reason = verdict_words(report).reason;
  if (!reason.empty()) return reason;
  return report.end_reason.empty() ? "the host or its engine has failed" : report.end_reason;
}

}  // namespace

HostedResult write_reports(Report& report, const Spool& spool, const HostedJobSpec& spec) try {
  report.program_version = spec.program_version;
  report.reproduce = reproduce_job(report);
  HostedResult result;
  result.interrupted = report.end == RunEnd::cancelled;
  result.host_failed =
      report.end == RunEnd::infrastructure || report.count(sandbox::Outcome::infrastructure_error) > 0;
  result.total_runs = report.total_runs();
  if (result.host_failed && result.total_runs == 0) result.host_reason = reason_of_host(report);
  std::ostringstream summary;
  write_json(report, spool, summary, {.max_bytes = spec.summary_bytes});
  result.summary = std::move(summary).str();
  if (spec.reports.empty()) return result;
  try {
    write_files(report, spool, spec);
  } catch (const std::exception& error) {
    spdlog::error("job {}: its reports were not kept: {}", spec.id, error.what());
  }
  result.left_bytes = bytes_below(spec.reports);
  if (!spec.logs.empty()) result.log_bytes = bytes_below(spec.logs);
  return result;
} catch (const std::exception& error) {
  return {.error = fmt::format("the report cannot be written: {}", error.what()),
          .error_kind = "host",
          .host_failed = true};
}

std::optional<nlohmann::json> progress_of(const Event& event) {
  if (event.type == "layer_started") return nlohmann::json{{"stage", event.data.at("title")}};
  if (event.type != "attempt_finished") return std::nullopt;
  return nlohmann::json{{"attempts", event.data.at("done")},
                        {"runs", event.data.at("runs")},
                        {"not_passed", event.data.at("not_passed")}};
}

const char* HostedJob::media_type(const std::string& format) {
  if (format == "json") return "application/json";
  for (const auto& each : report_formats())
    if (each.flag + 2 == format) return each.media_type;
  return nullptr;
}

std::string HostedJob::report_file(const std::string& folder, const std::string& format) {
  return fmt::format("{}/report.{}", folder, format);
}

std::string HostedJob::logs_folder(const std::string& folder) { return folder + "/logs"; }

HostedJob::HostedJob(io::Loop& loop, Background& background, sandbox::Engine& engine, const JobHost& host,
                     HostedJobSpec spec, EventLog::Listener on_event, std::function<void(HostedResult)> ended)
    : loop_(loop),
      background_(background),
      host_(host),
      spec_(std::move(spec)),
      ended_(std::move(ended)),
      self_(std::make_shared<HostedJob*>(this)) {
  make_folder(spec_.scratch);
  events_.subscribe(std::move(on_event));
  if (!spec_.logs.empty()) make_folder(spec_.logs);
  execution_ =
      std::make_unique<JobExecution>(loop_, engine.sandbox(), spec_.images ? *spec_.images : engine.images(),
                                     host, inputs_of(spec_), events_);
}

HostedJob::~HostedJob() {
  *self_ = nullptr;
  execution_.reset();  // and with it the use of its images
  if (host_.sharing) host_.sharing->keep_budget_in_background();
  std::error_code ignored;
  fs::remove_all(spec_.scratch, ignored);
}

void HostedJob::start() {
  // What is thrown at once is told like all else: later, by the loop.
  execution_->start([this](io::Result<Report> result) {
    auto kept = std::make_shared<io::Result<Report>>(std::move(result));
    loop_.post([self = self_, kept] {
      if (*self) (*self)->finished(std::move(*kept));
    });
  });
}

void HostedJob::stop(RunEnd end, const std::string& reason) {
  stopped_ = true;
  if (execution_) execution_->stop(end, reason);
}

void HostedJob::start_no_more(RunEnd end, const std::string& reason) {
  if (execution_) execution_->start_no_more(end, reason);
}

void HostedJob::kill() {
  if (execution_) execution_->kill();
}

void HostedJob::finished(io::Result<Report> result) {
  if (!result.ok()) {
    const Failure failure = failure_of(result.error());
    events_.append(
        "job_failed",
        {{"kind", failure.kind}, {"message", to_utf8(failure.message)}, {"exit_code", failure.exit_code}});
    const bool host_failed = failure.kind == "host" || failure.kind == "defect";
    return end({.error = plain_message(result.error()),
                .error_kind = failure.kind,
                .host_failed = host_failed,
                .lasting = failure.lasting});
  }
  // The pages of a large report take their time: the loop has attempts of others to look after.
  struct Writing {
    Report report;
    std::unique_ptr<JobExecution> execution;  // its spool is read; it goes where it was made
    HostedJobSpec spec;
    HostedResult told;
  };
  auto writing =
      std::make_shared<Writing>(Writing{std::move(result).value(), std::move(execution_), spec_, {}});
  background_.post([writing, self = self_, &loop = loop_]() mutable {
    writing->told = write_reports(writing->report, writing->execution->spool(), writing->spec);
    loop.post([writing = std::move(writing), self] {
      writing->execution.reset();
      if (*self) (*self)->end(std::move(writing->told));
    });
  });
}

void HostedJob::end(HostedResult result) {
  result.interrupted |= stopped_;
  const auto ended = std::move(ended_);
  ended(std::move(result));  // it may let go of this
}

}  // namespace orchestrator
