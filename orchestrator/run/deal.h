// Which attempt runs under which condition. Pure.
#pragma once

#include "images/probes/probe.h"
#include "orchestrator/analysis/condition.h"
#include "orchestrator/job/job.h"

namespace orchestrator {

// As the plan says. Where the framework cannot be asked for another order (`can_vary`), all attempts are
// plain; when a person had asked for it, a sentence is added to `warnings`.
Deal make_deal(const JobPlan& plan, bool can_vary, std::vector<std::string>& warnings);

images::TestSelection selection_of(const Condition& condition, std::int64_t seed,
                                   const std::vector<std::string>& ignore = {});

}  // namespace orchestrator
