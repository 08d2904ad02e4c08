#include "orchestrator/run/deal.h"

#include <fmt/format.h>

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

bool possible(const Condition& condition, const images::ProbeAbilities& abilities) {
  if (condition.repeat > 1 && !abilities.repeat) return false;
  if (condition.order == TestOrder::shuffled) return abilities.shuffle;
  return condition.order != TestOrder::reversed || abilities.reverse;
}

Deal by_shares(const Shares& shares, const images::ProbeAbilities& abilities,
               std::vector<std::string>& impossible) {
  Deal deal;
  deal.conditions.clear();
  std::vector<int> sizes;
  for (const auto& [name, share] : shares) {
    if (share == 0) continue;
    Condition condition = condition_named(name);
    if (!possible(condition, abilities)) {
      impossible.push_back(name);
      continue;
    }
    deal.conditions.push_back(std::move(condition));
    sizes.push_back(share);
  }
  if (deal.conditions.empty()) return {};
  deal.pattern = interleaved(sizes);
  return deal;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

Deal make_deal(const JobPlan& plan, const images::ProbeAbilities& abilities,
               std::vector<std::string>& warnings) {
  const Condition condition = by_hand(plan);
  const bool asked = !condition.plain() || (plan.vary != "auto" && plan.vary != "none");
  if (!abilities.choose && !plan.ignore_patterns.empty())
    warnings.push_back(abilities.any()
                           ? "ignore_patterns has no effect: this framework cannot be asked for it"
                           : "ignore_patterns has no effect: tests are not told apart here");
  if (!abilities.any()) {
    if (asked)
      warnings.push_back(
          "vary, order and repeat_in_process have no effect: no framework that can be asked for them is "
          "installed");
    return {};
  }
  if (!condition.plain() && !possible(condition, abilities)) {
    warnings.push_back(
        fmt::format("{} has no effect: this framework cannot be asked for it", condition.name));
    return {};
  }
  if (!condition.plain()) return {{condition}, {0}};
  if (plan.vary == "none") return {};
  std::vector<std::string> impossible;
  Deal deal = by_shares(*parse_shares(plan.vary == "auto" ? kAutoShares : plan.vary), abilities, impossible);
  if (asked && !impossible.empty())
    warnings.push_back(fmt::format("vary: {} left out: this framework cannot be asked for {}",
                                   listed(impossible), impossible.size() == 1 ? "it" : "them"));
  return deal;
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
