#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/terminal.h"
#include "sandbox/io/error.h"

namespace orchestrator {

int guarded(const std::function<int()>& mode, LogFormat log_format) {
  try {
    return mode();
  } catch (...) {
    const Failure failure = failure_of(std::current_exception());
    if (log_format == LogFormat::json)
      spdlog::critical("{}", failure.message);
    else
      write_to_stderr(fmt::format("orchestrator: {}\n", failure.message));
    return failure.exit_code;
  }
}

}  // namespace orchestrator
