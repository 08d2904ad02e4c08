// The repository's own .flaky-detector.yml: every key has its effect, and whoever runs the job has the last
// word.
#include "tests/support/repositories.h"

namespace {

using namespace testing_support;
using Words = std::vector<std::string>;

class ConfigFile : public testing::Test {
 protected:
  // A run that says nothing but where and on which base.
  RunResult run(const std::string& config, Words more = {}, ProgramOptions options = {}) {
    repository_.write(".flaky-detector.yml", config);
    const TemporaryFolder folder;
    const std::string file = folder / "report.json";
    Words argv{"run", "--repo", repository_.path(), "--image", kBase, "--json", file, "--progress", "plain"};
    argv.insert(argv.end(), more.begin(), more.end());
    options.env.push_back("ORCHESTRATOR_STATE=" + state());
    RunResult result;
    static_cast<Finished&>(result) = orchestrator(argv, options);
    if (std::filesystem::exists(file)) result.report = nlohmann::json::parse(read_file(file));
    return repository_.remember(result);
  }
  static std::int64_t number(const RunResult& run, const char* key) {
    return run.report.at(key).get<std::int64_t>();
  }
  std::string state() const { return state_.path(); }

  // Folders of runs that were not removed.
  std::vector<std::string> kept() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(state() + "/runs"))
      names.push_back(entry.path());
    return names;
  }

  Repository repository_;
  TemporaryFolder state_;
};

TEST_F(ConfigFile, SaysWhatToRunAndHowOften) {
  const auto said = run("runs: 3\nparallelism: 1\ntest_command: echo $((1 + 1))\n");
  ASSERT_EQ(said.exit_code, 0) << told(said);
  EXPECT_EQ(number(said, "total_runs"), 3);
  EXPECT_EQ(number(said, "parallelism"), 1);
  EXPECT_EQ(stdout_of(said), "2\n");
}

TEST_F(ConfigFile, BoundsTheTimeOfAnAttempt) {
  const auto said = run("runs: 1\ntimeout: 1\ntest_command: sleep 60\n");
  ASSERT_EQ(said.exit_code, 3) << told(said);
  EXPECT_EQ(said.report.at("results").at(0).at("outcome"), "timed_out");
}

TEST_F(ConfigFile, SetsPlainVariables) {
  const auto said =
      run("runs: 1\nenvironment: {COLOUR: blue, LEVEL: '7'}\ntest_command: echo $COLOUR $LEVEL\n");
  ASSERT_EQ(said.exit_code, 0) << told(said);
  EXPECT_EQ(stdout_of(said), "blue 7\n");
}

TEST_F(ConfigFile, HoldsSuitesToChooseFrom) {
  const std::string config =
      "runs: 1\ntest_command: echo all\n"
      "test_suites:\n"
      "  - {name: quick, test_command: echo quick, runs: 2, parallelism: 1}\n"
      "  - {name: slow, test_command: echo slow}\n";
  const auto quick = run(config, {"--suite", "quick"});
  ASSERT_EQ(quick.exit_code, 0) << told(quick);
  EXPECT_EQ(stdout_of(quick), "quick\n");
  EXPECT_EQ(number(quick, "total_runs"), 2);
  EXPECT_EQ(number(quick, "parallelism"), 1);
  const auto slow = run(config, {"--suite", "slow"});
  EXPECT_EQ(stdout_of(slow), "slow\n");
  EXPECT_EQ(number(slow, "total_runs"), 1);
  EXPECT_EQ(stdout_of(run(config)), "all\n");
}

TEST_F(ConfigFile, BoundsTheSeeds) {
  const auto said = run("runs: 4\nrandom_seed_range: {min: 100, max: 103}\ntest_command: echo $TEST_SEED\n");
  ASSERT_EQ(said.exit_code, 0) << told(said);
  std::set<std::string> seeds;
  for (const auto& result : said.report.at("results")) seeds.insert(result.at("stdout"));
  EXPECT_EQ(seeds, (std::set<std::string>{"100\n", "101\n", "102\n", "103\n"}));
}

// One of two attempts fails: the rate is 0.5.
constexpr const char* kHalf =
    "runs: 2\nrandom_seed_range: {min: 0, max: 1}\ntest_command: test $TEST_SEED = 0\n";

TEST_F(ConfigFile, ChangesTheWordForARate) {
  const auto usual = run(kHalf);
  ASSERT_EQ(usual.exit_code, 1) << told(usual);
  EXPECT_EQ(usual.report.at("severity"), "HIGH");
  const auto strict =
      run(std::string(kHalf) + "severity_thresholds: {critical: 0.4, high: 0.3, medium: 0.2, low: 0.1}\n");
  EXPECT_EQ(strict.report.at("severity"), "CRITICAL");
  EXPECT_NE(strict.out.find("CRITICAL"), std::string::npos) << strict.out;
  const auto mild =
      run(std::string(kHalf) + "severity_thresholds: {critical: 0.9, high: 0.8, medium: 0.7, low: 0.5}\n");
  EXPECT_EQ(mild.report.at("severity"), "LOW");
}

TEST_F(ConfigFile, BoundsTheMessagesOfTheSummary) {
  const std::string config =
      "runs: 1\ntest_command: echo startstartstart-the-rest-of-a-long-message; exit 1\n";
  EXPECT_NE(run(config).out.find("the-rest-of-a-long-message"), std::string::npos);
  const auto cut = run(config + "max_error_length: 16\n");
  EXPECT_NE(cut.out.find("| startstart"), std::string::npos) << cut.out;
  EXPECT_EQ(cut.out.find("  | startstartstart-the-rest-of-a-long-message"), std::string::npos) << cut.out;
  EXPECT_EQ(stdout_of(cut), "startstartstart-the-rest-of-a-long-message\n") << "the report keeps it whole";
}

TEST_F(ConfigFile, KeepsTheWholeOutput) {
  const auto said = run("runs: 1\nsave_full_output: true\ntest_command: yes full-output | head -c 400000\n");
  ASSERT_EQ(said.exit_code, 0) << told(said);
  EXPECT_LT(stdout_of(said).size(), 200'000u) << "the report carries head and tail";
  bool whole = false;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(state()))
    whole = whole || (entry.is_regular_file() && entry.file_size() == 400'000);
  EXPECT_TRUE(whole) << "no file below the state folder holds all of it";
  EXPECT_NE(said.report.at("warnings").dump().find(state()), std::string::npos) << "it is said where it lies";
}

TEST_F(ConfigFile, KeepsTheScratchFolder) {
  const std::string config = "runs: 1\ntest_command: 'true'\n";
  ASSERT_EQ(run(config).exit_code, 0);
  EXPECT_EQ(kept().size(), 0u);
  const auto preserved = run(config + "preserve_temp_dir: true\n");
  EXPECT_EQ(kept().size(), 1u) << told(preserved);
  EXPECT_NE(preserved.err.find("kept: " + state()), std::string::npos) << preserved.err;
  const auto failing = run("runs: 1\ntest_command: 'false'\ncleanup_on_failure: false\n");
  EXPECT_EQ(kept().size(), 2u) << told(failing);
}

TEST_F(ConfigFile, KeepsTheScratchFolderOfAJobWhoseImageCannotBeBuilt) {
  const auto said =
      run("runs: 1\ntest_command: 'true'\ncleanup_on_failure: false\n", {"--setup-command", "exit 3"});
  EXPECT_EQ(said.exit_code, 4) << told(said);
  EXPECT_EQ(kept().size(), 1u) << told(said);
  EXPECT_EQ(run("runs: 1\ntest_command: 'true'\n", {"--keep", "--setup-command", "exit 3"}).exit_code, 4);
  EXPECT_EQ(kept().size(), 2u);
}

TEST_F(ConfigFile, CanRefuseTheInstallation) {
  repository_.write("requirements.txt", "surely-nobody-publishes-a-package-of-this-name-0b1f7c\n");
  const auto said =
      run("runs: 1\nauto_install_dependencies: false\ntest_command: python3 -c 'print(6 * 7)'\n");
  ASSERT_EQ(said.exit_code, 0) << told(said);
  EXPECT_EQ(said.report.at("framework"), "python");
  EXPECT_EQ(stdout_of(said), "42\n");
}

TEST_F(ConfigFile, BoundsTheTimeOfAnInstallStep) {
  const auto said = run("runs: 1\npip_install_timeout: 3\ntest_command: 'true'\n",
                        {"--setup-command", "sleep 100 # " + repository_.path()});
  EXPECT_EQ(said.exit_code, 4) << told(said);
  EXPECT_NE(said.err.find("did not end within its time"), std::string::npos) << said.err;
}

TEST_F(ConfigFile, MayHoldKeysForOtherCommands) {
  const auto said =
      run("runs: 1\ntest_command: 'true'\nignore_patterns: ['docs/**']\nauto_trigger_on_failure: true\n"
          "auto_trigger_runs: 20\nauto_trigger_parallelism: 5\n");
  EXPECT_EQ(said.exit_code, 0) << told(said);
}

TEST_F(ConfigFile, OfTheSubdirComesBeforeTheRoots) {
  repository_.write("web/.flaky-detector.yml",
                    "runs: 1\ntest_command: echo of the subdir in $(basename $PWD)\n");
  const auto said = run("runs: 2\ntest_command: echo of the root\n", {"--subdir", "web"});
  ASSERT_EQ(said.exit_code, 0) << told(said);
  EXPECT_EQ(stdout_of(said), "of the subdir in web\n");
}

TEST_F(ConfigFile, IsBelowTheEnvironmentWhichIsBelowTheFlags) {
  const std::string config = "runs: 4\ntest_command: 'true'\n";
  ProgramOptions environment;
  environment.env = {"ORCHESTRATOR_RUNS=3"};
  EXPECT_EQ(number(run(config), "requested_runs"), 4);
  EXPECT_EQ(number(run(config, {}, environment), "requested_runs"), 3);
  EXPECT_EQ(number(run(config, {"--runs", "2"}, environment), "requested_runs"), 2);
}

TEST_F(ConfigFile, IsAboveTheUsersOwnConfig) {
  const std::string own = state() + "/own.yml";
  write_file(own, "runs: 5\nparallelism: 1\n");
  const auto said = run("runs: 2\ntest_command: 'true'\n", {"--config", own});
  ASSERT_EQ(said.exit_code, 0) << told(said);
  EXPECT_EQ(number(said, "requested_runs"), 2);
  EXPECT_EQ(number(said, "parallelism"), 1);
}

TEST_F(ConfigFile, OfAnEarlierCommitIsTheOneOfThatCommit) {
  repository_.init();
  repository_.write(".flaky-detector.yml", "runs: 1\ntest_command: echo then\n");
  const std::string commit = repository_.commit_all();
  const auto now = run("runs: 2\ntest_command: echo now\n");
  EXPECT_EQ(stdout_of(now), "now\n");
  const auto then = run("runs: 2\ntest_command: echo now\n", {"--ref", commit});
  ASSERT_EQ(then.exit_code, 0) << told(then);
  EXPECT_EQ(stdout_of(then), "then\n");
  EXPECT_EQ(then.report.at("environment").at("commit"), commit);
}

}  // namespace
