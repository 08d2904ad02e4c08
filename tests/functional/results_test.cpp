// Results test by test of a command that no probe knows: by the JUnit XML that it writes.
#include <map>

#include "tests/functional/attempts.h"

namespace {

using namespace testing_support;
using nlohmann::json;

class Results : public ::testing::Test {
 protected:
  Results() { repository_.copy_sample("own_runner"); }

  RunResult run(Strings more, const Strings& command, ProgramOptions options = {}) {
    more.insert(more.begin(), {"--framework", "unknown", "--seed", "1", "--state-dir", state_folder()});
    return repository_.remember(
        run_job(flags_for(repository_.path(), std::move(more)), command, std::move(options)));
  }

  // The verdict on each test, by its id.
  static std::map<std::string, std::string> verdicts(const RunResult& run) {
    std::map<std::string, std::string> all;
    if (run.report.contains("tests") && run.report.at("tests").is_array())
      for (const auto& test : run.report.at("tests")) all[test.at("id")] = test.at("verdict");
    return all;
  }
  static bool warns(const RunResult& run, const std::string& words) {
    for (const auto& warning : run.report.at("warnings"))
      if (warning.get<std::string>().find(words) != std::string::npos) return true;
    return false;
  }

  Repository repository_;
};

using Verdicts = std::map<std::string, std::string>;

TEST_F(Results, OfACommandThatWritesJUnitXmlAreJudgedTestByTest) {
  const auto run = this->run({"--runs", "8", "--results", "reports/**/TEST-*.xml"}, {"python3", "check.py"});
  ASSERT_EQ(run.exit_code, 3) << told(run);
  EXPECT_EQ(verdicts(run), (Verdicts{{"shop.Cart::fine", "not_shown_flaky"},
                                     {"shop.Cart::flaky", "flaky"},
                                     {"shop.Cart::broken", "failing"},
                                     {"shop.Cart::later", "not_run"}}))
      << "and no test of the file that is committed";
  for (const auto& test : run.report.at("tests")) {
    if (test.at("id") != "shop.Cart::flaky") continue;
    for (const auto& result : run.report.at("results")) {
      const bool odd = result.at("seed").get<std::int64_t>() % 2 == 1;
      EXPECT_EQ(test.at("outcomes").get<std::string>().at(result.at("attempt")), odd ? 'F' : '.');
    }
  }
  EXPECT_NE(run.out.find("shop.Cart::flaky"), std::string::npos) << run.out;
  EXPECT_TRUE(warns(run, "results: 1 path left out: there before the command started")) << told(run);
  EXPECT_NE(run.report.at("reproduce").get<std::string>().find(" --results 'reports/**/TEST-*.xml' "),
            std::string::npos);
}

TEST_F(Results, OfACommandThatIsKilledAreThoseThatWereWritten) {
  const auto run =
      this->run({"--runs", "6", "--results", "reports/new/*.xml"}, {"python3", "check.py", "killed"});
  EXPECT_EQ(verdicts(run), (Verdicts{{"shop.Cart::fine", "not_shown_flaky"}, {"shop.Cart::flaky", "flaky"}}))
      << told(run);
  EXPECT_TRUE(warns(run, "reports/new/TEST-shop.xml is not well-formed XML at byte ")) << told(run);
  EXPECT_TRUE(warns(run, "(attempt 0; 6 attempts with such a note)")) << told(run);
}

TEST_F(Results, OfAMalformedFileAreThoseThatCanBeRead) {
  const auto run =
      this->run({"--runs", "4", "--results", "reports/new/*.xml"}, {"python3", "check.py", "malformed"});
  EXPECT_EQ(verdicts(run).count("shop.Cart::fine"), 1u) << told(run);
  EXPECT_EQ(verdicts(run).count("shop.Cart::later"), 0u) << told(run);
  EXPECT_TRUE(warns(run, "is not well-formed XML")) << told(run);
}

TEST_F(Results, ThatPassOnlyWhenTheirRunnerTriesAgainAreFlaky) {
  const auto run =
      this->run({"--runs", "3", "--results", "reports/new/*.xml"}, {"python3", "check.py", "retries"});
  EXPECT_EQ(run.exit_code, 1) << told(run);
  EXPECT_EQ(run.report.at("failures"), 0);
  EXPECT_EQ(verdicts(run), (Verdicts{{"shop.Cart::fine", "not_shown_flaky"}, {"shop.Cart::flaky", "flaky"}}));
  EXPECT_NE(run.out.find("passed when run again"), std::string::npos) << run.out;
}

TEST_F(Results, AreAskedForByTheRepositorysOwnFileToo) {
  repository_.write(".flaky-detector.yml", "results: reports/new/*.xml\n");
  const auto run = this->run({"--runs", "2"}, {"python3", "check.py"});
  EXPECT_EQ(verdicts(run).size(), 4u) << told(run);
}

TEST_F(Results, HoldNoSecret) {
  ProgramOptions options;
  options.env = {"TOKEN=s3cr3t&value"};
  const auto run = this->run({"--runs", "4", "--secret-env", "TOKEN", "--results", "reports/new/*.xml"},
                             {"python3", "check.py"}, options);
  EXPECT_EQ(verdicts(run).size(), 4u) << told(run);
  const std::string all = run.report.dump() + run.out + run.err;
  EXPECT_EQ(all.find("s3cr3t"), std::string::npos);
  EXPECT_NE(all.find("ms, ***"), std::string::npos) << all;
}

TEST_F(Results, AreOfferedWhereTestsWereNotToldApart) {
  const auto run = this->run({"--runs", "2"}, {"python3", "check.py"});
  EXPECT_TRUE(run.report.at("tests").is_null());
  EXPECT_TRUE(
      warns(run, "tests were not told apart: --results 'GLOB' reads JUnit XML that the command writes"))
      << told(run);
  const auto none = this->run({"--runs", "2", "--results", "none/*.xml"}, {"python3", "check.py"});
  EXPECT_TRUE(warns(none, "no attempt left a file that matches 'none/*.xml'")) << told(none);
}

TEST_F(Results, EndARunThatAsksForCertaintyTestByTest) {
  const auto run = this->run({"--until-sure", "50%", "--max-runs", "40", "--results", "reports/new/*.xml"},
                             {"python3", "check.py"});
  EXPECT_LT(run.report.at("total_runs").get<int>(), 40) << told(run);
  EXPECT_EQ(verdicts(run).at("shop.Cart::flaky"), "flaky");
}

}  // namespace
