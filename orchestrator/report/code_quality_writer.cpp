#include "orchestrator/report/code_quality_writer.h"

#include <ostream>

#include "orchestrator/analysis/cut_text.h"
#include "orchestrator/report/json_sections.h"
#include "orchestrator/report/stable_hash.h"
#include "orchestrator/report/test_examples.h"
#include "orchestrator/report/verdict_words.h"
#include "orchestrator/report/words.h"

namespace orchestrator {
namespace {

constexpr std::size_t kMostFindings = 5000, kLongestDescription = 1000;

// GitLab has "info", "minor", "major", "critical", "blocker".
const char* severity_of(const TestSummary& test) {
  if (test.verdict == TestVerdict::failing) return "blocker";
  if (test.severity == "critical") return "critical";
  if (test.severity == "high") return "major";
  return test.severity == "medium" ? "minor" : "info";
}

OrderedJson finding(std::string_view description, std::string_view check, const std::string& fingerprint,
                    const char* severity, const SourcePlace& place) {
  return {
      {"description", one_line(cut_text(description, kLongestDescription))},
      {"check_name", check},
      {"fingerprint", fingerprint},
      {"severity", severity},
      // GitLab shows no finding without a file.
      {"location",
       {{"path", place.path.empty() ? "." : place.path}, {"lines", {{"begin", std::max(1, place.line)}}}}}};
}

OrderedJson finding_of(const Report& report, const Spool& spool, const TestSummary& test,
                       const TestExamples& examples) {
  const std::string& id = report.tests.tests()[test.test];
  return finding(id + ": " + test_sentence(report, test), name(test.verdict),
                 stable_hash({"test", report.plan.subdir, id}), severity_of(test),
                 place_of(report, spool, test.test, examples));
}

OrderedJson command_finding(const Report& report) {
  const VerdictWords words = verdict_words(report);
  return finding(
      report.plan.test_command.shown() + ": " + words.label + ": " + words.graded() + " " + words.reason,
      name(verdict(report)), stable_hash({"command", report.plan.subdir, report.plan.test_command.display()}),
      words.tone == Tone::bad ? "blocker" : "major", {report.plan.subdir, 0});
}

}  // namespace

void write_code_quality(const Report& report, const Spool& spool, std::ostream& out) {
  const TestExamples examples(report);
  OrderedJson list = OrderedJson::array();
  for (const TestSummary& test : report.verdicts.tests)
    if (needs_a_person(test) && list.size() < kMostFindings)
      list.push_back(finding_of(report, spool, test, examples));
  if (list.empty() && verdict_words(report).tone != Tone::good) list.push_back(command_finding(report));
  out << dump(list, 1) << "\n";
  out.flush();
}

}  // namespace orchestrator
