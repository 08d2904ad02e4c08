#include "made_tests.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "orchestrator/analysis/failure_signature.h"
#include "tests/unit/analysis/made_results.h"

namespace orchestrator {
namespace {

using namespace std::string_literals;

FailureText kept(Spool& spool, const std::string& text) {
  if (text.empty()) return {};
  const auto piece = spool.keep(text);
  return {piece.offset, static_cast<std::uint32_t>(piece.bytes)};
}

void add_run(MadeReport& made, AttemptTests& attempt, const MadeRow& row, TestIndex test, char letter,
             std::uint16_t repeat, std::set<TestIndex>& logged) {
  if (letter == '-') return;
  TestRun run{.test = test, .repeat = repeat, .outcome = outcome_of(letter), .seconds = 0.25F};
  TestResults& results = made.report.tests;
  const std::string log = "connecting\n" + std::string(letter == '.' ? "ready" : "refused") + "\n";
  if (letter == '.' && logged.insert(test).second)
    results.add_passing_log({attempt.attempt, test, repeat, kept(made.spool, log)});
  if (did_not_pass(run.outcome)) {
    const FailureFacts facts{.phase = letter == 'E' ? TestPhase::setup : TestPhase::call,
                             .exception = row.exception,
                             .location = "tests/test_cart.py:14",
                             .function = "test_y",
                             .message = row.message};
    run.failure = results.add_failure({.attempt = attempt.attempt,
                                       .test = test,
                                       .repeat = repeat,
                                       .signature = results.intern_signature(failure_signature(facts)),
                                       .message = row.message,
                                       .text = kept(made.spool, row.text),
                                       .log = kept(made.spool, log)});
  }
  attempt.runs.push_back(run);
}

}  // namespace

MadeTests::MadeTests(const std::vector<MadeRow>& rows, std::vector<Condition> conditions,
                     const std::vector<int>& condition_of) {
  report.conditions = std::move(conditions);
  for (const auto& row : rows) report.tests.intern_test(row.id);
  std::set<TestIndex> logged;
  const std::size_t attempts = rows.at(0).letters.size();
  for (std::size_t i = 0; i < attempts; ++i) {
    const int condition = condition_of.empty() ? 0 : condition_of.at(i);
    AttemptTests attempt{.attempt = static_cast<int>(i),
                         .condition = condition,
                         .session = true,
                         .collected = true,
                         .finished = true,
                         .framework = "pytest 8.3.4"};
    for (TestIndex test = 0; test < rows.size(); ++test) {
      add_run(*this, attempt, rows[test], test, rows[test].letters.at(i), 1, logged);
      if (i < rows[test].second.size())
        add_run(*this, attempt, rows[test], test, rows[test].second[i], 2, logged);
    }
    bool passed = true;
    for (const auto& run : attempt.runs) passed = passed && !did_not_pass(run.outcome);
    add(passed ? sandbox::Outcome::passed : sandbox::Outcome::failed, "collected\n").condition = condition;
    report.tests.add(std::move(attempt));
  }
  report.plan.runs = static_cast<int>(attempts);
  report.verdicts = judge(report.tests, report.conditions, {});
  report.findings = find_findings(report, spool);
}

MadeTests every_verdict() {
  const std::string text =
      "    def test_total():\n>       assert cart.total() == 30\nE       assert 29 == 30\n\n"
      "tests/test_cart.py:14: AssertionError\n--- Captured stdout call ---\nconnecting\nrefused\n";
  return MadeTests(
      {{"tests/test_cart.py::test_total", "..F...F.....", "", "AssertionError", "assert 29 == 30", text},
       {"tests/test_cart.py::TestLock::test_hangs[a/b]", "T.......E...", "", "TimeoutError", "", ""},
       {"tests/test_order.py::test_victim", "......FFF...", "", "AssertionError", "somebody was here",
        "tests/test_order.py:8: AssertionError"},
       {"tests/test_order.py::test_again", "............", "---------FFF", "KeyError", "'calls'",
        "tests/helpers.py:3: in bump\ntests/test_order.py:21: KeyError"},
       {"tests/test_broken.py::test_broken", "FFFFFFFFFFFF", "", "AssertionError", "assert 2 == 3",
        "E       assert 2 == 3\ntests/test_broken.py:2: AssertionError"},
       {"tests/test_cart.py::test_fine", "............"},
       {"tests/test_cart.py::test_skipped", "ssssssssssss"}},
      {{}, {.name = "shuffle", .order = TestOrder::shuffled}, {.name = "repeat", .repeat = 2}},
      {0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2});
}

const std::vector<std::string>& hostile_texts() {
  static const std::vector<std::string> texts = {
      "a | b || c \\| d",
      "`code` ``` fence ```` longer",
      "@octocat and @org/team and <!channel> <@U123> <!here>",
      "#123 org/repo#4 GH-5 https://evil.example.com www.example.com a@example.com",
      "</details></summary><script>alert(1)</script><img src=x onerror=y>",
      "![image](https://evil.example.com/i.png) [link](javascript:alert(1))",
      "]]> <![CDATA[ & &amp; &#0; \" '",
      "line\nbreak\r\n::error file=x::injected\r::set-output name=a::b",
      "%0A::error::injected %25 ##[error]injected",
      "nul\0 esc\x1b[31m bell\a \xff\xfe \xed\xa0\x80 \xef\xbf\xbf"s,
      "<!-- orchestrator:0000000000000000 --> *bold* _em_ ~strike~ $math$ $`x`$ :smile:",
      "right\xe2\x80\xaeto-left \xe2\x80\xa8 separator",
      " \t leading and trailing ` ",
      "\\",
      "",
      "../../etc/passwd::test",
      "-->--><h1>",
  };
  return texts;
}

namespace {

std::vector<MadeRow> hostile_rows() {
  std::vector<MadeRow> rows;
  for (const auto& text : hostile_texts()) {
    rows.push_back({"tests/" + text + "::test", "F.F.", "", text, text, text + "\n" + text + "\n```\n"});
    rows.push_back({text, "FFFF", "", text, text, text});
  }
  return rows;
}

}  // namespace

HostileReport::HostileReport() : MadeTests(hostile_rows()) {
  report.plan.test_command = {hostile_texts()[0] + hostile_texts()[1] + hostile_texts()[7], {}};
  report.source.ref = hostile_texts()[2];
  report.warnings = hostile_texts();
  report.reproduce = hostile_texts()[8];
  report.end = RunEnd::cancelled;
  report.end_reason = hostile_texts()[3] + hostile_texts()[4];
  report.attempts[0].hints = {{"network", hostile_texts()[5], "--network bridge"}};
}

void expect_golden_file(const std::string& name, const std::string& text) {
  const std::string path = std::string(SOURCE_FOLDER) + "/tests/unit/report/golden/" + name;
  if (::getenv("UPDATE_GOLDEN")) std::ofstream(path, std::ios::binary) << text;
  EXPECT_EQ(text, read_file(path));
}

}  // namespace orchestrator
