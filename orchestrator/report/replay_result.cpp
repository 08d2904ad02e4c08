#include <algorithm>

#include "orchestrator/report/has.h"
#include "orchestrator/report/replay.h"
#include "orchestrator/report/report.h"

namespace orchestrator {
namespace {

const AttemptTests* tests_of(const Report& report, int attempt) {
  const auto& all = report.tests.attempts();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const AttemptTests& each) { return each.attempt == attempt; });
  return found == all.end() ? nullptr : &*found;
}

// What failed in one attempt, as the report's file says it.
struct Failed {
  std::vector<std::string> tests, signatures;
};

Failed failed_in(const Report& report, int attempt) {
  Failed failed;
  const AttemptTests* tests = tests_of(report, attempt);
  if (!tests) return failed;
  for (const TestRun& run : tests->runs) {
    if (!did_not_pass(run.outcome)) continue;
    failed.tests.push_back(to_utf8(report.tests.tests()[run.test]));
    if (run.failure < 0) continue;
    const TestFailure& failure = report.tests.failures()[static_cast<std::size_t>(run.failure)];
    failed.signatures.push_back(to_utf8(report.tests.signatures()[failure.signature]));
  }
  return failed;
}

bool share_one(const std::vector<std::string>& one, const std::vector<std::string>& other) {
  return std::any_of(one.begin(), one.end(), [&](const auto& each) { return has(other, each); });
}

// Did an attempt end as then?
bool same_as_then(const Report& report, const AttemptRecord& attempt) {
  const ReplayRecord& replay = *report.replay;
  if (replay.about_a_pass()) return attempt.passed();
  const Failed failed = failed_in(report, attempt.index);
  if (!replay.test.empty()) return has(failed.tests, replay.test);
  if (attempt.passed()) return false;
  if (!replay.failed_tests.empty() || (replay.told_apart && !replay.signatures.empty()))
    return share_one(failed.tests, replay.failed_tests) || share_one(failed.signatures, replay.signatures);
  return attempt.outcome == replay.attempt.outcome && attempt.exit_code == replay.attempt.exit_code;
}

}  // namespace

ReplayResult replay_result(const Report& report) {
  ReplayResult result;
  for (const AttemptRecord& attempt : report.attempts) {
    if (!attempt.counted()) continue;
    const bool same = same_as_then(report, attempt);
    ++result.n;
    result.same += same ? 1 : 0;
    result.passed += attempt.passed() ? 1 : 0;
    result.differently += !same && !attempt.passed() ? 1 : 0;
  }
  result.interval = clopper_pearson(result.same, result.n);
  return result;
}

}  // namespace orchestrator
