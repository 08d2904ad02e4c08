#include "orchestrator/analysis/record_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "orchestrator/analysis/cut_text.h"
#include "orchestrator/analysis/log_text.h"

namespace orchestrator {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxSessions = 10'000;  // at the same time

// The text without escapes of half a character, which no JSON parser has to accept: Python writes them for
// bytes of a program's output that were not UTF-8, and the record of a failure is not lost for that.
std::string without_half_characters(std::string_view line) {
  const auto unit = [&](std::size_t at) -> std::string_view {
    return line.size() - at >= 6 && line[at] == '\\' && line[at + 1] == 'u' ? line.substr(at, 6) : "";
  };
  const auto is_half = [](std::string_view escape, std::string_view third) {
    return escape.size() == 6 && (escape[2] == 'd' || escape[2] == 'D') &&
           third.find(escape[3]) != std::string_view::npos;
  };
  const std::string_view high = "89abAB", low = "cdefCDEF";
  std::string text;
  for (std::size_t i = 0; i < line.size();) {
    std::size_t taken = line[i] == '\\' ? 2 : 1;
    if (is_half(unit(i), high) && i + 6 < line.size() && is_half(unit(i + 6), low)) {
      taken = 12;
    } else if (is_half(unit(i), high) || is_half(unit(i), low)) {
      text += "\\ufffd";
      i += 6;
      continue;
    }
    text += line.substr(i, taken);
    i += taken;
  }
  return text;
}

// Records are flat: what is nested inside is left out while it is parsed.
json parse_flat(std::string_view line) {
  const auto flat = [](int depth, json::parse_event_t event, json&) {
    return depth == 0 ||
           (event != json::parse_event_t::object_start && event != json::parse_event_t::array_start);
  };
  return json::parse(line.begin(), line.end(), flat, false);
}

json parse_record(std::string_view line) {
  json record = parse_flat(line);
  if (record.is_discarded() && line.find("\\u") != std::string_view::npos)
    record = parse_flat(without_half_characters(line));
  return record;
}

// The text of a member; empty when it is missing or none.
std::string_view text(const json& record, const char* key) {
  const auto found = record.find(key);
  return found != record.end() && found->is_string() ? found->get_ref<const std::string&>()
                                                     : std::string_view();
}

std::optional<std::uint64_t> number(const json& record, const char* key) {
  const auto found = record.find(key);
  if (found == record.end() || !found->is_number_unsigned()) return std::nullopt;
  return found->get<std::uint64_t>();
}

float seconds(const json& record) {
  const auto found = record.find("s");
  if (found == record.end() || !found->is_number()) return 0;
  return static_cast<float>(std::clamp(found->get<double>(), 0.0, kMaxSeconds));
}

bool expected_to_fail(const json& record) { return number(record, "w").value_or(0) == 1; }

std::optional<TestPhase> phase_of(std::string_view word) {
  for (const TestPhase phase : {TestPhase::setup, TestPhase::call, TestPhase::teardown})
    if (word == name(phase)) return phase;
  return std::nullopt;
}

// What a phase says about the whole test; not_run for nothing.
std::optional<TestOutcome> outcome_of(TestPhase phase, std::string_view word, bool expected) {
  const bool call = phase == TestPhase::call;
  if (word == "failed") return call ? TestOutcome::failed : TestOutcome::error;
  if (word == "skipped") return call && expected ? TestOutcome::passed : TestOutcome::skipped;
  if (word == "passed") return call ? TestOutcome::passed : TestOutcome::not_run;
  return std::nullopt;
}

// The first of failed, error, skipped, passed that one of the phases has said.
TestOutcome together(TestOutcome before, TestOutcome now) {
  for (const auto each : {TestOutcome::failed, TestOutcome::error, TestOutcome::skipped, TestOutcome::passed})
    if (before == each || now == each) return each;
  return TestOutcome::not_run;
}

TestOutcome killed_by(sandbox::Outcome outcome) {
  if (outcome == sandbox::Outcome::timed_out) return TestOutcome::timed_out;
  if (outcome == sandbox::Outcome::out_of_memory) return TestOutcome::out_of_memory;
  return TestOutcome::crashed;
}

// The word that stands for the exception of a test that was killed.
std::string_view kill_word(sandbox::Outcome outcome) {
  const bool by_itself = outcome == sandbox::Outcome::passed || outcome == sandbox::Outcome::failed;
  return by_itself ? name(TestOutcome::crashed) : sandbox::name(outcome);
}

}  // namespace

void RecordReader::record(std::string_view line) {
  const json record = line.size() <= kMaxRecord ? parse_record(line) : json(json::value_t::discarded);
  if (!record.is_object() || !read(record)) ++tests_.dropped;
}

bool RecordReader::read(const json& record) {
  const std::string_view type = text(record, "t");
  if (type == "phase") return read_phase(record);
  if (type == "start") return read_start(record);
  if (type == "test") return read_test(record);
  if (type == "session") return read_session(record);
  if (type == "collect_error") return read_collect_error(record);
  if (type == "collected") return tests_.collected = true;
  if (type == "finish") return read_finish(record);
  return false;
}

bool RecordReader::read_session(const json& record) {
  const std::string_view framework = text(record, "framework");
  if (framework.empty()) return false;
  if (const auto key = number(record, "k"); key && open_sessions_.size() < kMaxSessions) {
    open_sessions_.insert(*key);
    tests_.finished = false;
  }
  if (tests_.session) {
    // The command runs it once more, and that one numbers its tests anew.
    if (!record.contains("k")) run_of_number_.clear();
    return true;
  }
  tests_.session = true;
  tests_.framework = cut_text(framework, kMaxWord);
  tests_.root = cut_text(text(record, "root"), kMaxTestId);
  if (const std::string_view version = text(record, "version"); !version.empty())
    tests_.framework += fmt::format(" {}", cut_text(version, kMaxWord));
  return true;
}

// Of sessions side by side the last one's end is all's.
bool RecordReader::read_finish(const json& record) {
  if (const auto key = number(record, "k")) open_sessions_.erase(*key);
  tests_.finished = open_sessions_.empty();
  return true;
}

std::optional<std::size_t> RecordReader::add_run(TestRun run) {
  if (tests_.runs.size() >= most_runs_) return std::nullopt;
  tests_.runs.push_back(run);
  progress_.emplace_back();
  return tests_.runs.size() - 1;
}

bool RecordReader::read_test(const json& record) {
  const auto i = number(record, "i");
  const auto repeat = number(record, "r");
  const std::string_view id = text(record, "id");
  if (!i || *i >= most_runs_ || id.empty() || !repeat || *repeat < 1 ||
      *repeat > std::numeric_limits<std::uint16_t>::max())
    return false;
  std::uint32_t* const run = slot(record, *i, true);
  if (!run || *run != 0) return false;
  const auto added =
      add_run({.test = results_.intern_test(id), .repeat = static_cast<std::uint16_t>(*repeat)});
  if (added) *run = static_cast<std::uint32_t>(*added) + 1;
  return added.has_value();
}

std::uint32_t* RecordReader::slot(const json& record, std::uint64_t i, bool make) {
  constexpr std::uint64_t kLargestKey = std::numeric_limits<std::uint32_t>::max();
  if (!record.contains("k")) {
    if (i >= run_of_number_.size() && make) run_of_number_.resize(i + 1);
    return i < run_of_number_.size() ? &run_of_number_[i] : nullptr;
  }
  const auto key = number(record, "k");
  if (!key || *key > kLargestKey || i > kLargestKey) return nullptr;
  const std::uint64_t both = *key << 32 | i;
  if (make && run_of_keyed_number_.size() <= most_runs_) return &run_of_keyed_number_[both];
  const auto found = run_of_keyed_number_.find(both);
  return found == run_of_keyed_number_.end() ? nullptr : &found->second;
}

std::optional<std::size_t> RecordReader::run_of(const json& record) {
  const auto i = number(record, "i");
  const std::uint32_t* const run = i ? slot(record, *i, false) : nullptr;
  if (!run || *run == 0) return std::nullopt;
  return *run - 1;
}

bool RecordReader::read_start(const json& record) {
  const auto run = run_of(record);
  if (!run) return false;
  progress_[*run].begun = true;
  progress_[*run].ended = false;
  return true;
}

// A set-up of what has come to something already: somebody runs the test again, as those do that run failing
// tests until they pass. What it came to before stays.
std::optional<std::size_t> RecordReader::next_try(std::size_t run, const json& record) {
  progress_[run].ended = true;
  const auto added = add_run({.test = tests_.runs[run].test, .repeat = tests_.runs[run].repeat});
  if (added) *slot(record, *number(record, "i"), false) = static_cast<std::uint32_t>(*added) + 1;
  return added;
}

bool RecordReader::read_phase(const json& record) {
  auto run = run_of(record);
  const auto phase = phase_of(text(record, "p"));
  if (!run || !phase) return false;
  if (*phase == TestPhase::setup && tests_.runs[*run].outcome != TestOutcome::not_run)
    run = next_try(*run, record);
  if (!run) return false;
  const auto outcome = outcome_of(*phase, text(record, "o"), expected_to_fail(record));
  // What ended is known even of a phase whose word is not: only a missing teardown means that the test was
  // running.
  progress_[*run].begun = true;
  progress_[*run].ended = *phase == TestPhase::teardown;
  progress_[*run].next = *phase == TestPhase::setup ? TestPhase::call : TestPhase::teardown;
  TestRun& test = tests_.runs[*run];
  test.seconds += seconds(record);
  if (!outcome) return false;
  test.outcome = together(test.outcome, *outcome);
  if (did_not_pass(*outcome)) add_failure(*run, *phase, record);
  add_log(*run, text(record, "l"));
  return true;
}

bool RecordReader::read_collect_error(const json& record) {
  const std::string_view id = text(record, "id");
  const auto run = add_run(
      {.test = results_.intern_collector(id.empty() ? "(collection)" : id), .outcome = TestOutcome::error});
  if (!run) return false;
  progress_[*run].ended = true;
  add_failure(*run, TestPhase::collect, record);
  return true;
}

void RecordReader::add_failure(std::size_t run, TestPhase phase, const json& record) {
  if (progress_[run].failure) return;
  progress_[run].failure = true;
  RecordedFailure failure{
      .run = run,
      .facts = {.phase = phase,
                .exception = std::string(cut_text(text(record, "e"), kMaxWord)),
                .location = std::string(cut_text(text(record, "at"), kMaxLocation)),
                .function = std::string(cut_text(text(record, "in"), kMaxWord)),
                .message = std::string(cut_text(first_line(text(record, "m")), kMaxMessage))},
      .text = std::string(cut_text(text(record, "x"), kMaxFailureText))};
  if (text_bytes_ + failure.text.size() > kMaxAttemptText) failure.text.clear();
  text_bytes_ += failure.text.size();
  failures_.push_back(std::move(failure));
}

void RecordReader::add_log(std::size_t run, std::string_view text) {
  text = cut_text(text, kMaxTestLog);
  if (text.empty() || progress_[run].log || text_bytes_ + text.size() > kMaxAttemptText) return;
  progress_[run].log = true;
  text_bytes_ += text.size();
  logs_.push_back({run, std::string(text)});
}

void RecordReader::end_running(std::size_t run, sandbox::Outcome outcome) {
  TestRun& test = tests_.runs[run];
  const Progress& progress = progress_[run];
  if (!tests_.counted) {
    test.outcome = TestOutcome::not_run;
    return;
  }
  if (progress.failure) return;
  test.outcome = killed_by(outcome);
  failures_.push_back(
      {.run = run, .facts = {.phase = progress.next, .exception = std::string(kill_word(outcome))}});
}

AttemptTests RecordReader::finish(int attempt, int condition, sandbox::Outcome outcome) {
  tests_.attempt = attempt;
  tests_.condition = condition;
  tests_.counted = sandbox::is_evidence(outcome);
  for (std::size_t run = 0; run < progress_.size(); ++run)
    if (progress_[run].begun && !progress_[run].ended) end_running(run, outcome);
  return std::move(tests_);
}

}  // namespace orchestrator
