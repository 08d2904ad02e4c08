// The ways in which attempts of a run did not pass, for the summary: each with one attempt that stands for
// it.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/report/report.h"

namespace orchestrator {

struct FailureGroup {
  std::string how;                         // "failed with exit code 1", "timed out after 5:00"
  const AttemptRecord* example = nullptr;  // the first; owned by the report
  int count = 0;
  std::vector<int> attempts;  // sorted
};

// The largest first; without the attempts in `except`.
std::vector<FailureGroup> failure_groups(const Report& report, const std::vector<int>& except = {});

// Of attempts in which no test that was told apart failed; all groups where none was told apart.
std::vector<FailureGroup> failures_outside_tests(const Report& report);

// The end of what an attempt printed, as lines that are safe on a terminal: at most `max_lines` of both
// streams together, each at most `max_length` characters.
struct LastLines {
  std::vector<std::string> out, err;
  bool empty() const { return out.empty() && err.empty(); }
};
LastLines last_lines(const AttemptRecord& attempt, const Spool& spool, std::size_t max_lines, int max_length);

}  // namespace orchestrator
