#include "orchestrator/analysis/result_cases.h"

#include <algorithm>
#include <limits>

#include "orchestrator/analysis/cut_text.h"
#include "orchestrator/analysis/log_text.h"

namespace orchestrator {
namespace {

float bounded(double seconds) {
  // Written so that a NaN is none.
  return seconds > 0 ? static_cast<float>(std::min(seconds, kMaxSeconds)) : 0;
}

}  // namespace

void ResultCases::add(const ResultCase& one) {
  const TestIndex test = results_.intern_test(one.id);
  Known& known = known_[test];
  if (known.times > 0 && !one.again)
    add_to_first(known, one);
  else if (known.times < std::numeric_limits<std::uint16_t>::max() && tests_.runs.size() < most_runs_)
    add_run(test, known, one);
  else
    ++tests_.dropped;
}

void ResultCases::add_run(TestIndex test, Known& known, const ResultCase& one) {
  if (known.times++ == 0) known.first = tests_.runs.size();
  tests_.runs.push_back(
      {.test = test, .repeat = known.times, .outcome = one.outcome, .seconds = bounded(one.seconds)});
  if (did_not_pass(one.outcome)) add_failure(tests_.runs.size() - 1, one);
  if (std::string log = bounded_text(one.log, kMaxTestLog); !log.empty())
    logs_.push_back({tests_.runs.size() - 1, std::move(log)});
}

// Empty when the attempt has had its share.
std::string ResultCases::bounded_text(std::string_view text, std::size_t most) {
  text = cut_text(text, most);
  if (text_bytes_ + text.size() > kMaxAttemptText) return {};
  text_bytes_ += text.size();
  return std::string(text);
}

void ResultCases::add_to_first(const Known& known, const ResultCase& one) {
  TestRun& run = tests_.runs[known.first];
  const bool failed_before = did_not_pass(run.outcome);
  run.outcome = worse(run.outcome, one.outcome);
  run.seconds = std::max(run.seconds, bounded(one.seconds));
  if (did_not_pass(one.outcome) && !failed_before) add_failure(known.first, one);
}

void ResultCases::add_failure(std::size_t run, const ResultCase& one) {
  failures_.push_back(
      {.run = run,
       .facts = {.phase = one.facts.phase,
                 .exception = std::string(cut_text(one.facts.exception, kMaxWord)),
                 .location = std::string(cut_text(one.facts.location, kMaxLocation)),
                 .function = std::string(cut_text(one.facts.function, kMaxWord)),
                 .message = std::string(cut_text(first_said_line(one.facts.message), kMaxMessage))},
       .text = bounded_text(one.text, kMaxFailureText)});
}

AttemptTests ResultCases::finish(int attempt, int condition, sandbox::Outcome outcome, bool whole) {
  tests_.attempt = attempt;
  tests_.condition = condition;
  tests_.counted = sandbox::is_evidence(outcome);
  tests_.session = !tests_.runs.empty();
  const bool ended_itself = outcome == sandbox::Outcome::passed || outcome == sandbox::Outcome::failed;
  tests_.finished = tests_.session && whole && ended_itself;
  return std::move(tests_);
}

}  // namespace orchestrator
