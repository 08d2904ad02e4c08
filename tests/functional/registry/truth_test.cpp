// A repository of which it is known what is wrong with each test: the verdicts must say just that.
#include <map>

#include "tests/support/repositories.h"

namespace {

using namespace testing_support;
using nlohmann::json;

std::map<std::string, json> by_id(const json& report) {
  std::map<std::string, json> tests;
  for (const auto& test : report.at("tests")) tests[test.at("id")] = test;
  return tests;
}

const json& in_condition(const json& test, const std::string& name) {
  for (const auto& counts : test.at("conditions"))
    if (counts.at("condition") == name) return counts;
  throw std::runtime_error("no condition " + name);
}

TEST(KnownTruth, IsToldTestByTest) {
  const Repository repository;
  repository.copy_sample("known_truth");
  const auto run = repository.remember(run_job(
      {"--repo", repository.path(), "--runs", "40", "--seed", "1", "--timeout", "15", "--memory", "256m"},
      {"pytest"}));
  ASSERT_EQ(run.exit_code, 3) << "one test is broken, so the command always fails: " << told(run);
  auto tests = by_id(run.report);
  const std::map<std::string, std::string> truth = {
      {"test_broken.py::test_broken", "failing"},
      {"test_truth.py::test_fine", "not_shown_flaky"},
      {"test_truth.py::test_fine_with[a]", "not_shown_flaky"},
      {"test_truth.py::test_fine_with[x y]", "not_shown_flaky"},
      {"test_truth.py::test_flaky", "flaky"},
      {"test_truth.py::test_flaky_in_its_fixture", "flaky"},
      {"test_truth.py::test_polluter", "not_shown_flaky"},
      {"test_truth.py::test_fails_the_second_time", "repeat_dependent"},
      {"test_truth.py::test_skipped", "not_run"},
      {"test_truth.py::test_expected_to_fail", "not_shown_flaky"},
      {"test_truth.py::test_eats_memory", "flaky"},
      {"test_truth.py::test_is_killed", "flaky"},
      {"test_truth.py::test_hangs", "flaky"},
  };
  for (const auto& [id, verdict] : truth) {
    ASSERT_TRUE(tests.contains(id)) << id;
    EXPECT_EQ(tests[id].at("verdict"), verdict) << tests[id].dump(1);
  }
  const auto sum = [&](const std::string& id, const char* way) {
    int count = 0;
    for (const auto& counts : tests[id].at("conditions")) count += counts.at(way).get<int>();
    return count;
  };
  EXPECT_GT(sum("test_truth.py::test_hangs", "timed_out"), 0);
  EXPECT_GT(sum("test_truth.py::test_eats_memory", "out_of_memory"), 0);
  EXPECT_GT(sum("test_truth.py::test_is_killed", "crashed"), 0);
  EXPECT_GT(sum("test_truth.py::test_flaky_in_its_fixture", "errors"), 0);
  // The victim of another test fails in no other order than a shuffled one.
  const json& victim = tests["test_truth.py::test_victim"];
  EXPECT_EQ(in_condition(victim, "written").at("failed"), 0);
  EXPECT_GT(in_condition(victim, "shuffle").at("failed"), 0) << victim;
}

// Two tests fail for one reason, which is the seed's parity.
TEST(KnownTruth, IsFoundInWhatFailuresHaveInCommon) {
  const Repository repository;
  repository.write("requirements.txt", read_file(Repository::sample("known_truth/requirements.txt")));
  repository.write(
      "test_shop.py",
      "import os\n\n\n"
      "def ask():\n"
      "    print('asking', id(os))\n"
      "    even = int(os.environ['TEST_SEED']) % 2 == 0\n"
      "    print('answered', 'yes' if even else 'no')\n"
      "    if not even:\n        raise ValueError(id(os))\n\n\n"
      "def test_pays(): ask()\n\n\ndef test_ships(): ask()\n\n\ndef test_looks(): print('fine')\n");
  const auto run = repository.remember(
      run_job({"--repo", repository.path(), "--runs", "24", "--seed", "1", "--vary", "none"}, {"pytest"}));
  ASSERT_EQ(run.exit_code, 1) << told(run);
  const json& findings = run.report.at("findings");
  const int failures = run.report.at("failures");
  const json both = {"test_shop.py::test_pays", "test_shop.py::test_ships"};

  const json& groups = findings.at("failure_groups");
  ASSERT_EQ(groups.at("total"), 1) << groups.dump(1);
  const json& group = groups.at("list").at(0);
  EXPECT_EQ(group.at("signature"), "call · ValueError · test_shop.py::ask");
  EXPECT_EQ(group.at("tests"), both);
  EXPECT_EQ(group.at("failures"), 2 * failures);
  EXPECT_EQ(group.at("first_difference").at("of"), "test log");
  EXPECT_EQ(group.at("first_difference").at("failing"), json({"answered no"}));
  EXPECT_EQ(group.at("first_difference").at("passing"), json({"answered yes"}));

  const json& together = findings.at("fail_together");
  ASSERT_EQ(together.at("total"), 1) << together.dump(1);
  EXPECT_EQ(together.at("list").at(0).at("tests"), both);
  EXPECT_EQ(together.at("list").at(0).at("jaccard"), 1.0);

  const json& factors = findings.at("factors");
  ASSERT_EQ(factors.at("total"), 2) << factors.dump(1);
  for (const json& factor : factors.at("list")) {
    EXPECT_EQ(factor.at("factor"), "seed: odd against even");
    EXPECT_EQ(factor.at("failed_with"), failures);
    EXPECT_EQ(factor.at("failed_without"), 0);
    EXPECT_LE(factor.at("q"), 0.05);
  }
}

TEST(KnownTruth, OfOneConditionHasARateOfTheWholeCommandToo) {
  const Repository repository;
  repository.copy_sample("known_truth");
  const auto run = repository.remember(
      run_job({"--repo", repository.path(), "--runs", "8", "--seed", "1", "--vary", "none"},
              {"pytest", "test_truth.py::test_flaky"}));
  ASSERT_EQ(run.exit_code, 1) << told(run);
  EXPECT_FALSE(run.report.at("interval").is_null());
  const auto tests = by_id(run.report);
  ASSERT_EQ(tests.size(), 1u);
  const json& flaky = tests.at("test_truth.py::test_flaky");
  EXPECT_EQ(flaky.at("rate").at("rate"), run.report.at("failures").get<double>() / 8);
  for (const auto& result : run.report.at("results"))
    EXPECT_EQ(flaky.at("outcomes").get<std::string>().at(result.at("attempt")),
              result.at("passed") ? '.' : 'F');
}

TEST(Results, OfPytestsOwnFileAreLeftOutWhereTheProbeTells) {
  const Repository repository;
  repository.copy_sample("known_truth");
  const auto run = repository.remember(
      run_job({"--repo", repository.path(), "--runs", "2", "--seed", "1", "--results", "r.xml"},
              {"pytest", "--junitxml=r.xml", "-k", "test_expected_to_fail"}));
  ASSERT_EQ(run.exit_code, 0) << told(run);
  const auto tests = by_id(run.report);
  EXPECT_EQ(tests.size(), 1u);
  EXPECT_TRUE(tests.contains("test_truth.py::test_expected_to_fail"));
  EXPECT_NE(run.report.at("warnings").dump().find("results was not used"), std::string::npos) << told(run);
}

TEST(Probe, WasCompiledWhenTheImageWasMade) {
  const Repository repository;
  repository.write("requirements.txt", "pytest\n");
  // What the interpreter takes without a look at the source (PEP 552: flags 1): that was written later.
  repository.write(
      "test_probe.py",
      "import importlib.util, os, pytest, sys\n"
      "@pytest.mark.parametrize('part', ['session', 'selection'])\n"
      "def test_it(part):\n"
      "    cached = importlib.util.find_spec('orchestrator_probe_' + part).cached\n"
      "    assert open(cached, 'rb').read(8)[:8] == importlib.util.MAGIC_NUMBER + b'\\1\\0\\0\\0'\n"
      "    assert not os.access(os.path.dirname(cached), os.W_OK)\n");
  const auto run =
      repository.remember(run_job({"--repo", repository.path(), "--runs", "1", "--seed", "1"}, {"pytest"}));
  EXPECT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(by_id(run.report).size(), 2u) << told(run);
}

// The project's own bytes are in what is asked of the engine.
TEST(Packages, ThatPrintWhatIsNoTextDoNoHarm) {
  const Repository repository;
  repository.write("requirements.txt", "pytest\n");
  repository.write("test_fine.py", "def test_fine(): pass\n");
  const auto run = repository.remember(
      run_job({"--repo", repository.path(), "--runs", "1", "--seed", "1", "--setup-command",
               "cd /opt/venv/lib/python3*/site-packages && echo 'import os; os.write(1, bytes([255, 10]))' > "
               "odd.pth"},
              {"pytest"}));
  EXPECT_EQ(run.exit_code, 0) << told(run);
  EXPECT_NE(run.report.at("environment").at("packages").dump().find("pytest=="), std::string::npos);
}

TEST(IgnorePatterns, LeaveTestsOut) {
  const Repository repository;
  repository.copy_sample("known_truth");
  repository.write(".flaky-detector.yml", "ignore_patterns: ['test_fine*', '*::test_broken']\n");
  const auto run = repository.remember(run_job({"--repo", repository.path(), "--runs", "1", "--seed", "1"},
                                               {"pytest", "-k", "fine or broken or expected"}));
  ASSERT_EQ(run.exit_code, 0) << told(run);
  const auto tests = by_id(run.report);
  EXPECT_EQ(tests.size(), 1u);
  EXPECT_TRUE(tests.contains("test_truth.py::test_expected_to_fail"));
}

TEST(UntilSure, StopsWhenEveryTestHasPassedAndFailed) {
  const Repository repository;
  repository.copy_sample("known_truth");
  const auto run = repository.remember(run_job(
      {"--repo", repository.path(), "--until-sure", "--max-runs", "60", "--seed", "1", "--vary", "none"},
      {"pytest", "test_truth.py::test_flaky"}));
  ASSERT_EQ(run.exit_code, 1) << told(run);
  EXPECT_LT(run.report.at("total_runs"), 20);
  EXPECT_EQ(run.report.at("end"), "complete");
  EXPECT_EQ(by_id(run.report).at("test_truth.py::test_flaky").at("rate").at("method"),
            "anytime beta mixture");
}

TEST(Replay, OfAnAttemptKeepsItsCondition) {
  const Repository repository;
  repository.copy_sample("known_truth");
  const auto job = [&](std::vector<std::string> more) {
    std::vector<std::string> flags{"--repo", repository.path(), "--runs", "8", "--seed", "1"};
    flags.insert(flags.end(), more.begin(), more.end());
    return repository.remember(run_job(flags, {"pytest", "-v", "test_truth.py", "-k", "fine"}));
  };
  const auto all = job({});
  ASSERT_EQ(all.exit_code, 0) << told(all);
  EXPECT_EQ(all.report.at("results").at(1).at("condition"), "shuffle");
  const auto again = job({"--only-attempt", "1"});
  const auto order = [](const json& result) {
    std::string ids;
    std::istringstream lines(result.at("stdout").get<std::string>());
    for (std::string line; std::getline(lines, line);)
      if (line.find("PASSED") != std::string::npos) ids += line.substr(0, line.find(" PASSED")) + "\n";
    return ids;
  };
  EXPECT_EQ(order(again.report.at("results").at(0)), order(all.report.at("results").at(1)));
  EXPECT_NE(order(all.report.at("results").at(0)), order(all.report.at("results").at(1))) << "shuffled";
}

}  // namespace
