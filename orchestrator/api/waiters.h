// Answers that wait for something to happen to a job: each is tried when the job changes, and once more when
// its time is over. No thread waits. Any thread may call.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace orchestrator {

class Waiters {
 public:
  // Tries to answer; `last`: it must now. Returns whether it did. Never called twice at once, nor after it
  // did; it may itself change jobs.
  using Attempt = std::function<bool(bool last)>;
  using CallAfter = std::function<void(std::chrono::milliseconds, std::function<void()>)>;

  explicit Waiters(CallAfter call_after) : call_after_(std::move(call_after)) {}

  // Tries at once, then on each change of `job`, at last when `time` is over.
  void wait(const std::string& job, std::chrono::milliseconds time, Attempt attempt);
  void changed(const std::string& job);
  // All are answered now, and those that come later at once: who would wait once more asks before.
  void end();
  bool ended() const { return ended_; }
  std::size_t waiting() const;

 private:
  struct Waiter {
    explicit Waiter(Attempt attempt_) : attempt(std::move(attempt_)) {}
    bool try_now(bool last);

   private:
    bool answers(bool last);

    std::mutex mutex;
    Attempt attempt;  // empty once it has answered; called by whoever has set `busy`
    bool busy = false, again = false, at_last = false;  // guarded by mutex
  };
  void forget(const std::string& job, const std::shared_ptr<Waiter>& waiter);

  CallAfter call_after_;
  std::atomic<bool> ended_{false};
  mutable std::mutex mutex_;
  std::multimap<std::string, std::shared_ptr<Waiter>> waiters_;  // guarded by mutex_
};

}  // namespace orchestrator
