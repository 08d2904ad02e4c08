// What report.json says about the pipeline's decision.

#include "orchestrator/report/json_sections.h"

namespace orchestrator {
namespace {

const std::string& condition_name(const Report& report, int condition) {
  return report.conditions[static_cast<std::size_t>(condition)].name;
}

OrderedJson entry_json(const KnownFlake& entry) {
  const auto or_null = [](const std::string& text) {
    return text.empty() ? OrderedJson() : OrderedJson(text);
  };
  return {{"test", entry.test},
          {"max_rate", entry.max_rate},
          {"expires", iso_day(entry.expires)},
          {"reason", or_null(entry.reason)},
          {"issue", or_null(entry.issue)}};
}

OrderedJson entries_json(const std::vector<KnownFlake>& entries) {
  OrderedJson list = OrderedJson::array();
  for (const auto& entry : entries) list.push_back(entry_json(entry));
  return list;
}

OrderedJson test_json(const Report& report, const CiTest& test) {
  return {{"id", test.id},
          {"standing", name(test.standing)},
          {"verdict", name(test.verdict)},
          {"condition", condition_name(report, test.condition)},
          {"not_passed", test.not_passed},
          {"n", test.n},
          {"rate_at_least", rounded(test.at_least)},
          {"bound", test.bound ? OrderedJson(*test.bound) : OrderedJson()},
          {"entry", test.entry ? entry_json(*test.entry) : OrderedJson()}};
}

}  // namespace

OrderedJson ci_json(const Report& report) {
  if (!report.ci) return nullptr;
  const CiDecision& ci = *report.ci;
  OrderedJson tests = OrderedJson::array(), healed = OrderedJson::array();
  std::uint64_t room = kMostListed;
  for (const auto& test : ci.tests) {
    OrderedJson entry = test_json(report, test);
    if (!takes_from(room, entry)) break;
    tests.push_back(std::move(entry));
  }
  for (const auto& each : ci.healed)
    healed.push_back({{"condition", condition_name(report, each.condition)},
                      {"n", each.n},
                      {"entry", entry_json(each.entry)}});
  return {
      {"exit_code", ci.exit_code},
      {"without_policy", ci.without_policy},
      {"fail_on", name(ci.fail_on)},
      {"max_flake_rate", ci.max_flake_rate ? OrderedJson(*ci.max_flake_rate) : OrderedJson()},
      {"quarantine", ci.quarantine.empty() ? OrderedJson()
                                           : OrderedJson({{"file", ci.quarantine}, {"entries", ci.entries}})},
      {"allowed_by", ci.allowed_by},
      {"tests_total", ci.tests.size()},
      {"tests", std::move(tests)},
      {"healed", std::move(healed)},
      {"expired", entries_json(ci.expired)},
      {"gone", entries_json(ci.gone)}};
}

OrderedJson changed_json(const Report& report) {
  if (!report.source.changes) return nullptr;
  return {{"base", report.source.changes->base}, {"files", report.source.changes->files}};
}

}  // namespace orchestrator
