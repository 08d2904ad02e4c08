// What the attempt used and what its isolation refused, as the kernel counted it for this container.
#pragma once

#include <cstdint>

#include "sandbox/supervisor/frame_writer.h"

namespace supervisor {

// -1: not known here.
struct Counters {
  std::int64_t cpu_us = -1;       // processor time of the cgroup
  std::int64_t no_route = -1;     // packets without a route, IPv4 and IPv6
  std::int64_t dns_refused = -1;  // datagrams to a closed port: a resolver that is not there
  std::int64_t pids = -1;         // forks refused by the limit
  std::int64_t memory = -1;       // times that the memory limit was hit
  std::int64_t oom_kills = -1;
};

// The cgroup's numbers only as PID 1: elsewhere the cgroup holds more than the attempt.
Counters read_counters();

// Emits the `usage` frame; `before` was read before the command started.
void report_usage(FrameWriter& writer, const Counters& before);

}  // namespace supervisor
