#include "orchestrator/report/ci_decision.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "orchestrator/report/command_verdict.h"
#include "orchestrator/report/report.h"

namespace orchestrator {
namespace {

constexpr double kError = 0.05;

bool can_be_excused(int exit_code) { return exit_code == 1 || exit_code == 3; }

// How clearly the attempts of one condition speak against a bound.
struct Weighed {
  const ConditionCounts* counts = nullptr;
  double at_least = 0;
  double excess = -1;  // of at_least over the bound there
  bool above() const { return excess > 0; }
};

class Decider {
 public:
  Decider(const Report& report, const CiPolicy& policy) : report_(report), policy_(policy) {
    decision_.without_policy = decision_.exit_code = exit_code(report);
    decision_.fail_on = policy.fail_on;
    decision_.max_flake_rate = policy.max_flake_rate;
    if (!policy.quarantine) return;
    decision_.quarantine = policy.quarantine->where;
    decision_.entries = static_cast<int>(policy.quarantine->tests.size());
    for (const auto& entry : policy.quarantine->tests) entry_of_.emplace(entry.test, &entry);
  }

  CiDecision decide() {
    for (const TestSummary& test : report_.verdicts.tests)
      if (test.verdict < TestVerdict::not_shown_flaky) judge(test);
    judge_whole_command();
    if (can_be_excused(decision_.without_policy)) apply();
    sort_tests();
    if (policy_.quarantine) review_entries();
    return std::move(decision_);
  }

 private:
  const Condition& condition(const ConditionCounts& counts) const {
    return report_.conditions[static_cast<std::size_t>(counts.condition)];
  }

  double at_least(const ConditionCounts& counts, double confidence) const {
    const int k = counts.not_passed(), n = counts.n();
    return report_.anytime ? anytime_lower(k, n, confidence) : clopper_pearson_lower(k, n, confidence);
  }

  Weighed weigh(const std::vector<ConditionCounts>& all, double bound) const {
    const auto ran =
        std::count_if(all.begin(), all.end(), [](const ConditionCounts& each) { return each.n() > 0; });
    const double confidence = 1.0 - kError / static_cast<double>(std::max<std::ptrdiff_t>(1, ran));
    Weighed clearest;
    for (const auto& counts : all) {
      if (counts.not_passed() == 0) continue;
      const double low = at_least(counts, confidence);
      const double here = 1.0 - std::pow(1.0 - bound, condition(counts).repeat);
      if (!clearest.counts || low - here > clearest.excess) clearest = {&counts, low, low - here};
    }
    return clearest;
  }

  void take(CiTest& test, const Weighed& weighed) const {
    test.condition = weighed.counts->condition;
    test.not_passed = weighed.counts->not_passed();
    test.n = weighed.counts->n();
    test.at_least = weighed.at_least;
  }

  CiTest as_decided(const std::string& id, const TestSummary& summary) const {
    CiTest test{.id = id, .verdict = summary.verdict};
    const auto& deciding = summary.conditions[static_cast<std::size_t>(summary.deciding)];
    take(test, {&deciding, at_least(deciding, 1.0 - kError)});
    return test;
  }

  void judge(const TestSummary& summary) {
    CiTest test = as_decided(report_.tests.tests()[summary.test], summary);
    settle(test, summary.conditions);
    if (excused(test.standing)) excused_tests_.insert(summary.test);
    decision_.tests.push_back(std::move(test));
  }

  // Holds the test against its entry, else against the tolerated rate.
  void settle(CiTest& test, const std::vector<ConditionCounts>& counts) const {
    const bool never_passed = test.verdict == TestVerdict::failing;
    const auto found = entry_of_.find(test.id);
    test.standing = never_passed ? Standing::failing : Standing::fresh;
    if (found != entry_of_.end()) test.entry = *found->second;
    if (test.entry && !test.entry->expired(policy_.today)) {
      test.bound = test.entry->max_rate;
      const Weighed weighed = weigh(counts, *test.bound);
      take(test, weighed);
      if (!weighed.above())
        test.standing = Standing::known;
      else if (!never_passed)
        test.standing = Standing::worse;
    } else if (!never_passed) {
      if (test.entry) test.standing = Standing::expired;
      tolerate(test, counts);
    }
  }

  void tolerate(CiTest& test, const std::vector<ConditionCounts>& counts) const {
    if (!policy_.max_flake_rate) return;
    test.bound = *policy_.max_flake_rate;
    const Weighed weighed = weigh(counts, *test.bound);
    take(test, weighed);
    if (!weighed.above()) test.standing = Standing::tolerated;
  }

  // Attempts that did not pass though no test of theirs failed: all of them where tests are not told apart,
  // else those that ended outside of any test. An excuse for a test is none for them.
  void judge_whole_command() {
    find_unexplained();
    if (unexplained_.empty()) return;
    // Where a test failed nobody knows whether the rest would have passed.
    const TestSummary rest = judge_command(report_, [&](const AttemptRecord& attempt) {
      return attempt.passed() || unexplained_.count(attempt.index) > 0;
    });
    CiTest whole = as_decided(std::string(kWholeCommand), rest);
    settle(whole, rest.conditions);
    whole_is_excused_ = excused(whole.standing);
    decision_.tests.push_back(std::move(whole));
  }

  void find_unexplained() {
    std::unordered_map<int, const AttemptTests*> tests_of;
    for (const auto& attempt : report_.tests.attempts()) tests_of.emplace(attempt.attempt, &attempt);
    for (const auto& attempt : report_.attempts) {
      if (!attempt.counted() || attempt.passed()) continue;
      const auto tests = tests_of.find(attempt.index);
      const bool explained = tests != tests_of.end() &&
                             std::any_of(tests->second->runs.begin(), tests->second->runs.end(),
                                         [](const TestRun& run) { return did_not_pass(run.outcome); });
      if (!explained) unexplained_.insert(attempt.index);
    }
  }

  // An attempt is excused when everything in it that did not pass is.
  int attempts_not_excused() const {
    std::unordered_set<int> guilty;
    for (const auto& attempt : report_.tests.attempts())
      for (const TestRun& run : attempt.runs)
        if (did_not_pass(run.outcome) && !excused_tests_.count(run.test)) guilty.insert(attempt.attempt);
    int count = 0;
    for (const auto& attempt : report_.attempts)
      if (attempt.counted() && !attempt.passed())
        count += unexplained_.count(attempt.index) ? !whole_is_excused_ : guilty.count(attempt.index) > 0;
    return count;
  }

  // A test that did not always pass is no better for the command having passed all the same.
  bool has_flake_not_excused() const {
    return std::any_of(decision_.tests.begin(), decision_.tests.end(), [](const CiTest& test) {
      return !excused(test.standing) && test.standing != Standing::failing;
    });
  }

  int code_of_what_is_left(bool failing) const {
    if (failing) return 3;
    const int left = attempts_not_excused();
    if (left == 0) return has_flake_not_excused() ? 1 : 0;
    return left == report_.total_runs() ? 3 : 1;
  }

  void apply() {
    const bool failing = decision_.count(Standing::failing) > 0;
    int code = std::min(code_of_what_is_left(failing), decision_.without_policy);
    if (decision_.count(Standing::known) > 0) decision_.allowed_by.push_back("quarantine");
    if (decision_.count(Standing::tolerated) > 0) decision_.allowed_by.push_back("max_flake_rate");
    // Flaky tests that fail in turns make every attempt fail, and yet none of them is failing.
    const bool allowed = policy_.fail_on == FailOn::none || (policy_.fail_on == FailOn::failing && !failing);
    if (code != 0 && allowed) {
      decision_.allowed_by.push_back("fail_on");
      code = 0;
    }
    decision_.exit_code = code;
  }

  void sort_tests() {
    std::stable_sort(decision_.tests.begin(), decision_.tests.end(),
                     [](const CiTest& a, const CiTest& b) { return a.standing < b.standing; });
  }

  void review_entries() {
    std::unordered_map<std::string_view, const TestSummary*> summary_of;
    for (const auto& summary : report_.verdicts.tests)
      summary_of.emplace(report_.tests.tests()[summary.test], &summary);
    for (const auto& entry : policy_.quarantine->tests) {
      if (entry.expired(policy_.today)) decision_.expired.push_back(entry);
      if (entry.test == kWholeCommand) {
        if (!unexplained_.empty()) continue;
        const ConditionShare share = report_.largest_share();
        add_if_healed(entry, static_cast<int>(share.condition), share.n);
      } else if (const auto found = summary_of.find(entry.test); found == summary_of.end()) {
        if (a_session_came_to_its_end() && report_.tests_left_out.empty()) decision_.gone.push_back(entry);
      } else if (found->second->verdict == TestVerdict::not_shown_flaky) {
        const auto& most = found->second->conditions[static_cast<std::size_t>(found->second->deciding)];
        add_if_healed(entry, most.condition, most.n());
      }
    }
  }

  void add_if_healed(const KnownFlake& entry, int condition, int n) {
    const double bound =
        1.0 - std::pow(1.0 - entry.max_rate, report_.conditions[static_cast<std::size_t>(condition)].repeat);
    const bool shown =
        report_.anytime ? n > 0 && anytime_upper(0, n) < bound : n >= attempts_to_show_below(bound);
    if (shown) decision_.healed.push_back({entry, condition, n});
  }

  // Only then is a test that was not named known not to be there.
  bool a_session_came_to_its_end() const {
    const auto& attempts = report_.tests.attempts();
    return std::any_of(attempts.begin(), attempts.end(),
                       [](const AttemptTests& each) { return each.counted && each.finished; });
  }

  const Report& report_;
  const CiPolicy& policy_;
  std::unordered_map<std::string_view, const KnownFlake*> entry_of_;
  std::unordered_set<int> unexplained_;
  std::unordered_set<TestIndex> excused_tests_;
  bool whole_is_excused_ = false;
  CiDecision decision_;
};

}  // namespace

std::string_view name(FailOn fail_on) {
  switch (fail_on) {
    case FailOn::flaky:
      return "flaky";
    case FailOn::failing:
      return "failing";
    case FailOn::none:
      return "none";
  }
  return "flaky";
}

std::string_view name(Standing standing) {
  switch (standing) {
    case Standing::failing:
      return "failing";
    case Standing::worse:
      return "worse";
    case Standing::expired:
      return "expired";
    case Standing::fresh:
      return "new";
    case Standing::known:
      return "known";
    case Standing::tolerated:
      return "tolerated";
  }
  return "new";
}

int CiDecision::count(Standing standing) const {
  return static_cast<int>(std::count_if(tests.begin(), tests.end(),
                                        [&](const CiTest& each) { return each.standing == standing; }));
}

CiDecision decide(const Report& report, const CiPolicy& policy) { return Decider(report, policy).decide(); }

}  // namespace orchestrator
