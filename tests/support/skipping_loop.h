// The program's own loop with a clock that the test may push ahead: what would come after seconds comes at
// once, while sockets are real. Owned by the test, used on its thread.
#pragma once

#include <functional>
#include <stdexcept>

#include "sandbox/io/curl_loop.h"

namespace testing_support {

class SkippingLoop : public io::CurlLoop {
 public:
  io::TimePoint now() const override { return CurlLoop::now() + skipped_; }
  void skip(io::Clock::duration by) { skipped_ += by; }

  std::unique_ptr<io::Timer> call_at(io::TimePoint when, std::function<void()> fn) override {
    ++timers_made_;
    return CurlLoop::call_at(when, std::move(fn));
  }
  // How many timers were ever made: a test that waits for one knows when to skip past it.
  int timers_made() const { return timers_made_; }

  // Handles events until `done`, which is asked after each. Throws when that takes absurdly long.
  void until(const std::function<bool()>& done) {
    constexpr std::chrono::seconds patience{20};
    const auto start = CurlLoop::now();
    std::unique_ptr<io::Timer> wake_up;
    run_until([&] {
      if (done()) return true;
      if (CurlLoop::now() - start > patience)
        throw std::runtime_error("what the test waits for does not happen");
      wake_up = CurlLoop::call_at(now() + patience, [] {});
      return false;
    });
  }

  // Handles what is there, and what that leads to, as far as it does not wait for a peer.
  void settle() {
    int turns = 0;
    run_until([&] {
      if (turns++ == 4) return true;
      post([] {});  // so that the loop looks at its descriptors and does not sleep
      return false;
    });
  }

 private:
  io::Clock::duration skipped_{0};
  int timers_made_ = 0;
};

}  // namespace testing_support
