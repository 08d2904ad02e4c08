#include "orchestrator/service/local_worker.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "orchestrator/report/times.h"
#include "orchestrator/run/failure_of.h"
#include "orchestrator/service/runpod_error.h"
#include "sandbox/io/json_text.h"

namespace orchestrator {
namespace {

constexpr auto kWriteEvery = std::chrono::milliseconds(200);
constexpr std::size_t kOutputText = 4'096;  // bytes of one event's text that are kept

StoredEvent stored(const std::string& job, const Event& event) {
  nlohmann::json data = event.data;
  if (const auto text = data.find("text"); text != data.end() && text->is_string()) {
    const auto& whole = text->get_ref<const std::string&>();
    if (whole.size() > kOutputText) *text = to_utf8(whole.substr(0, kOutputText)) + "…";
  }
  return {0, job, epoch_ms(event.time), event.type, io::json_text(data)};
}

}  // namespace

// A job of the queue while it is ours.
class LocalWorker::Active {
 public:
  Active(LocalWorker& worker, StoredJob job, HostedJobSpec spec)
      : job_(std::move(job)),
        hosted_(
            worker.loop_, worker.background_, worker.engine_, worker.host_, std::move(spec),
            [this, &worker](const Event& event) { happened(worker, event); },
            [this, &worker](HostedResult result) { worker.ended(*this, std::move(result)); }) {
    overrun_ = worker.loop_.call_after(std::chrono::milliseconds(job_.execution_timeout), [this] {
      overran_ = true;
      hosted_.stop(RunEnd::deadline, "executionTimeout exceeded");
    });
  }

  const StoredJob& job() const { return job_; }
  HostedJob& hosted() { return hosted_; }
  bool overran() const { return overran_; }

  // What clients of a stream and of the status are told; written with the next events.
  std::vector<std::string> chunks;
  std::string progress;

 private:
  void happened(LocalWorker& worker, const Event& event) {
    worker.unwritten_.push_back(stored(job_.id, event));
    if (event.type == "attempt_finished") chunks.push_back(io::json_text(event.data));
    if (const auto now = progress_of(event)) progress = io::json_text(*now);
    worker.write_soon();
  }

  StoredJob job_;
  HostedJob hosted_;
  std::unique_ptr<io::Timer> overrun_;
  bool overran_ = false;
};

LocalWorker::LocalWorker(io::Loop& loop, Background& background, sandbox::Engine& engine, const JobHost& host,
                         JobQueue& queue, EventStore& events, LocalWorkerSettings settings)
    : loop_(loop),
      background_(background),
      engine_(engine),
      host_(host),
      queue_(queue),
      events_(events),
      settings_(std::move(settings)),
      budget_(loop, {static_cast<double>(std::max(1, host.engine.cpus)), host.engine.memory_bytes}),
      leased_(budget_, engine.images()),
      builds_(loop, leased_),
      self_(std::make_shared<LocalWorker*>(this)) {}

LocalWorker::~LocalWorker() { *self_ = nullptr; }

void LocalWorker::job_changed(const std::string& id) {
  loop_.post([self = self_, id] {
    if (*self) (*self)->check(id);
  });
}

void LocalWorker::check(const std::string& id) {
  const auto mine =
      std::find_if(active_.begin(), active_.end(), [&](const auto& each) { return each->job().id == id; });
  if (mine == active_.end()) return look();
  // Somebody cancelled it, or time did: nobody waits for its result.
  const std::int64_t epoch = (*mine)->job().epoch;
  background_.post([this, self = self_, id, epoch] {
    const auto job = queue_.find(id);
    if (job && job->epoch == epoch && job->state == JobState::running) return;
    loop_.post([self, id, epoch] {
      if (!*self) return;
      for (const auto& each : (*self)->active_)
        if (each->job().id == id && each->job().epoch == epoch)
          each->hosted().stop(RunEnd::cancelled, "the job was cancelled");
    });
  });
}

void LocalWorker::look() {
  if (!taking_ || asking_ > 0 || static_cast<int>(active_.size()) >= settings_.jobs) return;
  ++asking_;
  background_.post([this, self = self_] {
    std::vector<StoredJob> taken;
    try {
      taken = queue_.take("", settings_.name, 1);
    } catch (const std::exception& error) {
      spdlog::error("no job could be taken: {}", error.what());
    }
    loop_.post([self, taken = std::move(taken)] {
      if (!*self) return;
      --(*self)->asking_;
      for (const auto& job : taken) (*self)->begin(job);
    });
  });
}

HostedJobSpec LocalWorker::spec_of(const StoredJob& job) const {
  HostedJobSpec spec;
  spec.id = job.id;
  spec.scratch = fmt::format("{}/{}", settings_.scratch, job.id);
  spec.reports = settings_.reports.empty() ? "" : fmt::format("{}/{}", settings_.reports, job.id);
  spec.defaults = settings_.defaults;
  spec.credential = settings_.credential;
  spec.ca_file = settings_.ca_file;
  spec.allowed_hosts = settings_.allowed_hosts;
  if (!spec.reports.empty()) spec.logs = spec.reports + "/logs";
  spec.program_version = settings_.version;
  spec.claimant = {job.client, job.low_priority};
  spec.said = combine({read_job(job.input, UnknownFields::warn, "")});  // throws InvalidJob
  if (!spec.said.secret_env.empty() && settings_.secrets)
    spec.secret_values = settings_.secrets(spec.said.secret_env);
  return spec;
}

void LocalWorker::begin(const StoredJob& job) {
  spdlog::info("job {} of {} begins (hand-out {})", job.id, job.client, job.epoch);
  try {
    HostedJobSpec spec = spec_of(job);
    spec.budget = &budget_;
    spec.images = &builds_;
    active_.push_back(std::make_unique<Active>(*this, job, std::move(spec)));
    active_.back()->hosted().start();
    if (stopping_) active_.back()->hosted().stop(RunEnd::cancelled, "the server stops");
    check(job.id);  // it may have been cancelled since it was taken
  } catch (...) {
    // Whatever is the matter with a job is its end, not the server's.
    const Failure failure = failure_of(std::current_exception());
    spdlog::error("job {} cannot begin: {}", job.id, failure.message);
    std::erase_if(active_, [&](const auto& each) { return each->job().id == job.id; });
    tell_end(job, JobState::failed, "", runpod_error(failure, settings_.version, "", settings_.name));
  }
  look();
}

void LocalWorker::tell_end(const StoredJob& job, JobState state, const std::string& summary,
                           const std::string& error) {
  background_.post([this, id = job.id, epoch = job.epoch, state, summary, error] {
    queue_.finish(id, epoch, state, summary, error);
  });
}

void LocalWorker::ended(Active& active, HostedResult result) {
  flush();
  const StoredJob job = active.job();
  const bool ours_to_tell = !stopping_ || !result.interrupted;
  std::string error = result.error;
  JobState state = error.empty() ? JobState::completed : JobState::failed;
  if (active.overran()) {
    state = JobState::failed;
    error = "executionTimeout exceeded";
  } else if (!error.empty()) {
    error = runpod_error({result.error_kind, error, 0}, settings_.version, "", settings_.name);
  }
  spdlog::info("job {} ends: {}{}", job.id, ours_to_tell ? name(state) : "interrupted",
               result.error.empty() ? "" : ", " + result.error);
  std::erase_if(active_, [&](const auto& each) { return each.get() == &active; });
  if (ours_to_tell) tell_end(job, state, result.summary, error);
  look();
}

// Several events in one commit.
void LocalWorker::write_soon() {
  if (!writing_) writing_ = loop_.call_after(kWriteEvery, [this] { flush(); });
}

void LocalWorker::flush() {
  writing_.reset();
  struct Told {
    std::string id;
    std::int64_t epoch;
    std::vector<std::string> chunks;
    std::string progress;
  };
  std::vector<Told> told;
  for (const auto& each : active_)
    if (!each->progress.empty() || !each->chunks.empty())
      told.push_back({each->job().id, each->job().epoch, std::exchange(each->chunks, {}),
                      std::exchange(each->progress, {})});
  background_.post([this, events = std::exchange(unwritten_, {}), told = std::move(told)] {
    events_.append(events);
    for (const auto& each : told) queue_.tell_progress(each.id, each.epoch, each.progress, each.chunks);
  });
}

void LocalWorker::stop(const std::string& reason) {
  taking_ = false;
  stopping_ = true;
  for (const auto& each : active_) each->hosted().stop(RunEnd::cancelled, reason);
}

void LocalWorker::kill() {
  for (const auto& each : active_) each->hosted().kill();
}

}  // namespace orchestrator
