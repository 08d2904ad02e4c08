// Single tests of pytest run again: the attempt is chosen by the test, and the order is the same.
#include "tests/support/repositories.h"

namespace {

using namespace testing_support;
using nlohmann::json;

TEST(ReplayOfATest, TakesAnAttemptInWhichItFailedAndFailsAgain) {
  const Repository repository;
  repository.copy_sample("known_truth");
  const auto run = repository.remember(
      run_job({"--repo", repository.path(), "--runs", "6", "--seed", "1", "--vary", "shuffle=1"},
              {"pytest", "-k", "test_victim or test_polluter or test_flaky"},
              {.deadline = std::chrono::seconds(600)}));
  ASSERT_TRUE(run.report.contains("tests")) << told(run);
  const TemporaryFolder folder;
  const std::string file = folder / "report.json", again = folder / "again.json";
  write_file(file, run.report.dump());
  for (const char* test : {"test_flaky", "test_victim"}) {
    const auto replayed = orchestrator(
        {"replay", file, "--test", test, "--times", "3", "--json", again, "--progress", "plain"});
    ASSERT_EQ(replayed.exit_code, 3) << test << told(replayed);
    const json report = json::parse(read_file(again));
    EXPECT_EQ(report.at("replay").at("test"), "test_truth.py::" + std::string(test));
    EXPECT_EQ(report.at("replay").at("same"), 3) << test << told(replayed);
    EXPECT_EQ(report.at("conditions").size(), 1u);
    const int attempt = report.at("replay").at("attempt");
    for (const auto& result : run.report.at("results")) {
      if (result.at("attempt") != attempt) continue;
      EXPECT_EQ(report.at("conditions").at(0).at("name"), result.at("condition"));
      EXPECT_EQ(report.at("results").at(0).at("seed"), result.at("seed"));
      EXPECT_FALSE(result.at("passed"));
    }
  }
}

}  // namespace
