#include "orchestrator/analysis/outcome_grid.h"

namespace orchestrator {

OutcomeGrid::OutcomeGrid(const TestResults& results)
    : tests_(results.tests().size()), columns_(results.attempts().size()), cells_(tests_ * columns_) {
  for (std::size_t column = 0; column < columns_; ++column) {
    const AttemptTests& attempt = results.attempts()[column];
    if (!attempt.counted) continue;
    for (const auto& run : attempt.runs) {
      GridCell& cell = cells_[run.test * columns_ + column];
      TestOutcome& time = run.repeat <= 1 ? cell.first : run.repeat == 2 ? cell.second : cell.later;
      time = worse(time, run.outcome);
      cell.passed |= run.outcome == TestOutcome::passed;
    }
  }
}

}  // namespace orchestrator
