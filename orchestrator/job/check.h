// Mistakes of a whole request, beyond those of a single field.
#pragma once

#include <vector>

#include "orchestrator/job/job.h"

namespace orchestrator {

// Attempts of the changed files' tests when nobody said how many.
inline constexpr int kChangedRuns = 100;

// A URL, and not a folder of this host.
bool is_cloned(const std::string& repo);

// Every field that is out of bounds, by its JSON pointer.
std::vector<FieldError> out_of_bounds(const JobRequest& request);
// Fields that are right each and wrong together.
std::vector<FieldError> contradictions(const JobRequest& request);
// What is wrong with a build argument that has the name of a secret variable.
std::string shown_build_arg(const std::string& name);

}  // namespace orchestrator
