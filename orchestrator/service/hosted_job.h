// One job that somebody else asked for, on this host's engine: its own scratch folder, its report in every
// format in a folder that stays, and a summary that fits on a wire. What `serve` and `worker` share. Loop's
// thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "orchestrator/run/job_execution.h"
#include "orchestrator/service/background.h"
#include "sandbox/engine.h"

namespace orchestrator {

struct HostedJobSpec {
  std::string id;  // a plain file name
  JobRequest said;
  sandbox::EnvList secret_values;  // of said.secret_env
  std::string scratch;             // a folder to make and to remove
  std::string reports;             // a folder to make for the reports; empty: none are kept
  std::size_t summary_bytes = 8u << 20;
  std::optional<images::GitCredential> credential;
  images::GitAccess access;
  std::string ca_file;
  std::vector<std::string> allowed_hosts;  // see images::CheckoutRequest
  sandbox::ImageStore* images = nullptr;   // instead of the engine's
  std::string logs;  // a folder to make for all that attempts print; empty: only what a report keeps
  std::string program_version;
  HostBudget* budget = nullptr;  // see RunSpec
  HostBudget::Claimant claimant;
};

struct HostedResult {
  std::string summary;          // report.json as far as it fits; empty: there is none
  std::string error;            // a sentence or several, where there are no attempts to report
  std::string error_kind;       // as in Failure
  bool interrupted = false;     // stopped by us: the summary is of what was known
  bool host_failed = false;     // the engine or the host may be broken: so is what comes next
  bool lasting = false;         // see Failure
  int total_runs = 0;           // attempts that say something about the command
  std::string host_reason;      // a sentence, where the host has failed so that there are none
  std::int64_t left_bytes = 0;  // of the files that stay: reports and logs
  std::int64_t log_bytes = 0;   // of the logs among them
};

// Writes the reports, and the summary above all: where that cannot be, it is an error of the host. Throws
// nothing; any thread.
HostedResult write_reports(Report& report, const Spool& spool, const HostedJobSpec& spec);

// How far a job is, in a few words for whoever waits; nothing where the event does not change that.
std::optional<nlohmann::json> progress_of(const Event& event);

class HostedJob {
 public:
  // `ended` once, from the loop, when nothing of the job is left but its reports; never from inside start().
  // Reports are written by `background`, which must end before the loop does.
  HostedJob(io::Loop& loop, Background& background, sandbox::Engine& engine, const JobHost& host,
            HostedJobSpec spec, EventLog::Listener on_event, std::function<void(HostedResult)> ended);
  ~HostedJob();

  void start();
  void stop(RunEnd end, const std::string& reason);  // TERM, grace, KILL; legal in each state
  void kill();
  // Starts no more attempts; those that run go on, until stop() if it comes. Before the attempts the same as
  // stop().
  void start_no_more(RunEnd end, const std::string& reason);
  const std::string& id() const { return spec_.id; }

  // The files below `reports`, by the name of their format: "json", "html", …
  static std::string report_file(const std::string& folder, const std::string& format);
  static std::string logs_folder(const std::string& folder);
  // "text/html; charset=utf-8"; nullptr: there is no such format.
  static const char* media_type(const std::string& format);

 private:
  void finished(io::Result<Report> result);
  void end(HostedResult result);

  io::Loop& loop_;
  Background& background_;
  const JobHost& host_;
  HostedJobSpec spec_;
  EventLog events_;
  std::unique_ptr<JobExecution> execution_;
  std::function<void(HostedResult)> ended_;
  bool stopped_ = false;
  std::shared_ptr<HostedJob*> self_;  // empty once this is gone: what comes later finds nobody
};

}  // namespace orchestrator
