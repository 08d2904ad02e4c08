#include "orchestrator/analysis/failure_groups.h"

#include <algorithm>
#include <unordered_map>

namespace orchestrator {
namespace {

void sort_each_once(std::vector<TestIndex>& tests) {
  std::sort(tests.begin(), tests.end());
  tests.erase(std::unique(tests.begin(), tests.end()), tests.end());
}

void add(TestFailureGroup& group, int attempt, std::int32_t number,
         const std::vector<TestFailure>& failures) {
  const TestFailure& failure = failures[static_cast<std::size_t>(number)];
  ++group.failures;
  if (group.attempts.empty() || group.attempts.back() != attempt) group.attempts.push_back(attempt);
  if (group.tests.empty() || group.tests.back() != failure.test) group.tests.push_back(failure.test);
  const bool has_text =
      group.representative >= 0 && failures[static_cast<std::size_t>(group.representative)].text.bytes > 0;
  if (group.representative < 0 || (!has_text && failure.text.bytes > 0)) group.representative = number;
}

}  // namespace

std::vector<TestFailureGroup> group_failures(const TestResults& results) {
  std::vector<TestFailureGroup> groups;
  std::unordered_map<SignatureIndex, std::size_t> group_of;
  // By the attempts' own runs: failures() holds those of replaced tries too.
  for (const auto& attempt : results.attempts()) {
    if (!attempt.counted) continue;
    for (const auto& run : attempt.runs) {
      if (run.failure < 0) continue;
      const SignatureIndex signature = results.failures()[static_cast<std::size_t>(run.failure)].signature;
      const auto [place, missing] = group_of.try_emplace(signature, groups.size());
      if (missing) groups.push_back({.signature = signature});
      add(groups[place->second], attempt.attempt, run.failure, results.failures());
    }
  }
  for (auto& group : groups) sort_each_once(group.tests);
  std::stable_sort(groups.begin(), groups.end(), [](const TestFailureGroup& x, const TestFailureGroup& y) {
    if (x.attempts.size() != y.attempts.size()) return x.attempts.size() > y.attempts.size();
    return x.failures > y.failures;
  });
  return groups;
}

}  // namespace orchestrator
