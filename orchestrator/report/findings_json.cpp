// What report.json says about failures that look the same, tests that fail together, and circumstances that
// go with failure.

#include "orchestrator/analysis/cut_text.h"
#include "orchestrator/report/json_sections.h"

namespace orchestrator {
namespace {

// Of lists that a hostile or hopeless suite could make long; how many there are in all stands beside them.
constexpr std::size_t kMostGroups = 200, kMostTests = 200, kMostFactors = 500, kMostClusters = 100;
constexpr std::size_t kMostText = 4096;  // of an example, head first
constexpr std::size_t kMostLine = 300;   // of a line of a difference

const std::string& id_of(const Report& report, TestIndex test) { return report.tests.tests()[test]; }

OrderedJson ids_json(const Report& report, const std::vector<TestIndex>& tests) {
  OrderedJson ids = OrderedJson::array();
  for (const TestIndex test : tests) {
    if (ids.size() == kMostTests) break;
    ids.push_back(id_of(report, test));
  }
  return ids;
}

OrderedJson lines_json(const std::vector<std::string>& lines) {
  OrderedJson list = OrderedJson::array();
  for (const auto& line : lines) list.push_back(to_utf8(cut_text(line, kMostLine)));
  return list;
}

OrderedJson logs_json(const std::optional<ComparedLogs>& logs) {
  if (!logs) return nullptr;
  return {{"of", logs->what},
          {"failing_attempt", logs->failing_attempt},
          {"passing_attempt", logs->passing_attempt},
          {"same", logs->difference.same},
          {"line", logs->difference.line},
          {"before", lines_json(logs->difference.before)},
          {"failing", lines_json(logs->difference.failing)},
          {"passing", lines_json(logs->difference.passing)}};
}

OrderedJson group_json(const Report& report, const Spool& spool, const FailureFinding& group) {
  OrderedJson json = {
      {"signature", to_utf8(group.signature)},
      {"failures", group.failures},
      {"attempts", group.attempts},
      {"tests", ids_json(report, group.tests)},
      {"tests_total", group.tests.size()},
      {"example",
       {{"attempt", group.example_attempt},
        {"test", group.example_test ? OrderedJson(id_of(report, *group.example_test)) : OrderedJson()},
        {"message", to_utf8(group.message)},
        {"text", to_utf8(cut_text(spool.read(group.text), kMostText))}}},
      {"first_difference", logs_json(group.logs)}};
  if (group.not_compared) json["not_compared"] = name(*group.not_compared);
  return json;
}

template <class List, class Fn>
OrderedJson some(const List& list, std::size_t most, Fn json_of) {
  OrderedJson some = OrderedJson::array();
  std::uint64_t room = kMostListed;
  for (const auto& each : list) {
    OrderedJson entry = json_of(each);
    if (some.size() == most || !takes_from(room, entry)) break;
    some.push_back(std::move(entry));
  }
  return {{"total", list.size()}, {"list", std::move(some)}};
}

}  // namespace

OrderedJson findings_json(const Report& report, const Spool& spool) {
  const Findings& findings = report.findings;
  return {
      {"failure_groups", some(findings.groups, kMostGroups,
                              [&](const FailureFinding& group) { return group_json(report, spool, group); })},
      {"fail_together", some(findings.clusters, kMostClusters,
                             [&](const FailureCluster& cluster) {
                               return OrderedJson{{"tests", ids_json(report, cluster.tests)},
                                                  {"tests_total", cluster.tests.size()},
                                                  {"attempts", cluster.attempts},
                                                  {"jaccard", rounded(cluster.jaccard)}};
                             })},
      {"factors", some(findings.factors, kMostFactors, [&](const FactorFinding& each) {
         return OrderedJson{{"test", std::string(subject(report, each))},
                            {"factor", each.factor},
                            {"condition", report.conditions[static_cast<std::size_t>(each.condition)].name},
                            {"failed_with", each.failed_with},
                            {"n_with", each.n_with},
                            {"failed_without", each.failed_without},
                            {"n_without", each.n_without},
                            {"risk_difference", rounded(each.risk_difference)},
                            {"p", each.p},
                            {"q", each.q}};
       })}};
}

}  // namespace orchestrator
