// A loop whose clock the test moves. Nothing sleeps: advance() runs what is due, in order.
#pragma once

#include <deque>
#include <map>
#include <stdexcept>

#include "sandbox/io/loop.h"

namespace testing_support {

class FakeLoop : public io::Loop {
 public:
  io::TimePoint now() const override { return now_; }

  std::unique_ptr<io::Timer> call_at(io::TimePoint when, std::function<void()> fn) override {
    auto entry = std::make_shared<std::function<void()>>(std::move(fn));
    timers_.emplace(when, entry);
    return std::make_unique<Handle>(std::move(entry));
  }

  void post(std::function<void()> fn) override { posted_.push_back(std::move(fn)); }

  std::unique_ptr<io::Watch> watch_readable(int, std::function<void()>) override {
    throw std::logic_error("the fake loop watches no descriptors");
  }

  // Runs what was posted and, when nothing is left, moves the clock to the next timer.
  void run_until(const std::function<bool()>& done) override {
    while (!done()) {
      if (run_posted()) continue;
      if (!run_next_timer(io::TimePoint::max())) throw std::logic_error("the fake loop would sleep for ever");
    }
  }

  void settle() {
    while (run_posted()) {
    }
  }

  void advance(io::Clock::duration by) {
    const io::TimePoint until = now_ + by;
    do settle();
    while (run_next_timer(until));
    now_ = until;
    settle();
  }

 private:
  class Handle : public io::Timer {
   public:
    explicit Handle(std::shared_ptr<std::function<void()>> entry) : entry_(std::move(entry)) {}
    ~Handle() override { *entry_ = nullptr; }

   private:
    std::shared_ptr<std::function<void()>> entry_;
  };

  bool run_posted() {
    if (posted_.empty()) return false;
    const auto fn = std::move(posted_.front());
    posted_.pop_front();
    fn();
    return true;
  }

  bool run_next_timer(io::TimePoint until) {
    while (!timers_.empty() && !*timers_.begin()->second) timers_.erase(timers_.begin());
    if (timers_.empty() || timers_.begin()->first > until) return false;
    now_ = std::max(now_, timers_.begin()->first);
    const auto entry = timers_.begin()->second;
    timers_.erase(timers_.begin());
    if (const auto fn = std::exchange(*entry, nullptr)) fn();
    return true;
  }

  io::TimePoint now_{std::chrono::hours(1)};
  std::multimap<io::TimePoint, std::shared_ptr<std::function<void()>>> timers_;
  std::deque<std::function<void()>> posted_;
};

}  // namespace testing_support
