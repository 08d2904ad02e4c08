// What the attempts say about each test, as a pure function of their results. Rates are per condition and are
// never pooled; attempts that were cancelled or broke down appear in none of them. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/analysis/condition.h"
#include "orchestrator/analysis/durations.h"
#include "orchestrator/analysis/proportions.h"
#include "orchestrator/analysis/test_results.h"

namespace orchestrator {

// Where more than one would do, the first: but a test that differs from attempt to attempt only because each
// attempt's shuffled order differs, or only when it runs again, is named after that. It is, when it never
// differed under the plain condition and Fisher's exact test at 5 % says that the plain condition has another
// rate.
enum class TestVerdict {
  flaky,  // passed at least once and did not pass at least once, in one condition; maybe in one attempt
  order_dependent,   // passes in one order, fails in another
  repeat_dependent,  // passes the first time, fails when it runs again in the same process
  failing,           // ran, never passed
  not_shown_flaky,   // always passed: its rate is below a bound, not zero
  not_run,           // never ran: skipped, or never reached
};
std::string_view name(TestVerdict verdict);

// One test in one condition.
struct ConditionCounts {
  int condition = 0;
  int passed = 0, failed = 0, errors = 0, timed_out = 0, out_of_memory = 0, crashed = 0;
  int skipped = 0, not_run = 0;  // no evidence
  // A test that ran r times in an attempt counts once: it passed there when it passed each time. How often
  // the first time passed and a later one did not:
  int failed_on_repeat_only = 0;
  // Of those in which it did not pass: where its runner ran it again by itself and it did. Nobody asked for
  // repeats there.
  int passed_when_run_again = 0;

  int not_passed() const { return failed + errors + timed_out + out_of_memory + crashed; }
  int n() const { return passed + not_passed(); }
  double rate() const { return n() == 0 ? 0.0 : static_cast<double>(not_passed()) / n(); }
  bool mixed() const { return passed > 0 && not_passed() > 0; }
};

// At or below it a p-value is taken for more than chance.
inline constexpr double kChanceLevel = 0.05;

// How probable it is that the attempts of one condition fail so much more, or less, often than those that
// disagree with it, when in truth all fail alike: Fisher's exact test, two-sided (see comparison.h), of the
// attempts in `deciding` against those of all conditions that passed each time. 1 of 1 against 0 of 3 is 1 in
// 4. It is of one test looked at by itself, with a number of attempts decided beforehand.
double dependence_p(const std::vector<ConditionCounts>& conditions, std::size_t deciding);

struct TestSummary {
  TestIndex test = 0;
  TestVerdict verdict = TestVerdict::not_run;
  // Of order_dependent and repeat_dependent: how probable such a difference between conditions is by chance.
  // Where each condition passed always or never, dependence_p; else what made the verdict (at most
  // kChanceLevel). Absent in reports that do not say it.
  std::optional<double> dependence_p;
  std::vector<ConditionCounts> conditions;  // those in which it ran or should have, by number
  // Into `conditions`: where the rate below was seen. That which decided the verdict, or that with most
  // attempts; −1 when it never ran.
  int deciding = -1;
  Interval interval;       // of that rate, 95 %: anytime-valid when the run could stop early
  bool one_sided = false;  // 0 or all of n failed
  double ranking = 0;      // Jeffreys' mean of that rate
  std::string_view
      severity;  // by the configured thresholds: "critical", "high", "medium", "low"; empty below
  Durations durations;
};

inline bool may_be_chance(const TestSummary& test) {
  constexpr double kDigitsThatAreNoise =
      1e-9;  // 1 of 1 against 0 of 19 is 0.05, give or take the last digits
  return test.dependence_p && *test.dependence_p > kChanceLevel + kDigitsThatAreNoise;
}

struct VerdictOptions {
  bool anytime = false;                                         // n was not fixed beforehand
  double critical = 0.9, high = 0.5, medium = 0.1, low = 0.01;  // severity by rate, ≥
};

struct Verdicts {
  // Worst first: in the order of TestVerdict, then by ranking, then by id.
  std::vector<TestSummary> tests;
  int flaky = 0, order_dependent = 0, repeat_dependent = 0, failing = 0, not_shown_flaky = 0, not_run = 0;

  // One character for each test (rows, by TestIndex) and attempt (columns, as in TestResults::attempts()):
  // how it ended there, the worst of its repeats. Blank in attempts that are not counted.
  std::vector<std::string> grid;
};

Verdicts judge(const TestResults& results, const std::vector<Condition>& conditions,
               const VerdictOptions& options);

// The person's whole command of an attempt, judged as one test where tests are not told apart.
inline constexpr std::string_view kWholeCommand = "(the whole command)";

}  // namespace orchestrator
