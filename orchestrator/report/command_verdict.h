// The person's whole command, judged as one test is: what an attempt's end says of it, condition by
// condition. Pure; any thread.
#pragma once

#include <functional>
#include <optional>

#include "orchestrator/analysis/verdict.h"

namespace orchestrator {

struct AttemptRecord;
struct Report;

// One test, which is the command: how each attempt that is evidence ended.
TestResults command_results(const Report& report);

// Its `test` is no index into the report's tests. Only attempts that are evidence count, and of those only
// the `wanted`.
TestSummary judge_command(const Report& report, const std::function<bool(const AttemptRecord&)>& wanted);
TestSummary judge_command(const Report& report);

// Where the command depends on order or repeats: see TestSummary::dependence_p; else absent.
std::optional<double> command_dependence_p(const Report& report);

// The rate that severity is measured by, where it was seen: of the command; where that passed each time, of
// the worst test inside. Never one over several conditions.
double worst_rate(const Report& report);

}  // namespace orchestrator
