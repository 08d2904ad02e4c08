#include "orchestrator/service/local_worker.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <limits>

#include "orchestrator/report/times.h"
#include "orchestrator/run/failure_of.h"
#include "orchestrator/run/runpod_error.h"
#include "sandbox/io/json_text.h"

namespace orchestrator {
namespace {

constexpr auto kWriteEvery = std::chrono::milliseconds(200);
constexpr int kTellOutput = 5;  // tries to write the end of a job before its output is given up
constexpr std::chrono::seconds kTellPause{1}, kLongestTellPause{60};
constexpr std::size_t kOutputText = 4'096;  // bytes of one event's text that are kept

StoredEvent stored(const std::string& job, const std::string& worker, const Event& event) {
  nlohmann::json data = event.data;
  if (event.type == "job_started") data["worker"] = worker;  // as of workers elsewhere
  if (const auto text = data.find("text"); text != data.end() && text->is_string()) {
    const auto& whole = text->get_ref<const std::string&>();
    if (whole.size() > kOutputText) *text = to_utf8(whole.substr(0, kOutputText)) + "…";
  }
  return {0, job, epoch_ms(event.time), event.type, io::json_text(data)};
}

// The oldest hand-out of a job whose result somebody still waits for, by its row.
std::int64_t first_wanted(const std::optional<StoredJob>& job) {
  if (!job) return std::numeric_limits<std::int64_t>::max();
  return job->state == JobState::running ? job->epoch : job->epoch + 1;
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
    worker.unwritten_.push_back(stored(job_.id, worker.settings_.name, event));
    if (event.type == "attempt_finished") chunks.push_back(io::json_text(event.data));
    if (const auto now = progress_of(event)) progress = io::json_text(*now);
    worker.write_soon();
  }

  StoredJob job_;
  HostedJob hosted_;
  std::unique_ptr<io::Timer> overrun_;
  bool overran_ = false;
};

// What the queue is to be told of a hand-out that is over.
struct LocalWorker::End {
  HandOut job;
  bool to_give_back = false;  // as long as the queue takes it
  JobState state = JobState::completed;
  std::string output, error;
  std::int64_t left_bytes = 0, log_bytes = 0;
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
      budget_(loop, host.engine, settings_.scratch),
      leased_(budget_, engine.images()),
      cached_(loop, leased_, host.image_cache, host.sharing),
      host_builds_(loop, cached_, host.sharing, {host.engine.data_root, settings_.scratch}),
      builds_(loop, host_builds_),
      self_(std::make_shared<LocalWorker*>(this)) {
  if (host.sharing) budget_.share_with(host.sharing->cpus());
}

LocalWorker::~LocalWorker() { *self_ = nullptr; }

void LocalWorker::job_changed(const std::string& id) {
  loop_.post([self = self_, id] {
    if (*self) (*self)->check(id);
  });
}

void LocalWorker::check(const std::string& id) {
  if (!has(id)) return look();
  background_.post([this, self = self_, id] {
    const HandOut wanted{id, first_wanted(queue_.find(id))};
    loop_.post([self, wanted] {
      if (*self) (*self)->stop_before(wanted);
    });
  });
}

// Somebody cancelled them, or time did. Newer ones were taken after the queue was asked.
void LocalWorker::stop_before(const HandOut& wanted) {
  const auto is_unwanted = [&](const StoredJob& job) {
    return job.id == wanted.id && job.epoch < wanted.epoch;
  };
  std::erase_if(waiting_, is_unwanted);
  for (const auto& each : active_)
    if (is_unwanted(each->job())) each->hosted().stop(RunEnd::cancelled, "the job was cancelled");
}

bool LocalWorker::has(const std::string& id) const {
  return std::any_of(active_.begin(), active_.end(), [&](const auto& each) { return each->job().id == id; });
}

void LocalWorker::look() {
  // Long jobs of one client keep nobody else out: CPUs and memory are shared among all that run.
  const int active = static_cast<int>(active_.size() + waiting_.size());
  const Whose whose = active < settings_.jobs ? Whose::all : Whose::others;
  if (!taking_ || !able_ || active >= 2 * settings_.jobs) return;
  if (std::exchange(asking_, true)) {
    again_ = true;
    return;
  }
  struct Answer {
    std::vector<StoredJob> taken;
    std::optional<Milliseconds> pause;
  };
  ask(
      background_, loop_, self_, "no job could be taken",
      [this, whose] {
        Answer answer{queue_.take("", settings_.name, 1, whose), std::nullopt};
        if (answer.taken.empty()) answer.pause = queue_.next_pause_ends_in();
        return answer;
      },
      [](LocalWorker& self, const Answer& answer) {
        self.asking_ = false;
        for (const auto& job : answer.taken) self.begin(job);
        if (answer.pause) self.look_after(*answer.pause);
        if (std::exchange(self.again_, false)) self.look();
      });
}

void LocalWorker::look_after(Milliseconds pause) {
  pause_ = loop_.call_after(std::chrono::milliseconds(pause), [this] { look(); });
}

void LocalWorker::set_able(bool able) {
  able_ = able;
  look();
}

// Of all its hand-outs; empty: none are kept.
std::string LocalWorker::reports_of(const StoredJob& job) const {
  return settings_.reports.empty() ? "" : fmt::format("{}/{}", settings_.reports, job.id);
}

// What an earlier hand-out has left would be read as what this one has come to, also when this one never
// comes to anything.
void LocalWorker::remove_reports_of(const StoredJob& job) const {
  std::error_code ignored;
  if (const auto folder = reports_of(job); !folder.empty()) std::filesystem::remove_all(folder, ignored);
}

HostedJobSpec LocalWorker::spec_of(const StoredJob& job) const {
  HostedJobSpec spec;
  spec.id = job.id;
  // An earlier hand-out may still be cleaning up.
  spec.scratch = fmt::format("{}/{}-{}", settings_.scratch, job.id, job.epoch);
  spec.reports = reports_of(job);
  spec.credential = settings_.credential;
  spec.access = settings_.access;
  spec.ca_file = settings_.ca_file;
  spec.allowed_hosts = settings_.admission.repository_hosts;
  if (!spec.reports.empty()) spec.logs = HostedJob::logs_folder(spec.reports);
  spec.program_version = settings_.version;
  spec.claimant = {job.client, job.low_priority};
  spec.said = request_of(job);
  if (!spec.said.secret_env.empty() && settings_.secrets)
    spec.secret_values = settings_.secrets(spec.said.secret_env);
  return spec;
}

// Throws InvalidJob. Whether its author may name a folder of this host was asked as it came in.
JobRequest LocalWorker::request_of(const StoredJob& job) const {
  JobReading reading = read_job(job.input, UnknownFields::warn, "", job.input.size());
  for (auto& error : refusals(reading.request, settings_.admission, true))
    add_error(reading.errors, std::move(error));
  return combine({reading, {settings_.defaults, {}}});
}

// All hand-outs of a job have one folder for reports and logs: the next waits until the last has let go of
// it.
void LocalWorker::begin(const StoredJob& job) {
  if (has(job.id))
    waiting_.push_back(job);
  else
    run(job);
  look();
}

void LocalWorker::begin_waiting() {
  const auto next =
      std::find_if(waiting_.begin(), waiting_.end(), [this](const StoredJob& job) { return !has(job.id); });
  if (next == waiting_.end()) return;
  const StoredJob job = std::move(*next);
  waiting_.erase(next);
  run(job);
  begin_waiting();
}

void LocalWorker::run(const StoredJob& job) {
  spdlog::info("job {} of {} begins (hand-out {})", job.id, job.client, job.epoch);
  remove_reports_of(job);
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
    flush();  // what has happened before the end
    std::erase_if(active_, [&](const auto& each) { return each->job().id == job.id; });
    over(job, false,
         {.error = failure.message, .error_kind = failure.kind, .host_failed = failure.kind == "host"});
  }
}

void LocalWorker::ended(Active& active, HostedResult result) {
  flush();
  const StoredJob job = active.job();
  const bool overran = active.overran();
  std::erase_if(active_, [&](const auto& each) { return each.get() == &active; });
  over(job, overran, std::move(result));
  begin_waiting();
  look();
}

void LocalWorker::over(const StoredJob& job, bool overran, HostedResult result) {
  const HandOut hand_out{job.id, job.epoch};
  if (stopping_ && result.interrupted) {
    spdlog::info("job {} is interrupted", job.id);
    if (settings_.fails_interrupted) return;  // by the next start, which finds that it ran
    return background_.post([this, hand_out] { queue_.give_back(hand_out.id, hand_out.epoch); });
  }
  if (result.host_failed && settings_.look_at_host) {
    able_ = false;  // until that has said otherwise
    settings_.look_at_host();
  }
  End end{.job = hand_out,
          .output = std::move(result.summary),
          .left_bytes = result.left_bytes,
          .log_bytes = result.log_bytes};
  // Not its fault, and over soon; a defect would come again.
  end.to_give_back = result.host_failed && result.total_runs == 0 && !overran &&
                     result.error_kind != "defect" && !result.lasting;
  if (overran)
    end.error = "executionTimeout exceeded";
  else if (!result.error.empty())
    end.error = runpod_error({result.error_kind, result.error, 0}, settings_.version, "", settings_.name);
  else if (end.to_give_back)  // as often as the queue takes it; nothing has run, so nothing is completed
    end.error = runpod_error({"host", result.host_reason, 0}, settings_.version, "", settings_.name);
  if (!end.error.empty()) end.state = JobState::failed;
  spdlog::info("job {} ends: {}{}", job.id, end.to_give_back ? "the host has failed" : name(end.state),
               result.error.empty() ? "" : ", " + result.error);
  tell_end(std::make_shared<const End>(std::move(end)), 1);
}

// The result of hours is not lost to a database that is full or busy for a while.
void LocalWorker::tell_end(std::shared_ptr<const End> end, int tries) {
  untold_[end->job] = nullptr;
  ask(
      background_, loop_, self_, "the end of a job was not written",
      [this, end] {
        const auto& [id, epoch] = end->job;
        if (!end->to_give_back || !queue_.give_back(id, epoch, GivenBack::host_failed))
          queue_.finish(id, epoch, end->state, end->output, end->error, end->left_bytes, end->log_bytes);
        return true;
      },
      [end, tries](LocalWorker& self, bool told) {
        if (told)
          self.untold_.erase(end->job);
        else
          self.tell_end_later(end, tries);
      });
}

void LocalWorker::tell_end_later(std::shared_ptr<const End> end, int tries) {
  if (tries == kTellOutput) {
    // A sentence may find room where a report does not.
    const Failure failure{"host", "the result of the job could not be written", 0};
    end =
        std::make_shared<const End>(End{.job = end->job,
                                        .state = JobState::failed,
                                        .error = runpod_error(failure, settings_.version, "", settings_.name),
                                        .left_bytes = end->left_bytes,
                                        .log_bytes = end->log_bytes});
  }
  const auto pause = std::min(kLongestTellPause, kTellPause * (1 << std::min(tries - 1, 6)));
  untold_[end->job] = loop_.call_after(pause, [this, end, tries] { tell_end(end, tries + 1); });
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
