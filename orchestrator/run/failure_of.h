// What was thrown on a job's way, as a value. Any thread.
#pragma once

#include <exception>
#include <string_view>

#include "orchestrator/report/failure.h"

namespace orchestrator {

// The exit code of a job that ended so; see Failure::kind.
int exit_code_of(std::string_view kind);
// Kind, sentence and exit code.
Failure failure_of(const std::exception_ptr& error);

}  // namespace orchestrator
