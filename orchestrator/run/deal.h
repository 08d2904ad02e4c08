// Which attempt runs under which condition. Pure.
#pragma once

#include "images/probes/probe.h"
#include "orchestrator/analysis/condition.h"
#include "orchestrator/job/job.h"

namespace orchestrator {

// As the plan says. Where the framework cannot be asked for another order (`can_vary`), all attempts are
// plain; when a person had asked for it, a sentence is added to `warnings`.
Deal make_deal(const JobPlan& plan, bool can_vary, std::vector<std::string>& warnings);

// The attempts of the changed files' tests alone come after all others, under conditions of their own
// ("changed", "changed, shuffle", …) that mirror those of the others. Does nothing without such attempts in
// the plan.
void add_changed(Deal& deal, const JobPlan& plan, const std::vector<std::string>& files);

images::TestSelection selection_of(const Condition& condition, std::int64_t seed,
                                   const std::vector<std::string>& ignore = {});

}  // namespace orchestrator
