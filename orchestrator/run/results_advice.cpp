#include "orchestrator/run/results_advice.h"

#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/report/words.h"
#include "sandbox/frames/frame.h"

namespace orchestrator {
namespace {

const std::string* note_of(const AttemptRecord& attempt) {
  const auto found = std::find_if(attempt.notes.begin(), attempt.notes.end(), [](const std::string& note) {
    return note.starts_with(sandbox::kResultsNote);
  });
  return found == attempt.notes.end() ? nullptr : &*found;
}

// The first of what is missing stands for all: the rest is in the attempts' notes.
std::string what_is_missing(const Report& report) {
  const AttemptRecord* first = nullptr;
  std::uint64_t attempts = 0;
  for (const auto& attempt : report.attempts) {
    if (!attempt.counted() || !note_of(attempt)) continue;
    if (!first) first = &attempt;
    ++attempts;
  }
  if (!first) return "";
  return fmt::format("{} (attempt {}; {} with such a note)", *note_of(*first), first->index,
                     counted(attempts, "attempt"));
}

std::string globs(const JobPlan& plan) {
  std::string text;
  for (const auto& glob : plan.results) text += fmt::format("{}'{}'", text.empty() ? "" : ", ", glob);
  return text;
}

// Of what probes and files said: what nobody will find in the report.
std::vector<std::string> what_was_left_out(const TestResults& results) {
  std::vector<std::string> sentences;
  const AttemptTests* first = nullptr;
  std::uint64_t records = 0;
  for (const auto& attempt : results.attempts()) {
    if (attempt.dropped > 0 && !first) first = &attempt;
    records += attempt.dropped;
  }
  if (first)
    sentences.push_back(
        fmt::format("{} of tests {} malformed or beyond a bound, and left out (attempt {} is the first)",
                    counted(records, "record"), records == 1 ? "is" : "are", first->attempt));
  if (const auto failures = results.failures_dropped(); failures > 0)
    sentences.push_back(
        fmt::format("of {} beyond {} only the number is kept", counted(failures, "failure"), kMaxFailures));
  return sentences;
}

std::vector<std::string> advice_about_globs(const Report& report, const ToldApart& told) {
  const bool apart = !report.tests.empty();
  std::vector<std::string> advice;
  if (apart && !told.by_files)
    advice.emplace_back("results was not used: the framework's own probe told the tests apart");
  else if (told.files == 0)
    advice.push_back(
        fmt::format("tests were not told apart: no attempt left a file that matches {}", globs(report.plan)));
  else if (!apart)
    advice.push_back(fmt::format(
        "tests were not told apart: no test could be read of the files that match {}", globs(report.plan)));
  if (std::string missing = what_is_missing(report); !missing.empty()) advice.push_back(std::move(missing));
  return advice;
}

std::string advice_without_globs(const JobPlan& plan) {
  for (const std::string& word : plan.test_command.split())
    if (word.starts_with("PYTHONPATH="))
      return "tests were not told apart: the command's own PYTHONPATH hides the plugin for pytest; --env " +
             word + " in its place does not";
  return "tests were not told apart: --results 'GLOB' reads JUnit XML that the command writes";
}

}  // namespace

std::vector<std::string> results_advice(const Report& report, const ToldApart& told) {
  if (report.total_runs() == 0) return {};
  std::vector<std::string> advice;
  if (report.tests.empty() && !told.no_test.empty())
    advice.push_back(fmt::format("no test was run: the command says '{}'", told.no_test));
  else if (!report.plan.results.empty())
    advice = advice_about_globs(report, told);
  else if (report.tests.empty())
    advice.push_back(advice_without_globs(report.plan));
  for (auto& sentence : what_was_left_out(report.tests)) advice.push_back(std::move(sentence));
  return advice;
}

}  // namespace orchestrator
