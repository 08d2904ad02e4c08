#include "orchestrator/analysis/durations.h"

#include <algorithm>
#include <span>

#include "orchestrator/analysis/comparison.h"

namespace orchestrator {
namespace {

constexpr double kSlower = 2.0, kLevel = 0.01;

// The times of all tests in one block, each test's together: a vector for each of 100,000 tests would cost
// more than the times do.
class Times {
 public:
  template <class Chosen>
  Times(const TestResults& results, Chosen chosen) : begins_(results.tests().size() + 1) {
    for_each(results, chosen, [&](const TestRun& run) { ++begins_[run.test + 1u]; });
    for (std::size_t i = 1; i < begins_.size(); ++i) begins_[i] += begins_[i - 1];
    seconds_.resize(begins_.back());
    std::vector<std::size_t> next(begins_.begin(), begins_.end() - 1);
    for_each(results, chosen, [&](const TestRun& run) { seconds_[next[run.test]++] = run.seconds; });
  }

  std::span<float> of(std::size_t test) {
    return std::span(seconds_).subspan(begins_[test], begins_[test + 1] - begins_[test]);
  }

 private:
  template <class Chosen, class Do>
  static void for_each(const TestResults& results, Chosen chosen, Do act) {
    for (const auto& attempt : results.attempts())
      if (attempt.counted)
        for (const auto& run : attempt.runs)
          if (chosen(run.outcome)) act(run);
  }

  std::vector<std::size_t> begins_;
  std::vector<float> seconds_;
};

// The smallest value that has the share `part` of all at or below it. The order of `values` changes.
double quantile(std::span<float> values, double part) {
  if (values.empty()) return 0;
  const auto count = static_cast<double>(values.size());
  const auto rank = std::min(values.size() - 1, static_cast<std::size_t>(std::max(0.0, count * part - 1e-9)));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(rank), values.end());
  return values[rank];
}

Durations durations_of(std::span<float> passed, std::span<float> not_passed) {
  const std::span<float> shown = passed.empty() ? not_passed : passed;
  Durations found{.n = static_cast<int>(shown.size()),
                  .median = quantile(shown, 0.5),
                  .low = quantile(shown, 0.05),
                  .high = quantile(shown, 0.95),
                  .median_not_passed = quantile(not_passed, 0.5)};
  if (!passed.empty() && found.median_not_passed > kSlower * found.median)
    found.slow_failures = mann_whitney(not_passed, passed) <= kLevel;
  return found;
}

}  // namespace

std::vector<Durations> durations(const TestResults& results) {
  Times passed(results, [](TestOutcome outcome) { return outcome == TestOutcome::passed; });
  Times not_passed(results, [](TestOutcome outcome) {
    return outcome == TestOutcome::failed || outcome == TestOutcome::error;
  });
  std::vector<Durations> all(results.tests().size());
  for (std::size_t test = 0; test < all.size(); ++test)
    all[test] = durations_of(passed.of(test), not_passed.of(test));
  return all;
}

}  // namespace orchestrator
