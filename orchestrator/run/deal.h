// Which attempt runs under which condition. Pure.
#pragma once

#include "images/probes/probe.h"
#include "orchestrator/analysis/condition.h"
#include "orchestrator/job/job.h"

namespace orchestrator {

// As the plan says, as far as the framework can be asked for it (`abilities`): of shares, those that it
// cannot have are left out, an order or repeats by hand are as written. When a person had asked for what
// cannot be, a sentence is added to `warnings`.
Deal make_deal(const JobPlan& plan, const images::ProbeAbilities& abilities,
               std::vector<std::string>& warnings);

// The attempts of the changed files' tests alone come after all others, under conditions of their own
// ("changed", "changed, shuffle", …) that mirror those of the others. Does nothing without such attempts in
// the plan.
void add_changed(Deal& deal, const JobPlan& plan, const std::vector<std::string>& files);

images::TestSelection selection_of(const Condition& condition, std::int64_t seed,
                                   const std::vector<std::string>& ignore = {});

}  // namespace orchestrator
