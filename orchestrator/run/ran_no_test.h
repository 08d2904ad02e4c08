// Where no test was seen in any attempt: whether the command's runner itself says that there was none.
#pragma once

#include <string>

#include "orchestrator/report/report.h"
#include "orchestrator/report/spool.h"

namespace orchestrator {

// The runner's words as the first attempt that counts has printed them; empty when it said nothing of the
// kind. Throws std::system_error.
std::string words_for_no_test(const Report& report, const Spool& spool);

}  // namespace orchestrator
