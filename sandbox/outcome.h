// How an execution ended, and what that says. `ExecutionResult` is what was seen; `classify` is the pure
// function from it to an `Outcome`. What a test did is a value, never an exception.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sandbox {

enum class Outcome {
  passed,
  failed,
  timed_out,
  out_of_memory,
  output_limit,
  disk_limit,
  pids_limit,
  not_runnable,          // the command itself cannot be started: a set-up error
  infrastructure_error,  // engine, image, host
  cancelled,             // a person, a deadline, a signal
};

std::string_view name(Outcome outcome);  // "passed", "timed_out", …: the report's words
std::optional<Outcome> outcome_from_name(std::string_view name);
bool is_evidence(Outcome outcome);  // does it say something about the test?

// Why we ended an execution. The first reason given stays.
enum class StopReason { timeout, output_limit, disk_limit, cancelled };

// Why the command could not be started at all, as the supervisor saw it.
struct StartFailure {
  int error_number = 0;  // errno of execve
  std::string message;   // "pytest: No such file or directory"
};

struct ExitStatus {
  int code = 0;  // exit code; 128 + signal when a signal ended it
  std::optional<int> signal;
};

struct Usage {
  std::optional<std::int64_t> cpu_ms;
  std::optional<std::int64_t> peak_memory_bytes;
  std::string peak_memory_source;  // "cgroup v1 max_usage_in_bytes", "cgroup v2 memory.peak", "rusage maxrss"
};

// Kernel counters of the attempt's own namespaces and cgroup at its end: proof that isolation refused
// something.
struct Refusals {
  std::uint64_t no_route = 0;     // packets without a route (IPv4 + IPv6)
  std::uint64_t dns_refused = 0;  // datagrams to a closed port of loopback: a resolver that is not there
  std::uint64_t pids = 0;         // forks refused by the pids limit
  std::uint64_t memory = 0;       // times that the memory limit was hit
  std::uint64_t oom_kills = 0;
  std::uint64_t tmp_full = 0;  // 1 when /tmp had no free block left at the end
};

struct ExecutionResult {
  std::optional<ExitStatus> exit;  // absent when it never ran or nobody saw its end
  bool exit_before_stop = false;   // the engine stamped the end before our stop was sent
  std::optional<StopReason> stop;  // the first reason that we (or the supervisor's own deadline) had
  std::optional<StartFailure> start_failure;
  bool oom_killed = false;                    // the engine's flag, or the cgroup's counter
  std::optional<std::string> infrastructure;  // what of engine, image or host broke; wins over all else
  std::chrono::system_clock::time_point started_at{};  // by the engine's clock
  std::chrono::system_clock::time_point finished_at{};
  std::chrono::milliseconds duration{0};
  Usage usage;
  Refusals refusals;
  std::uint64_t stdout_bytes = 0;  // all that was written, kept or not
  std::uint64_t stderr_bytes = 0;
  std::uint64_t stdout_dropped = 0;  // of those, counted only: past what is kept
  std::uint64_t stderr_dropped = 0;
  bool frames_broken = false;      // the frame stream ended early or was malformed
  std::vector<std::string> notes;  // for the report: what was lost or unusual, in sentences
};

// An exit that was stamped before our stop wins; otherwise the first stop reason decides; an OOM kill counts
// only when the execution did not pass.
Outcome classify(const ExecutionResult& result);

}  // namespace sandbox
