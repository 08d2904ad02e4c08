// Reads a plan back from a report: the reverse of JobPlan::to_json. A report may have been edited by hand, so
// that every field must be there, of its type and within the bounds of the field table. Pure; any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "orchestrator/job/job.h"

namespace orchestrator {

// `where` names the file in messages. Throws InvalidJob with all mistakes, each by its JSON pointer.
JobPlan read_plan(const nlohmann::json& plan, const std::string& where);

}  // namespace orchestrator
