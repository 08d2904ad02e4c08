// How much of each attempt's output a report has room for. Pure; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "orchestrator/report/cut.h"

namespace orchestrator {

// How large a stream of an attempt may become in the document.
struct OutputPlan {
  std::uint64_t passing = kNoLimit;
  std::uint64_t others = kNoLimit;
  bool shortens() const { return passing != kNoLimit || others != kNoLimit; }
};

// What the streams of passing and other attempts need, each as it would be shown uncut.
struct OutputSizes {
  std::vector<std::uint64_t> passing, others;
};

// The largest caps by which all fit into `budget` when what is cut gets a mark of `mark` bytes: those of
// passing attempts are lowered first.
OutputPlan plan_outputs(const OutputSizes& sizes, std::uint64_t budget, std::uint64_t mark);

}  // namespace orchestrator
