// `ci` on commands whose tests are not told apart: the decision, its reasons, and what later steps are told.
#include "tests/support/pipelines.h"

namespace {

using namespace testing_support;
using nlohmann::json;
using Strings = std::vector<std::string>;

const std::string kWholeRun = "(the whole command)";
// Fails with one seed in four; with job seed 1 in some of 20 attempts, and in no more than 12.
const Strings kFlaky{"test $((TEST_SEED % 4)) -ne 0"};

Strings with(Strings more) {
  more.insert(more.begin(), {"--no-install", "--seed", "1"});
  return more;
}

TEST(Ci, FailsForAFlakyCommandAndTellsLaterSteps) {
  const Repository repository;
  const auto run = run_pipeline(repository, with({}), kFlaky);
  ASSERT_EQ(run.exit_code, 1) << told(run);
  EXPECT_EQ(run.report.at("total_runs"), 20) << "the default of a pipeline";
  EXPECT_EQ(run.report.at("ci").at("tests").at(0).at("standing"), "new");
  EXPECT_EQ(run.result.at("verdict"), "fails");
  EXPECT_EQ(run.result.at("new"), json::array({kWholeRun}));
  EXPECT_EQ(run.outputs.at("earlier"), "kept");
  EXPECT_EQ(run.outputs.at("verdict"), "fails");
  EXPECT_EQ(run.outputs.at("exit-code"), "1");
  EXPECT_EQ(run.outputs.at("new-count"), "1");
  EXPECT_EQ(json::parse(run.outputs.at("new-tests")), json::array({kWholeRun}));
  EXPECT_NE(run.dotenv.find("FLAKY_VERDICT=fails\n"), std::string::npos) << run.dotenv;
  EXPECT_NE(unwrapped(run.out).find("CI FAILS 1 new"), std::string::npos) << told(run);
  EXPECT_EQ(run.err.find('\r'), std::string::npos) << "plain progress";
}

TEST(Ci, IsAllowedByFlags) {
  const Repository repository;
  const auto failing = run_pipeline(repository, with({"--fail-on", "failing"}), kFlaky);
  EXPECT_EQ(failing.exit_code, 0) << told(failing);
  EXPECT_EQ(failing.report.at("ci").at("allowed_by"), json::array({"fail_on"}));
  EXPECT_NE(unwrapped(failing.out).find("CI PASSES 1 new; allowed by --fail-on failing"), std::string::npos)
      << told(failing);
  const auto tolerated = run_pipeline(repository, with({"--max-flake-rate", "60%"}), kFlaky);
  EXPECT_EQ(tolerated.exit_code, 0) << told(tolerated);
  EXPECT_EQ(tolerated.report.at("ci").at("allowed_by"), json::array({"max_flake_rate"}));
  const auto too_much = run_pipeline(repository, with({"--max-flake-rate", "0.5%"}), kFlaky);
  EXPECT_EQ(too_much.exit_code, 1) << told(too_much);
  EXPECT_NE(unwrapped(too_much.out).find("more than the tolerated 0.5 %"), std::string::npos)
      << told(too_much);
}

TEST(Ci, NeverAllowsMoreThanFlakesAndFailures) {
  const Repository repository;
  const auto broken = run_pipeline(repository, with({"--runs", "4", "--fail-on", "failing"}), {"exit 1 "});
  EXPECT_EQ(broken.exit_code, 3) << told(broken);
  const auto allowed = run_pipeline(repository, with({"--runs", "4", "--fail-on", "none"}), {"exit 1 "});
  EXPECT_EQ(allowed.exit_code, 0) << told(allowed);
  const auto missing = run_pipeline(repository, with({"--fail-on", "none"}), {"no-such-program"});
  EXPECT_EQ(missing.exit_code, 4) << told(missing);
  EXPECT_EQ(missing.result.at("verdict"), "error");
}

TEST(Ci, ExcusesWhatTheTreesOwnListExcuses) {
  const Repository repository;
  repository.write("known-flaky.json",
                   known_flakes({{kWholeRun, 0.5, "2999-12-31"}, {"away", 0.1, "2020-01-01"}}));
  const auto known = run_pipeline(repository, with({}), kFlaky);
  EXPECT_EQ(known.exit_code, 0) << told(known);
  EXPECT_EQ(known.report.at("ci").at("quarantine").at("file"), "known-flaky.json");
  EXPECT_EQ(known.result.at("known"), json::array({kWholeRun}));
  EXPECT_EQ(known.result.at("expired_entries"), json::array({"away"}));
  EXPECT_NE(unwrapped(known.out).find("within its bound of 50.0 % until 2999-12-31: known"),
            std::string::npos)
      << told(known);
  const auto refused = run_pipeline(repository, with({"--quarantine", "none"}), kFlaky);
  EXPECT_EQ(refused.exit_code, 1) << told(refused);
}

TEST(Ci, DoesNotExcuseMoreThanTheListDoes) {
  const Repository repository;
  const TemporaryFolder caller;
  const std::string list = caller / "list.json";
  write_file(list, known_flakes({{kWholeRun, 0.01, "2999-12-31"}}));
  const auto worse = run_pipeline(repository, with({"--quarantine", list}), kFlaky);
  EXPECT_EQ(worse.exit_code, 1) << told(worse);
  EXPECT_EQ(worse.result.at("worse"), json::array({kWholeRun}));
  write_file(list, known_flakes({{kWholeRun, 0.9, "2020-01-01"}}));
  const auto expired = run_pipeline(repository, with({"--quarantine", list}), kFlaky);
  EXPECT_EQ(expired.exit_code, 1) << told(expired);
  EXPECT_EQ(expired.result.at("expired"), json::array({kWholeRun}));
  EXPECT_NE(unwrapped(expired.out).find("its entry expired on 2020-01-01"), std::string::npos)
      << told(expired);
  write_file(list, known_flakes({{kWholeRun, 0.2, "2999-12-31"}}));
  const auto healed = run_pipeline(repository, with({"--quarantine", list}), {"true"});
  EXPECT_EQ(healed.exit_code, 0) << told(healed);
  EXPECT_EQ(healed.result.at("healed"), json::array({kWholeRun}));
}

TEST(Ci, RefusesABrokenListBeforeAnythingIsBuilt) {
  const Repository repository;
  repository.write("known-flaky.json",
                   R"({"version": 1, "tests": [{"test": "t", "max_rate": 2, "why": "x"}]})");
  const auto run = run_pipeline(repository, with({}), kFlaky);
  ASSERT_EQ(run.exit_code, 2) << told(run);
  EXPECT_NE(run.err.find("known-flaky.json: /tests/0/max_rate: must be"), std::string::npos) << told(run);
  EXPECT_NE(run.err.find("known-flaky.json: /tests/0/why: unknown field"), std::string::npos) << told(run);
  EXPECT_EQ(run.err.find("attempt"), std::string::npos) << told(run);
  EXPECT_EQ(run.result.at("error").at("kind"), "request");
  EXPECT_EQ(run.outputs.at("exit-code"), "2");
}

TEST(Ci, ReadsTheRepositorysAutoTrigger) {
  const Repository repository;
  repository.write(
      ".flaky-detector.yml",
      "runs: 9\nauto_trigger_runs: 3\nauto_trigger_parallelism: 1\nauto_trigger_on_failure: false\n");
  const auto run = run_pipeline(repository, {"--no-install"}, {"true"});
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(run.report.at("total_runs"), 3);
  EXPECT_EQ(run.report.at("parallelism"), 1);
  const auto said = run_pipeline(repository, {"--no-install", "--runs", "2"}, {"true"});
  EXPECT_EQ(said.report.at("total_runs"), 2) << told(said);
  const auto skipped = run_pipeline(repository, {"--no-install", "--on-failure"}, {"true"});
  EXPECT_EQ(skipped.exit_code, 0) << told(skipped);
  EXPECT_EQ(skipped.result.at("verdict"), "skipped");
  EXPECT_EQ(skipped.report.at("end"), "skipped");
  EXPECT_NE(skipped.err.find("nothing was run: auto_trigger_on_failure is false"), std::string::npos)
      << told(skipped);
}

TEST(Ci, TellsLaterStepsOfAMistake) {
  const Repository repository;
  const auto run = run_pipeline(repository, {"--fail-on", "sometimes", "--max-flake-rate", "2"}, {"true"});
  ASSERT_EQ(run.exit_code, 2) << told(run);
  EXPECT_NE(run.err.find("--fail-on: must be one of flaky, failing, none"), std::string::npos) << told(run);
  EXPECT_NE(run.err.find("--max-flake-rate: must be a rate"), std::string::npos) << told(run);
  EXPECT_EQ(run.result.at("exit_code"), 2);
}

TEST(OnlyChanged, SaysWhatItNeeds) {
  const auto remote =
      orchestrator({"ci", "--repo", "https://localhost/a/b", "--only-changed", "main", "--", "true"});
  EXPECT_EQ(remote.exit_code, 2);
  EXPECT_NE(remote.err.find("fetch-depth: 0"), std::string::npos) << remote.err;
  const Repository plain;
  const auto no_history = run_pipeline(plain, with({"--only-changed", "main"}), {"true"});
  EXPECT_EQ(no_history.exit_code, 2) << told(no_history);
  EXPECT_NE(no_history.err.find("is no git repository"), std::string::npos) << told(no_history);
}

TEST(OnlyChanged, HasNoEffectWhereTestsAreNotToldApartAndSaysSo) {
  const Repository repository;
  repository.init();
  repository.commit_all();
  repository.write("test_x.py", "x");
  const auto run = run_pipeline(repository, with({"--only-changed", "main", "--runs", "2"}), {"true"});
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(run.report.at("total_runs"), 2);
  EXPECT_NE(unwrapped(run.out).find("tests are not told apart here"), std::string::npos) << told(run);
}

class Compare : public testing::Test {
 protected:
  // Writes a report of so many attempts and returns its path.
  std::string report(const std::string& name, const std::string& line, int runs) const {
    const auto run = repository_.remember(run_job(
        {"--repo", repository_.path(), "--image", kBase, "--no-install", "--runs", std::to_string(runs)},
        {line}));
    write_file(folder_ / name, run.report.dump());
    return folder_ / name;
  }

  Repository repository_;
  TemporaryFolder folder_;
};

TEST_F(Compare, TellsWhetherTheSecondReportIsWorse) {
  const std::string good = report("good.json", "true ; true", 8),
                    bad = report("bad.json", "exit 1 ; true", 8);
  const auto worse = orchestrator({"compare", good, bad});
  EXPECT_EQ(worse.exit_code, 1) << told(worse);
  EXPECT_NE(unwrapped(worse.out).find("WORSE the whole command worse"), std::string::npos) << told(worse);
  EXPECT_NE(unwrapped(worse.out).find("the test commands differ"), std::string::npos) << told(worse);
  const auto better = orchestrator({"compare", bad, good, "--json", "-"});
  EXPECT_EQ(better.exit_code, 0) << told(better);
  EXPECT_EQ(json::parse(better.out).at("command").at(0).at("verdict"), "better");
  const auto same = orchestrator({"compare", good, good});
  EXPECT_EQ(same.exit_code, 0) << told(same);
  EXPECT_NE(unwrapped(same.out).find("power"), std::string::npos) << told(same);
}

TEST_F(Compare, RefusesWhatIsNoReport) {
  write_file(folder_ / "x.json", "{}");
  const auto run = orchestrator({"compare", folder_ / "x.json", folder_ / "away.json"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_NE(run.err.find("x.json is no report of orchestrator"), std::string::npos) << run.err;
  EXPECT_EQ(orchestrator({"compare", folder_ / "x.json"}).exit_code, 2);
}

}  // namespace
