// action.yml and the GitLab template, each step run as the real runners run it, in a clean checkout.
#include <map>

#include "tests/support/pipelines.h"

namespace {

using namespace testing_support;
using nlohmann::json;
using Values = std::map<std::string, std::string>;

struct Outcome {
  int exit_code = -1;
  json said;  // of the runner
  std::string out, err;

  std::string output(const std::string& name) const { return said.at("outputs").value(name, "(none)"); }
};

std::string told(const Outcome& outcome) { return outcome.said.dump(2); }

// A repository, and a clone of it as a pipeline has one.
class Pipelines : public testing::Test {
 protected:
  Pipelines() {
    repository_.write("known-flaky.json", known_flakes({{"(the whole command)", 0.6, "2999-12-31"}}));
    repository_.write("tests/x", "x");
    repository_.init();
    repository_.commit_all();
    shell("git clone -q '" + repository_.path() + "' '" + workspace() + "'");
    std::filesystem::create_hard_link(ORCHESTRATOR_BINARY, served_ / "orchestrator", no_link_);
    if (no_link_) std::filesystem::copy_file(ORCHESTRATOR_BINARY, served_ / "orchestrator");
    write_file(served_ / "other", "#!/bin/sh\ntouch \"$(dirname \"$0\")/ran\"\n", true);
  }
  // The images of a run go with the repository.
  void remember(const std::string& report) const {
    if (!std::filesystem::exists(report)) return;
    RunResult run;
    run.report = json::parse(read_file(report));
    repository_.remember(run);
  }

  std::string workspace() const { return folder_ / "checkout"; }
  std::string sha256() const { return shell("sha256sum '" + (served_ / "orchestrator") + "'").substr(0, 64); }

  Outcome run(const std::string& kind, const std::string& file, const Values& values) const {
    const Finished finished =
        run_command({"python3", source_path("tests/support/pipeline_runner.py"), kind, source_path(file),
                     workspace(), json(values).dump(), served_.path()});
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    Outcome outcome;
    outcome.said = json::parse(finished.out);
    outcome.exit_code = outcome.said.at("exit_code");
    for (const auto& step : outcome.said.at("steps")) {
      outcome.out += step.at("stdout");
      outcome.err += step.at("stderr");
    }
    return outcome;
  }
  Outcome github(Values values) const {
    values.try_emplace("report-dir", reports_.path());
    const Outcome outcome = run("github", "action.yml", values);
    remember(reports_ / "report.json");
    return outcome;
  }
  Outcome gitlab(const Values& values) const {
    const Outcome outcome = run("gitlab", "scripts/ci-templates/gitlab.yml", values);
    remember(workspace() + "/flaky-report/report.json");
    return outcome;
  }

  // Fails with one seed in four.
  const std::string flaky_ = "test $((TEST_SEED % 4)) -ne 0";
  const std::string flags_ = std::string("--image\n") + kBase + "\n--no-install\n--seed\n1\n";

  Repository repository_;
  TemporaryFolder folder_, served_, reports_;
  std::error_code no_link_;
};

TEST_F(Pipelines, ActionRunsABinaryByPathAndTellsItsOutputs) {
  const Outcome fails = github({{"path", ORCHESTRATOR_BINARY},
                                {"command", flaky_},
                                {"flags", flags_},
                                {"quarantine", "none"},
                                {"runs", "16"},
                                {"parallelism", "2"}});
  ASSERT_EQ(fails.exit_code, 1) << told(fails);
  EXPECT_EQ(fails.output("verdict"), "fails");
  EXPECT_EQ(fails.output("exit-code"), "1");
  EXPECT_EQ(fails.output("new-count"), "1");
  EXPECT_EQ(json::parse(fails.output("new-tests")), json::array({"(the whole command)"}));
  const json report = json::parse(read_file(fails.output("report")));
  EXPECT_EQ(report.at("total_runs"), 16);
  EXPECT_EQ(json::parse(read_file(fails.output("result"))).at("verdict"), "fails");
  const json& commands = fails.said.at("steps").at(1).at("commands");
  ASSERT_EQ(commands.size(), 1u) << told(fails);
  EXPECT_EQ(commands.at(0).get<std::string>().substr(0, 10), "::warning ") << told(fails);
  EXPECT_NE(fails.said.at("summary").get<std::string>().find("The pipeline fails: 1 new"), std::string::npos)
      << told(fails);
  const Outcome passes = github({{"path", ORCHESTRATOR_BINARY}, {"command", flaky_}, {"flags", flags_}});
  EXPECT_EQ(passes.exit_code, 0) << "its own list excuses it: " << told(passes);
  EXPECT_EQ(passes.output("verdict"), "passes");
  EXPECT_EQ(shell("git -C '" + workspace() + "' status --porcelain"), "") << "the checkout stays as it was";
}

TEST_F(Pipelines, ActionRunsWhatAUrlHoldsOnlyWithItsChecksum) {
  const Values values{{"command", "true"}, {"runs", "2"}, {"flags", flags_}, {"url", "SERVER/orchestrator"}};
  Values right = values;
  right["sha256"] = sha256();
  const Outcome runs = github(right);
  EXPECT_EQ(runs.exit_code, 0) << told(runs);
  EXPECT_EQ(runs.output("verdict"), "passes");
  for (const auto& [url, sum, sentence] :
       {std::tuple{"SERVER/other", sha256(),
                   "::error::what url holds does not have that sha256: nothing was run\n"},
        {"SERVER/orchestrator", std::string(64, '0'),
         "::error::what url holds does not have that sha256: nothing was run\n"},
        {"SERVER/away", sha256(), "::error::url cannot be downloaded\n"},
        {"http://example.org/x", sha256(), "::error::url must begin with https://\n"},
        {"SERVER/orchestrator", std::string(),
         "::error::sha256 must be 64 hex digits: what is downloaded is run only when it is what you "
         "meant\n"}}) {
    Values wrong = values;
    wrong["url"] = url;
    wrong["sha256"] = sum;
    const Outcome outcome = github(wrong);
    EXPECT_EQ(outcome.exit_code, 2) << told(outcome);
    EXPECT_EQ(outcome.out, sentence) << told(outcome);
    EXPECT_EQ(outcome.said.at("steps").size(), 1u) << "the step that would run it is not reached";
  }
}

// What the tests print on the way is no command to the runner.
TEST_F(Pipelines, ActionLetsNoTestGiveOrdersToTheRunner) {
  const Outcome outcome =
      github({{"path", ORCHESTRATOR_BINARY},
              {"flags", flags_},
              {"runs", "2"},
              {"quarantine", "none"},
              {"command",
               "echo '::error::pwned'; echo '  ::add-mask::x' >&2; echo '::stop-commands::guess'; exit 1"}});
  ASSERT_EQ(outcome.exit_code, 3) << told(outcome);
  const json& commands = outcome.said.at("steps").at(1).at("commands");
  ASSERT_EQ(commands.size(), 1u) << told(outcome);
  EXPECT_EQ(commands.at(0).get<std::string>().substr(0, 8), "::error ") << told(outcome);
}

TEST_F(Pipelines, ActionTakesNoWordOfAnInputForAScript) {
  const std::string evil = "$(touch " + (folder_ / "pwned") + ")`touch " + (folder_ / "pwned") +
                           "`\"; touch " + (folder_ / "pwned") + " #\n::error::x";
  for (const char* input :
       {"command", "path", "url", "sha256", "runs", "parallelism", "fail-on", "max-flake-rate", "quarantine",
        "only-changed", "changed-runs", "on-failure", "repository", "flags"}) {
    Values values{{"path", ORCHESTRATOR_BINARY}, {"command", "true"}, {"runs", "1"}, {"flags", flags_}};
    if (std::string(input) == "url" || std::string(input) == "sha256") values["path"] = "";
    if (std::string(input) == "sha256") values["url"] = "SERVER/orchestrator";
    if (std::string(input) == "command") values["runs"] = "x";  // it is not to be run at all
    values[input] = evil;
    const Outcome outcome = github(values);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "pwned")) << input << told(outcome);
    const bool mistake = std::string(input) != "on-failure";
    EXPECT_EQ(outcome.exit_code, mistake ? 2 : 0) << input << told(outcome);
  }
}

TEST_F(Pipelines, GitLabJobRunsABinaryByPathAndLeavesVariables) {
  const Outcome fails = gitlab({{"FLAKY_PATH", ORCHESTRATOR_BINARY},
                                {"FLAKY_COMMAND", flaky_},
                                {"FLAKY_FLAGS", flags_},
                                {"FLAKY_QUARANTINE", "none"},
                                {"FLAKY_RUNS", "16"}});
  ASSERT_EQ(fails.exit_code, 1) << told(fails);
  EXPECT_EQ(fails.output("FLAKY_VERDICT"), "fails");
  EXPECT_EQ(fails.output("FLAKY_NEW_COUNT"), "1");
  EXPECT_EQ(fails.said.at("artifacts"), json::array({"flaky-report/"}));
  EXPECT_EQ(fails.said.at("reports"), json::array({"codequality", "dotenv", "junit"}));
  EXPECT_EQ(json::parse(read_file(workspace() + "/flaky-report/report.json")).at("total_runs"), 16);
  const Outcome passes =
      gitlab({{"FLAKY_PATH", ORCHESTRATOR_BINARY}, {"FLAKY_COMMAND", flaky_}, {"FLAKY_FLAGS", flags_}});
  EXPECT_EQ(passes.exit_code, 0) << told(passes);
  EXPECT_EQ(passes.output("FLAKY_VERDICT"), "passes");
}

TEST_F(Pipelines, GitLabJobRunsWhatAUrlHoldsOnlyWithItsChecksum) {
  Values values{{"FLAKY_COMMAND", "true"},
                {"FLAKY_RUNS", "2"},
                {"FLAKY_FLAGS", flags_},
                {"FLAKY_URL", "SERVER/orchestrator"},
                {"FLAKY_SHA256", sha256()}};
  const Outcome runs = gitlab(values);
  EXPECT_EQ(runs.exit_code, 0) << told(runs);
  values["FLAKY_URL"] = "SERVER/other";
  const Outcome wrong = gitlab(values);
  EXPECT_EQ(wrong.exit_code, 2) << told(wrong);
  EXPECT_EQ(wrong.err, "what FLAKY_URL holds does not have that FLAKY_SHA256: nothing was run\n");
  EXPECT_EQ(wrong.out, "") << "nothing of it was run";
}

}  // namespace
