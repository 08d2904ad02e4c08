// What `doctor` finds out about this host without starting anything, for whoever else has to say it: `worker`
// says it at its start.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/cli/finding.h"
#include "sandbox/capabilities.h"

namespace orchestrator {

std::string_view word(Finding::Level level);  // "ok", "warning", "missing"
// All of it in one line, for a log.
std::string sentence(const Finding& finding);
// Nothing is missing.
bool is_able(const std::vector<Finding>& findings);

// Of an engine that answers: itself, its warnings, each limit, the disks that it and the state folder lie on,
// and how many files may be open. Throws io::RequestError when ORCHESTRATOR_MIN_FREE is no size.
std::vector<Finding> host_findings(const sandbox::Capabilities& engine, const std::string& state);

// Of one that does not.
Finding no_engine(const std::exception& error);

}  // namespace orchestrator
