// JUnit XML, as everybody writes it: pytest, surefire, Gradle, jest-junit, vitest, mocha-junit-reporter,
// gotestsum, PHPUnit, GoogleTest, CTest. There is no standard, so whatever is missing is done without.
//
// A test's id is made of the file that it stands in, its class and its name:
// "tests/CartTest.php::CartTest::total". The file is the `file` of the test case, or of the nearest suite
// that has one; a class that repeats the file (as "tests.test_cart.TestCart" does "tests/test_cart.py") or
// the name (jest-junit's and mocha's default) is not said twice; where there is neither file nor class, the
// nearest suite's name stands for them.
//
// Surefire and Gradle tell of a test that they ran again by themselves: <flakyFailure> and <flakyError> in a
// case that passed in the end, <rerunFailure> and <rerunError> in one that never did. Each is a time that it
// did not pass; so a test with a <flakyFailure> did both in that attempt, which makes it flaky.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <pugixml.hpp>

#include "orchestrator/analysis/log_text.h"
#include "orchestrator/analysis/result_format.h"
#include "orchestrator/analysis/top_frame.h"

namespace orchestrator {
namespace {

// A node takes some 70 bytes of memory and may take 4 of a file; an attribute 40 and 6.
constexpr std::size_t kMaxTags = 400'000;
constexpr std::size_t kMaxAttributes = 1'000'000;
constexpr int kMaxDepth = 64;  // of suites in suites
constexpr int kMaxRerunsOfACase = 100;

// Up to where the bounds allow the document to be read.
std::size_t readable_bytes(std::string_view bytes) {
  std::size_t tags = 0, attributes = 0;
  char before = 0;  // the last that is no blank
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    tags += c == '<';
    attributes += before == '=' && (c == '"' || c == '\'');
    if (tags > kMaxTags || attributes > kMaxAttributes) return i;
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r') before = c;
  }
  return bytes.size();
}

std::string_view attribute(const pugi::xml_node& node, const char* name) {
  return node.attribute(name).value();
}

bool is(const pugi::xml_node& node, std::string_view name) { return node.name() == name; }

std::string text_of(const pugi::xml_node& node) {
  std::string text;
  for (const pugi::xml_node& child : node.children())
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) text += child.value();
  return text;
}

// Thousands may be separated, as in "1,234.5".
double seconds_of(const pugi::xml_node& node) {
  std::string text(attribute(node, "time"));
  std::erase(text, ',');
  double seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::isfinite(seconds) && seconds > 0 ? seconds : 0;
}

// What it printed to both, the one after the other.
std::string log_of(const pugi::xml_node& node) {
  std::string log;
  for (const pugi::xml_node& child : node.children()) {
    if (!is(child, "system-out") && !is(child, "system-err")) continue;
    if (!log.empty() && log.back() != '\n') log += '\n';
    log += text_of(child);
  }
  return log;
}

// ---- ids

// "tests/test_cart.py" → "tests.test_cart"
std::string as_module(std::string_view file) {
  std::string module(file.substr(0, file.rfind('.')));
  std::replace(module.begin(), module.end(), '/', '.');
  return module;
}

std::string_view without_module(std::string_view class_name, std::string_view file) {
  const std::string module = as_module(file);
  if (module.empty() || !class_name.starts_with(module)) return class_name;
  if (class_name.size() == module.size()) return {};
  return class_name[module.size()] == '.' ? class_name.substr(module.size() + 1) : class_name;
}

struct Suite {
  std::string_view name, file;  // of the nearest that has one
};

std::string id_of(const pugi::xml_node& test, const Suite& suite) {
  std::string_view file = attribute(test, "file");
  file = in_repository(file.empty() ? suite.file : file);
  const std::string_view name = attribute(test, "name");
  std::string_view class_name = attribute(test, "classname");
  if (class_name == file || name.ends_with(" " + std::string(class_name)) || class_name == name)
    class_name = {};
  class_name = without_module(class_name, file);
  if (file.empty() && class_name.empty()) class_name = suite.name;
  std::string id;
  for (const std::string_view part : {file, class_name, name})
    if (!part.empty()) id.append(id.empty() ? "" : "::").append(part);
  return id;
}

// ---- outcomes

bool looks_like_exception(std::string_view word) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '\\';
  };
  if (word.empty() || word.size() > 200 || !std::all_of(word.begin(), word.end(), letter)) return false;
  return std::any_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string exception_of(std::string_view type, std::string_view message) {
  if (!type.empty()) return std::string(type);
  // "AssertionError: assert 1 == 2"
  const std::string_view word = message.substr(0, message.find(':'));
  return word.size() < message.size() && looks_like_exception(word) ? std::string(word) : std::string();
}

// pytest says in words which part of a test an error was in.
TestPhase phase_from(std::string_view message) {
  if (message.starts_with("failed on setup")) return TestPhase::setup;
  if (message.starts_with("failed on teardown")) return TestPhase::teardown;
  if (message.starts_with("collection failure")) return TestPhase::collect;
  return TestPhase::call;
}

void take_failure(const pugi::xml_node& failure, ResultCase& one) {
  const bool error = is(failure, "error") || is(failure, "flakyError") || is(failure, "rerunError");
  one.outcome = error ? TestOutcome::error : TestOutcome::failed;
  one.text = text_of(failure);
  const auto trace = failure.child("stackTrace");
  if (one.text.find_first_not_of(" \t\r\n") == std::string::npos && trace) one.text = text_of(trace);
  const std::string_view message = attribute(failure, "message");
  one.facts.message = message.empty() ? one.text : std::string(message);
  if (one.text.empty()) one.text = message;
  one.facts.phase = error ? phase_from(message) : TestPhase::call;
  one.facts.exception = exception_of(attribute(failure, "type"), one.facts.message);
  TopFrame frame = top_frame(one.text);
  one.facts.location = std::move(frame.location);
  one.facts.function = std::move(frame.function);
}

// The children of a test case that say how it ended.
struct Endings {
  pugi::xml_node failure, skipped;
  std::vector<pugi::xml_node> flaky, rerun;
};

Endings endings_of(const pugi::xml_node& test) {
  Endings endings;
  const auto keep = [](std::vector<pugi::xml_node>& list, const pugi::xml_node& child) {
    if (list.size() < kMaxRerunsOfACase) list.push_back(child);
  };
  for (const pugi::xml_node& child : test.children()) {
    if ((is(child, "failure") || is(child, "error")) && !endings.failure) endings.failure = child;
    if (is(child, "skipped")) endings.skipped = child;
    if (is(child, "flakyFailure") || is(child, "flakyError")) keep(endings.flaky, child);
    if (is(child, "rerunFailure") || is(child, "rerunError")) keep(endings.rerun, child);
  }
  return endings;
}

// Where no child says it; GoogleTest and CTest write such words.
TestOutcome outcome_by_status(const pugi::xml_node& test) {
  const std::string_view status = attribute(test, "status");
  for (const std::string_view word : {"notrun", "skipped", "disabled", "ignored", "pending"})
    if (status == word) return TestOutcome::skipped;
  if (attribute(test, "result") == "skipped" || attribute(test, "result") == "suppressed")
    return TestOutcome::skipped;
  if (status == "failed" || status == "fail") return TestOutcome::failed;
  return status == "error" ? TestOutcome::error : TestOutcome::passed;
}

class JunitReader {
 public:
  JunitReader(std::string_view bytes, const std::function<void(ResultCase)>& each)
      : bytes_(bytes), each_(each) {}

  std::string read() {
    const std::size_t readable = readable_bytes(bytes_);
    const bool cut = readable < bytes_.size();
    bytes_ = bytes_.substr(0, readable);
    const pugi::xml_parse_result result =
        document_.load_buffer(bytes_.data(), bytes_.size(), pugi::parse_default, pugi::encoding_auto);
    if (!result) find_unfinished();
    read_suite(document_, {}, 0);
    if (cut)
      return fmt::format("has more than {} tags or {} attributes; the rest was left out", kMaxTags,
                         kMaxAttributes);
    if (!result)
      return fmt::format("is not well-formed XML at byte {}; {} before it {}", result.offset,
                         cases_ == 1 ? "1 test" : fmt::format("{} tests", cases_),
                         cases_ == 1 ? "was read" : "were read");
    if (left_out_) return fmt::format("nests suites deeper than {}; what is below was left out", kMaxDepth);
    return cases_ == 0 && !says_none_ ? "names no test" : "";
  }

 private:
  // In a document that breaks off, the last case may lack the very child that says that it failed.
  void find_unfinished() {
    pugi::xml_node last = document_.root();
    while (true) {
      pugi::xml_node child = last.last_child();
      while (child && child.type() != pugi::node_element) child = child.previous_sibling();
      if (!child) return;
      last = child;
      if (is(last, "testcase")) break;
    }
    if (!is_finished(last.offset_debug())) unfinished_ = last;
  }

  bool is_finished(std::ptrdiff_t offset) const {
    constexpr std::string_view kName = "testcase";
    const auto start = static_cast<std::size_t>(std::max<std::ptrdiff_t>(offset, 0));
    // Not so where the document came in another encoding.
    if (offset < 0 || start >= bytes_.size() || bytes_.substr(start, kName.size()) != kName) return false;
    char quote = 0;
    for (std::size_t i = start + kName.size(); i < bytes_.size(); ++i) {
      const char c = bytes_[i];
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '>') {
        return bytes_[i - 1] == '/' || bytes_.find("</testcase", i) != std::string_view::npos;
      }
    }
    return false;
  }

  void read_suite(const pugi::xml_node& node, Suite suite, int depth) {
    for (const pugi::xml_node& child : node.children()) {
      if (is(child, "testcase")) {
        if (child != unfinished_) read_case(child, suite);
      } else if (is(child, "testsuite") || is(child, "testsuites")) {
        Suite inner = suite;
        if (const auto name = attribute(child, "name"); !name.empty()) inner.name = name;
        // Surefire's, of a class with all its tests in nested ones.
        says_none_ |= attribute(child, "tests") == "0";
        for (const char* key : {"filepath", "file"})
          if (const auto file = attribute(child, key); !file.empty()) inner.file = file;
        left_out_ |= depth == kMaxDepth;
        if (depth < kMaxDepth) read_suite(child, inner, depth + 1);
      }
    }
  }

  void read_case(const pugi::xml_node& test, const Suite& suite) {
    ResultCase passed;
    passed.id = id_of(test, suite);
    if (passed.id.empty()) return;
    ++cases_;
    passed.seconds = seconds_of(test);
    passed.outcome = outcome_by_status(test);
    const Endings endings = endings_of(test);
    bool again = false;
    const auto tell = [&](const pugi::xml_node& failure, double seconds) {
      ResultCase one{.id = passed.id, .seconds = seconds, .again = std::exchange(again, true)};
      take_failure(failure, one);
      one.log = log_of(failure == endings.failure ? test : failure);
      each_(std::move(one));
    };
    if (endings.failure) tell(endings.failure, passed.seconds);
    for (const auto* times : {&endings.flaky, &endings.rerun})
      for (const auto& failure : *times) tell(failure, seconds_of(failure));
    // Reruns alone never passed either.
    if (endings.failure || (endings.flaky.empty() && !endings.rerun.empty())) return;
    if (endings.skipped) passed.outcome = TestOutcome::skipped;
    if (!endings.flaky.empty()) passed.outcome = TestOutcome::passed;
    passed.again = again;
    passed.log = log_of(test);
    each_(std::move(passed));
  }

  std::string_view bytes_;
  const std::function<void(ResultCase)>& each_;
  pugi::xml_document document_;
  pugi::xml_node unfinished_;
  std::size_t cases_ = 0;
  bool left_out_ = false;
  bool says_none_ = false;
};

class JUnitXml : public ResultFormat {
 public:
  std::string_view name() const override { return "JUnit XML"; }

  bool recognises(std::string_view, std::string_view head) const override {
    std::string text(head);
    std::erase(text, '\0');  // UTF-16
    return text.find("<testsuite") != std::string::npos || text.find("<testcase") != std::string::npos;
  }

  std::string read(std::string_view bytes, const std::function<void(ResultCase)>& each) const override {
    return JunitReader(bytes, each).read();
  }
};

}  // namespace

const ResultFormat& junit_xml() {
  static const JUnitXml format;
  return format;
}

}  // namespace orchestrator
