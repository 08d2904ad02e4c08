// What was thrown on a job's way, as a value. Any thread.
#pragma once

#include <exception>

#include "orchestrator/report/failure.h"

namespace orchestrator {

// Kind, sentence and exit code.
Failure failure_of(const std::exception_ptr& error);

}  // namespace orchestrator
