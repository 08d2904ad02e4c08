// The modes of the command line. Each takes the parsed options and returns the exit code; errors are
// exceptions that main() turns into a sentence and a code.
#pragma once

#include "orchestrator/cli/session.h"

namespace orchestrator {

int run_command(const Program& program, const CommandLine& options);
int bootstrap_command(const Program& program, const CommandLine& options);
int list_images_command(const Program& program, const CommandLine& options);
int doctor_command(const Program& program, const CommandLine& options);
int clean_command(const Program& program, const CommandLine& options);

// Runs a mode; prints what it throws as one sentence per mistake and returns the exit code of that kind of
// error.
int guarded(const std::function<int()>& mode);

}  // namespace orchestrator
