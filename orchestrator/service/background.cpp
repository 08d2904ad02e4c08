#include "orchestrator/service/background.h"

#include <spdlog/spdlog.h>

namespace orchestrator {

void Background::run() {
  for (;;) {
    std::function<void()> fn;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return ending_ || !posted_.empty(); });
      if (posted_.empty()) return;
      fn = std::move(posted_.front());
      posted_.pop_front();
    }
    try {
      fn();
    } catch (const std::exception& error) {
      spdlog::error("in the background: {}", error.what());
    }
  }
}

}  // namespace orchestrator
