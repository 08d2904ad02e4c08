// Starts the command: pipes for its outputs and records, a session of its own, default signals, and the exact
// errno when it cannot be started.
#pragma once

#include <sys/types.h>

#include "sandbox/io/fd.h"
#include "sandbox/supervisor/terminal.h"

namespace supervisor {

// The pipe for records, as the command's own descriptor, and as a path for what it starts without handing
// that on (Node, tox): it is there for as long as the command is.
inline constexpr const char* kResultFdVariable = "ORCHESTRATOR_RESULT_FD";
inline constexpr const char* kResultPathVariable = "ORCHESTRATOR_RESULT_PATH";

struct StartedCommand {
  enum class Result {
    started,
    not_started,  // execve refused: `error_number` says why
    broken,       // we could not even try (no pipe, no process): `error_number` says why
  };
  Result result = Result::broken;
  int error_number = 0;
  pid_t pid = -1;
  io::Fd out;  // of a command at a terminal: all that it writes there
  io::Fd err;
  io::Fd records;
};

// Waits until execve has succeeded or failed. argv[0] is looked up in PATH of our environment, like execvp
// does. With a `terminal` that is open the command sits at it, without one its stdin is /dev/null.
StartedCommand start_command(char** argv, Terminal& terminal);

}  // namespace supervisor
