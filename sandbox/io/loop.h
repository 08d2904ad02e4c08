// The one loop: timers, posted functions, children and (in CurlLoop) every HTTP transfer happen on its
// thread. Everything sleeps until the next deadline or event; nothing ticks. `post` and `wake` alone may be
// called from other threads.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace io {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

// Letting go cancels.
class Timer {
 public:
  virtual ~Timer() = default;
};

// Letting go stops watching.
class Watch {
 public:
  virtual ~Watch() = default;
};

class Loop {
 public:
  virtual ~Loop() = default;
  virtual TimePoint now() const = 0;
  virtual std::unique_ptr<Timer> call_at(TimePoint when, std::function<void()> fn) = 0;
  virtual void post(std::function<void()> fn) = 0;  // any thread; runs on the loop's, in order
  // Calls `fn` each time that the descriptor is readable (or its peer has closed).
  virtual std::unique_ptr<Watch> watch_readable(int fd, std::function<void()> fn) = 0;
  // Handles events until `done` returns true; it is asked after every event.
  virtual void run_until(const std::function<bool()>& done) = 0;

  std::unique_ptr<Timer> call_after(Clock::duration delay, std::function<void()> fn) {
    return call_at(now() + delay, std::move(fn));
  }
};

// Starts an asynchronous call and handles events until it has answered. For a mode's entry, where nothing
// else is there to wait for; never from inside a callback.
template <class T, class StartFn>
T await(Loop& loop, StartFn&& start) {
  auto slot = std::make_shared<std::unique_ptr<T>>();
  start([slot](T value) { *slot = std::make_unique<T>(std::move(value)); });
  loop.run_until([&] { return *slot != nullptr; });
  return std::move(**slot);
}

}  // namespace io
