#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/utsname.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iostream>

#include "images/checkout/ca_file.h"
#include "orchestrator/cli/admission_flags.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/doctor_findings.h"
#include "orchestrator/cli/host_examination.h"
#include "orchestrator/cli/job_inputs.h"
#include "orchestrator/cli/open_files.h"
#include "orchestrator/cli/terminal.h"
#include "orchestrator/cli/trial.h"
#include "orchestrator/cli/worker_kind.h"
#include "orchestrator/run/cached_layers.h"
#include "orchestrator/run/host_builds.h"
#include "orchestrator/run/leased_builds.h"
#include "orchestrator/runpod/fitness.h"
#include "orchestrator/runpod/local_api.h"
#include "orchestrator/runpod/local_test.h"
#include "orchestrator/runpod/runpod_worker.h"
#include "sandbox/io/error.h"
#include "sandbox/io/signals.h"
#include "sandbox/shared_builds.h"

namespace orchestrator {
namespace {

namespace fs = std::filesystem;
using runpod::Environment;

constexpr const char* kTestFile = "test_input.json";
constexpr int kUnfit = 1;      // what RunPod's SDK exits with
constexpr int kNotWanted = 5;  // the queue has refused for minutes

// "RunPod" is whom it talks to, not what it is.
std::string user_agent(const std::string& version, const Environment& environment) {
  utsname host{};
  uname(&host);
  std::string agent = fmt::format("orchestrator/{} ({} {}; {}) Language/C++", version, host.sysname,
                                  host.release, host.machine);
  if (!environment.integration.empty()) agent += " Integration/" + environment.integration;
  std::erase_if(agent, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  return agent;
}

// Lists of an endpoint's settings, where nobody types flags.
void add_from(const char* variable, std::vector<std::string>& list) {
  const std::string all = environment(variable).value_or("");
  for (std::size_t at = 0; at < all.size();) {
    const auto comma = std::min(all.find(',', at), all.size());
    std::string word = all.substr(at, comma - at);
    word.erase(0, word.find_first_not_of(' '));
    word.erase(word.find_last_not_of(' ') + 1);
    if (!word.empty()) list.push_back(word);
    at = comma + 1;
  }
}

class WorkerMode {
 public:
  WorkerMode(const Program& program, const CommandLine& options)
      : program_(program),
        options_(options),
        said_(options.worker),
        environment_(runpod::read_environment(environment)),
        kind_(worker_kind(said_, environment_)),
        log_(take_over_log()),
        session_(program, options),
        signals_(session_.loop(), {SIGINT, SIGTERM, SIGHUP}, [this](int signal) { on_signal(signal); }) {
    for (const auto& word : said_.ignored) spdlog::info("ignored: {}", word);
  }

  int run() {
    check_settings();
    runpod::LocalTest test;
    if (kind_ == WorkerKind::test) {
      test = read_test();
      if (!test.problem.empty()) {
        write_to_stderr(test.problem + "\n");
        return 1;
      }
    }
    const auto unfit = open();
    if (second_signal_ != 0) return 128 + second_signal_;
    if (unfit) {
      if (kind_ != WorkerKind::queue) throw io::HostError(unfit->reason);
      spdlog::error("this host is not fit: {}", unfit->reason);
      tell_unhealthy(*unfit);  // it has no jobs, and it must not get one
      return kUnfit;
    }
    session_.keep_swept();
    budget_ = std::make_unique<HostBudget>(session_.loop(), host_.engine, session_.scratch());
    leased_ = std::make_unique<LeasedBuilds>(*budget_, session_.engine().images());
    if (host_.sharing) budget_->share_with(host_.sharing->cpus());
    cached_ = std::make_unique<CachedLayers>(session_.loop(), *leased_, host_.image_cache, host_.sharing);
    host_builds_ = std::make_unique<HostBuilds>(session_.loop(), *cached_, host_.sharing,
                                                std::vector{host_.engine.data_root, session_.scratch()});
    builds_ = std::make_unique<sandbox::SharedBuilds>(session_.loop(), *host_builds_);
    Background background;
    place_ = std::unique_ptr<runpod::JobPlace>(new runpod::JobPlace{
        session_.loop(), background, session_.engine(), host_, *budget_, *builds_, *log_, job_settings()});
    const int code = kind_ == WorkerKind::api    ? serve_api()
                     : kind_ == WorkerKind::test ? run_test(test.job)
                                                 : work();
    session_.close_engine();
    return second_signal_ != 0 ? 128 + second_signal_ : code;
  }

 private:
  // Before anything starts: what is wrong here would come out as jobs that are lost, or as a queue that is
  // not trusted.
  void check_settings() const {
    if (!options_.ca_file.empty()) images::check_ca_file("--ca-file", options_.ca_file);
    if (kind_ != WorkerKind::queue) return;
    if (const auto obstacle = runpod::obstacle_to_jobs(environment_); !obstacle.empty())
      throw io::RequestError(obstacle);
  }

  // stdout is the log of an endpoint; where it is data, the log stands aside.
  std::shared_ptr<runpod::Log> take_over_log() const {
    const auto log = std::make_shared<runpod::Log>(kind_ == WorkerKind::test ? stderr : stdout,
                                                   !environment_.endpoint.empty());
    const std::string said = said_.log_level.empty() ? environment_.log_level : said_.log_level;
    const auto level = options_.verbosity > 0 ? spdlog::level::debug
                                              : runpod::level_named(said).value_or(spdlog::level::info);
    log->set_level(level);
    auto logger = std::make_shared<spdlog::logger>("worker", log);
    logger->set_level(level);
    spdlog::set_default_logger(logger);
    return log;
  }

  runpod::LocalTest read_test() const {
    if (!said_.test_input.empty()) return runpod::read_local_test(said_.test_input);
    if (!fs::exists(kTestFile)) return {{}, fmt::format("{} not found, exiting.", kTestFile)};
    return runpod::read_local_test(read_callers_file(kTestFile, "the test input"));
  }

  // Says what `doctor` says: where a worker runs, nobody can ask it.
  std::optional<runpod::Unfit> open() {
    std::vector<Finding> findings;
    std::optional<runpod::Unfit> unfit;
    try {
      const auto& engine = session_.open_engine();
      host_ = session_.job_host();
      // Of no use to whoever sends jobs from elsewhere, and nobody would remove them.
      host_.keeps_logs = kind_ == WorkerKind::test;
      unfit = runpod::find_unfit(environment_, engine, session_.scratch());
      const bool tries = !unfit && kind_ != WorkerKind::test && !environment_.skip_checks;
      findings = tries ? tried(engine) : host_findings(engine, session_.state_folder());
      if (unfit && std::none_of(findings.begin(), findings.end(),
                                [&](const Finding& finding) { return finding.text == unfit->reason; }))
        findings.push_back({Finding::Level::missing, unfit->check, unfit->reason, unfit->remedy});
      if (const auto obstacle = tries ? obstacle_to_attempts(findings) : std::nullopt)
        unfit = runpod::Unfit{"sandbox", obstacle->text, obstacle->remedy};
    } catch (const io::HostError& error) {
      findings.push_back(no_engine(error));
      unfit = runpod::Unfit{"engine", error.what(), findings.back().remedy};
    }
    // A local job's report says which limits do nothing.
    if (unfit || kind_ != WorkerKind::test) tell(findings, unfit.has_value());
    return unfit;
  }

  // Twice where it does not go well: a busy host may have been too slow for it.
  std::vector<Finding> tried(const sandbox::Capabilities& engine) {
    auto findings = examine_host(program_, session_, engine);
    if (second_signal_ == 0 && obstacle_to_attempts(findings))
      findings = examine_host(program_, session_, engine);
    return findings;
  }

  static void tell(const std::vector<Finding>& findings, bool all) {
    for (const auto& finding : findings) {
      auto level = all ? spdlog::level::info : spdlog::level::debug;
      if (finding.level == Finding::Level::warning) level = spdlog::level::warn;
      if (finding.level == Finding::Level::missing) level = spdlog::level::err;
      spdlog::log(level, "{}", sentence(finding));
    }
  }

  void tell_unhealthy(const runpod::Unfit& unfit) const {
    if (environment_.pings)
      runpod::ping_once(
          runpod::Addresses(environment_).unhealthy(unfit.check, unfit.reason, pinger().version), pinger(),
          std::chrono::seconds(2));
  }

  runpod::Pinger pinger() const {
    return {environment_.key, user_agent(program_.version, environment_), "orchestrator/" + program_.version,
            options_.ca_file};
  }

  runpod::JobSettings job_settings() const {
    runpod::JobSettings settings;
    settings.environment = environment_;
    settings.version = program_.version;
    settings.scratch = session_.scratch();
    settings.admission = admission();
    settings.defaults = service_defaults(environment);
    settings.credential = gather_service_credential(options_, environment);
    settings.access = gather_service_access(options_);
    settings.ca_file = options_.ca_file;
    settings.result_bytes = said_.result_bytes;
    if (std::error_code none; kind_ == WorkerKind::queue && fs::is_directory(said_.volume, none))
      settings.volume = said_.volume;
    settings.private_urls = said_.private_urls;
    settings.getenv = environment;
    return settings;
  }

  Admission admission() const {
    CommandLine::Serve said = options_.serve;
    add_from("ORCHESTRATOR_ALLOW_REPO_HOSTS", said.repository_hosts);
    add_from("ORCHESTRATOR_ALLOW_IMAGES", said.images);
    add_from("ORCHESTRATOR_ALLOW_NETWORKS", said.networks);
    add_from("ORCHESTRATOR_ALLOW_SECRETS", said.secrets);
    Admission admission = admission_of(said, host_.engine);
    admission.ssh_host = gather_service_access(options_).host;
    return admission;
  }

  int run_test(const runpod::TakenJob& taken) {
    std::optional<runpod::JobResult> result;
    runpod::RunpodJob job(
        *place_, taken, runpod::Sender::here, [&](const Event& event) { tell(taken.id, event); },
        [&result](runpod::JobResult ended) { result = std::move(ended); });
    on_first_ = [&job] { job.stop("the worker was stopped"); };
    on_second_ = [&job] { job.kill(); };
    job.start();
    if (first_signal_ != 0) on_first_();
    session_.loop().run_until([&] { return result.has_value(); });
    on_first_ = on_second_ = nullptr;
    std::cout << result->body(said_.result_bytes) << "\n";
    if (first_signal_ != 0) return 128 + first_signal_;
    return result->error.empty() ? 0 : 1;
  }

  void tell(const std::string& job, const Event& event) const {
    if (event.type == "layer_started")
      log_->about(job, spdlog::level::info, event.data.at("title").get<std::string>());
    if (event.type == "attempt_finished")
      log_->about(job, spdlog::level::info,
                  fmt::format("attempt {}: {} ({} of {})", event.data.at("attempt").get<int>(),
                              event.data.at("outcome").get<std::string>(), event.data.at("done").get<int>(),
                              event.data.at("runs").get<int>()));
  }

  int serve_api() {
    const auto settings = api_settings(said_, environment_);
    runpod::LocalApi api(*place_, settings);
    on_first_ = [&] { api.drain(drain_time()); };
    on_second_ = [&] { api.leave(); };
    api.start();
    if (first_signal_ != 0) on_first_();
    write_to_stderr(
        fmt::format("orchestrator worker serves at http://{}:{}\n", settings.address, api.port()));
    session_.loop().run_until([&] { return second_signal_ != 0 || api.ended(); });
    on_first_ = on_second_ = nullptr;
    return 0;
  }

  int work() {
    const runpod::Addresses addresses(environment_);
    runpod::QueueClient queue(session_.loop(), addresses, environment_.key, pinger().user_agent,
                              options_.ca_file);
    std::unique_ptr<runpod::Heartbeat> heartbeat;
    if (environment_.pings)
      heartbeat = std::make_unique<runpod::Heartbeat>(addresses, pinger(), environment_.ping_interval);
    runpod::WorkerSettings settings;
    settings.jobs =
        said_.jobs > 0 ? said_.jobs : runpod::jobs_for(host_.engine.cpus, host_.engine.memory_bytes);
    settings.stream = said_.stream;
    settings.refresh = said_.refresh;
    runpod::RunpodWorker worker(*place_, queue, heartbeat.get(), settings);
    on_first_ = [&] { worker.drain(drain_time()); };
    on_second_ = [&] { worker.leave(); };
    spdlog::info("worker {} takes up to {} jobs at once", environment_.worker, settings.jobs);
    if (first_signal_ == 0)
      worker.start();
    else
      worker.drain({});
    session_.loop().run_until([&] { return worker.ended(); });
    on_first_ = on_second_ = nullptr;
    if (worker.unfit()) {
      heartbeat.reset();  // no ping that says otherwise comes after it
      tell_unhealthy(*worker.unfit());
      return kUnfit;
    }
    return worker.refused() ? kNotWanted : 0;
  }

  std::chrono::milliseconds drain_time() const {
    return std::chrono::milliseconds(static_cast<std::int64_t>(said_.drain_s * 1000));
  }

  // The first: what runs may go on for a while, and what is known is delivered. The second: at once.
  void on_signal(int signal) {
    if (first_signal_ == 0) {
      first_signal_ = signal;
      spdlog::warn("signal {}: no more jobs are taken; running attempts may go on for {} s", signal,
                   said_.drain_s);
      if (on_first_) on_first_();
      return;
    }
    second_signal_ = signal;
    if (on_second_) on_second_();
  }

  const Program& program_;
  const CommandLine& options_;
  const CommandLine::Worker& said_;
  const Environment environment_;
  const WorkerKind kind_;
  const std::shared_ptr<runpod::Log> log_;
  Session session_;
  io::Signals signals_;  // before any thread is made
  JobHost host_;
  std::unique_ptr<HostBudget> budget_;
  std::unique_ptr<LeasedBuilds> leased_;
  std::unique_ptr<CachedLayers> cached_;
  std::unique_ptr<HostBuilds> host_builds_;
  std::unique_ptr<sandbox::SharedBuilds> builds_;
  std::unique_ptr<runpod::JobPlace> place_;
  std::function<void()> on_first_, on_second_;
  int first_signal_ = 0, second_signal_ = 0;
};

}  // namespace

int worker_command(const Program& program, const CommandLine& options) {
  raise_open_files();
  return WorkerMode(program, options).run();
}

}  // namespace orchestrator
