// Common Test Report Format: JSON of one entry per test, with those of its attempts that did not pass.
#pragma once

#include <iosfwd>

#include "orchestrator/report/report.h"

namespace orchestrator {

// By the format's schema of version 0.0. A test that both passed and did not is "passed" and `flaky`, as the
// format wants it; `insights` hold rates, `extra` what the format has no word for: verdict, interval,
// conditions. At most about `max_bytes`. Throws std::system_error when the spool cannot be read.
void write_ctrf(const Report& report, const Spool& spool, std::ostream& out,
                std::size_t max_bytes = 28u << 20);

}  // namespace orchestrator
