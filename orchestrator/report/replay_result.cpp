#include <algorithm>

#include "orchestrator/report/replay.h"
#include "orchestrator/report/report.h"

namespace orchestrator {
namespace {

bool has(const std::vector<std::string>& list, const std::string& wanted) {
  return std::find(list.begin(), list.end(), wanted) != list.end();
}

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

// Did an attempt that did not pass fail as then?
bool same_failure(const Report& report, const AttemptRecord& attempt) {
  const ReplayRecord& replay = *report.replay;
  const Failed failed = failed_in(report, attempt.index);
  if (!replay.test.empty()) return has(failed.tests, replay.test);
  if (!replay.failed_tests.empty() || (replay.told_apart && !replay.signatures.empty()))
    return share_one(failed.tests, replay.failed_tests) || share_one(failed.signatures, replay.signatures);
  return attempt.outcome == replay.attempt.outcome && attempt.exit_code == replay.attempt.exit_code;
}

}  // namespace

ReplayResult replay_result(const Report& report) {
  ReplayResult result;
  const bool passed_then = report.replay->attempt.passed();
  for (const AttemptRecord& attempt : report.attempts) {
    if (!attempt.counted()) continue;
    ++result.n;
    if (attempt.passed()) {
      ++result.passed;
      if (passed_then) ++result.same;
    } else if (!passed_then && same_failure(report, attempt)) {
      ++result.same;
    } else {
      ++result.differently;
    }
  }
  result.interval = clopper_pearson(result.same, result.n);
  return result;
}

}  // namespace orchestrator
