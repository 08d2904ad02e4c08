#include <fmt/format.h>

#include <cstdlib>

#include "images/checkout/checkout.h"
#include "orchestrator/cli/job_inputs.h"
#include "orchestrator/cli/job_runner.h"
#include "orchestrator/cli/terminal.h"
#include "orchestrator/job/pipeline_defaults.h"
#include "orchestrator/job/quoted.h"
#include "orchestrator/remote/job.h"
#include "orchestrator/report/read_report.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

class RemoteRunner : public JobRunner {
 public:
  RemoteRunner(Session& session, remote::JobSettings settings, JobRequest request, bool ci, EventLog& events)
      : where_(settings.address.said),
        request_(std::move(request)),
        ci_(ci),
        events_(events),
        job_(remote::make_job(session.loop(), std::move(settings), events)),
        spool_(session.scratch(), "") {}

  io::Result<Report> run() override try {
    ReadReport read = read_report(job_->run(request_), where_, spool_);
    // A test that failed cannot be told from one that did not run: an excuse would be a guess.
    if (ci_ && !read.whole_grid)
      throw io::HostError(
          "the report is too large for a pipeline's decision: see --fail-on none, or fewer --runs");
    for (const auto& sentence : read.lost) events_.append("warning", {{"text", sentence}});
    return std::move(read.report);
  } catch (...) {
    return std::current_exception();
  }

  void stop(const std::string& reason) override {
    events_.append("stopping", {{"reason", reason}});
    job_->stop();
  }
  void kill() override { job_->stop(); }
  const Spool& spool() const override { return spool_; }
  std::optional<Report> report_without_attempts(RunEnd, const std::string&) const override {
    return std::nullopt;
  }
  bool keeps_scratch() const override { return false; }
  void close() override {}

 private:
  std::string where_;
  JobRequest request_;
  bool ci_;
  EventLog& events_;
  std::unique_ptr<remote::Job> job_;
  Spool spool_;
};

void check_can_be_sent(const CommandLine& options, const JobInputs& inputs, const remote::Address& address) {
  const auto refuse = [](const std::string& sentence) { throw io::RequestError(sentence); };
  const std::string& repo = inputs.said.repo.value_or("");
  if (!address.here && !images::is_remote(repo))
    refuse(
        fmt::format("--repo: a job that runs elsewhere needs the repository's URL, not the folder {}: that "
                    "host has not got it",
                    in_quotes(repo)));
  if (options.keep) refuse("--keep is about folders of this host, where --on runs nothing");
  if (!options.host.empty()) refuse("--host and --on exclude each other: the other host has its own engine");
  if (!options.context.empty())
    refuse("--context and --on exclude each other: the other host has its own engine");
  if (!options.git_token_env.empty() || !options.git_token_file.empty())
    refuse("a git token is not sent elsewhere: that host has its own access to git");
  if (!options.ssh_key.empty() || !options.ssh_known_hosts.empty() || !options.ssh_config.empty())
    refuse("a key for ssh is not sent elsewhere: that host has its own access to git");
  if (!options.git_program.empty())
    refuse("--git-program is about this host, and --on lets another one clone");
  if (options.ci.on_failure)
    refuse("--on-failure asks the repository's own file, which --on does not read here");
}

std::string token_for(const CommandLine& options, const remote::Address& address) {
  if (std::string said = gather_remote_token(options, environment); !said.empty()) return said;
  const auto from = [](const char* name) { return environment(name).value_or(""); };
  std::string token = from("ORCHESTRATOR_TOKEN");
  return token.empty() && address.endpoint ? from("RUNPOD_API_KEY") : token;
}

// The repository's own wish is not known here.
JobRequest request_of(const JobInputs& inputs) {
  JobRequest request = inputs.said;
  if (!inputs.ci) return request;
  const bool counted = request.runs || request.max_runs || request.until_sure;
  if (!counted && request.only_attempt.value_or(0) < kAutoTriggerRuns) request.runs = kAutoTriggerRuns;
  if (!request.parallelism) request.parallelism = kAutoTriggerParallelism;
  return request;
}

}  // namespace

std::unique_ptr<JobRunner> make_remote_runner(Session& session, const CommandLine& options, JobInputs inputs,
                                              EventLog& events, const std::string& program_version) {
  remote::JobSettings settings{.address = remote::parse_address(options.on.url)};
  check_can_be_sent(options, inputs, settings.address);
  settings.token = token_for(options, settings.address);
  if (!settings.token.empty()) remote::check_token_may_go("--on", settings.address);
  settings.ca_file = options.ca_file;
  settings.user_agent = "orchestrator/" + program_version;
  settings.logs_folder = inputs.logs_folder;
  if (settings.address.endpoint && !settings.logs_folder.empty())
    throw io::RequestError("--logs: an endpoint of RunPod keeps no logs of attempts; a serve does");
  if (!inputs.user.to_json().empty())
    events.append("warning", {{"text", "your own defaults are not sent: the other host's count"}});
  return std::make_unique<RemoteRunner>(session, std::move(settings), request_of(inputs), inputs.ci, events);
}

}  // namespace orchestrator
