#include "orchestrator/run/test_ledger.h"

#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/analysis/cut_text.h"
#include "orchestrator/report/report.h"
#include "orchestrator/report/words.h"
#include "sandbox/frames/frame.h"

namespace orchestrator {
namespace {

constexpr std::size_t kNotesOfAnAttempt = 10;
constexpr std::size_t kShownPath = 200;

}  // namespace

TestLedger::TestLedger(Spool& spool, std::vector<std::string> secrets, std::optional<double> until_sure,
                       bool files_know_conditions)
    : mask_(std::move(secrets)),
      probe_(spool, until_sure),
      files_(spool, until_sure),
      files_know_conditions_(files_know_conditions) {
  if (until_sure) settled_command_.emplace(*until_sure);
}

std::string TestLedger::masked(std::string_view line) {
  std::string text = mask_.feed(line);
  return text + mask_.finish();
}

// Before anything is cut: half a secret would not be found.
ResultCase TestLedger::clean(ResultCase one) {
  for (std::string* text : {&one.id, &one.facts.exception, &one.facts.location, &one.facts.function,
                            &one.facts.message, &one.text, &one.log})
    if (!text->empty()) *text = to_utf8(masked(*text));
  return one;
}

void TestLedger::Page::result_file(std::string_view path, std::string_view bytes) {
  ++ledger_.result_files_;
  if (!ledger_.probe_.empty() || reader_.told_apart()) return;
  const std::string problem =
      read_results(path, bytes, [this](ResultCase one) { cases_.add(ledger_.clean(std::move(one))); });
  if (problem.empty()) return;
  whole_ = false;
  const std::string shown = one_line(cut_text(ledger_.masked(path), kShownPath));
  if (notes_.size() < kNotesOfAnAttempt)
    notes_.push_back(fmt::format("{}{} {}", sandbox::kResultsNote, shown, problem));
}

void TestLedger::Page::close(int attempt, int condition, sandbox::Outcome outcome) {
  AttemptTests tests = reader_.finish(attempt, condition, outcome);
  if (ledger_.settled_command_) {
    AttemptTests whole = tests;
    whole.runs = {TestRun{.test = 0, .outcome = command_outcome(outcome)}};
    ledger_.settled_command_->add(whole);
  }
  ledger_.probe_.enter(std::move(tests), reader_.failures(), reader_.logs());
  if (!ledger_.probe_.empty()) return;
  if (!ledger_.files_know_conditions_) condition = 0;
  ledger_.files_.enter(cases_.finish(attempt, condition, outcome, whole_), cases_.failures(), cases_.logs());
}

bool TestLedger::settled() const {
  if (!settled_command_) return false;
  if (told_by_files()) return files_.all_settled();
  return probe_.empty() ? settled_command_->all_settled() : probe_.all_settled();
}

}  // namespace orchestrator
