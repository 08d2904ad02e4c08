#include "orchestrator/report/junit_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <set>

#include "orchestrator/analysis/cut_text.h"
#include "orchestrator/report/escapes.h"
#include "orchestrator/report/failure_groups.h"
#include "orchestrator/report/test_examples.h"
#include "orchestrator/report/verdict_words.h"
#include "orchestrator/report/words.h"

namespace orchestrator {
namespace {

constexpr std::size_t kExamples = 3;           // of one test
constexpr std::size_t kLongestExample = 6000;  // of one example
constexpr std::size_t kShortestExample = 200;  // … however many tests there are
constexpr std::size_t kLongestAttribute = 500;
constexpr std::size_t kSeeds = 10;
constexpr std::size_t kHeadRoom = 512 << 10;  // for what stands around the test cases

struct CaseName {
  std::string classname, name;
};

// "tests/test_a.py::TestX::test_y[a/b]" → "tests.test_a.TestX", "test_y[a/b]": what pytest itself writes.
CaseName case_name(std::string_view id) {
  const std::string_view before_parameters = id.substr(0, id.find('['));
  const auto parts = before_parameters.rfind("::");
  if (parts == std::string_view::npos || parts == 0) return {"", std::string(id)};
  std::string scope;
  std::string_view rest = id.substr(0, parts);
  while (!rest.empty()) {
    const auto next = rest.find("::");
    std::string_view part = rest.substr(0, next);
    if (part.ends_with(".py")) part.remove_suffix(3);
    scope += (scope.empty() ? "" : ".") + std::string(part);
    rest = next == std::string_view::npos ? "" : rest.substr(next + 2);
  }
  std::replace(scope.begin(), scope.end(), '/', '.');
  return {scope, std::string(id.substr(parts + 2))};
}

// An element of a test case that says that it did not pass.
struct Problem {
  bool error = false;  // not by an assertion of its own
  std::string type;    // "AssertionError"
  std::string message, text;
};

enum class Treatment { main, again, flaky };

// <failure>, <rerunFailure>, <flakyFailure> and their errors.
std::string problem_xml(const Problem& problem, Treatment treatment) {
  const std::string_view kind = problem.error ? "Error" : "Failure";
  std::string tag;
  if (treatment == Treatment::main) tag = problem.error ? "error" : "failure";
  if (treatment == Treatment::again) tag = fmt::format("rerun{}", kind);
  if (treatment == Treatment::flaky) tag = fmt::format("flaky{}", kind);
  const std::string attributes =
      fmt::format("message=\"{}\" type=\"{}\"", xml_attribute(problem.message), xml_attribute(problem.type));
  const std::string text = xml_text(problem.text);
  if (treatment == Treatment::main) return fmt::format("    <{0} {1}>{2}</{0}>\n", tag, attributes, text);
  return fmt::format("    <{0} {1}><stackTrace>{2}</stackTrace></{0}>\n", tag, attributes, text);
}

// In the order that Surefire's schema has; its <error> may stand but once.
std::string problems_xml(const std::vector<Problem>& problems, bool passes) {
  std::string failures, reruns, errors, rerun_errors;
  bool first = true;
  for (const Problem& problem : problems) {
    const Treatment treatment = passes ? Treatment::flaky : first ? Treatment::main : Treatment::again;
    const std::string xml = problem_xml(problem, treatment);
    const bool main = treatment == Treatment::main;
    (problem.error ? (main ? errors : rerun_errors) : (main ? failures : reruns)) += xml;
    first = false;
  }
  return failures + reruns + errors + rerun_errors;
}

struct Counts {
  int tests = 0, failures = 0, errors = 0, skipped = 0;
};

class Suite {
 public:
  Suite(const Report& report, const Spool& spool, const JunitOptions& options)
      : report_(report), spool_(spool), options_(options), examples_(report) {}

  void write(std::ostream& out) {
    const std::vector<FailureGroup> outside = failures_outside_tests(report_);
    if (report_.tests.empty() || !outside.empty() || report_.total_runs() == 0) add_command(outside);
    add_tests();
    out << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        << fmt::format(
               "<testsuite name=\"{}\" tests=\"{}\" errors=\"{}\" skipped=\"{}\" failures=\"{}\" "
               "time=\"{}\">\n",
               xml_attribute(cut_text(report_.plan.test_command.shown(), kLongestAttribute)), counts_.tests,
               counts_.errors, counts_.skipped, counts_.failures, seconds(run_seconds()));
    write_properties(out);
    out << body_ << "</testsuite>\n";
    out.flush();
  }

 private:
  static std::string seconds(double value) { return fmt::format("{:.3f}", std::max(0.0, value)); }

  double run_seconds() const {
    return std::chrono::duration<double>(report_.finished_at - report_.started_at).count();
  }

  void write_properties(std::ostream& out) const {
    const VerdictWords words = verdict_words(report_);
    out << "  <properties>\n";
    const auto property = [&](const char* name, std::string_view value) {
      if (!value.empty())
        out << fmt::format("    <property name=\"{}\" value=\"{}\"/>\n", name,
                           xml_attribute(cut_text(value, 8192)));
    };
    property("orchestrator.version", report_.program_version);
    property("verdict", name(verdict(report_)));
    property("verdict.sentence", words.graded() + (words.reason.empty() ? "" : " " + words.reason));
    property("pipeline", pipeline_words(report_));
    property("stopped", stopped_words(report_));
    property("attempts", std::to_string(report_.total_runs()));
    property("attempts.not_passed", std::to_string(report_.failures()));
    property("seed", std::to_string(report_.plan.job_seed));
    property("commit", report_.source.commit);
    property("tests", tally_words(report_.verdicts));
    if (left_out_ > 0) property("tests.left_out", std::to_string(left_out_));
    property("reproduce", report_.reproduce);
    out << "  </properties>\n";
  }

  // What each text may take so that all tests that need one fit.
  std::size_t text_share() const {
    const auto& tests = report_.verdicts.tests;
    const auto with_text = std::count_if(tests.begin(), tests.end(), needs_a_person);
    const std::size_t texts = kExamples * (static_cast<std::size_t>(with_text) + 1);
    // The other half is for names, messages and command lines; what is worse is left out as a whole.
    return std::clamp(options_.max_bytes / 2 / texts, kShortestExample, kLongestExample);
  }

  void add_tests() {
    const std::size_t share = text_share();
    for (const TestSummary& test : report_.verdicts.tests) {
      Counts counts{.tests = 1};
      const std::string xml = test_xml(test, share, counts);
      if (!add(xml, counts)) ++left_out_;
    }
  }

  bool add(const std::string& xml, const Counts& counts) {
    if (body_.size() + xml.size() + kHeadRoom > options_.max_bytes) return false;
    body_ += xml;
    counts_.tests += counts.tests;
    counts_.failures += counts.failures;
    counts_.errors += counts.errors;
    counts_.skipped += counts.skipped;
    return true;
  }

  // No two are the same to a reader, however hostile the ids are.
  std::string opening(CaseName name, double time) {
    name.name = name.name.empty() ? "(no name)" : xml_attribute(name.name);
    name.classname = xml_attribute(name.classname);
    // Ids that differ may be alike here; each that is taken already says where to go on counting.
    const std::string said = name.name;
    int& last = last_number_[name.classname + '\n' + said];
    while (!names_.insert(name.classname + '\n' + name.name).second)
      name.name = fmt::format("{} ({})", said, last = std::max(last, 1) + 1);
    return fmt::format("  <testcase name=\"{}\" classname=\"{}\" time=\"{}\"", name.name, name.classname,
                       seconds(time));
  }

  std::string test_xml(const TestSummary& test, std::size_t share, Counts& counts) {
    const std::string open = opening(case_name(report_.tests.tests()[test.test]), test.durations.median);
    if (test.verdict == TestVerdict::not_shown_flaky) return open + "/>\n";
    if (test.verdict == TestVerdict::not_run) {
      counts.skipped = 1;
      return open + fmt::format(">\n    <skipped message=\"{}\"/>\n  </testcase>\n",
                                xml_attribute(test_sentence(report_, test)));
    }
    std::vector<Problem> problems;
    for (const TestExample& example : examples_.distinct(test.test, kExamples))
      problems.push_back(problem_of(test, example, share));
    if (problems.empty()) problems.push_back({false, "failed", test_sentence(report_, test), ""});
    const bool passes = options_.flaky == JunitFlaky::pass && passed_once(test);
    return open + ">\n" + told(problems, passes, counts) +
           fmt::format("    <system-out>{}</system-out>\n  </testcase>\n", xml_text(again_words(test)));
  }

  std::string told(const std::vector<Problem>& problems, bool passes, Counts& counts) const {
    if (!passes) (problems[0].error ? counts.errors : counts.failures) = 1;
    return problems_xml(problems, passes);
  }

  Problem problem_of(const TestSummary& test, const TestExample& example, std::size_t share) const {
    std::string text = fmt::format("attempt {}, seed {}, {}:\n", example.attempt->index,
                                   example.attempt->seed, condition_words(condition_of(*example.attempt)));
    text += example_text(example, spool_, kLongestExample);
    return {example.outcome != TestOutcome::failed, example_kind(report_, example),
            test_sentence(report_, test) + "; " +
                std::string(cut_text(example_message(example), kLongestAttribute)),
            shortened_to(text, share, escaped_size)};
  }

  static std::size_t escaped_size(std::string_view text) { return xml_text(text).size(); }

  const Condition& condition_of(const AttemptRecord& attempt) const {
    return report_.conditions[static_cast<std::size_t>(attempt.condition)];
  }

  // Neither schema knows properties of a test case.
  std::string again_words(const TestSummary& test) const {
    const auto& examples = examples_.of(test.test);
    if (examples.empty()) return "";
    std::string text = "did not pass in attempts (with seeds): ";
    std::size_t shown = 0;
    int last = -1;
    for (const TestExample& example : examples) {
      if (example.attempt->index == last) continue;
      last = example.attempt->index;
      if (shown == kSeeds) break;
      text += fmt::format("{}{} ({})", shown++ == 0 ? "" : ", ", last, example.attempt->seed);
    }
    return text + "\nreproduce: " + reproduce_attempt(report_, examples.front().attempt->index) + "\n";
  }

  // The command as one test: where tests are not told apart, and for attempts that failed in none of them.
  void add_command(const std::vector<FailureGroup>& groups) {
    const VerdictWords words = verdict_words(report_);
    Counts counts{.tests = 1};
    const std::string command(cut_text(report_.plan.test_command.shown(), kLongestAttribute));
    std::string xml = opening({std::string(kWholeCommand), command}, median_seconds(report_)) + ">\n";
    std::vector<Problem> problems;
    for (const FailureGroup& group : groups) {
      if (problems.size() == kExamples) break;
      problems.push_back(problem_of(words, group));
    }
    const std::string reason = words.graded() + (words.reason.empty() ? "" : " " + words.reason);
    if (problems.empty() && words.tone == Tone::bad)
      problems.push_back({true, std::string(name(verdict(report_))), reason, words.reason});
    if (!problems.empty()) {
      xml += told(problems, options_.flaky == JunitFlaky::pass && some_passed(), counts);
    } else if (report_.total_runs() == 0) {
      counts.skipped = 1;
      xml += fmt::format("    <skipped message=\"{}\"/>\n", xml_attribute(reason));
    }
    add(xml + "  </testcase>\n", counts);
  }

  bool some_passed() const { return report_.failures() < report_.total_runs(); }

  Problem problem_of(const VerdictWords& words, const FailureGroup& group) const {
    const AttemptRecord& attempt = *group.example;
    const bool error = attempt.outcome != sandbox::Outcome::failed;
    std::string text = fmt::format("attempt {}, seed {}; reproduce: {}\n", attempt.index, attempt.seed,
                                   reproduce_attempt(report_, attempt.index));
    text += shortened(attempt_text(attempt, spool_, 40), kLongestExample);
    return {error, std::string(sandbox::name(attempt.outcome)),
            fmt::format("{} {}: {} {}", words.label, words.graded(),
                        counted(static_cast<std::uint64_t>(group.count), "attempt"), group.how),
            text};
  }

  const Report& report_;
  const Spool& spool_;
  const JunitOptions& options_;
  const TestExamples examples_;
  std::set<std::string> names_;
  std::map<std::string, int> last_number_;  // of a name, behind its class
  std::string body_;
  Counts counts_;
  int left_out_ = 0;
};

}  // namespace

void write_junit(const Report& report, const Spool& spool, std::ostream& out, const JunitOptions& options) {
  Suite(report, spool, options).write(out);
}

}  // namespace orchestrator
