#include <algorithm>
#include <tuple>

#include "orchestrator/report/has.h"
#include "orchestrator/report/report.h"
#include "orchestrator/report/verdict_words.h"

namespace orchestrator {
namespace {

std::vector<const AttemptRecord*> attempts_failing(const Report& report, TestIndex test) {
  std::vector<const AttemptRecord*> failing;
  for (const AttemptTests& told : report.tests.attempts()) {
    const bool failed =
        told.counted && std::any_of(told.runs.begin(), told.runs.end(), [&](const TestRun& run) {
          return run.test == test && did_not_pass(run.outcome);
        });
    if (const AttemptRecord* attempt = failed ? report.find(told.attempt) : nullptr)
      failing.push_back(attempt);
  }
  return failing;
}

// The group that holds most of the test's failing attempts.
const FailureFinding* usual_finding(const Report& report, TestIndex test,
                                    const std::vector<const AttemptRecord*>& failing) {
  const FailureFinding* usual = nullptr;
  std::ptrdiff_t most = 0;
  for (const FailureFinding& group : report.findings.groups) {
    if (!has(group.tests, test)) continue;
    const auto count = std::count_if(failing.begin(), failing.end(), [&](const AttemptRecord* attempt) {
      return has(group.attempts, attempt->index);
    });
    if (count > most) usual = &group, most = count;
  }
  return usual;
}

double rate_in(const TestSummary& test, int condition) {
  for (const ConditionCounts& counts : test.conditions)
    if (counts.condition == condition) return counts.rate();
  return 0;
}

const AttemptRecord* most_reproducible(const Report& report, const TestSummary& test) {
  const auto failing = attempts_failing(report, test.test);
  const FailureFinding* usual = usual_finding(report, test.test, failing);
  const auto rank = [&](const AttemptRecord* attempt) {
    const bool as_usual = usual && has(usual->attempts, attempt->index);
    return std::tuple(as_usual, rate_in(test, attempt->condition), -attempt->index);
  };
  const auto best = std::max_element(failing.begin(), failing.end(),
                                     [&](auto* one, auto* other) { return rank(one) < rank(other); });
  return best == failing.end() ? nullptr : *best;
}

}  // namespace

FailureToRepeat failure_to_repeat(const Report& report) {
  for (const TestSummary& test : report.verdicts.tests) {
    if (!needs_a_person(test)) break;  // the worst come first
    if (const AttemptRecord* attempt = most_reproducible(report, test)) return {attempt, test.test};
  }
  const auto first = std::find_if(report.attempts.begin(), report.attempts.end(),
                                  [](const AttemptRecord& a) { return a.counted() && !a.passed(); });
  return {first == report.attempts.end() ? nullptr : &*first, std::nullopt};
}

}  // namespace orchestrator
