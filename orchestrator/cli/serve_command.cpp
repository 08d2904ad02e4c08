#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <iostream>

#include "orchestrator/api/api_server.h"
#include "orchestrator/api/runpod_status.h"
#include "orchestrator/cli/admission_flags.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/job_inputs.h"
#include "orchestrator/cli/open_files.h"
#include "orchestrator/cli/service_manager.h"
#include "orchestrator/cli/session.h"
#include "orchestrator/cli/terminal.h"
#include "orchestrator/report/times.h"
#include "orchestrator/report/words.h"
#include "orchestrator/run/free_space.h"
#include "orchestrator/service/expiry.h"
#include "orchestrator/service/local_worker.h"
#include "orchestrator/service/webhooks.h"
#include "sandbox/io/error.h"
#include "sandbox/io/signals.h"
#include "sandbox/io/soon.h"

namespace orchestrator {
namespace {

namespace fs = std::filesystem;

Milliseconds wall_clock() { return epoch_ms(std::chrono::system_clock::now()); }

std::string serve_folder(const std::string& state) { return make_folder(state + "/serve"); }
std::string database_file(const std::string& folder) { return folder + "/jobs.db"; }

// The server of this host: the queue, those who hand jobs in, and the one who works on them. Where that is
// for workers elsewhere alone, there is no engine either.
class ServeMode {
 public:
  ServeMode(const Program& program, const CommandLine& options)
      : options_(options),
        session_(program, options),
        signals_(session_.loop(), {SIGINT, SIGTERM, SIGHUP}, [this](int signal) { on_signal(signal); }),
        folder_(serve_folder(session_.state_folder())),
        lock_(lock_alone(folder_)),
        database_(database_file(folder_)),
        queue_(database_, queue_limits(options.serve), wall_clock),
        events_(database_),
        history_(database_) {
    if (works_itself())
      open_engine();
    else
      remove_dead_scratch(session_.state_folder());
    api_ = std::make_unique<ApiServer>(
        api_settings(program.version),
        ApiHost{queue_, events_, history_, metrics_, [this] { return not_ready(); },
                [this] { return metrics_text(); }});
    webhooks_ =
        std::make_unique<Webhooks>(session_.loop(), background_, queue_,
                                   WebhookSettings{options.serve.private_webhooks, options.ca_file,
                                                   [](const StoredJob& job) { return runpod_status(job); }});
    expiry_ = std::make_unique<Expiry>(session_.loop(), background_, queue_, wall_clock, retention(),
                                       reports_folder());
    if (works_itself())
      worker_ = std::make_unique<LocalWorker>(session_.loop(), background_, session_.engine(), host_, queue_,
                                              events_, worker_settings(program.version));
  }

  ~ServeMode() { api_->stop(std::chrono::milliseconds(0)); }

  int run() {
    if (draining_) return 0;
    queue_.on_change([this](const std::string& id) {
      api_->job_changed(id);
      if (worker_) worker_->job_changed(id);
      webhooks_changed_.want();
      expiry_->changed();
    });
    events_.on_append([this](const std::vector<StoredEvent>& events) {
      count(events);
      api_->events_came();
    });
    const int left =
        queue_.recover("local", options_.serve.fail_on_restart ? Recovery::fail : Recovery::restart);
    if (left > 0)
      spdlog::warn("{} ran when the server ended last", counted(static_cast<std::uint64_t>(left), "job"));
    api_->start();
    say_where();
    if (worker_) worker_->start();
    webhooks_->look();
    look_at_host();
    notify_service_manager("READY=1");
    expiry_->start();
    session_.loop().run_until([this] { return draining_ && (!worker_ || worker_->idle()); });
    api_->stop(std::chrono::seconds(2));
    if (worker_) session_.close_engine();
    return 0;
  }

 private:
  // A second server would take the first one's running jobs for those of a dead one.
  static io::Fd lock_alone(const std::string& folder) {
    const std::string file = folder + "/lock";
    io::Fd lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock) throw io::HostError(fmt::format("cannot make {}: {}", file, std::strerror(errno)));
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
      throw io::HostError(fmt::format(
          "another orchestrator serves from {}; a second one needs a --state-dir of its own", folder));
    return lock;
  }

  static QueueLimits queue_limits(const CommandLine::Serve& serve) {
    QueueLimits limits;
    limits.queued = serve.waiting;
    limits.queued_of_client = serve.waiting / 5;
    return limits;
  }

  bool works_itself() const { return options_.serve.jobs > 0; }

  void open_engine() {
    session_.open_engine();
    host_ = session_.job_host();
    session_.keep_swept();
  }

  LocalWorkerSettings worker_settings(const std::string& version) {
    LocalWorkerSettings settings;
    settings.jobs = options_.serve.jobs;
    settings.scratch = session_.scratch();
    settings.reports = reports_folder();
    settings.version = version;
    settings.defaults = service_defaults(environment);
    settings.credential = gather_service_credential(options_, environment);
    settings.access = gather_service_access(options_);
    settings.ca_file = options_.ca_file;
    settings.admission = api_->settings().admission;
    settings.secrets = [](const auto& names) { return gather_secrets(names, environment); };
    settings.fails_interrupted = options_.serve.fail_on_restart;
    settings.look_at_host = [this] { look_at_host(); };
    return settings;
  }

  ApiSettings api_settings(const std::string& version) const {
    const CommandLine::Serve& serve = options_.serve;
    ApiSettings settings;
    settings.http.address = serve.address;
    settings.http.port = serve.port;
    settings.http.unix_socket = serve.socket;
    settings.version = version;
    if (!serve.token_file.empty()) settings.tokens = Tokens::read(serve.token_file);
    settings.hosts = serve.hosts;
    settings.reports = reports_folder();
    settings.works_itself = works_itself();
    settings.streams = static_cast<std::size_t>(serve.readers);
    settings.admission = works_itself() ? admission_of(serve, host_.engine) : admission_of(serve);
    settings.admission.ssh_host = gather_service_access(options_).host;
    return settings;
  }

  void say_where() const {
    const CommandLine::Serve& serve = options_.serve;
    const std::string where = serve.socket.empty() ? fmt::format("http://{}:{}",
                                                                 serve.address.find(':') == std::string::npos
                                                                     ? serve.address
                                                                     : "[" + serve.address + "]",
                                                                 api_->port())
                                                   : serve.socket;
    const std::string words = fmt::format("orchestrator serves at {}", where);
    if (options_.log_format != LogFormat::json) return write_to_stderr(words + "\n");
    const auto log = spdlog::default_logger()->clone("orchestrator");
    log->set_level(spdlog::level::info);  // shown however little else is
    log->info("{}", words);
  }

  void count(const std::vector<StoredEvent>& events) {
    for (const auto& event : events) {
      if (event.type != "attempt_finished") continue;
      const auto data = nlohmann::json::parse(event.data, nullptr, false);
      metrics_.attempt_finished(data.value("outcome", ""), data.value("duration_ms", 0.0) / 1000);
    }
  }

  std::string metrics_text() const {
    return metrics_.text(queue_.counts(""), api_->connections(), cpus_leased_,
                         works_itself() ? std::max(1, host_.engine.cpus) : 0);
  }

  // Asked by balancers: engine, disk and database are looked at now and then, not for each of them.
  std::optional<std::string> not_ready() const {
    const std::lock_guard lock(ready_mutex_);
    return not_ready_;
  }

  void look_at_host() {
    ask(
        background_, session_.loop(), self_, "the database was not looked at",
        [this] { return database_.obstacle(); },
        [](ServeMode& self, const std::optional<std::string>& why) {
          if (why) spdlog::warn("{}", *why);
          if (self.worker_) return self.look_at_engine(why.has_value());
          self.set_obstacle(why ? kNoDatabase : disk_obstacle({self.session_.state_folder()}));
        });
    looking_ = session_.loop().call_after(std::chrono::seconds(15), [this] { look_at_host(); });
  }

  void look_at_engine(bool database_fails) {
    cpus_leased_ = worker_->budget().leased().cpus;
    session_.engine().sandbox().probe([this, database_fails](io::Result<sandbox::Capabilities> probed) {
      auto why = disk_obstacle({host_.engine.data_root, session_.state_folder()});
      if (database_fails) why = kNoDatabase;
      if (!probed.ok()) why = "the engine does not answer";
      worker_->set_able(!why);
      set_obstacle(std::move(why));
    });
  }

  void set_obstacle(std::optional<std::string> why) {
    const std::lock_guard lock(ready_mutex_);
    if (why != not_ready_)
      spdlog::warn("{}{}", why.value_or("this host can work again"),
                   why && worker_ ? ": no jobs are taken" : "");
    not_ready_ = std::move(why);
  }

  std::string reports_folder() const { return folder_ + "/reports"; }

  Retention retention() const {
    return {static_cast<Milliseconds>(options_.serve.keep_days * 86'400'000), options_.serve.keep_bytes};
  }

  // The first: no new jobs, those that run go on for a while. The second: at once.
  void on_signal(int signal) {
    if (!api_) {  // the engine is being looked at, and there is nothing yet to end
      draining_ = true;
      return;
    }
    if (draining_) {
      if (!worker_) return;
      worker_->stop("the server was stopped");
      worker_->kill();
      return;
    }
    draining_ = true;
    spdlog::warn("signal {}: no more jobs are taken; those that run may go on for {} s", signal,
                 options_.serve.drain_s);
    api_->drain();
    notify_service_manager("STOPPING=1");
    if (!worker_) return;
    worker_->take_no_more();
    drained_ = session_.loop().call_after(
        std::chrono::milliseconds(static_cast<Milliseconds>(options_.serve.drain_s * 1000)),
        [this] { worker_->stop("the server was stopped"); });
  }

  // To strangers; the log says where it is and what it lacks.
  static inline const std::optional<std::string> kNoDatabase = "the database cannot be written";

  const CommandLine& options_;
  Session session_;
  io::Signals signals_;  // before any thread is made
  std::string folder_;
  io::Fd lock_;
  Database database_;
  JobQueue queue_;
  EventStore events_;
  History history_;
  Metrics metrics_;
  JobHost host_;
  std::unique_ptr<ApiServer> api_;
  std::unique_ptr<LocalWorker> worker_;  // none where this host works on nothing itself
  std::unique_ptr<Webhooks> webhooks_;
  std::unique_ptr<Expiry> expiry_;
  // Many jobs change at once: one look is enough for all.
  io::Soon webhooks_changed_{[this](auto look) { session_.loop().post(std::move(look)); },
                             [this] { webhooks_->look(); }};
  std::unique_ptr<io::Timer> drained_, looking_;
  std::atomic<double> cpus_leased_{0};
  mutable std::mutex ready_mutex_;
  std::optional<std::string> not_ready_;  // guarded by ready_mutex_
  bool draining_ = false;
  std::shared_ptr<ServeMode*> self_ = std::make_shared<ServeMode*>(this);
  Background background_;  // ends first: what it does needs all of the above
};

}  // namespace

int serve_command(const Program& program, const CommandLine& options) {
  raise_open_files();
  return ServeMode(program, options).run();
}

int history_import_command(const CommandLine& options) {
  const std::string state = options.state_dir.empty() ? default_state_folder() : options.state_dir;
  if (!fs::exists(options.history_file))
    throw io::RequestError(fmt::format("{} does not exist", options.history_file));
  Database database(database_file(serve_folder(state)));
  const int came = History(database).import(options.history_file);
  std::cout << fmt::format("{} came; those that were here already were left\n",
                           counted(static_cast<std::uint64_t>(came), "run"));
  return 0;
}

int token_command(const CommandLine& options) {
  const NewToken made = make_token(options.token_name, options.token_scopes);
  write_to_stderr(fmt::format("The token, which is not kept anywhere: {}\n", made.token));
  std::cout << made.line << "\n";
  return 0;
}

}  // namespace orchestrator
