#include "orchestrator/report/github_annotations.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>
#include <ostream>
#include <set>

#include "orchestrator/analysis/cut_text.h"
#include "orchestrator/report/escapes.h"
#include "orchestrator/report/test_examples.h"
#include "orchestrator/report/verdict_words.h"
#include "orchestrator/report/words.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

constexpr std::size_t kLongestTitle = 200;

struct Annotation {
  std::string_view kind;  // "error", "warning", "notice"
  SourcePlace place;
  std::string title, message;  // raw
};

void write(const Annotation& annotation, std::ostream& out) {
  std::string properties;
  const auto add = [&](const char* name, const std::string& value) {
    properties += fmt::format("{}{}={}", properties.empty() ? " " : ",", name, value);
  };
  if (!annotation.place.path.empty()) add("file", workflow_property(annotation.place.path));
  if (annotation.place.line > 0) add("line", std::to_string(annotation.place.line));
  add("title", workflow_property(one_line(cut_text(annotation.title, kLongestTitle))));
  out << "::" << annotation.kind << properties << "::" << workflow_data(for_terminal(annotation.message))
      << "\n";
}

std::string_view kind_of(Tone tone) { return tone == Tone::bad ? "error" : "warning"; }

Annotation annotation_of(const Report& report, const Spool& spool, const TestSummary& test,
                         const TestExamples& examples) {
  const auto chosen = examples.distinct(test.test, 1);
  const std::string& id = report.tests.tests()[test.test];
  std::string message = id + ": " + test_sentence(report, test);
  if (!chosen.empty()) {
    message += "\n\n" + example_message(chosen[0]);
    message += "\n\n" + reproduce_attempt(report, chosen[0].attempt->index);
  }
  return {kind_of(tone(test.verdict)), place_of(report, spool, test.test, examples),
          fmt::format("{}: {}", label(test.verdict), id), message};
}

void write_command(const Report& report, std::ostream& out) {
  const VerdictWords words = verdict_words(report);
  if (words.tone == Tone::good) return;
  const std::string reason = words.reason.empty() ? "" : " " + words.reason;
  write({kind_of(words.tone),
         {},
         words.label,
         report.plan.test_command.shown() + ": " + words.graded() + reason + "\n\n" + report.reproduce},
        out);
}

// Ids that `ci` lets pass: they are known, and need no line of their own on each page of each run.
std::set<std::string> excused_ids(const Report& report) {
  std::set<std::string> ids;
  if (report.ci)
    for (const CiTest& test : report.ci->tests)
      if (excused(test.standing)) ids.insert(test.id);
  return ids;
}

std::string random_token() {
  std::array<unsigned char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw io::system_failure("no random bytes");
  std::string token = "orchestrator-";
  for (const unsigned char byte : bytes) token += fmt::format("{:02x}", byte);
  return token;
}

}  // namespace

void write_github_annotations(const Report& report, const Spool& spool, std::ostream& out) {
  const TestExamples examples(report);
  const std::set<std::string> excused = excused_ids(report);
  int errors = 0, warnings = 0, more = 0;
  for (const TestSummary& test : report.verdicts.tests) {
    if (!needs_a_person(test) || excused.count(report.tests.tests()[test.test]) > 0) continue;
    int& count = tone(test.verdict) == Tone::bad ? errors : warnings;
    if (count == kMostAnnotations) {
      ++more;
      continue;
    }
    ++count;
    write(annotation_of(report, spool, test, examples), out);
  }
  // What passes by a policy, or has been told test by test, needs no annotation as a whole.
  const bool passes = report.ci && report.ci->passes();
  if (errors + warnings == 0 && !passes) write_command(report, out);
  if (more > 0)
    write({"notice",
           {},
           "Flaky and failing tests",
           "and " + counted(static_cast<std::uint64_t>(more), "more such test")},
          out);
  out.flush();
}

StoppedCommands::StoppedCommands(std::ostream& out) : StoppedCommands(out, random_token()) {}

StoppedCommands::StoppedCommands(std::ostream& out, std::string token) : out_(out), token_(std::move(token)) {
  out_ << "::stop-commands::" << token_ << "\n";
}

StoppedCommands::~StoppedCommands() { out_ << "::" << token_ << "::\n" << std::flush; }

}  // namespace orchestrator
