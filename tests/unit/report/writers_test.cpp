// The further forms of a report: golden files of one report with every verdict, what independent parsers read
// in them, and what a hostile repository can make of them.
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>

#include "made_tests.h"
#include "orchestrator/report/code_quality_writer.h"
#include "orchestrator/report/ctrf_writer.h"
#include "orchestrator/report/escapes.h"
#include "orchestrator/report/github_annotations.h"
#include "orchestrator/report/html_writer.h"
#include "orchestrator/report/junit_writer.h"
#include "orchestrator/report/markdown_writer.h"
#include "orchestrator/report/slack_message.h"
#include "orchestrator/report/test_examples.h"
#include "orchestrator/report/words.h"
#include "tests/support/program.h"

namespace orchestrator {
namespace {

using nlohmann::json;
using sandbox::Outcome;

void junit(const Report& report, const Spool& spool, std::ostream& out) { write_junit(report, spool, out); }
void failing_junit(const Report& report, const Spool& spool, std::ostream& out) {
  write_junit(report, spool, out, {.flaky = JunitFlaky::fail});
}
void ctrf(const Report& report, const Spool& spool, std::ostream& out) { write_ctrf(report, spool, out); }
void markdown(const Report& report, const Spool& spool, std::ostream& out) {
  write_markdown(report, spool, out);
}
void whole_page(const Report& report, const Spool& spool, std::ostream& out) {
  write_html(report, spool, out);
}
void summary(const Report& report, const Spool& spool, std::ostream& out) {
  write_step_summary(report, spool, out);
}

std::string slack(const Report& report) { return slack_message(report, {}).dump(1); }

std::string written(const MadeReport& made, void (*write)(const Report&, const Spool&, std::ostream&)) {
  std::ostringstream out;
  write(made.report, made.spool, out);
  return out.str();
}

// What tests/support/read_formats.py understands; its complaint is a failure of the test.
json read_back(const std::string& kind, const std::string& text) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/file";
  std::ofstream(path, std::ios::binary) << text;
  const auto run = testing_support::run_command(
      {"python3", std::string(SOURCE_FOLDER) + "/tests/support/read_formats.py", kind, path});
  EXPECT_EQ(run.exit_code, 0) << run.err << text.substr(0, 5000);
  return run.exit_code == 0 ? json::parse(run.out) : json();
}

const json& case_named(const json& suite, const std::string& name) {
  for (const auto& each : suite.at("cases"))
    if (each.at("name") == name) return each;
  throw std::runtime_error("no test case " + name + " in " + suite.dump(1));
}

// Tests were not told apart: 6 of 8 attempts failed in two ways.
void add_attempts(MadeReport& made) {
  made.add_many(2, Outcome::passed, "listening\n3 passed\n");
  made.add_many(5, Outcome::failed, "listening\nFAILED tests/test_cart.py::test_total - assert 29 == 30\n");
  made.add(Outcome::timed_out, "listening\n", "waiting for the lock\n");
  made.report.findings = find_findings(made.report, made.spool);
}

TEST(Writers, SayEveryVerdict) {
  const MadeTests made = every_verdict();
  expect_golden_file("tests.junit.xml", written(made, junit));
  expect_golden_file("tests.flaky-fail.junit.xml", written(made, failing_junit));
  expect_golden_file("tests.ctrf.json", json::parse(written(made, ctrf)).dump(1) + "\n");
  expect_golden_file("tests.md", written(made, markdown));
  expect_golden_file("tests.annotations.txt", written(made, write_github_annotations));
  expect_golden_file("tests.code-quality.json", written(made, write_code_quality));
  expect_golden_file("tests.slack.json", slack(made.report) + "\n");
}

TEST(Writers, TakeTheCommandForOneTestWhereTestsAreNotToldApart) {
  MadeReport made;
  add_attempts(made);
  expect_golden_file("command.junit.xml", written(made, junit));
  expect_golden_file("command.ctrf.json", json::parse(written(made, ctrf)).dump(1) + "\n");
  expect_golden_file("command.md", written(made, markdown));
  expect_golden_file("command.annotations.txt", written(made, write_github_annotations));
  expect_golden_file("command.code-quality.json", written(made, write_code_quality));
  expect_golden_file("command.slack.json", slack(made.report) + "\n");
}

TEST(Writers, NameTheEntriesOfTheQuarantineThatAPersonIsToLookAt) {
  MadeReport made;
  made.add_many(60, Outcome::passed);
  made.report.ci = CiDecision{};
  made.report.ci->healed = {{.entry = {.test = "test_mended", .max_rate = 0.2}, .n = 60}};
  made.report.ci->expired = {{.test = "test_of_old", .reason = "nobody knows"}};
  made.report.ci->gone = {{.test = "test_renamed"}};
  for (const std::string& form :
       {made.text(), written(made, markdown), written(made, summary), written(made, whole_page)})
    for (const char* words : {"test_mended", "0 of 60 as written", "test_of_old", "nobody knows",
                              "test_renamed", "none of the tests"})
      EXPECT_NE(form.find(words), std::string::npos) << words << "\n" << form;
}

TEST(Junit, MakesAFlakyTestAPassWithAFlakyFailureOrAFailure) {
  const MadeTests made = every_verdict();
  const json usual = read_back("junit", written(made, junit));
  EXPECT_EQ(usual.at("cases").size(), 7u) << "one per test, not per attempt";
  const json& flaky = case_named(usual, "test_total");
  EXPECT_EQ(flaky.at("classname"), "tests.test_cart");
  EXPECT_EQ(flaky.at("tags"), (json{"flakyFailure", "flakyFailure", "system-out"}));
  EXPECT_NE(flaky.at("messages")[0].get<std::string>().find("[0.4–64.1]"), std::string::npos) << flaky;
  EXPECT_NE(flaky.at("text").get<std::string>().find("assert 29 == 30"), std::string::npos);
  EXPECT_EQ(case_named(usual, "test_hangs[a/b]").at("classname"), "tests.test_cart.TestLock");
  EXPECT_EQ(case_named(usual, "test_hangs[a/b]").at("tags"),
            (json{"flakyError", "flakyError", "system-out"}));
  EXPECT_EQ(case_named(usual, "test_broken").at("tags"),
            (json{"failure", "rerunFailure", "rerunFailure", "system-out"}));
  EXPECT_EQ(case_named(usual, "test_fine").at("tags"), json::array());
  EXPECT_EQ(case_named(usual, "test_skipped").at("tags"), json::array({"skipped"}));

  const json strict = read_back("junit", written(made, failing_junit));
  EXPECT_EQ(case_named(strict, "test_total").at("tags"), (json{"failure", "rerunFailure", "system-out"}));
  EXPECT_EQ(case_named(strict, "test_hangs[a/b]").at("tags"), (json{"error", "rerunError", "system-out"}));
}

TEST(Junit, OfACommandThatCannotBeRunHasAnError) {
  MadeReport made;
  made.add(Outcome::not_runnable).reason = "pytest: No such file or directory";
  made.report.end = RunEnd::not_runnable;
  const json suite = read_back("junit", written(made, junit));
  EXPECT_EQ(suite.at("cases")[0].at("tags"), json::array({"error"}));
  EXPECT_NE(suite.at("cases")[0].dump().find("No such file"), std::string::npos);
}

TEST(Junit, OfNoEvidenceIsASkippedTest) {
  MadeReport made;
  made.add(Outcome::cancelled);
  made.report.end = RunEnd::cancelled;
  EXPECT_EQ(read_back("junit", written(made, junit)).at("cases")[0].at("tags"), json::array({"skipped"}));
}

TEST(Ctrf, CallsAFlakyTestPassedAndFlakyWithItsAttempts) {
  const json document = read_back("ctrf", written(every_verdict(), ctrf));
  for (const auto& test : document.at("results").at("tests")) {
    if (test.at("name") != "tests/test_cart.py::test_total") continue;
    EXPECT_EQ(test.at("status"), "passed");
    EXPECT_EQ(test.at("flaky"), true);
    EXPECT_EQ(test.at("retries"), 11);
    EXPECT_EQ(test.at("retryAttempts").size(), 2u);
    EXPECT_EQ(test.at("retryAttempts")[0].at("attempt"), 3) << "counted from 1";
    EXPECT_EQ(test.at("line"), 14);
    EXPECT_NEAR(test.at("insights").at("flakyRate").at("current").get<double>(), 1.0 / 6, 1e-6);
    return;
  }
  FAIL() << document.dump(1);
}

TEST(Annotations, AreAtMostTenOfAKindWorstFirst) {
  std::vector<MadeRow> rows;
  for (int i = 0; i < 30; ++i)
    rows.push_back({"test_a.py::flaky" + std::to_string(i), i == 7 ? "FFF." : "F..."});
  for (int i = 0; i < 12; ++i) rows.push_back({"test_a.py::broken" + std::to_string(i), "FFFF"});
  const json found = read_back("annotations", written(MadeTests(rows), write_github_annotations));
  ASSERT_EQ(found.size(), 21u);
  EXPECT_NE(found[0].at("title").get<std::string>().find("flaky7"), std::string::npos) << found[0];
  EXPECT_EQ(found[20].at("kind"), "notice");
  EXPECT_EQ(found[20].at("message"), "and 22 more such tests");
}

TEST(Annotations, StandAtTheLineThatFailedInTheRepository) {
  MadeTests made = every_verdict();
  made.report.plan.subdir = "web";
  const json found = read_back("annotations", written(made, write_github_annotations));
  for (const auto& each : found) {
    if (each.at("title") != "FLAKY: tests/test_cart.py::test_total") continue;
    EXPECT_EQ(each.at("file"), "web/tests/test_cart.py");
    EXPECT_EQ(each.at("line"), "14");
    return;
  }
  FAIL() << found;
}

TEST(StoppedCommandsOfGithub, KeepTextOfOthersFromBeingACommand) {
  std::ostringstream out;
  {
    const StoppedCommands stopped(out);
    out << "::error::from a test\n::stop-commands::mine\n##[add-mask]x\n";
  }
  out << "::notice::ours\n";
  const json found = read_back("annotations", out.str());
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].at("message"), "ours");
}

TEST(StoppedCommandsOfGithub, HaveAnotherTokenEachTime) {
  std::ostringstream one, other;
  { const StoppedCommands stopped(one); }
  { const StoppedCommands stopped(other); }
  EXPECT_NE(one.str(), other.str());
}

TEST(Markdown, ShowsWhatPytestPrintsOnStdout) {  // not stderr alone
  MadeReport made;
  add_attempts(made);
  const std::string text = written(made, markdown);
  EXPECT_NE(text.find("FAILED tests/test_cart.py::test_total - assert 29 == 30"), std::string::npos) << text;
  EXPECT_NE(text.find("waiting for the lock"), std::string::npos) << text;
}

TEST(Markdown, BeginsWithTheMarkOfItsJob) {
  MadeTests made = every_verdict();
  const std::string mark = comment_marker(made.report);
  EXPECT_TRUE(std::regex_match(mark, std::regex("<!-- orchestrator:[0-9a-f]{16} -->"))) << mark;
  EXPECT_EQ(written(made, markdown).substr(0, mark.size() + 1), mark + "\n");
  made.report.plan.job_seed = 7;
  made.report.source.commit = "another";
  EXPECT_EQ(comment_marker(made.report), mark) << "of every run of the job";
  made.report.plan.subdir = "web";
  EXPECT_NE(comment_marker(made.report), mark) << "of this job alone";
}

// Markdown without its blocks and spans of code and without what ours is: nothing of it may come from others.
std::string outside_code(const std::string& text) {
  std::string left;
  std::istringstream lines(text);
  std::string fence;
  for (std::string line; std::getline(lines, line);) {
    const std::string run = line.substr(0, line.find_first_not_of('`'));
    if (!fence.empty()) {
      if (run.size() >= fence.size() && line == run) fence.clear();
      continue;
    }
    if (run.size() >= 3) {
      fence = run;
      continue;
    }
    left += line + "\n";
  }
  EXPECT_EQ(fence, "") << "a block stays open";
  left = std::regex_replace(left, std::regex("<code>([^<>|`\\n]|<!-- -->)*</code>"), "C");
  return std::regex_replace(left, std::regex("`[^`\\n|]+`"), "C");
}

TEST(Markdown, OfAHostileRepositoryHasNothingOfItOutsideCode) {
  const HostileReport made;
  for (const auto write : {markdown, summary}) {
    const std::string text = written(made, write);
    const std::string ours = outside_code(text);
    for (const char* sign : {"@", "evil", "www.", "octocat", "script", "<img", "<h1", "![", "](", "#1",
                             "GH-5", "::", "alert", "\x1b", "\r", "smile", "leading", "passwd"})
      EXPECT_EQ(ours.find(sign), std::string::npos) << sign << "\n" << ours;
    const auto count = [&](const std::string& what) {
      std::size_t number = 0;
      for (auto at = ours.find(what); at != std::string::npos; at = ours.find(what, at + 1)) ++number;
      return number;
    };
    EXPECT_EQ(count("<details>"), count("</details>"));
    EXPECT_GT(count("<details>"), 3u);
    std::istringstream lines(ours);
    for (std::string line; std::getline(lines, line);)
      if (line.starts_with("|")) {
        EXPECT_EQ(std::count(line.begin(), line.end(), '|'), 6) << line;
      }
  }
}

TEST(Markdown, SaysWhatItLeavesOut) {
  std::vector<MadeRow> rows;
  for (int i = 0; i < 400; ++i)
    rows.push_back({"tests/test_" + repeated(200, 'a') + ".py::test" + std::to_string(i), "F.F.", "",
                    "Error" + std::to_string(i), "m", repeated(3000, 'x')});
  const MadeTests made(rows);
  const std::string text = written(made, markdown);
  EXPECT_LE(text.size(), 65'536u);
  EXPECT_NE(text.find("350 more such tests not shown"), std::string::npos);
  EXPECT_NE(text.find("other kinds of failure not shown"), std::string::npos);
  outside_code(text);
}

TEST(StepSummary, StaysBelowItsBoundWithWhatIsThereAlready) {
  std::vector<MadeRow> rows;
  for (int i = 0; i < 600; ++i)
    rows.push_back(
        {"t.py::t" + std::to_string(i), "F.", "", "Error" + std::to_string(i), "m", repeated(4000, '<')});
  const MadeTests made(rows);
  for (const std::size_t already : {0ul, 10ul, 500'000ul, 995'000ul, 999'999ul, 2'000'000ul}) {
    std::ostringstream out;
    write_step_summary(made.report, made.spool, out, already);
    if (out.str().empty())
      EXPECT_GE(already, 990'000u);
    else
      EXPECT_LT(already + out.str().size(), 1'000'000u);
  }
}

TEST(Hostile, ReportsAreReadBackByOtherParsers) {
  const HostileReport made;
  const json suite = read_back("junit", written(made, junit));
  EXPECT_EQ(suite.at("cases").size(), 2 * hostile_texts().size());
  read_back("junit", written(made, failing_junit));
  read_back("ctrf", written(made, ctrf));
  read_back("code-quality", written(made, write_code_quality));
  for (const auto& each : read_back("annotations", written(made, write_github_annotations))) {
    EXPECT_TRUE(each.at("title").get<std::string>().starts_with("FLAKY") ||
                each.at("title").get<std::string>().starts_with("FAILING") || each.at("kind") == "notice")
        << "injected: " << each;
    if (each.contains("file")) {
      EXPECT_EQ(each.at("file").get<std::string>().find(".."), std::string::npos);
    }
  }
}

TEST(Slack, HasNoMentionLinkOrEntityThatIsNotOurs) {
  HostileReport made;
  made.report.source.local = true;
  const json message = slack_message(made.report, {hostile_texts()[2], hostile_texts()[6], "javascript:x"});
  std::vector<std::string> texts{message.at("text")};
  for (const auto& block : message.at("blocks")) {
    EXPECT_NE(block.at("type"), "actions") << "no button to a page that is none";
    if (block.contains("fields"))
      for (const auto& field : block.at("fields")) texts.push_back(field.at("text"));
    if (block.contains("text")) texts.push_back(block.at("text").at("text"));
  }
  for (const auto& text : texts) {
    EXPECT_EQ(text.find_first_of("<>"), std::string::npos) << text;
    EXPECT_LT(text.size(), 3000u);
    EXPECT_EQ(std::count(text.begin(), text.end(), '`') % 2, 0) << text;
  }
}

TEST(Slack, NamesTheRefThatRanAndLinksToTheRun) {
  MadeTests made = every_verdict();
  made.report.source.local = true;
  const std::string text =
      slack_message(made.report, {"shop/checkout", "feature-x", "https://git.example.com/runs/7"}).dump();
  EXPECT_NE(text.find("`feature-x`"), std::string::npos) << text;
  EXPECT_NE(text.find("\"url\":\"https://git.example.com/runs/7\""), std::string::npos);
  EXPECT_EQ(text.find("\"style\""), std::string::npos) << "Slack refuses a style that it does not know";
}

TEST(CodeQuality, KnowsATestAgainInAnotherRun) {
  const auto fingerprint = [](const MadeReport& made, const std::string& id) {
    for (const auto& finding : read_back("code-quality", written(made, write_code_quality)))
      if (finding.at("description").get<std::string>().starts_with(id))
        return finding.at("fingerprint").get<std::string>();
    return "no finding of " + id;
  };
  const MadeTests later(std::vector<MadeRow>{{"tests/test_cart.py::test_total", "FFFFFFF."}});
  EXPECT_EQ(fingerprint(every_verdict(), "tests/test_cart.py::test_total"),
            fingerprint(later, "tests/test_cart.py::test_total"));
  EXPECT_NE(fingerprint(every_verdict(), "tests/test_cart.py::test_total"),
            fingerprint(every_verdict(), "tests/test_broken.py::test_broken"));
}

// 1,000 attempts × 2,000 tests, of which many fail with long texts full of what must be escaped.
TEST(LargeReport, StaysWithinTheBoundsOfAllForms) {
  std::vector<MadeRow> rows;
  const std::string text = repeated(4000, '<') + repeated(4000, '&');
  for (int i = 0; i < 2000; ++i) {
    std::string letters = repeated(1000, '.');
    if (i % 2 == 0) letters[static_cast<std::size_t>(i) % 1000] = 'F';
    rows.push_back({"tests/test_" + std::to_string(i / 50) + ".py::test_" + std::to_string(i), letters, "",
                    "Error" + std::to_string(i), repeated(300, '"'), text});
  }
  MadeTests made(rows);
  const std::string xml = written(made, junit);
  EXPECT_LT(xml.size(), 30'000'000u);
  EXPECT_EQ(read_back("junit", xml).at("cases").size(), 2000u) << "none left out";
  EXPECT_LT(written(made, ctrf).size(), 30'000'000u);
  EXPECT_LE(written(made, markdown).size(), 65'536u);
  EXPECT_LT(written(made, summary).size(), 1'000'000u);
  EXPECT_LE(made.json_text().size(), 32u << 20);
  EXPECT_LE(made.json_text({.max_bytes = 8'000'000}).size(), 8'000'000u);
}

TEST(LargeReport, LeavesOutWhatDoesNotFitAndSaysSo) {
  const MadeTests made = every_verdict();
  std::ostringstream out;
  write_junit(made.report, made.spool, out, {.max_bytes = (512 << 10) + 3000});
  const json suite = read_back("junit", out.str());
  EXPECT_LT(suite.at("cases").size(), 7u);
  EXPECT_EQ(suite.at("properties").at("tests.left_out"), std::to_string(7 - suite.at("cases").size()));
}

TEST(PlaceOfAFailure, IsTheLastFrameInsideTheRepository) {
  const MadeTests made(
      {{"tests/a.py::t", "F"}, {"/etc/passwd::t", "F"}, {"a/../../b.py::t", "F"}, {"noext::t", "F"}});
  const auto place = [&](TestIndex test, const std::string& text) {
    const SourcePlace found = place_of(made.report, test, text);
    return found.path + ":" + std::to_string(found.line);
  };
  EXPECT_EQ(place(0, "tests/a.py:3: in f\n/usr/lib/x.py:9: in g\nlib/b.py:7: KeyError\n"), "lib/b.py:7");
  EXPECT_EQ(place(0, "lib/b.py:7: KeyError\n--- Captured stdout call ---\nother.py:1: x\n"), "lib/b.py:7");
  EXPECT_EQ(place(0, "../up.py:7: x\n"), "tests/a.py:0");
  EXPECT_EQ(place(1, ""), ":0");
  EXPECT_EQ(place(2, ""), ":0");
  EXPECT_EQ(place(3, ""), ":0");
}

TEST(PlaceOfAFailure, IsFoundInItsWholeText) {
  const std::string text = std::string(3000, 'b') +
                           "\nlib/deep.py:9: KeyError\n--- Captured stdout call ---\n" +
                           std::string(9000, 'c') + "\nlog.py:1: x\n";
  const MadeRow row{"tests/a.py::t", ".F", "", "KeyError", "'x'", text};
  const MadeTests made(std::vector<MadeRow>{row});
  const json findings = json::parse(written(made, write_code_quality));
  EXPECT_EQ(findings.at(0).at("location").at("path"), "lib/deep.py");
  EXPECT_EQ(findings.at(0).at("location").at("lines").at("begin"), 9);
}

TEST(Junit, NumbersCasesWhoseNamesBecomeAlike) {
  const std::vector<MadeRow> rows{{"a.py::t[\xff]", "."}, {"a.py::t[\xfe]", "."}, {"a.py::t[\xfd]", "."}};
  const MadeTests made(rows);
  std::ostringstream out;
  write_junit(made.report, made.spool, out);
  for (const char* name : {"t[\uFFFD]\"", "t[\uFFFD] (2)\"", "t[\uFFFD] (3)\""})
    EXPECT_NE(out.str().find(name), std::string::npos) << name << out.str();
}

TEST(ConditionWords, AreTheSameByItsNameAlone) {
  for (const char* name : {"written", "shuffle"}) {
    const Condition condition{.name = name,
                              .order = name[0] == 's' ? TestOrder::shuffled : TestOrder::written};
    EXPECT_EQ(condition_words(condition), condition_words(condition.name));
  }
  const Condition changed{.name = "changed, shuffle", .order = TestOrder::shuffled, .files = {"a.py"}};
  EXPECT_EQ(condition_words(changed), "of changed files alone, shuffle");
  EXPECT_EQ(condition_words(changed.name), "of changed files alone, shuffle");
}

TEST(Shortened, KeepsBothEndsAndSaysHowMuchIsGone) {
  EXPECT_EQ(shortened("short", 10), "short");
  EXPECT_EQ(shortened("abcdefghijklmnopqrst", 9), "abc\n[… 11 bytes cut …]\nopqrst");
  EXPECT_EQ(shortened("ä€ä€ä€ä€ä€", 9), "ä\n[… 18 bytes cut …]\nä€") << "never inside a character";
}

}  // namespace
}  // namespace orchestrator
