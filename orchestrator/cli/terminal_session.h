// `replay --shell`: a person at a terminal inside the container, right where the test would start.
#pragma once

#include <string>

#include "orchestrator/cli/job_mode.h"
#include "orchestrator/job/job.h"
#include "sandbox/sandbox.h"

namespace orchestrator {

// The attempt with a shell in the place of its command: bash where the image has it, else sh. The command is
// the shell function `again`. Image, user, folder, network, limits and variables stay, but for TERM
// (`terminal_type`), and for the limits of time and output, which no person keeps. Pure.
sandbox::AttemptSpec with_shell(sandbox::AttemptSpec spec, const TestCommand& command,
                                const std::string& terminal_type);

// Until the shell ends; its exit code. The terminal is as before whatever happens. Throws io::HostError when
// the engine or the container went away, io::SetupError when there is no shell, io::RequestError when stdin
// is no terminal.
int sit_at_terminal(Seat seat, const TestCommand& command);

}  // namespace orchestrator
