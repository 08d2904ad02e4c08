// What one execution may use at most. The values are the defaults of an attempt; an install step has its own
// (`install_limits`). Every limit has a unit in its name or beside it.
#pragma once

#include <chrono>
#include <cstdint>

namespace sandbox {

inline constexpr std::int64_t kKiB = 1024;
inline constexpr std::int64_t kMiB = 1024 * kKiB;
inline constexpr std::int64_t kGiB = 1024 * kMiB;

struct Limits {
  std::int64_t memory_bytes = 2 * kGiB;  // with swap: swapping would turn an out-of-memory into a time-out
  double cpus = 1.0;                     // CPU seconds per second
  std::int64_t pids = 512;               // processes and threads
  std::int64_t nofile = 4096;            // open files; hosts may forbid more than 20,000
  std::int64_t tmp_bytes = 512 * kMiB;   // /tmp, a tmpfs: counts as memory
  std::int64_t shm_bytes = 64 * kMiB;    // /dev/shm
  std::int64_t disk_bytes = 4 * kGiB;    // written to the container's own root; sampled where no quota exists
  std::chrono::milliseconds timeout{300'000};
  std::chrono::milliseconds grace{5'000};      // between TERM and KILL
  std::int64_t output_keep_bytes = 64 * kMiB;  // past this, output is counted and discarded
  std::int64_t output_stop_bytes = 1 * kGiB;   // past this, the execution is stopped
};

// The limits of an install step: more of everything, since a resolver or a compiler is no test.
inline Limits install_limits() {
  Limits limits;
  limits.memory_bytes = 4 * kGiB;
  limits.cpus = 0;  // 0: not limited
  limits.pids = 2048;
  limits.tmp_bytes = 2 * kGiB;
  limits.disk_bytes = 10 * kGiB;
  limits.timeout = std::chrono::minutes(15);
  return limits;
}

}  // namespace sandbox
