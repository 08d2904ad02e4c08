#include <gtest/gtest.h>

#include "tests/unit/job/errors_of.h"

namespace orchestrator {
namespace {

using testing::errors_of;
using testing::lines;

JobRequest job(const std::string& json) { return parse_job(json, UnknownFields::error, ""); }

TEST(Merge, LetsTheStrongerWinFieldByField) {
  const auto both = merge(job(R"({"runs": 5, "network": "none", "limits": {"pids": 7}})"),
                          job(R"({"runs": 9, "parallelism": 2, "limits": {"pids": 8, "cpus": 2}})"));
  EXPECT_EQ(both.runs, 5);
  EXPECT_EQ(both.parallelism, 2);
  EXPECT_EQ(both.network, "none");
  EXPECT_EQ(both.pids, 7);
  EXPECT_EQ(both.cpus, 2);
}

TEST(Merge, JoinsVariablesAndReplacesLists) {
  const auto both = merge(
      job(R"({"env": {"A": "1", "B": "2"}, "include": ["x"], "setup_commands": []})"),
      job(R"({"env": {"B": "3", "C": "4"}, "include": ["y", "z"], "secret_env": ["S"], "setup_commands": ["m"]})"));
  EXPECT_EQ(both.env, (std::map<std::string, std::string>{{"A", "1"}, {"B", "2"}, {"C", "4"}}));
  EXPECT_EQ(both.include, (std::vector<std::string>{"x"}));
  EXPECT_EQ(both.secret_env, (std::vector<std::string>{"S"}));
  EXPECT_TRUE(both.setup_commands->empty());  // an empty list was said
}

TEST(Merge, TakesAnImageAsAWordAboutTheDockerfileToo) {
  const auto both = merge(job(R"({"dockerfile": "Dockerfile"})"), job(R"({"image": "python"})"));
  EXPECT_EQ(both.image, std::nullopt);
  EXPECT_EQ(both.dockerfile, "Dockerfile");
}

TEST(Merge, KeepsBuildArgumentsWithTheDockerfileThatTheyWereSaidOf) {
  const auto said = [](const char* strong, const char* weak) {
    return merge(job(strong), job(weak)).to_json();
  };
  EXPECT_EQ(
      said(R"({"build_args": {"A": "1"}})", R"({"dockerfile": "d", "build_args": {"A": "2", "B": "3"}})"),
      nlohmann::json::parse(R"({"dockerfile": "d", "build_args": {"A": "1", "B": "3"}})"));
  EXPECT_EQ(said(R"({"dockerfile": "c"})", R"({"dockerfile": "d", "build_args": {"B": "3"}})"),
            nlohmann::json::parse(R"({"dockerfile": "c"})"));
  EXPECT_EQ(said(R"({"dockerfile": "c"})", R"({"build_args": {"B": "3"}})"),
            nlohmann::json::parse(R"({"dockerfile": "c", "build_args": {"B": "3"}})"));
  EXPECT_EQ(said(R"({"image": "i"})", R"({"dockerfile": "d", "build_args": {"B": "3"}})"),
            nlohmann::json::parse(R"({"image": "i"})"));
}

TEST(Merge, LetsWhoSpeaksFirstSpeakOfAllThatExcludeEachOther) {
  const auto said = [](const char* strong, const char* weak) {
    return merge(job(strong), job(weak)).to_json();
  };
  const auto only = [](const char* text) { return job(text).to_json(); };
  const char *const runs = R"({"runs": 5})", *const sure = R"({"until_sure": "5%", "max_runs": 50})";
  EXPECT_EQ(said(runs, sure), only(runs));
  EXPECT_EQ(said(sure, runs), only(sure));
  EXPECT_EQ(said(R"({"max_runs": 9})", R"({"until_sure": "5%", "runs": 5})"),
            only(R"({"max_runs": 9, "until_sure": "5%"})"));
  EXPECT_EQ(said(R"({"only_attempt": 5})", runs), only(R"({"only_attempt": 5})"));
  EXPECT_EQ(said(R"({"only_attempt": 4})", runs), only(R"({"only_attempt": 4, "runs": 5})"));
  EXPECT_EQ(said(R"({"order": "reversed"})", R"({"vary": "auto"})"), only(R"({"order": "reversed"})"));
  EXPECT_EQ(said(R"({"vary": "auto"})", R"({"order": "reversed", "repeat_in_process": 2})"),
            only(R"({"vary": "auto"})"));
}

TEST(Merge, KeepsAllWarnings) {
  JobRequest a, b;
  a.warnings = {"one"};
  b.warnings = {"two"};
  EXPECT_EQ(merge(a, b).warnings, (std::vector<std::string>{"one", "two"}));
}

TEST(Merge, WithNothingChangesNothing) {
  const auto all =
      job(R"({"repo": "https://e.org/r", "test_command": ["a"], "seed": 5, "limits": {"memory": "1g"}})");
  EXPECT_EQ(merge(all, {}).to_json(), all.to_json());
  EXPECT_EQ(merge({}, all).to_json(), all.to_json());
}

TEST(CheckRequest, AsksForRepositoryAndCommandAtOnce) {
  EXPECT_EQ(errors_of([] { check_request({}); }),
            "/repo: Repository URL is required\n/test_command: Test command is required\n");
}

TEST(CheckRequest, LeavesTheCommandToTheRepositorysFile) {
  EXPECT_EQ(errors_of([] { check_request(job(R"({"repo": "https://e.org/r"})")); }), "");
}

TEST(CheckRequest, FindsWhatIsOutOfBoundsHoweverItWasMade) {
  JobRequest request = job(R"({"repo": "https://e.org/r", "test_command": "x"})");
  request.runs = 1001;
  request.cpus = 0;
  request.env["1"] = "";
  EXPECT_EQ(errors_of([&] { check_request(request); }),
            "/runs: Runs must be between 1 and 1000\n"
            "/env: '1' is no name of an environment variable: letters, digits and '_', no digit first\n"
            "/limits/cpus: CPUs must be between 0.01 and 1024\n");
}

TEST(CheckRequest, FindsContradictions) {
  JobRequest request = job(R"({"repo": "r", "test_command": "x", "image": "a", "dockerfile": "b", "runs": 10,
                               "env": {"T": "1"}, "secret_env": ["T"]})");
  request.only_attempt = 10;
  EXPECT_EQ(lines(request_errors(request)),
            "/dockerfile: image and dockerfile exclude each other\n"
            "/secret_env: 'T' stands in env too, where its value would be shown\n"
            "/only_attempt: Only attempt must be less than runs: attempts are counted from 0\n");
  request = job(R"({"repo": "r", "test_command": "x", "dockerfile": "d", "build_args": {"T": "1"},
                    "secret_env": ["T"]})");
  EXPECT_EQ(
      lines(request_errors(request)),
      "/build_args: 'T' stands in secret_env too: no secret is given to a build, which would keep it\n");
  request = job(R"({"repo": "r", "test_command": "x", "build_args": {"T": "1"}})");
  EXPECT_EQ(lines(request_errors(request)), "/build_args: build_args needs dockerfile\n");
  request = job(R"({"repo": "r", "test_command": "x"})");
  request.only_attempt = 999;
  EXPECT_EQ(lines(request_errors(request)), "");
}

TEST(Combine, TellsTheMistakesOfAllSourcesAndOfTheWhole) {
  JobReading flags;
  flags.errors = {{"--runs", "Runs must be between 1 and 1000", ""}};
  const auto file = read_job(R"({"parallelism": 99})", UnknownFields::error, "input.json");
  try {
    combine({flags, file});
    FAIL();
  } catch (const InvalidJob& error) {
    EXPECT_STREQ(error.what(),
                 "--runs: Runs must be between 1 and 1000\n"
                 "input.json: /parallelism: Parallelism must be between 1 and 50\n"
                 "/repo: Repository URL is required\n"
                 "/test_command: Test command is required");
  }
}

TEST(Combine, DoesNotMissAFieldThatWasSaidWrongly) {
  const auto file = read_job(R"({"repo": 5, "test_command": [1]})", UnknownFields::error, "f");
  EXPECT_EQ(errors_of([&] { combine({file}); }),
            "/repo: repo must be a string, not a number\n/test_command/0: must be a string, not a number\n");
}

TEST(Combine, MergesTheStrongestFirst) {
  JobReading strong, weak;
  strong.request = job(R"({"repo": "a", "runs": 3})");
  weak.request = job(R"({"repo": "b", "test_command": "x"})");
  const auto request = combine({strong, weak});
  EXPECT_EQ(request.repo, "a");
  EXPECT_EQ(request.test_command->line, "x");
}

TEST(RequestJson, HoldsWhatWasSaidAndNoCredential) {
  const char* text =
      R"({"repo": "https://u:secret@e.org/r", "test_command": ["a", "b"], "limits": {"memory": "1g"},
                         "secret_env": ["T"], "timeout": "5m"})";
  EXPECT_EQ(job(text).to_json(),
            nlohmann::json::parse(R"({"repo": "https://e.org/r", "test_command": ["a", "b"],
      "limits": {"memory": 1073741824}, "secret_env": ["T"], "timeout": 300.0})"));
}

TEST(RequestJson, IsReadBackAsTheSameRequest) {
  const auto request =
      job(R"({"repo": "https://e.org/r", "test_command": "a b", "runs": 4, "seed": 5, "ref": "x",
      "limits": {"memory": "1g", "cpus": 0.5}, "env": {"A": "1"}, "setup_commands": ["x"], "network": "bridge"})");
  EXPECT_EQ(job(request.to_json().dump()).to_json(), request.to_json());
}

}  // namespace
}  // namespace orchestrator
