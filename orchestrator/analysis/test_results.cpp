#include "orchestrator/analysis/test_results.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "orchestrator/analysis/cut_text.h"

namespace orchestrator {
namespace {

struct OutcomeWords {
  std::string_view name;
  char letter;
  int rank;  // the larger one counts
};

// By the number of the outcome.
constexpr std::array<OutcomeWords, 8> kOutcomes{{
    {"not_run", ' ', 0},
    {"passed", '.', 2},
    {"failed", 'F', 4},
    {"error", 'E', 3},
    {"timed_out", 'T', 7},
    {"out_of_memory", 'M', 6},
    {"crashed", 'C', 5},
    {"skipped", 's', 1},
}};

const OutcomeWords& words(TestOutcome outcome) { return kOutcomes.at(static_cast<std::size_t>(outcome)); }

// FNV-1a: the same on every host, so that a cut id is the same in two reports.
std::uint64_t hash(std::string_view text) {
  std::uint64_t value = 0xcbf29ce484222325u;
  for (const char byte : text) value = (value ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
  return value;
}

std::string bounded_id(std::string_view id) {
  const std::string end = fmt::format("…{:016x}", hash(id));
  return std::string(cut_text(id, kMaxTestId - end.size())) + end;
}

}  // namespace

std::string_view name(TestOutcome outcome) { return words(outcome).name; }
char letter(TestOutcome outcome) { return words(outcome).letter; }
bool is_evidence(TestOutcome outcome) {
  return outcome != TestOutcome::not_run && outcome != TestOutcome::skipped;
}
TestOutcome worse(TestOutcome one, TestOutcome other) {
  return words(one).rank >= words(other).rank ? one : other;
}
TestOutcome command_outcome(sandbox::Outcome attempt) {
  switch (attempt) {
    case sandbox::Outcome::passed:
      return TestOutcome::passed;
    case sandbox::Outcome::failed:
      return TestOutcome::failed;
    case sandbox::Outcome::timed_out:
      return TestOutcome::timed_out;
    case sandbox::Outcome::out_of_memory:
      return TestOutcome::out_of_memory;
    case sandbox::Outcome::output_limit:
    case sandbox::Outcome::disk_limit:
    case sandbox::Outcome::pids_limit:
      return TestOutcome::crashed;
    case sandbox::Outcome::not_runnable:
    case sandbox::Outcome::infrastructure_error:
    case sandbox::Outcome::cancelled:
      break;
  }
  return TestOutcome::not_run;
}

std::string_view name(TestPhase phase) {
  switch (phase) {
    case TestPhase::collect:
      return "collect";
    case TestPhase::setup:
      return "setup";
    case TestPhase::call:
      return "call";
    case TestPhase::teardown:
      return "teardown";
  }
  return "call";
}

std::uint32_t Names::intern(std::string_view text) {
  if (const auto found = number_of_.find(text); found != number_of_.end()) return found->second;
  // The last number is kept for all that come too late.
  if (all_.size() + 1 < most_ && bytes_ + text.size() <= most_bytes_) return append(text);
  if (!shared_) shared_ = append(further_);
  return *shared_;
}

std::uint32_t Names::append(std::string_view text) {
  const auto number = static_cast<std::uint32_t>(all_.size());
  all_.emplace_back(text);
  number_of_.emplace(text, number);
  bytes_ += text.size();
  return number;
}

TestIndex TestResults::intern_test(std::string_view id) {
  return id.size() <= kMaxTestId ? tests_.intern(id) : tests_.intern(bounded_id(id));
}

TestIndex TestResults::intern_collector(std::string_view id) {
  const TestIndex test = intern_test(id);
  if (collectors_.size() < kMaxCollectors &&
      std::find(collectors_.begin(), collectors_.end(), test) == collectors_.end())
    collectors_.push_back(test);
  return test;
}

void TestResults::enter_passes(AttemptTests& attempt, std::size_t first_collector) {
  if (!attempt.collected || first_collector == collectors_.size()) return;
  std::vector<TestIndex> missing(collectors_.begin() + static_cast<std::ptrdiff_t>(first_collector),
                                 collectors_.end());
  for (const auto& run : attempt.runs)
    if (!missing.empty()) std::erase(missing, run.test);
  for (const TestIndex test : missing) attempt.runs.push_back({.test = test, .outcome = TestOutcome::passed});
  runs_ += missing.size();
}

void TestResults::add(AttemptTests attempt) {
  const auto place =
      std::lower_bound(attempts_.begin(), attempts_.end(), attempt.attempt,
                       [](const AttemptTests& each, int number) { return each.attempt < number; });
  const bool again = place != attempts_.end() && place->attempt == attempt.attempt;
  if (again) runs_ -= place->runs.size();
  if (runs_ + attempt.runs.size() > kMaxRuns) {
    attempt.dropped += attempt.runs.size();
    attempt.runs.clear();
  }
  runs_ += attempt.runs.size();
  enter_passes(attempt, 0);
  attempt.runs.shrink_to_fit();
  if (again)
    *place = std::move(attempt);
  else
    attempts_.insert(place, std::move(attempt));

  if (entered_collectors_ < collectors_.size()) {
    for (auto& each : attempts_) enter_passes(each, entered_collectors_);
    entered_collectors_ = collectors_.size();
  }
}

bool TestResults::keep_message(const TestFailure& failure) {
  if (failure.test >= messages_of_.size()) messages_of_.resize(failure.test + 1u);
  if (messages_of_[failure.test] >= kMessagesPerTest) return false;
  ++messages_of_[failure.test];
  message_bytes_ += failure.message.size();
  return message_bytes_ <= kMaxMessageBytes;
}

std::int32_t TestResults::add_failure(TestFailure failure) {
  if (failures_.size() >= kMaxFailures) {
    ++failures_dropped_;
    return -1;
  }
  failure.message = cut_text(failure.message, kMaxMessage);
  if (!failure.message.empty() && !keep_message(failure)) failure.message = {};
  failure.message.shrink_to_fit();
  failures_.push_back(std::move(failure));
  return static_cast<std::int32_t>(failures_.size()) - 1;
}

bool TestResults::empty() const {
  return std::none_of(attempts_.begin(), attempts_.end(),
                      [](const auto& each) { return !each.runs.empty(); });
}

}  // namespace orchestrator
