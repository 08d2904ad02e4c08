// `ci` on a repository of which it is known what is wrong with each test.
#include "tests/support/pipelines.h"

namespace {

using namespace testing_support;
using nlohmann::json;
using Strings = std::vector<std::string>;

// A stable file, and one with a test that fails with one seed in three.
void write_tests(const Repository& repository) {
  repository.write("requirements.txt", read_file(Repository::sample("known_truth/requirements.txt")));
  repository.write("tests/test_stable.py", "def test_one():\n    pass\n\n\ndef test_two():\n    pass\n");
  repository.write("tests/test_shaky.py",
                   "import os\n\n\ndef test_flaky():\n    assert int(os.environ['TEST_SEED']) % 3 != 0\n");
}

const std::string kFlaky = "tests/test_shaky.py::test_flaky";

TEST(CiOfTests, ExcusesTheKnownAndFailsForTheNew) {
  const Repository repository;
  write_tests(repository);
  const Strings flags{"--seed", "1", "--runs", "10", "--vary", "none"};
  const auto fresh = run_pipeline(repository, flags, {"pytest"});
  ASSERT_EQ(fresh.exit_code, 1) << told(fresh);
  EXPECT_EQ(fresh.result.at("new"), json::array({kFlaky}));
  repository.write("known-flaky.json", known_flakes({{kFlaky, 0.5, "2999-12-31"},
                                                     {"tests/test_stable.py::test_one", 0.3, "2999-12-31"},
                                                     {"tests/test_stable.py::test_old", 0.3, "2999-12-31"}}));
  const auto known = run_pipeline(repository, flags, {"pytest"});
  EXPECT_EQ(known.exit_code, 0) << told(known);
  EXPECT_EQ(known.result.at("known"), json::array({kFlaky}));
  EXPECT_EQ(known.result.at("healed"), json::array({"tests/test_stable.py::test_one"}));
  EXPECT_EQ(known.result.at("gone"), json::array({"tests/test_stable.py::test_old"}));
  repository.write("tests/test_new.py",
                   "import os\n\n\ndef test_new():\n    assert int(os.environ['TEST_SEED']) % 2\n");
  const auto both = run_pipeline(repository, flags, {"pytest"});
  EXPECT_EQ(both.exit_code, 1) << told(both);
  EXPECT_EQ(both.result.at("new"), json::array({"tests/test_new.py::test_new"}));
  EXPECT_EQ(both.result.at("known"), json::array({kFlaky}));
  // The command fails for another reason than the known flake: that is not excused with it.
  const auto other = run_pipeline(repository, flags, {"pytest tests/test_shaky.py; exit 7"});
  EXPECT_EQ(other.exit_code, 3) << told(other);
}

const json& in_condition_if_any(const json& test, const std::string& name) {
  static const json none;
  for (const auto& counts : test.at("conditions"))
    if (counts.at("condition") == name) return counts;
  return none;
}

TEST(OnlyChangedTests, GetAttemptsOfTheirOwn) {
  const Repository repository;
  write_tests(repository);
  repository.remove("tests/test_shaky.py");
  repository.init();
  const std::string base = repository.commit_all();
  repository.git("checkout -q -b topic");
  write_tests(repository);
  repository.write("notes.txt", "no test in here\n");
  repository.commit_all();
  const Strings flags{"--seed", "1", "--runs", "4", "--only-changed", "main", "--changed-runs", "12"};
  const auto run = run_pipeline(repository, flags, {"pytest"});
  ASSERT_EQ(run.exit_code, 1) << told(run);
  EXPECT_EQ(run.report.at("total_runs"), 16);
  EXPECT_EQ(run.report.at("requested_runs"), 16);
  EXPECT_EQ(run.report.at("changed").at("base"), base);
  EXPECT_EQ(run.report.at("changed").at("files"), json::array({"notes.txt", "tests/test_shaky.py"}));
  for (const auto& test : run.report.at("tests")) {
    const bool changed = test.at("id") == kFlaky;
    EXPECT_EQ(in_condition_if_any(test, "changed").is_null(), !changed) << test;
    if (!changed) continue;
    EXPECT_EQ(in_condition_if_any(test, "changed").at("passed").get<int>() +
                  in_condition_if_any(test, "changed").at("failed").get<int>(),
              6);
  }
  // Attempt 5 is one of the changed tests alone, and is so again.
  const auto& fifth = run.report.at("results").at(5);
  EXPECT_EQ(fifth.at("condition"), "changed, shuffle") << fifth;
  EXPECT_NE(fifth.at("stdout").get<std::string>().find("collected"), std::string::npos);
  Strings again = flags;
  again.insert(again.end(), {"--only-attempt", "5"});
  const auto alone = run_pipeline(repository, again, {"pytest"});
  EXPECT_EQ(alone.report.at("results").at(0).at("condition"), "changed, shuffle") << told(alone);
  EXPECT_EQ(alone.report.at("results").at(0).at("exit_code"), fifth.at("exit_code"));
  EXPECT_EQ(alone.report.at("results").at(0).at("seed"), fifth.at("seed"));
}

TEST(OnlyChangedTests, AreNoneWhenNoChangedFileHoldsAny) {
  const Repository repository;
  write_tests(repository);
  repository.remove("tests/test_shaky.py");
  repository.init();
  repository.commit_all();
  const Strings flags{"--seed", "1", "--runs", "3", "--only-changed", "main"};
  const auto nothing = run_pipeline(repository, flags, {"pytest"});
  EXPECT_EQ(nothing.exit_code, 0) << told(nothing);
  EXPECT_EQ(nothing.report.at("total_runs"), 3);
  EXPECT_NE(unwrapped(nothing.out).find("no file has changed since main"), std::string::npos)
      << told(nothing);
  repository.write("tests/data.txt", "untracked, and no test\n");
  const auto no_test = run_pipeline(repository, flags, {"pytest"});
  EXPECT_EQ(no_test.exit_code, 0) << told(no_test);
  EXPECT_EQ(no_test.report.at("total_runs"), 3);
  EXPECT_NE(unwrapped(no_test.out).find("none of the changed files holds a test"), std::string::npos)
      << told(no_test);
  EXPECT_EQ(no_test.report.at("conditions").size(), 3u);
}

// A line of two sessions: the one that holds nothing of the changed files must not fail for that.
TEST(OnlyChangedTests, DoNotFailASessionThatHoldsNoneOfThem) {
  const Repository repository;
  write_tests(repository);
  repository.init();
  repository.commit_all();
  repository.write("more/test_more.py", "def test_more():\n    pass\n");
  const auto run = run_pipeline(
      repository, {"--runs", "2", "--only-changed", "main", "--changed-runs", "4", "--vary", "none"},
      {"pytest more && pytest tests/test_stable.py"});
  ASSERT_EQ(run.report.at("total_runs"), 6) << told(run);
  EXPECT_EQ(run.exit_code, 0) << told(run);
}

}  // namespace
