// Whatever a test command leaves as its results: reading it ends, what is read is within bounds and can be
// judged, reading it again gives the same, and what was read is understood the same when it is written again.
#include <cstdlib>
#include <string>
#include <string_view>

#include "orchestrator/analysis/failure_groups.h"
#include "orchestrator/analysis/failure_signature.h"
#include "orchestrator/analysis/result_cases.h"
#include "orchestrator/analysis/result_format.h"
#include "orchestrator/analysis/verdict.h"

namespace {

using namespace orchestrator;

void require(bool condition) {
  if (!condition) std::abort();
}

std::vector<ResultCase> cases_of(std::string_view bytes, std::string* problem = nullptr) {
  std::vector<ResultCase> cases;
  const std::string said = read_results("a.xml", bytes, [&](ResultCase one) {
    require(!one.id.empty() && one.seconds >= 0 && one.seconds < 1e300);
    require(is_evidence(one.outcome) || one.outcome == TestOutcome::skipped);
    cases.push_back(std::move(one));
  });
  if (problem) *problem = said;
  return cases;
}

std::string xml_value(std::string_view text) {
  std::string all;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '&' || c == '<' || c == '>' || c == '"' || byte < 0x20)
      all += "&#" + std::to_string(byte) + ";";
    else
      all += c;
  }
  return all;
}

// As plain as can be.
std::string written(const std::vector<ResultCase>& cases) {
  std::string text = "<testsuites>\n";
  for (const auto& one : cases) {
    text += "<testcase name=\"" + xml_value(one.id) + "\">";
    if (one.outcome == TestOutcome::skipped) text += "<skipped/>";
    const char* failure = one.outcome == TestOutcome::error ? "error" : "failure";
    if (did_not_pass(one.outcome))
      text += std::string("<") + failure + " message=\"" + xml_value(one.facts.message) + "\"/>";
    text += "</testcase>\n";
  }
  return text + "</testsuites>";
}

AttemptTests attempt_of(const std::vector<ResultCase>& cases, int number, TestResults& results) {
  ResultCases kept(results, 1000);
  for (const auto& one : cases) kept.add(one);
  AttemptTests attempt = kept.finish(number, 0, sandbox::Outcome::failed, true);
  require(attempt.runs.size() <= 1000 && attempt.runs.size() + attempt.dropped <= cases.size());
  for (const auto& run : attempt.runs)
    require(run.test < results.tests().size() && run.repeat >= 1 && run.seconds >= 0);
  for (const auto& failure : kept.failures()) {
    TestRun& run = attempt.runs.at(failure.run);
    require(did_not_pass(run.outcome) && failure.text.size() <= kMaxFailureText);
    run.failure =
        results.add_failure({.attempt = number,
                             .test = run.test,
                             .signature = results.intern_signature(failure_signature(failure.facts))});
  }
  return attempt;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::string problem, same_problem;
  const auto cases = cases_of(bytes, &problem), same = cases_of(bytes, &same_problem);
  require(problem == same_problem && cases.size() == same.size() && (!cases.empty() || !problem.empty()));
  cases_of(bytes.substr(0, size / 2));

  const auto again = cases_of(written(cases));
  require(again.size() == cases.size());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    require(again[i].id == cases[i].id && again[i].outcome == cases[i].outcome);
    if (!cases[i].facts.message.empty()) require(again[i].facts.message == cases[i].facts.message);
  }

  TestResults results;
  results.add(attempt_of(cases, 0, results));
  results.add(attempt_of(same, 1, results));
  const Verdicts verdicts = judge(results, {Condition{}}, {});
  require(verdicts.tests.size() == results.tests().size());
  for (const auto& group : group_failures(results)) require(group.failures > 0);
  return 0;
}
