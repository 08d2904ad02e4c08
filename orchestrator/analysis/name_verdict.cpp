#include <algorithm>

#include "orchestrator/analysis/comparison.h"
#include "orchestrator/analysis/condition_counts.h"

namespace orchestrator {
namespace {

// The verdict on one test that both passed and did not.
class Dependence {
 public:
  Dependence(const std::vector<ConditionCounts>& counts, const std::vector<Condition>& conditions,
             const ConditionColumns& columns, const OutcomeGrid& grid, std::size_t test)
      : counts_(counts), conditions_(conditions), columns_(columns), grid_(grid), test_(test) {}

  NamedVerdict decide() const {
    const int mixed = most_attempts([](const ConditionCounts& each) { return each.mixed(); });
    if (mixed < 0) return between_conditions();
    const NamedVerdict explained = explained_mixture();
    return explained.deciding >= 0 ? explained : NamedVerdict{TestVerdict::flaky, mixed};
  }

 private:
  template <class Wanted>
  int most_attempts(Wanted wanted) const {
    int best = -1;
    for (int i = 0; i < static_cast<int>(counts_.size()); ++i)
      if (wanted(at(i)) && (best < 0 || at(i).n() > at(best).n())) best = i;
    return best;
  }

  const ConditionCounts& at(int i) const { return counts_[static_cast<std::size_t>(i)]; }
  const Condition& condition(const ConditionCounts& counts) const {
    return conditions_[static_cast<std::size_t>(counts.condition)];
  }

  // Each condition passed always or never, and they disagree. Where one with the same order passed, repeats
  // alone make the difference.
  NamedVerdict between_conditions() const {
    const auto passes_in_same_order = [&](const ConditionCounts& failing) {
      return std::any_of(counts_.begin(), counts_.end(), [&](const ConditionCounts& other) {
        return other.passed > 0 && condition(other).same_order(condition(failing));
      });
    };
    const int by_order = most_attempts(
        [&](const ConditionCounts& each) { return each.not_passed() > 0 && !passes_in_same_order(each); });
    if (by_order >= 0) return between(TestVerdict::order_dependent, by_order);
    return between(TestVerdict::repeat_dependent,
                   most_attempts([](const ConditionCounts& each) { return each.not_passed() > 0; }));
  }

  NamedVerdict between(TestVerdict verdict, int deciding) const {
    return {verdict, deciding, dependence_p(counts_, static_cast<std::size_t>(deciding))};
  }

  // Every mixture is in shuffled orders or in repeats, and the plain condition has another rate than they
  // have.
  NamedVerdict explained_mixture() const {
    const int plain =
        most_attempts([&](const ConditionCounts& each) { return condition(each).plain() && each.n() > 0; });
    if (plain < 0) return {};
    for (const auto& each : counts_)
      if (each.mixed() && !shuffled(each) && !only_on_repeat(each)) return {};
    const auto same_order = [&](const ConditionCounts& each) {
      return condition(each).same_order(condition(at(plain)));
    };
    const int order = most_attempts([&](const ConditionCounts& each) {
      return !same_order(each) && p_against(each, &GridCell::first, at(plain)) <= kChanceLevel;
    });
    if (order >= 0)
      return {TestVerdict::order_dependent, order, p_against(at(order), &GridCell::first, at(plain))};
    const int repeat = most_attempts([&](const ConditionCounts& each) {
      return same_order(each) && p_against(each, &GridCell::second, at(plain)) <= kChanceLevel;
    });
    if (repeat < 0) return {};
    return {TestVerdict::repeat_dependent, repeat, p_against(at(repeat), &GridCell::second, at(plain))};
  }

  bool shuffled(const ConditionCounts& counts) const {
    return condition(counts).order == TestOrder::shuffled;
  }
  static bool only_on_repeat(const ConditionCounts& counts) {
    return counts.failed_on_repeat_only > 0 && counts.failed_on_repeat_only == counts.not_passed();
  }

  // Like is compared with like: one time in the process with one time. An attempt of ten repeats has ten
  // chances.
  double p_against(const ConditionCounts& counts, TestOutcome GridCell::*time,
                   const ConditionCounts& plain) const {
    TwoByTwo table{.failed_b = plain.not_passed(), .passed_b = plain.passed};
    for (const std::size_t column : columns_.columns(counts.condition)) {
      const TestOutcome outcome = grid_.at(test_, column).*time;
      table.failed_a += did_not_pass(outcome);
      table.passed_a += outcome == TestOutcome::passed;
    }
    return fisher_exact(table);
  }

  const std::vector<ConditionCounts>& counts_;
  const std::vector<Condition>& conditions_;
  const ConditionColumns& columns_;
  const OutcomeGrid& grid_;
  std::size_t test_;
};

}  // namespace

double dependence_p(const std::vector<ConditionCounts>& conditions, std::size_t deciding) {
  const ConditionCounts& one = conditions[deciding];
  TwoByTwo table{.failed_a = one.not_passed(), .passed_a = one.passed};
  for (std::size_t i = 0; i < conditions.size(); ++i)
    if (i != deciding && conditions[i].not_passed() == 0) table.passed_b += conditions[i].passed;
  return fisher_exact(table);
}

NamedVerdict name_verdict(const std::vector<ConditionCounts>& counts,
                          const std::vector<Condition>& conditions, const ConditionColumns& columns,
                          const OutcomeGrid& grid, std::size_t test) {
  int passed = 0, not_passed = 0, most = -1, again = -1;
  for (int i = 0; i < static_cast<int>(counts.size()); ++i) {
    const ConditionCounts& each = counts[static_cast<std::size_t>(i)];
    passed += each.passed;
    not_passed += each.not_passed();
    if (each.passed_when_run_again > 0) again = i;
    if (each.n() > 0 && (most < 0 || each.n() > counts[static_cast<std::size_t>(most)].n())) most = i;
  }
  if (passed + not_passed == 0) return {};
  if (not_passed == 0) return {TestVerdict::not_shown_flaky, most};
  if (passed == 0)
    return again < 0 ? NamedVerdict{TestVerdict::failing, most} : NamedVerdict{TestVerdict::flaky, again};
  return Dependence(counts, conditions, columns, grid, test).decide();
}

}  // namespace orchestrator
