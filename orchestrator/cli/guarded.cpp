#include <fmt/format.h>

#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/terminal.h"
#include "sandbox/io/error.h"

namespace orchestrator {

int guarded(const std::function<int()>& mode) {
  try {
    return mode();
  } catch (...) {
    const Failure failure = failure_of(std::current_exception());
    write_to_stderr(fmt::format("orchestrator: {}\n", failure.message));
    return failure.exit_code;
  }
}

}  // namespace orchestrator
