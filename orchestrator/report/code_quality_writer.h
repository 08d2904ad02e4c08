// GitLab's Code Quality report: a JSON list of findings, shown in a merge request.
#pragma once

#include <iosfwd>

#include "orchestrator/report/report.h"

namespace orchestrator {

// One finding per test that needs a person; where tests are not told apart, one for the command. The
// fingerprint depends on the test alone, so that GitLab knows yesterday's finding again. Throws
// std::system_error when the spool cannot be read.
void write_code_quality(const Report& report, const Spool& spool, std::ostream& out);

}  // namespace orchestrator
