// What is posted, and how it is made to fit.
#include "orchestrator/runpod/bodies.h"

#include <gtest/gtest.h>

#include "orchestrator/run/runpod_error.h"
#include "orchestrator/runpod/runpod_job.h"

namespace orchestrator::runpod {
namespace {

using nlohmann::json;

TEST(RunpodBody, HoldsWhatThereIs) {
  EXPECT_EQ(final_body({R"({"a":1})", "", false}), R"({"output":{"a":1}})");
  EXPECT_EQ(final_body({"", "no \"such\" thing", false}), R"({"error":"no \"such\" thing"})");
  EXPECT_EQ(final_body({"[1]", "e", true}), R"({"output":[1],"error":"e","stopPod":true})");
  EXPECT_EQ(final_body({}), "{}");
}

TEST(RunpodBody, FitsWithTheLongestError) {
  for (const std::size_t most : {16'384u, 8'000'000u})
    for (const std::string_view letter : {"x", "\"", "\\", "\x01", "\xff"}) {
      std::string message = "first";
      while (message.size() < 10'000'000) message += letter;
      JobResult result;
      result.error = runpod_error({"setup", message + "last", 4}, "1.0", "host", "worker", most / 2);
      const json body = json::parse(result.body(most));
      EXPECT_LE(body.dump().size(), most);
      const std::string kept = json::parse(body.at("error").get<std::string>()).at("error_message");
      EXPECT_TRUE(kept.starts_with("first")) << kept.substr(0, 50);
      EXPECT_TRUE(kept.ends_with("last"));
    }
}

TEST(RunpodBody, KeepsTextAsUtf8) {
  EXPECT_EQ(progress_body({{"stage", "größer"}}), R"({"status":"IN_PROGRESS","output":{"stage":"größer"}})");
  EXPECT_EQ(chunk_body({{"attempt", 3}}), R"({"output":{"attempt":3}})");
}

TEST(RunpodBody, TakesMembersInFront) {
  EXPECT_EQ(with_members("{\n  \"a\": 1\n}\n", {{"interrupted", true}}),
            "{\"interrupted\":true,\"a\": 1\n}\n");
  EXPECT_EQ(json::parse(with_members("{}", {{"b", 2}})), json({{"b", 2}}));
  EXPECT_EQ(with_members("{}", nlohmann::ordered_json::object()), "{}");
}

std::string report(int attempts, std::size_t output) {
  json results = json::array();
  for (int i = 0; i < attempts; ++i)
    results.push_back({{"attempt", i},
                       {"passed", i % 2 == 0},
                       {"stdout", "start" + std::string(output, 'x') + "end"},
                       {"stderr", ""}});
  return json({{"total_runs", attempts},
               {"failures", attempts / 2},
               {"warnings", {"an older one"}},
               {"environment", {{"kernel", std::string(300, 'k')}}},
               {"results", results}})
      .dump();
}

TEST(RunpodFit, LeavesAloneWhatFits) {
  const std::string text = report(3, 100);
  EXPECT_EQ(fitted(text, text.size()), text);
}

TEST(RunpodFit, ShortensPassingAttemptsFirstAndSaysSo) {
  const auto shown = json::parse(fitted(report(10, 20'000), 130'000));
  EXPECT_LE(shown.dump().size(), 130'000u);
  EXPECT_EQ(shown.at("results").at(1).at("stdout").get<std::string>().size(), 20'008u)
      << "a failed one is whole";
  const std::string passing = shown.at("results").at(0).at("stdout");
  EXPECT_LT(passing.size(), 20'000u);
  EXPECT_TRUE(passing.starts_with("start") && passing.ends_with("end")) << "head and tail stay";
  EXPECT_NE(passing.find("cut"), std::string::npos);
  EXPECT_EQ(shown.at("warnings").size(), 2u);
}

TEST(RunpodFit, FitsIntoAnythingAndKeepsTheNumbers) {
  for (const std::size_t most : {50'000u, 5'000u, 1'000u, 400u}) {
    const std::string text = fitted(report(40, 3'000), most);
    EXPECT_LE(text.size(), most);
    const auto shown = json::parse(text);
    EXPECT_EQ(shown.at("total_runs"), 40) << most;
    EXPECT_EQ(shown.at("failures"), 20) << most;
    EXPECT_TRUE(shown.at("results").is_array()) << most;
    EXPECT_GE(shown.at("warnings").size(), 1u) << most;
  }
}

// What a streaming worker posts again after a 400 is a report still, not a warning in place of one.
TEST(RunpodResult, AsAListIsShortenedAsAReportIs) {
  JobResult result;
  result.output = report(4, 5'000);
  result.as_list = true;
  EXPECT_EQ(json::parse(result.body(8'000'000)).at("output"), json::array({json::parse(result.output)}));
  const std::string body = result.body(4'000);
  EXPECT_LE(body.size(), 4'000u);
  const json output = json::parse(body).at("output");
  ASSERT_EQ(output.size(), 1u);
  EXPECT_EQ(output.at(0).at("total_runs"), 4);
  EXPECT_EQ(output.at(0).at("results").size(), 4u);
}

TEST(RunpodResult, WithoutAReportIsNoList) {
  JobResult result;
  result.error = "no";
  result.as_list = true;
  EXPECT_EQ(result.body(8'000'000), R"({"error":"no"})");
}

}  // namespace
}  // namespace orchestrator::runpod
