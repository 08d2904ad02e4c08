#include "orchestrator/run/deal.h"

#include "orchestrator/job/variation.h"

namespace orchestrator {
namespace {

Condition condition_named(const std::string& name) {
  if (name == "reverse") return {.name = name, .order = TestOrder::reversed};
  if (name == "shuffle") return {.name = name, .order = TestOrder::shuffled};
  if (name == "repeat") return {.name = name, .repeat = 2};
  return {};
}

// --order and --repeat-in-process: the same for every attempt.
Condition by_hand(const JobPlan& plan) {
  Condition condition;
  condition.repeat = plan.repeat_in_process;
  if (plan.order == "reversed") condition.order = TestOrder::reversed;
  if (plan.order == "shuffled") condition.order = TestOrder::shuffled;
  if (condition.order != TestOrder::written) condition.name = plan.order;
  if (condition.repeat > 1)
    condition.name = (condition.order == TestOrder::written ? "" : condition.name + ", ") + "repeat " +
                     std::to_string(condition.repeat);
  return condition;
}

Deal by_shares(const Shares& shares) {
  Deal deal;
  deal.conditions.clear();
  std::vector<int> sizes;
  for (const auto& [name, share] : shares) {
    if (share == 0) continue;
    deal.conditions.push_back(condition_named(name));
    sizes.push_back(share);
  }
  deal.pattern = interleaved(sizes);
  return deal;
}

}  // namespace

Deal make_deal(const JobPlan& plan, bool can_vary, std::vector<std::string>& warnings) {
  const Condition condition = by_hand(plan);
  const bool asked = !condition.plain() || (plan.vary != "auto" && plan.vary != "none");
  if (!can_vary && !plan.ignore_patterns.empty())
    warnings.push_back("ignore_patterns has no effect: tests are not told apart here");
  if (!can_vary) {
    if (asked)
      warnings.push_back(
          "vary, order and repeat_in_process have no effect: no framework that can be asked for them is "
          "installed");
    return {};
  }
  if (!condition.plain()) return {{condition}, {0}};
  if (plan.vary == "none") return {};
  return by_shares(*parse_shares(plan.vary == "auto" ? kAutoShares : plan.vary));
}

void add_changed(Deal& deal, const JobPlan& plan, const std::vector<std::string>& files) {
  if (plan.changed_runs == 0 || files.empty()) return;
  const int first = static_cast<int>(deal.conditions.size());
  for (int i = 0; i < first; ++i) {
    Condition condition = deal.conditions[static_cast<std::size_t>(i)];
    condition.name = condition.plain() ? "changed" : "changed, " + condition.name;
    condition.files = files;
    deal.conditions.push_back(std::move(condition));
  }
  for (const int condition : deal.pattern) deal.changed_pattern.push_back(first + condition);
  deal.first_changed = plan.runs;
}

images::TestSelection selection_of(const Condition& condition, std::int64_t seed,
                                   const std::vector<std::string>& ignore) {
  return {.order = std::string(name(condition.order)),
          .seed = seed,
          .repeat = condition.repeat,
          .tests = condition.tests,
          .files = condition.files,
          .ignore = ignore};
}

}  // namespace orchestrator
