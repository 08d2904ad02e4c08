#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "orchestrator/cli/ci_outputs.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/progress_modes.h"
#include "orchestrator/cli/terminal.h"

namespace orchestrator {
namespace {

void append_to(EventLog& events, const Failure& failure) {
  events.append(
      "job_failed",
      {{"kind", failure.kind}, {"message", to_utf8(failure.message)}, {"exit_code", failure.exit_code}});
}

// An older result must not be taken for this run's.
void tell_of_usage_error(const UsageError& error, const Failure& failure) {
  if (error.result_file.empty()) return;
  CommandLine line;
  line.ci.result_file = error.result_file;
  try {
    tell_later_steps(line, {nullptr, &failure, failure.exit_code});
  } catch (const std::exception&) {
    // Nothing can stand at that path; the mistake itself has been told.
  }
}

}  // namespace

int tell_failure(const Failure& failure, ProgressMode progress, EventLog& events, ReportFile& file,
                 const std::string& program_version) {
  append_to(events, failure);
  if (progress != ProgressMode::json) write_to_stderr(fmt::format("orchestrator: {}\n", failure.message));
  file.write(failure, program_version);
  return failure.exit_code;
}

int tell_usage_error(const UsageError& error, const std::string& program_version) {
  const Failure failure{"request", error.what(), UsageError::kExitCode};
  if (error.progress == ProgressMode::json) {
    EventLog events;
    const auto json_lines = make_json_progress(write_to_stderr);
    events.subscribe([&](const Event& event) { json_lines->on_event(event); });
    append_to(events, failure);
  } else if (error.log_format == LogFormat::json) {
    spdlog::critical("{}", failure.message);
  } else {
    write_to_stderr(failure.message + "\n");
  }
  ReportFile(error.json_file).write(failure, program_version);
  tell_of_usage_error(error, failure);
  return failure.exit_code;
}

}  // namespace orchestrator
