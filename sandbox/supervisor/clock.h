// Deadlines are counted on the monotonic clock: a test may see another wall clock, and a host's may jump.
#pragma once

#include <time.h>

#include <algorithm>
#include <cstdint>

namespace supervisor {

inline std::int64_t now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

// What poll() wants to hear to wake at `deadline_ms`.
inline int poll_timeout(std::int64_t deadline_ms) {
  // One more than the difference: the clock was cut to whole milliseconds, and waking early would spin.
  return static_cast<int>(std::clamp<std::int64_t>(deadline_ms - now_ms() + 1, 0, 3'600'000));
}

}  // namespace supervisor
