#include "sandbox/outcome.h"

#include <array>
#include <utility>

namespace sandbox {
namespace {

constexpr std::array<std::pair<Outcome, std::string_view>, 10> kNames{{
    {Outcome::passed, "passed"},
    {Outcome::failed, "failed"},
    {Outcome::timed_out, "timed_out"},
    {Outcome::out_of_memory, "out_of_memory"},
    {Outcome::output_limit, "output_limit"},
    {Outcome::disk_limit, "disk_limit"},
    {Outcome::pids_limit, "pids_limit"},
    {Outcome::not_runnable, "not_runnable"},
    {Outcome::infrastructure_error, "infrastructure_error"},
    {Outcome::cancelled, "cancelled"},
}};

Outcome of_stop(StopReason reason) {
  switch (reason) {
    case StopReason::timeout:
      return Outcome::timed_out;
    case StopReason::output_limit:
      return Outcome::output_limit;
    case StopReason::disk_limit:
      return Outcome::disk_limit;
    case StopReason::cancelled:
      return Outcome::cancelled;
  }
  return Outcome::cancelled;
}

}  // namespace

std::string_view name(Outcome outcome) {
  for (const auto& [value, text] : kNames)
    if (value == outcome) return text;
  return "unknown";
}

std::optional<Outcome> outcome_from_name(std::string_view text) {
  for (const auto& [value, known] : kNames)
    if (known == text) return value;
  return std::nullopt;
}

bool is_evidence(Outcome outcome) {
  return outcome != Outcome::not_runnable && outcome != Outcome::infrastructure_error &&
         outcome != Outcome::cancelled;
}

Outcome classify(const ExecutionResult& result) {
  if (result.infrastructure) return Outcome::infrastructure_error;
  if (result.start_failure) return Outcome::not_runnable;
  const bool stopped = result.stop && !result.exit_before_stop;
  if (stopped) return of_stop(*result.stop);
  if (!result.exit) return Outcome::infrastructure_error;
  if (result.exit->code == 0) return Outcome::passed;
  if (result.oom_killed) return Outcome::out_of_memory;
  if (result.refusals.pids > 0) return Outcome::pids_limit;
  return Outcome::failed;
}

}  // namespace sandbox
