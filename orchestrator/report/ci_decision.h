// What a pipeline is told by a report: does it pass? The exit code of `run` is what it would be without any
// policy; a policy can only let pass what did not always pass, never make an exit code worse, and never
// touches those of a broken host, set-up or request (2, 4, 5, 6). Pure; any thread.
//
// One rule says whether a test keeps within a bound b, be it of the quarantine or of --max-flake-rate: it
// does unless the attempts show that it fails more often, which they do when in one condition the one-sided
// lower end of its rate's exact interval is above b. The error of 5 % is shared by the conditions in which
// the test ran, so that a test at its bound is called worse in at most 5 % of runs; few attempts show little,
// and the report says what they show. b is of one run of the test: where an attempt runs it r times and
// counts one failure among them, the bound there is 1 − (1 − b)^r.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/analysis/verdict.h"
#include "orchestrator/job/quarantine.h"

namespace orchestrator {

struct Report;

// What makes the pipeline fail: anything that did not always pass; only what fails every time; nothing.
enum class FailOn { flaky, failing, none };
std::string_view name(FailOn fail_on);

struct CiPolicy {
  FailOn fail_on = FailOn::flaky;
  std::optional<double> max_flake_rate;  // a flaky test passes within it; a failing one does not
  std::optional<Quarantine> quarantine;
  std::chrono::sys_days today{};  // in UTC
};

// What is made of a test that did not always pass, the worst first.
enum class Standing {
  failing,    // never passed, and nothing excuses that
  worse,      // its entry's bound is too low
  expired,    // its entry excuses nothing any more
  fresh,      // "new": flaky, without an entry
  known,      // excused: within the bound of its entry
  tolerated,  // excused: within --max-flake-rate
};
// Each, the worst first.
inline constexpr std::array kStandings{Standing::failing, Standing::worse, Standing::expired,
                                       Standing::fresh,   Standing::known, Standing::tolerated};
std::string_view name(Standing standing);
inline bool excused(Standing standing) {
  return standing == Standing::known || standing == Standing::tolerated;
}

struct CiTest {
  std::string id;  // or kWholeCommand, for attempts that did not pass though none of their tests failed
  Standing standing = Standing::fresh;
  TestVerdict verdict = TestVerdict::flaky;
  // The condition that speaks most clearly against the bound; without one, that which decided the verdict.
  int condition = 0;  // into Report::conditions
  int not_passed = 0, n = 0;
  double at_least = 0;          // lower end of the rate there, one-sided
  std::optional<double> bound;  // of one run of the test: what it was held against
  std::optional<KnownFlake> entry;
};

// A test of the quarantine that never failed, in enough attempts to show it below its bound.
struct Healed {
  KnownFlake entry;
  int condition = 0, n = 0;  // where that was seen
};

struct CiDecision {
  int exit_code = 0;
  int without_policy = 0;  // the exit code of `run`
  FailOn fail_on = FailOn::flaky;
  std::optional<double> max_flake_rate;
  std::string quarantine;  // the file; empty: none
  int entries = 0;         // in it
  std::vector<std::string>
      allowed_by;  // what let pass that would have failed: "quarantine", "max_flake_rate", "fail_on"
  std::vector<CiTest> tests;  // those that did not always pass, the worst first
  std::vector<Healed> healed;
  std::vector<KnownFlake> expired;  // whether their tests failed or not
  std::vector<KnownFlake> gone;     // no test has that id

  bool passes() const { return exit_code == 0; }
  int count(Standing standing) const;
};

// `report` is whole: attempts, tests and verdicts.
CiDecision decide(const Report& report, const CiPolicy& policy);

}  // namespace orchestrator
