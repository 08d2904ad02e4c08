// action.yml and the GitLab template, each step run as the real runners run it, in a clean checkout.
#include <map>
#include <set>
#include <sstream>

#include "tests/support/pipelines.h"

namespace {

using namespace testing_support;
using nlohmann::json;
using Strings = std::vector<std::string>;
using Values = std::map<std::string, std::string>;

struct Outcome {
  int exit_code = -1;
  json said;  // of the runner
  std::string out, err;

  std::string output(const std::string& name) const { return said.at("outputs").value(name, "(none)"); }
};

std::string told(const Outcome& outcome) { return outcome.said.dump(2); }

const std::string kWhole = "(the whole command)";

// Puts down the words that it is run with, each ended by a zero.
constexpr const char* kRecorder =
    "#!/bin/sh\n[ \"$1\" = version ] || printf '%s\\0' \"$@\" >\"$(dirname \"$0\")/words\"\n";

// All names of `values` and the others, as a runner lists them.
json names(const Values& values, const std::set<std::string>& others) {
  std::set<std::string> all = others;
  for (const auto& [name, value] : values) all.insert(name);
  return all;
}

// A repository, and a clone of it as a pipeline has one.
class Pipelines : public testing::Test {
 protected:
  Pipelines() {
    repository_.write("known-flaky.json", known_flakes({{kWhole, 0.6, "2999-12-31"}}));
    repository_.write("tests/x", "x");
    repository_.init();
    repository_.commit_all();
    shell("git clone -q '" + repository_.path() + "' '" + workspace() + "'");
    std::filesystem::create_hard_link(program_under_test(), served_ / "orchestrator", no_link_);
    if (no_link_) std::filesystem::copy_file(program_under_test(), served_ / "orchestrator");
    write_file(served_ / "recorder", kRecorder, true);
    write_file(served_ / "other", "#!/bin/sh\ntouch \"$(dirname \"$0\")/ran\"\n", true);
  }
  // The images of a run go with the repository.
  void remember(const std::string& report) const {
    if (!std::filesystem::exists(report)) return;
    RunResult run;
    run.report = json::parse(read_file(report));
    repository_.remember(run);
  }

  std::string recorder() const { return served_ / "recorder"; }
  // What the recorder was last run with.
  Strings recorded() const {
    Strings words;
    std::istringstream all(read_file(served_ / "words"));
    for (std::string word; std::getline(all, word, '\0');) words.push_back(word);
    return words;
  }

  // A further clone inside of the checkout, in which tests/y is new; and a list that excuses nothing of it.
  void add_folder(const std::string& name) const {
    shell("git clone -q '" + repository_.path() + "' '" + workspace() + "/" + name + "'");
    write_file(workspace() + "/" + name + "/tests/y", "y");
  }
  void add_list() const {
    write_file(workspace() + "/lists/known.json", known_flakes({{"away", 0.2, "2999-12-31"}}));
  }
  // That a report says what was asked for there, of two attempts.
  void expect_changes_were_looked_for(const std::string& file, const std::string& changed) const {
    ASSERT_TRUE(std::filesystem::exists(file));
    const json report = json::parse(read_file(file));
    EXPECT_EQ(report.at("total_runs"), 2);
    EXPECT_EQ(report.at("parallelism"), 1);
    EXPECT_EQ(report.at("changed").at("base"), repository_.git("rev-parse HEAD"));
    EXPECT_EQ(report.at("changed").at("files"), json::array({changed}));
    EXPECT_EQ(report.at("job").at("request").at("changed_runs"), 9);
    EXPECT_EQ(report.at("ci").at("quarantine").at("file"), "lists/known.json");
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
  const Outcome fails = github({{"path", program_under_test()},
                                {"command", flaky_},
                                {"flags", flags_},
                                {"quarantine", "none"},
                                {"runs", "16"},
                                {"parallelism", "2"}});
  ASSERT_EQ(fails.exit_code, 1) << told(fails);
  EXPECT_EQ(fails.output("verdict"), "fails");
  EXPECT_EQ(fails.output("exit-code"), "1");
  EXPECT_EQ(fails.output("new-count"), "1");
  EXPECT_EQ(json::parse(fails.output("new-tests")), json::array({kWhole}));
  const json report = json::parse(read_file(fails.output("report")));
  EXPECT_EQ(report.at("total_runs"), 16);
  EXPECT_EQ(json::parse(read_file(fails.output("result"))).at("verdict"), "fails");
  const json& commands = fails.said.at("steps").at(1).at("commands");
  ASSERT_EQ(commands.size(), 1u) << told(fails);
  EXPECT_EQ(commands.at(0).get<std::string>().substr(0, 10), "::warning ") << told(fails);
  EXPECT_NE(fails.said.at("summary").get<std::string>().find("The pipeline fails: 1 new"), std::string::npos)
      << told(fails);
  const Outcome passes = github({{"path", program_under_test()}, {"command", flaky_}, {"flags", flags_}});
  EXPECT_EQ(passes.exit_code, 0) << "its own list excuses it: " << told(passes);
  EXPECT_EQ(passes.output("verdict"), "passes");
  EXPECT_EQ(shell("git -C '" + workspace() + "' status --porcelain"), "") << "the checkout stays as it was";
}

TEST_F(Pipelines, ActionRunsWhatAUrlHoldsOnlyWithItsChecksum) {
  const Values values{{"command", "true"}, {"runs", "2"}, {"flags", flags_}, {"url", "SERVER/orchestrator"}};
  Values right = values;
  right["sha256"] = sha256();
  for (const char* url : {"SERVER/orchestrator", "SECURE/orchestrator", "SECURE/secure/orchestrator"}) {
    right["url"] = url;
    const Outcome runs = github(right);
    EXPECT_EQ(runs.exit_code, 0) << url << told(runs);
    EXPECT_EQ(runs.output("verdict"), "passes");
  }
  for (const auto& [url, sum, sentence] :
       {std::tuple{"SERVER/other", sha256(),
                   "::error::what url holds does not have that sha256: nothing was run\n"},
        {"SERVER/orchestrator", std::string(64, '0'),
         "::error::what url holds does not have that sha256: nothing was run\n"},
        {"SERVER/away", sha256(), "::error::url cannot be downloaded\n"},
        {"SECURE/plain/orchestrator", sha256(), "::error::url cannot be downloaded\n"},
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
      github({{"path", program_under_test()},
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
    Values values{{"path", program_under_test()}, {"command", "true"}, {"runs", "1"}, {"flags", flags_}};
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
  const Outcome fails = gitlab({{"FLAKY_PATH", program_under_test()},
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
      gitlab({{"FLAKY_PATH", program_under_test()}, {"FLAKY_COMMAND", flaky_}, {"FLAKY_FLAGS", flags_}});
  EXPECT_EQ(passes.exit_code, 0) << told(passes);
  EXPECT_EQ(passes.output("FLAKY_VERDICT"), "passes");
}

TEST_F(Pipelines, GitLabJobRunsWhatAUrlHoldsOnlyWithItsChecksum) {
  Values values{{"FLAKY_COMMAND", "true"},
                {"FLAKY_RUNS", "2"},
                {"FLAKY_FLAGS", flags_},
                {"FLAKY_SHA256", sha256()}};
  for (const char* url : {"SERVER/orchestrator", "SECURE/secure/orchestrator"}) {
    values["FLAKY_URL"] = url;
    const Outcome runs = gitlab(values);
    EXPECT_EQ(runs.exit_code, 0) << url << told(runs);
  }
  for (const auto& [url, sentence] :
       {std::pair{"SERVER/other", "what FLAKY_URL holds does not have that FLAKY_SHA256: nothing was run\n"},
        {"SECURE/plain/orchestrator", "FLAKY_URL cannot be downloaded\n"}}) {
    values["FLAKY_URL"] = url;
    const Outcome wrong = gitlab(values);
    EXPECT_EQ(wrong.exit_code, 2) << told(wrong);
    EXPECT_TRUE(wrong.err.ends_with(sentence)) << wrong.err;
    EXPECT_EQ(wrong.out, "") << "nothing of it was run";
  }
}

TEST_F(Pipelines, ActionHandsEveryInputOn) {
  const std::string folder = reports_ / "of a job";
  const Values all{{"path", recorder()},
                   {"command", "pytest -q"},
                   {"repository", "web"},
                   {"runs", "7"},
                   {"parallelism", "3"},
                   {"fail-on", "failing"},
                   {"max-flake-rate", "2%"},
                   {"quarantine", "lists/known.json"},
                   {"only-changed", "origin/main"},
                   {"changed-runs", "9"},
                   {"on-failure", "true"},
                   {"flags", "--seed\n\n5\n--image\nan image\n"},
                   {"report-dir", folder}};
  const Outcome outcome = github(all);
  ASSERT_EQ(outcome.exit_code, 0) << told(outcome);
  EXPECT_EQ(outcome.said.at("documented"), names(all, {"url", "sha256"})) << "each is set once";
  const Strings reports{"--json",   folder + "/report.json", "--html", folder + "/report.html",
                        "--result", folder + "/result.json"};
  Strings words{"ci", "--repo", "web", "--fail-on", "failing"};
  words.insert(words.end(), reports.begin(), reports.end());
  words.insert(words.end(), {"--runs", "7", "--parallelism", "3", "--max-flake-rate", "2%", "--quarantine",
                             "lists/known.json", "--only-changed", "origin/main", "--changed-runs", "9",
                             "--on-failure", "--seed", "5", "--image", "an image", "--", "pytest -q "});
  EXPECT_EQ(recorded(), words);
  EXPECT_EQ(outcome.output("report-dir"), folder);
  github({{"path", recorder()}, {"report-dir", folder}});
  words = {"ci", "--repo", ".", "--fail-on", "flaky"};
  words.insert(words.end(), reports.begin(), reports.end());
  EXPECT_EQ(recorded(), words) << "what is left empty is not said";
}

TEST_F(Pipelines, ActionAllowsWhatItsInputsAllow) {
  for (const auto& [input, value, by] :
       {std::tuple{"fail-on", "failing", "fail_on"}, {"max-flake-rate", "60%", "max_flake_rate"}}) {
    Values values{{"path", program_under_test()}, {"command", flaky_}, {"flags", flags_},
                  {"quarantine", "none"},         {"runs", "16"},      {"parallelism", "2"}};
    values[input] = value;
    const Outcome allowed = github(values);
    ASSERT_EQ(allowed.exit_code, 0) << input << told(allowed);
    EXPECT_EQ(allowed.output("verdict"), "passes") << input;
    EXPECT_EQ(json::parse(read_file(allowed.output("result"))).at("allowed_by"), json::array({by}));
  }
}

TEST_F(Pipelines, ActionStandsBackWhenAnotherJobHasFailed) {
  write_file(workspace() + "/.flaky-detector.yml", "auto_trigger_on_failure: false\n");
  Values values{
      {"path", program_under_test()}, {"command", "true"}, {"flags", flags_}, {"on-failure", "true"}};
  const Outcome skipped = github(values);
  EXPECT_EQ(skipped.exit_code, 0) << told(skipped);
  EXPECT_EQ(skipped.output("verdict"), "skipped") << told(skipped);
  values["on-failure"] = "false";
  values["runs"] = "1";
  const Outcome runs = github(values);
  EXPECT_EQ(runs.output("verdict"), "passes") << told(runs);
}

TEST_F(Pipelines, ActionLooksForChangesInTheFolderThatItTests) {
  add_folder("web");
  add_list();
  const Outcome outcome = github({{"path", program_under_test()},
                                  {"command", "test -f tests/y"},
                                  {"flags", flags_},
                                  {"repository", "web"},
                                  {"only-changed", "origin/main"},
                                  {"changed-runs", "9"},
                                  {"quarantine", "lists/known.json"},
                                  {"runs", "2"},
                                  {"parallelism", "1"}});
  EXPECT_EQ(outcome.exit_code, 0) << "only the folder has that file: " << told(outcome);
  expect_changes_were_looked_for(outcome.output("report"), "tests/y");
}

TEST_F(Pipelines, GitLabJobHandsEveryVariableOn) {
  const Values all{{"FLAKY_PATH", recorder()},
                   {"FLAKY_COMMAND", "pytest -q"},
                   {"FLAKY_RUNS", "7"},
                   {"FLAKY_PARALLELISM", "3"},
                   {"FLAKY_FAIL_ON", "none"},
                   {"FLAKY_MAX_FLAKE_RATE", "2%"},
                   {"FLAKY_QUARANTINE", "lists/known.json"},
                   {"FLAKY_ONLY_CHANGED", "origin/main"},
                   {"FLAKY_CHANGED_RUNS", "9"},
                   {"FLAKY_FLAGS", "--seed\n\n5\n--image\nan image\n"}};
  const Outcome outcome = gitlab(all);
  ASSERT_EQ(outcome.exit_code, 0) << told(outcome);
  EXPECT_EQ(outcome.said.at("documented"), names(all, {"FLAKY_URL", "FLAKY_SHA256", "GIT_DEPTH"}))
      << "each is set once";
  const auto begun = [this](const std::string& fail_on) {
    return Strings{"ci",
                   "--repo",
                   workspace(),
                   "--fail-on",
                   fail_on,
                   "--json",
                   "flaky-report/report.json",
                   "--result",
                   "flaky-report/result.json",
                   "--dotenv",
                   "flaky-report/flaky.env",
                   "--html",
                   "flaky-report/report.html",
                   "--junit",
                   "flaky-report/junit.xml",
                   "--code-quality",
                   "flaky-report/code-quality.json"};
  };
  Strings words = begun("none");
  words.insert(words.end(), {"--runs", "7", "--parallelism", "3", "--max-flake-rate", "2%", "--quarantine",
                             "lists/known.json", "--only-changed", "origin/main", "--changed-runs", "9",
                             "--seed", "5", "--image", "an image", "--", "pytest -q "});
  EXPECT_EQ(recorded(), words);
  gitlab({{"FLAKY_PATH", recorder()}});
  EXPECT_EQ(recorded(), begun("flaky")) << "what is left empty is not said";
}

TEST_F(Pipelines, GitLabJobAllowsWhatItsVariablesAllow) {
  for (const auto& [variable, value, by] : {std::tuple{"FLAKY_FAIL_ON", "failing", "fail_on"},
                                            {"FLAKY_MAX_FLAKE_RATE", "60%", "max_flake_rate"}}) {
    Values values{
        {"FLAKY_PATH", program_under_test()}, {"FLAKY_COMMAND", flaky_}, {"FLAKY_FLAGS", flags_},
        {"FLAKY_QUARANTINE", "none"},         {"FLAKY_RUNS", "16"},      {"FLAKY_PARALLELISM", "2"}};
    values[variable] = value;
    const Outcome allowed = gitlab(values);
    ASSERT_EQ(allowed.exit_code, 0) << variable << told(allowed);
    EXPECT_EQ(allowed.output("FLAKY_VERDICT"), "passes") << variable;
    const json result = json::parse(read_file(workspace() + "/flaky-report/result.json"));
    EXPECT_EQ(result.at("allowed_by"), json::array({by}));
  }
}

TEST_F(Pipelines, GitLabJobLooksForChanges) {
  add_list();
  const Outcome outcome = gitlab({{"FLAKY_PATH", program_under_test()},
                                  {"FLAKY_COMMAND", "true"},
                                  {"FLAKY_FLAGS", flags_},
                                  {"FLAKY_ONLY_CHANGED", "origin/main"},
                                  {"FLAKY_CHANGED_RUNS", "9"},
                                  {"FLAKY_QUARANTINE", "lists/known.json"},
                                  {"FLAKY_RUNS", "2"},
                                  {"FLAKY_PARALLELISM", "1"}});
  EXPECT_EQ(outcome.exit_code, 0) << told(outcome);
  expect_changes_were_looked_for(workspace() + "/flaky-report/report.json", "lists/known.json");
}

}  // namespace
