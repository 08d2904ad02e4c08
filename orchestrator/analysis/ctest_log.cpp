// The log that CTest writes of each run, Testing/Temporary/LastTest.log: which test passed, how long it took
// and all that it printed (cmCTestRunTest.cxx writes it, CMake 3.0 to 4.1 alike). While tests run, and when
// CTest is killed, it is called LastTest.log.tmp and holds those that have ended.
//
// A test of CTest that is a program of GoogleTest printed which of its own tests ran: these are the tests
// then, named "Suite.Case" where CTest's test is called so or contains it, else "name of
// CTest's::Suite.Case"; what broke outside of them is CTest's test's own.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "orchestrator/analysis/log_text.h"
#include "orchestrator/analysis/result_format.h"
#include "orchestrator/analysis/top_frame.h"

namespace orchestrator {
namespace {

constexpr std::size_t kMaxText = 64 * 1024;  // of what one test printed
constexpr std::size_t kMaxMessageLines = 4;

// Lines one after the other; what is behind the last newline, too.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  std::optional<std::string_view> next() {
    if (rest_.empty()) return std::nullopt;
    const auto end = rest_.find('\n');
    const std::string_view line = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
    return line;
  }

 private:
  std::string_view rest_;
};

double number_in(std::string_view text) {
  text = trimmed(text);
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value >= 0 ? value : 0;
}

std::string last_line(std::string_view text) {
  std::string_view last;
  Lines lines(text);
  while (const auto line = lines.next())
    if (!trimmed(*line).empty()) last = trimmed(*line);
  return std::string(last);
}

// ---- GoogleTest's own words

// "[       OK ] Suite.Case (3 ms)": also behind what a test printed without a newline.
struct Mark {
  std::string_view word, name;
  double seconds = 0;
};

std::optional<Mark> mark_in(std::string_view line) {
  for (const std::string_view word : {"[ RUN      ] ", "[       OK ] ", "[  FAILED  ] ", "[  SKIPPED ] "}) {
    const auto at = line.find(word);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = trimmed(line.substr(at + word.size()));
    const auto end = rest.find_first_of(", ");
    Mark mark{word.substr(1, word.size() - 3), rest.substr(0, end)};
    if (mark.name.find('.') == std::string_view::npos) return std::nullopt;  // "1 test, listed below:"
    const auto open = rest.rfind(" (");
    if (open != std::string_view::npos && rest.ends_with(" ms)"))
      mark.seconds = number_in(rest.substr(open + 2)) / 1000;
    mark.word = trimmed(mark.word);
    return mark;
  }
  return std::nullopt;
}

// "/work/depot_test.cpp:4: Failure", and what follows it.
void take_assertion(std::string_view text, FailureFacts& facts) {
  constexpr std::string_view kEnd = ": Failure";
  Lines lines(text);
  while (const auto line = lines.next()) {
    const std::string_view said = trimmed(*line);
    if (!said.ends_with(kEnd)) continue;
    facts.location = std::string(in_repository(said.substr(0, said.size() - kEnd.size())));
    facts.exception = "assertion";
    for (std::size_t i = 0; i < kMaxMessageLines; ++i) {
      const auto more = lines.next();
      if (!more || trimmed(*more).empty()) break;
      facts.message += (facts.message.empty() ? "" : " ") + std::string(trimmed(*more));
    }
    return;
  }
}

struct GoogleCase {
  std::string name, text;
  TestOutcome outcome = TestOutcome::error;  // until its end is seen: its process died
  double seconds = 0;
  bool again = false;
};

std::vector<GoogleCase> google_cases(std::string_view output) {
  std::vector<GoogleCase> cases;
  std::set<std::string, std::less<>> seen;
  bool running = false;
  Lines lines(output);
  while (const auto line = lines.next()) {
    const auto mark = mark_in(*line);
    if (mark && mark->word == "RUN") {
      cases.push_back(
          {.name = std::string(mark->name), .text = {}, .again = !seen.emplace(mark->name).second});
      running = true;
    } else if (mark && running && mark->name == cases.back().name) {
      cases.back().outcome = mark->word == "OK"       ? TestOutcome::passed
                             : mark->word == "FAILED" ? TestOutcome::failed
                                                      : TestOutcome::skipped;
      cases.back().seconds = mark->seconds;
      running = false;
    } else if (running && cases.back().text.size() < kMaxText) {
      cases.back().text.append(*line).append(1, '\n');
    }
  }
  return cases;
}

// ---- CTest's

struct Entry {
  std::string name, output, reason;
  double seconds = 0;
  std::optional<TestOutcome> outcome;  // none: its end is not there
};

ResultCase own_case(const Entry& entry) {
  ResultCase one{.id = entry.name, .outcome = *entry.outcome, .seconds = entry.seconds};
  if (one.outcome == TestOutcome::failed) {
    one.text = entry.output;
    one.facts.message = entry.reason.empty() ? last_line(entry.output) : entry.reason;
    TopFrame frame = top_frame(entry.output);
    one.facts.location = std::move(frame.location);
    one.facts.function = std::move(frame.function);
  } else {
    one.log = entry.output;
  }
  return one;
}

ResultCase google_case(const std::string& id, GoogleCase one) {
  ResultCase made{.id = id, .outcome = one.outcome, .seconds = one.seconds, .again = one.again};
  if (one.outcome == TestOutcome::failed) take_assertion(one.text, made.facts);
  if (one.outcome == TestOutcome::error) {
    made.facts.exception = "crashed";
    made.facts.message = last_line(one.text);
  }
  (did_not_pass(one.outcome) ? made.text : made.log) = std::move(one.text);
  return made;
}

void hand_on(const Entry& entry, const std::function<void(ResultCase)>& each) {
  auto cases = google_cases(entry.output);
  if (cases.empty()) return each(own_case(entry));
  const bool is_the_case = std::all_of(cases.begin(), cases.end(),
                                       [&](const GoogleCase& one) { return one.name == cases[0].name; }) &&
                           entry.name.find(cases[0].name) != std::string::npos;
  bool explained = false;
  for (auto& one : cases) {
    explained = explained || did_not_pass(one.outcome);
    const std::string id = is_the_case ? entry.name : entry.name + "::" + one.name;
    each(google_case(id, std::move(one)));
  }
  // Broke behind the last of its tests, or before the first.
  if (is_the_case && (explained || *entry.outcome != TestOutcome::failed)) return;
  ResultCase whole = own_case(entry);
  if (explained && whole.outcome == TestOutcome::failed)
    whole = {.id = entry.name, .outcome = TestOutcome::passed};
  whole.log.clear();
  each(std::move(whole));
}

class Reader {
 public:
  explicit Reader(const std::function<void(ResultCase)>& each) : each_(each) {}

  std::string read(std::string_view bytes) {
    Lines lines(bytes);
    while (const auto line = lines.next()) in_output_ ? output(*line) : word(*line);
    end();
    return cases_ == 0 ? "names no test" : "";
  }

 private:
  void output(std::string_view line) {
    if (line.starts_with("<end of output>")) {
      in_output_ = false;
    } else if (!entry_.output.empty() || !line.starts_with("-----")) {
      if (entry_.output.size() < kMaxText) entry_.output.append(line).append(1, '\n');
    }
  }

  void word(std::string_view line) {
    constexpr std::string_view kTime = "Test time =";
    if (const auto name = name_that_begins(line); !name.empty()) {
      end();
      entry_ = {.name = std::string(name), .output = {}, .reason = {}};
    } else if (line == "Output:") {
      in_output_ = true;
    } else if (line.starts_with(kTime)) {
      entry_.seconds = number_in(line.substr(kTime.size()));
    } else if (line == "Command: \"\"") {
      never_started_ =
          true;  // no such program, or what it depends on has failed: logged as passed all the same
    } else if (line.starts_with("Test Passed.") || line.starts_with("Test Pass Reason:")) {
      entry_.outcome = TestOutcome::passed;
      reason_follows_ = line.ends_with(':');
    } else if (line.starts_with("Test Failed.") || line.starts_with("Test Fail Reason:")) {
      entry_.outcome = TestOutcome::failed;
      reason_follows_ = line.ends_with(':');
    } else if (reason_follows_) {
      entry_.reason = std::string(line);
      if (line.starts_with("Skip ")) entry_.outcome = TestOutcome::skipped;
      reason_follows_ = false;
    }
  }

  // "3/8 Testing: name"
  static std::string_view name_that_begins(std::string_view line) {
    constexpr std::string_view kWord = " Testing: ";
    const auto at = line.find(kWord);
    if (at == std::string_view::npos || at == 0) return {};
    const std::string_view counter = line.substr(0, at);
    if (counter.find('/') == std::string_view::npos ||
        counter.find_first_not_of("0123456789/") != std::string_view::npos)
      return {};
    return trimmed(line.substr(at + kWord.size()));
  }

  void end() {
    if (!entry_.name.empty() && entry_.outcome) {
      if (never_started_) entry_.outcome = TestOutcome::skipped;
      hand_on(entry_, each_);
      ++cases_;
    }
    entry_ = {};
    in_output_ = reason_follows_ = never_started_ = false;
  }

  const std::function<void(ResultCase)>& each_;
  Entry entry_;
  bool in_output_ = false, reason_follows_ = false, never_started_ = false;
  std::size_t cases_ = 0;
};

class CtestLog : public ResultFormat {
 public:
  std::string_view name() const override { return "CTest's log"; }
  bool recognises(std::string_view path, std::string_view head) const override {
    return path.find("LastTest.log") != std::string_view::npos || head.starts_with("Start testing: ");
  }
  std::string read(std::string_view bytes, const std::function<void(ResultCase)>& each) const override {
    return Reader(each).read(bytes);
  }
};

}  // namespace

const ResultFormat& ctest_log() {
  static const CtestLog kFormat;
  return kFormat;
}

}  // namespace orchestrator
