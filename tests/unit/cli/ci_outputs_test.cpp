#include "orchestrator/cli/ci_outputs.h"

#include <gtest/gtest.h>

namespace orchestrator {
namespace {

Report report_with_new_test(const std::string& id) {
  Report report;
  report.ci = CiDecision{.exit_code = 1, .without_policy = 1};
  report.ci->tests.push_back({.id = id, .standing = Standing::fresh, .not_passed = 1, .n = 2});
  report.ci->healed.push_back({.entry = {.test = "healed"}});
  return report;
}

std::string value_of(const Outputs& outputs, const std::string& name) {
  for (const auto& [key, value] : outputs)
    if (key == name) return value;
  return "(none)";
}

TEST(CiResult, SaysWhatWasDecided) {
  CommandLine line;
  line.json_file = "report.json";
  const Report report = report_with_new_test("t");
  const auto result = ci_result(line, {&report, nullptr, 1});
  EXPECT_EQ(result.at("verdict"), "fails");
  EXPECT_EQ(result.at("exit_code"), 1);
  EXPECT_EQ(result.at("new").at(0), "t");
  EXPECT_EQ(result.at("healed").at(0), "healed");
  EXPECT_EQ(result.at("counts").at("new"), 1);
  EXPECT_EQ(result.at("reports").at("json"), "report.json");
  EXPECT_TRUE(result.at("error").is_null());
  EXPECT_EQ(value_of(outputs_of(result), "new-count"), "1");
  EXPECT_EQ(value_of(outputs_of(result), "new-tests"), "[\"t\"]");
}

TEST(CiResult, SaysWhyThereIsNone) {
  const Failure failure{"host", "no engine answers", 5};
  const auto result = ci_result({}, {nullptr, &failure, 5});
  EXPECT_EQ(result.at("verdict"), "error");
  EXPECT_EQ(result.at("error").at("message"), "no engine answers");
  EXPECT_EQ(value_of(outputs_of(result), "exit-code"), "5");
  const Failure skipped{"skipped", "", 0}, stopped{"cancelled", "", 130};
  EXPECT_EQ(ci_verdict({nullptr, &skipped, 0}), "skipped");
  EXPECT_EQ(ci_verdict({nullptr, &stopped, 130}), "stopped");
  const Report report = report_with_new_test("t");
  EXPECT_EQ(ci_verdict({&report, nullptr, 143}), "stopped");
  EXPECT_EQ(ci_verdict({&report, nullptr, 4}), "error");
  EXPECT_EQ(ci_verdict({&report, nullptr, 0}), "passes");
}

// What a test is called can neither end a value nor begin another output or variable.
TEST(CiOutputs, CannotBeInjectedByTheNameOfATest) {
  const Report report = report_with_new_test(
      "t\nEOF\nverdict=passes\nverdict<<EOF\npasses\nEOF\n\xff%0A::set-output name=x::y");
  const Outputs outputs = outputs_of(ci_result({}, {&report, nullptr, 1}));
  const std::string text = github_outputs(outputs, "EOF");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), static_cast<std::ptrdiff_t>(3 * outputs.size()))
      << "name, value and delimiter each on one line";
  for (const auto& [name, value] : outputs) EXPECT_NE(value, "EOF");
  EXPECT_NE(text.find("verdict<<EOF\nfails\nEOF\n"), std::string::npos);
  const std::string variables = dotenv(outputs);
  EXPECT_EQ(variables.find("passes"), std::string::npos) << variables;
  EXPECT_NE(variables.find("FLAKY_VERDICT=fails\n"), std::string::npos) << variables;
  EXPECT_NE(variables.find("FLAKY_NEW_COUNT=1\n"), std::string::npos) << variables;
}

TEST(CiOutputs, AreBounded) {
  Report report = report_with_new_test("t");
  for (int i = 0; i < 3000; ++i)
    report.ci->tests.push_back(
        {.id = std::string(1000, 'x') + std::to_string(i), .standing = Standing::fresh});
  const auto result = ci_result({}, {&report, nullptr, 1});
  EXPECT_EQ(result.at("new").size(), 1000u);
  EXPECT_EQ(result.at("counts").at("new"), 3001);
  EXPECT_LE(value_of(outputs_of(result), "new-tests").size(), 64u * 1024);
}

}  // namespace
}  // namespace orchestrator
