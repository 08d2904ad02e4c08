#include "orchestrator/runpod/runpod_worker.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "orchestrator/runpod/bodies.h"
#include "sandbox/io/error.h"

namespace orchestrator::runpod {
namespace {

constexpr const char* kStops = "the worker was stopped";

}  // namespace

int jobs_for(int cpus, std::int64_t memory_bytes) {
  constexpr int kAttempts = 4;  // of a job at once, with an attempt's default limits
  const auto by_memory = static_cast<int>(memory_bytes / (kAttempts * sandbox::Limits().memory_bytes));
  return std::clamp(std::min(cpus / kAttempts, by_memory), 1, 16);
}

// A job from its taking until its result is delivered, or nobody wants it.
class RunpodWorker::Held {
 public:
  Held(RunpodWorker& worker, TakenJob job)
      : worker_(worker),
        tells_attempts_(worker.settings_.stream || job.wants_attempts),
        posts_(worker.place_.loop, worker.queue_, job.id,
               {[this] { worker_.drop(id(), "the queue does not know it any more"); },
                [this](const std::string& sentence) { say(spdlog::level::warn, sentence); }}),
        job_(
            worker.place_, std::move(job), Sender::elsewhere, [this](const Event& event) { happened(event); },
            [this](JobResult result) { ended(std::move(result)); }) {}

  const std::string& id() const { return job_.id(); }
  RunpodJob& job() { return job_; }
  JobPosts& posts() { return posts_; }
  bool wanted() const { return wanted_; }
  bool over() const { return over_; }
  void unwanted() { wanted_ = false; }
  void say(spdlog::level::level_enum level, const std::string& message) const {
    worker_.place_.log.about(job_.job(), level, message);
  }

 private:
  void happened(const Event& event) {
    if (!wanted_) return;
    if (event.type == "attempt_finished") {
      say(spdlog::level::debug, fmt::format("attempt {}: {}", event.data.at("attempt").get<int>(),
                                            event.data.at("outcome").get<std::string>()));
      if (tells_attempts_) posts_.chunk(event.data);
    }
    if (const auto now = progress_of(event)) posts_.progress(*now);
  }

  void ended(JobResult result) {
    over_ = true;
    if (result.host_failed) worker_.look_at_host();
    if (!wanted_) return worker_.forget(*this);
    say(spdlog::level::info, result.error.empty() ? result.interrupted ? "interrupted" : "done" : "failed");
    const bool streamed = result.as_list = worker_.settings_.stream;
    const auto body = [result, stop_pod = worker_.settings_.refresh](std::size_t most) {
      return result.body(most, stop_pod);
    };
    posts_.finish({body(worker_.place_.settings.result_bytes), body, streamed}, [this](bool delivered) {
      say(delivered ? spdlog::level::info : spdlog::level::err,
          delivered ? "its result is delivered" : "its result could not be delivered");
      worker_.forget(*this);
    });
  }

  RunpodWorker& worker_;
  const bool tells_attempts_;
  JobPosts posts_;
  RunpodJob job_;
  bool wanted_ = true, over_ = false;
};

RunpodWorker::RunpodWorker(JobPlace& place, QueueClient& queue, Heartbeat* heartbeat, WorkerSettings settings)
    : place_(place),
      queue_(queue),
      heartbeat_(heartbeat),
      settings_(settings),
      self_(std::make_shared<RunpodWorker*>(this)) {}

RunpodWorker::~RunpodWorker() { *self_ = nullptr; }

void RunpodWorker::take() {
  const int free =
      (settings_.refresh ? 1 : settings_.jobs) - static_cast<int>(held_.size() + waiting_.size());
  if (!taking_ || looking_ || taking_call_ || take_later_ || free <= 0) return;
  taking_call_ =
      queue_.take(free, !held_.empty(), [this, asked = place_.loop.now()](const TakeAnswer& answer) {
        taking_call_.reset();
        took(answer, asked);
      });
}

void RunpodWorker::took(const TakeAnswer& answer, io::TimePoint asked) {
  if (answer.problem != last_problem_ && !answer.problem.empty())
    spdlog::warn("asking for a job: {}", answer.problem);
  last_problem_ = answer.problem;
  for (const auto& job : answer.jobs) begin(job);
  if (settings_.refresh && !held_.empty()) taking_ = false;
  const auto pause = take_policy_.after(answer, asked, place_.loop.now());
  if (!pause) {
    spdlog::error("the queue has refused this worker for minutes ({}): it ends", answer.problem);
    refused_ = true;
    taking_ = false;
    return;
  }
  take_later_ = place_.loop.call_after(*pause, [this] {
    take_later_.reset();
    take();
  });
}

void RunpodWorker::begin(TakenJob job) {
  const Held* const same = held(job.id);
  if (same && (same->wanted() || waits(job.id)))
    return place_.log.about(job, spdlog::level::warn, "it was handed out again while it is held");
  if (same) {
    place_.log.about(job, spdlog::level::warn, "it was handed out again: it begins once it has ended");
    waiting_.push_back(std::move(job));
    return tell_heartbeat();
  }
  held_.push_back(std::make_unique<Held>(*this, std::move(job)));
  Held& begun = *held_.back();
  tell_heartbeat();
  begun.say(spdlog::level::info, "taken");
  begun.job().start();
  watch_stops();
}

void RunpodWorker::begin_waiting() {
  const auto next =
      std::find_if(waiting_.begin(), waiting_.end(), [this](const TakenJob& job) { return !held(job.id); });
  if (next == waiting_.end()) return;
  TakenJob job = std::move(*next);
  waiting_.erase(next);
  begin(std::move(job));
}

RunpodWorker::Held* RunpodWorker::held(const std::string& id) const {
  const auto found =
      std::find_if(held_.begin(), held_.end(), [&](const auto& each) { return each->id() == id; });
  return found == held_.end() ? nullptr : found->get();
}

bool RunpodWorker::waits(const std::string& id) const {
  return std::any_of(waiting_.begin(), waiting_.end(), [&](const TakenJob& job) { return job.id == id; });
}

void RunpodWorker::watch_stops() {
  if (stop_call_ || stop_later_ || held_.empty() || !queue_.addresses().stop()) return;
  stop_call_ = queue_.ask_stop([this](const StopAnswer& answer) {
    stop_call_.reset();
    for (const auto& id : answer.ids) drop(id, "the queue says so");
    stop_later_ = place_.loop.call_after(stop_policy_.after(answer), [this] {
      stop_later_.reset();
      watch_stops();
    });
  });
}

// Stops a job for which nothing is to be posted any more.
void RunpodWorker::drop(const std::string& id, const std::string& why) {
  if (std::erase_if(waiting_, [&](const TakenJob& job) { return job.id == id; }) > 0) tell_heartbeat();
  Held* const dropped = held(id);
  if (!dropped || !dropped->wanted()) return;
  dropped->unwanted();
  dropped->say(spdlog::level::warn, "stopped: " + why);
  tell_heartbeat();
  if (dropped->over()) return forget(*dropped);
  dropped->job().stop("the queue does not want it any more");
}

// Posted: it may be what calls.
void RunpodWorker::forget(Held& held) {
  place_.loop.post([self = self_, which = &held] {
    if (!*self) return;
    RunpodWorker& worker = **self;
    std::erase_if(worker.held_, [which](const auto& each) { return each.get() == which; });
    worker.begin_waiting();
    worker.tell_heartbeat();
    worker.take();
  });
}

// A worker whose engine is gone would fail the whole queue, job by job.
void RunpodWorker::look_at_host() {
  if (std::exchange(looking_, true)) return;
  taking_call_.reset();
  place_.engine.sandbox().probe([self = self_](const io::Result<sandbox::Capabilities>& engine) {
    if (*self) (*self)->looked(engine);
  });
}

void RunpodWorker::looked(const io::Result<sandbox::Capabilities>& engine) {
  looking_ = false;
  if (!engine.ok())
    unfit_ = Unfit{"engine", io::describe(engine.error()), "start or restart the engine, then a worker"};
  else
    unfit_ = find_unfit(place_.settings.environment, engine.value(), place_.settings.scratch);
  if (!unfit_) return take();
  spdlog::error("this host is not fit any more: {} → {}", unfit_->reason, unfit_->remedy);
  taking_ = false;
  take_later_.reset();
}

void RunpodWorker::tell_heartbeat() const {
  if (!heartbeat_) return;
  std::vector<std::string> ids;
  for (const auto& held : held_)
    if (held->wanted()) ids.push_back(held->id());
  for (const TakenJob& job : waiting_) ids.push_back(job.id);
  heartbeat_->set_jobs(ids);
}

void RunpodWorker::drain(std::chrono::milliseconds budget) {
  taking_ = false;
  waiting_.clear();  // the queue misses them in the pings, and hands them out elsewhere
  tell_heartbeat();
  taking_call_.reset();
  take_later_.reset();
  for (const auto& held : held_) {
    held->posts().hurry();
    held->job().start_no_more(kStops);
  }
  budget_ = place_.loop.call_after(budget, [this] {
    for (const auto& held : held_) held->job().stop(kStops);
  });
}

void RunpodWorker::leave() {
  taking_ = false;
  taking_call_.reset();
  waiting_.clear();
  for (const auto& held : held_) held->job().kill();
  left_ = true;
}

}  // namespace orchestrator::runpod
