#include "orchestrator/report/report_comparison.h"

#include <gtest/gtest.h>

#include <sstream>

#include "../analysis/made_results.h"
#include "made_report.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

using nlohmann::json;
using sandbox::Outcome;

// The report of attempts in which these tests ended so.
json report_with(const std::vector<Row>& rows, const std::vector<int>& conditions = {},
                 std::vector<Condition> kinds = {written()}) {
  MadeReport made;
  made.report.tests = made_results(rows, conditions);
  made.report.conditions = std::move(kinds);
  made.report.verdicts = judge(made.report.tests, made.report.conditions, {});
  for (const auto& attempt : made.report.tests.attempts()) {
    bool failed = false;
    for (const auto& run : attempt.runs) failed = failed || did_not_pass(run.outcome);
    made.add(failed ? Outcome::failed : Outcome::passed).condition = attempt.condition;
  }
  return made.json();
}

ReportComparison compare(const json& before, const json& after) {
  return compare_reports({"before.json", before}, {"after.json", after});
}

std::string text_of(const ReportComparison& comparison) {
  std::ostringstream out;
  write_comparison_text(comparison, out, {.width = 200});
  return out.str();
}

std::string refusal(const json& before, const json& after) {
  try {
    compare(before, after);
  } catch (const io::RequestError& error) {
    return error.what();
  }
  return "";
}

const std::string kClean = times(20, ".");

TEST(ReportComparison, FindsTheTestThatBecameWorse) {
  const json before = report_with({{"same", kClean}, {"t", kClean}, {"gone", kClean}});
  const json after = report_with({{"same", kClean}, {"t", times(10, "F.")}, {"added", kClean}});
  const ReportComparison comparison = compare(before, after);
  EXPECT_TRUE(comparison.worse());
  ASSERT_EQ(comparison.tests.worse, 1);
  EXPECT_EQ(comparison.tests.changes[0].pair.id, "t");
  EXPECT_EQ(comparison.command.worse, 1);
  EXPECT_EQ(comparison.only_before, std::vector<std::string>{"gone"});
  EXPECT_EQ(comparison.only_after, std::vector<std::string>{"added"});
  EXPECT_TRUE(comparison.warnings.empty());
  const std::string text = text_of(comparison);
  EXPECT_NE(text.find("as written: 0 of 20 before, 10 of 20 after: +50.0 points"), std::string::npos) << text;
  EXPECT_NE(text.find("\nWORSE  1 test worse"), std::string::npos) << text;
  EXPECT_FALSE(compare(after, before).worse());
  std::ostringstream out;
  write_comparison_json(comparison, out);
  const json document = json::parse(out.str());
  EXPECT_EQ(document.at("exit_code"), 1);
  EXPECT_EQ(document.at("tests").at(0).at("verdict"), "worse");
}

TEST(ReportComparison, NeverSaysThatThereIsNoDifference) {
  const json few = report_with({{"t", "..."}});
  const std::string nothing = text_of(compare(few, few));
  EXPECT_NE(nothing.find("3 and 3 attempts can show no difference at all; it takes 4 on each side"),
            std::string::npos)
      << nothing;
  const json more = report_with({{"t", kClean}});
  const std::string some = text_of(compare(more, more));
  EXPECT_NE(some.find("from 5 failures in 20 on (25.0 %)"), std::string::npos) << some;
  EXPECT_NE(some.find("NOT SHOWN WORSE"), std::string::npos);
}

// 10 of 20 shuffled before, and as many as written after: no condition is compared with another.
TEST(ReportComparison, ComparesWithinOneConditionOnly) {
  const json before =
      report_with({{"t", kClean + times(10, "F.")}}, in_condition({20, 20}), {written(), shuffled()});
  const json after = report_with({{"t", kClean}}, {}, {written()});
  const ReportComparison comparison = compare(before, after);
  EXPECT_EQ(comparison.tests.changes.size(), 1u);
  EXPECT_EQ(comparison.tests.questions, 0);
  EXPECT_EQ(comparison.left_out, std::vector<std::string>{shuffled().name});
  const json other = report_with({{"t", kClean}}, {}, {shuffled()});
  EXPECT_NE(refusal(after, other).find("no condition in common"), std::string::npos);
  Condition same_name = shuffled();
  same_name.name = written().name;
  EXPECT_NE(refusal(after, report_with({{"t", kClean}}, {}, {same_name})), "")
      << "a name alone is no likeness";
}

TEST(ReportComparison, SaysInWhatTheTwoDiffer) {
  json before = report_with({{"t", kClean}}), after = before;
  after["job"]["plan"]["test_command"] = "pytest -x \x1b[31m";
  after["job"]["plan"]["limits"]["memory_bytes"] = 1;
  after["environment"]["engine_version"] = "99";
  after["end"] = "deadline";
  const ReportComparison comparison = compare(before, after);
  ASSERT_EQ(comparison.warnings.size(), 4u);
  EXPECT_EQ(comparison.warnings[0].substr(0, 25), "the test commands differ:");
  EXPECT_EQ(comparison.warnings[1], "the limits of an attempt differ");
  EXPECT_EQ(comparison.warnings[3], "after.json is of a run that was cut short");
  EXPECT_EQ(text_of(comparison).find('\x1b'), std::string::npos);
}

TEST(ReportComparison, ComparesTheCommandWhereTestsAreNotToldApart) {
  json before = report_with({{"t", kClean}}), after = report_with({{"t", times(10, "F.")}});
  before["tests"] = after["tests"] = nullptr;
  const ReportComparison comparison = compare(before, after);
  EXPECT_TRUE(comparison.tests.changes.empty());
  EXPECT_EQ(comparison.command.worse, 1);
}

TEST(ReportComparison, RefusesWhatIsNoReport) {
  const json whole = report_with({{"t", kClean}});
  const auto broken = [&](const char* pointer, const json& value) {
    json changed = whole;
    changed[json::json_pointer(pointer)] = value;
    return refusal(whole, changed);
  };
  EXPECT_EQ(broken("/tests", 5), "after.json is no report of orchestrator: /tests is not what it should be");
  EXPECT_NE(broken("/tests/0/conditions/0/failed", -1), "");
  EXPECT_NE(broken("/tests/0/conditions/0/failed", 1'000'000), "");
  EXPECT_NE(broken("/tests/0/conditions/0/failed", "1"), "");
  EXPECT_NE(broken("/tests/0/conditions/0/condition", "other"), "");
  EXPECT_NE(broken("/tests/0/id", nullptr), "");
  EXPECT_NE(broken("/conditions", json::array()), "");
  EXPECT_NE(broken("/conditions/0/repeat", 1e300), "");
  EXPECT_NE(broken("/results/0", "x"), "");
  EXPECT_NE(broken("/results/0/passed", 1), "");
  json twice = whole;
  twice["tests"].push_back(twice["tests"][0]);
  EXPECT_NE(refusal(twice, whole), "");
}

}  // namespace
}  // namespace orchestrator
