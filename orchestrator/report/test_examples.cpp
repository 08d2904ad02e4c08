#include "orchestrator/report/test_examples.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "orchestrator/analysis/cut_text.h"
#include "orchestrator/report/cut.h"
#include "orchestrator/report/failure_groups.h"
#include "orchestrator/report/utf8.h"
#include "orchestrator/report/words.h"

namespace orchestrator {
namespace {

std::string_view ending_words(TestOutcome outcome) {
  switch (outcome) {
    case TestOutcome::timed_out:
      return "the attempt was stopped at its time limit while this test ran";
    case TestOutcome::out_of_memory:
      return "the kernel killed the attempt for its memory while this test ran";
    case TestOutcome::crashed:
      return "the process was gone while this test ran";
    default:
      return "it did not pass; no message was kept";
  }
}

bool may_stand_in_path(char c) {
  return static_cast<unsigned char>(c) > 0x20 && c != 0x7F &&
         std::string_view("\"'<>|:*?\\").find(c) == std::string_view::npos;
}

// A path of the repository, not one that leads out of it.
bool is_inside(std::string_view path) {
  if (path.empty() || path.size() > 500 || path.front() == '/' || path.front() == '~') return false;
  if (!std::all_of(path.begin(), path.end(), may_stand_in_path)) return false;
  return ("/" + std::string(path) + "/").find("/../") == std::string::npos;
}

// "tests/test_a.py:14: AssertionError", as a traceback's line begins.
SourcePlace place_in(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !is_inside(line.substr(0, colon))) return {};
  int number = 0;
  std::size_t at = colon + 1;
  for (; at < line.size() && line[at] >= '0' && line[at] <= '9' && number < 10'000'000; ++at)
    number = number * 10 + (line[at] - '0');
  if (number == 0 || at >= line.size() || line[at] != ':') return {};
  return {std::string(line.substr(0, colon)), number};
}

SourcePlace last_place_in(std::string_view text) {
  if (const auto sections = text.find("\n--- Captured "); sections != std::string_view::npos)
    text = text.substr(0, sections);
  while (!text.empty()) {
    const auto newline = text.rfind('\n');
    const auto line = newline == std::string_view::npos ? text : text.substr(newline + 1);
    if (auto place = place_in(line); place.line > 0) return place;
    text = newline == std::string_view::npos ? "" : text.substr(0, newline);
  }
  return {};
}

std::string from_root(const Report& report, std::string path) {
  const std::string folder = report.plan.subdir.empty() ? "" : report.plan.subdir + "/";
  return folder.empty() || path.starts_with(folder) ? path : folder + path;
}

}  // namespace

TestExamples::TestExamples(const Report& report) {
  const auto& failures = report.tests.failures();
  for (const AttemptTests& attempt : report.tests.attempts()) {
    const AttemptRecord* record = attempt.counted ? report.find(attempt.attempt) : nullptr;
    if (!record) continue;
    for (const TestRun& run : attempt.runs) {
      if (!did_not_pass(run.outcome)) continue;
      auto& kept = by_test_[run.test];
      if (kept.size() == kMost) continue;
      const auto* failure = run.failure < 0 ? nullptr : &failures[static_cast<std::size_t>(run.failure)];
      kept.push_back({record, run.repeat, run.outcome, run.seconds, failure});
    }
  }
}

const std::vector<TestExample>& TestExamples::of(TestIndex test) const {
  static const std::vector<TestExample> none;
  const auto found = by_test_.find(test);
  return found == by_test_.end() ? none : found->second;
}

std::vector<TestExample> TestExamples::distinct(TestIndex test, std::size_t most) const {
  std::vector<TestExample> all = of(test);
  std::stable_sort(all.begin(), all.end(), [](const TestExample& a, const TestExample& b) {
    const auto has_text = [](const TestExample& each) {
      return each.failure && each.failure->text.bytes > 0;
    };
    return has_text(a) && !has_text(b);
  });
  std::vector<TestExample> first, rest;
  std::set<std::pair<TestOutcome, std::int64_t>> seen;
  for (const auto& each : all) {
    const std::int64_t signature = each.failure ? each.failure->signature : -1;
    (seen.emplace(each.outcome, signature).second ? first : rest).push_back(each);
  }
  first.insert(first.end(), rest.begin(), rest.end());
  if (first.size() > most) first.resize(most);
  return first;
}

std::string shortened(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  const std::string_view head = cut_text(text, most / 3);
  const std::string_view tail = without_partial_start(text.substr(text.size() - (most - most / 3)));
  return std::string(head) + cut_mark(text.size() - head.size() - tail.size()) + std::string(tail);
}

std::string shortened_to(std::string_view text, std::size_t most, std::size_t (*size_of)(std::string_view)) {
  std::string kept = shortened(text, most);
  const std::size_t size = size_of(kept);
  return size > most ? shortened(text, most * most / size) : kept;
}

std::string example_text(const TestExample& example, const Spool& spool, std::size_t most) {
  const TestFailure* failure = example.failure;
  if (!failure || failure->text.bytes == 0) return to_utf8(cut_text(example_message(example), most));
  return shortened(to_utf8(spool.read(failure->text)), most);
}

std::string example_message(const TestExample& example) {
  if (example.failure && !example.failure->message.empty()) return example.failure->message;
  return std::string(ending_words(example.outcome));
}

std::string example_kind(const Report& report, const TestExample& example) {
  const std::string fallback(name(example.outcome));
  if (!example.failure) return fallback;
  // phase · exception · place; see failure_signature.h
  const std::string& signature = report.tests.signatures()[example.failure->signature];
  constexpr std::string_view kBetween = " · ";
  const auto first = signature.find(kBetween);
  if (first == std::string::npos) return fallback;
  const auto begin = first + kBetween.size();
  const std::string kind = signature.substr(begin, signature.find(kBetween, begin) - begin);
  return kind.empty() ? fallback : kind;
}

std::string attempt_text(const AttemptRecord& attempt, const Spool& spool, std::size_t most_lines) {
  constexpr int kLongestLine = 300;
  const LastLines last = last_lines(attempt, spool, most_lines, kLongestLine);
  std::string text;
  for (const auto& line : last.out) text += line + "\n";
  if (!last.out.empty() && !last.err.empty()) text += "[stderr]\n";
  for (const auto& line : last.err) text += line + "\n";
  return text.empty() ? "(it printed nothing)\n" : text;
}

double median_seconds(const Report& report) {
  std::vector<double> times;
  for (const auto& attempt : report.attempts)
    if (attempt.counted()) times.push_back(std::chrono::duration<double>(attempt.duration).count());
  if (times.empty()) return 0;
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

SourcePlace place_of(const Report& report, TestIndex test, std::string_view text) {
  const std::string& id = report.tests.tests()[test];
  const std::string file = id.substr(0, id.find("::"));
  SourcePlace place = last_place_in(text);
  if (place.line == 0 && is_inside(file) && file.find('.') != std::string::npos) place.path = file;
  if (!place.path.empty()) place.path = from_root(report, std::move(place.path));
  return place;
}

SourcePlace place_of(const Report& report, const Spool& spool, TestIndex test, const TestExamples& examples) {
  const auto chosen = examples.distinct(test, 1);
  const bool kept = !chosen.empty() && chosen[0].failure;
  return place_of(report, test, kept ? to_utf8(spool.read(chosen[0].failure->text)) : "");
}

}  // namespace orchestrator
