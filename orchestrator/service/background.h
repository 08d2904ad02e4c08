// One thread that does in order what the loop's thread must not wait for: commits, report files. Made and
// posted to by the loop's thread; its destructor waits until everything posted is done.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace orchestrator {

class Background {
 public:
  Background() : thread_([this] { run(); }) {}
  ~Background() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  Background(const Background&) = delete;

  void post(std::function<void()> fn) {
    {
      const std::lock_guard lock(mutex_);
      posted_.push_back(std::move(fn));
    }
    changed_.notify_one();
  }

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> posted_;  // guarded by mutex_
  bool ending_ = false;                       // same
  std::thread thread_;
};

}  // namespace orchestrator
