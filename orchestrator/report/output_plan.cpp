#include "orchestrator/report/output_plan.h"

#include <algorithm>

namespace orchestrator {
namespace {

std::uint64_t sum(const std::vector<std::uint64_t>& sizes, std::uint64_t cap, std::uint64_t mark) {
  std::uint64_t total = 0;
  for (const std::uint64_t size : sizes) total += cap == kNoLimit ? size : std::min(size, cap + mark);
  return total;
}

// The largest cap by which the sizes fit; 0 when nothing fits. A cap for all alike takes from the longest
// first.
std::uint64_t largest_cap(const std::vector<std::uint64_t>& sizes, std::uint64_t budget, std::uint64_t mark) {
  std::uint64_t fits = 0;
  std::uint64_t too_much = sizes.empty() ? 1 : *std::max_element(sizes.begin(), sizes.end()) + 1;
  while (too_much - fits > 1) {
    const std::uint64_t middle = fits + (too_much - fits) / 2;
    (sum(sizes, middle, mark) <= budget ? fits : too_much) = middle;
  }
  return fits;
}

}  // namespace

OutputPlan plan_outputs(const OutputSizes& sizes, std::uint64_t budget, std::uint64_t mark) {
  const std::uint64_t others = sum(sizes.others, kNoLimit, mark);
  if (others + sum(sizes.passing, kNoLimit, mark) <= budget) return {};
  const std::uint64_t marks = sum(sizes.passing, 0, mark);
  if (others + marks <= budget) return {largest_cap(sizes.passing, budget - others, mark), kNoLimit};
  return {0, largest_cap(sizes.others, budget - std::min(budget, marks), mark)};
}

}  // namespace orchestrator
