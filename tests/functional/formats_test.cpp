// The built program writes all forms of its report at once and posts it; each is read back by a parser that
// knows nothing of us.
#include "attempts.h"
#include "tests/support/post_server.h"

namespace {

using namespace testing_support;
using nlohmann::json;

json read_back(const std::string& kind, const std::string& path) {
  const auto run = run_command({"python3", source_path("tests/support/read_formats.py"), kind, path});
  EXPECT_EQ(run.exit_code, 0) << kind << ": " << run.err << read_file(path);
  return run.exit_code == 0 ? json::parse(run.out) : json();
}

// Fails for about half of the seeds and says what a repository could say to be taken for a command.
constexpr const char* kFlakyLine =
    "echo '::error file=x::injected @octocat | `a` </details>'; "
    "test $((TEST_SEED % 2)) = 0 || { echo 'FAILED: went wrong'; exit 1; }";

TEST(AllForms, AreWrittenByOneRunAndReadBack) {
  const TemporaryFolder folder;
  write_file(folder / "summary", "### from an earlier command\n");
  const auto run =
      run_line({"--runs", "6", "--seed", "1", "--junit", folder / "junit.xml", "--ctrf", folder / "ctrf.json",
                "--markdown", folder / "report.md", "--code-quality", folder / "quality.json",
                "--step-summary", folder / "summary", "--github-annotations"},
               kFlakyLine);
  ASSERT_EQ(run.exit_code, 1) << told(run);
  const json suite = read_back("junit", folder / "junit.xml");
  ASSERT_EQ(suite.at("cases").size(), 1u) << "the command is the one test";
  EXPECT_EQ(suite.at("cases")[0].at("tags"), json::array({"flakyFailure"}));
  EXPECT_EQ(suite.at("properties").at("seed"), "1");
  EXPECT_EQ(suite.at("properties").at("attempts.not_passed"),
            std::to_string(run.report.at("failures").get<int>()));
  const json document = read_back("ctrf", folder / "ctrf.json");
  EXPECT_EQ(document.at("results").at("tests")[0].at("flaky"), true);
  EXPECT_EQ(read_back("code-quality", folder / "quality.json")[0].at("check_name"), "flaky");
  const std::string markdown = read_file(folder / "report.md");
  EXPECT_TRUE(markdown.starts_with("<!-- orchestrator:")) << markdown;
  EXPECT_NE(markdown.find("FAILED: went wrong"), std::string::npos) << "what went to stdout";
  const std::string summary = read_file(folder / "summary");
  EXPECT_TRUE(summary.starts_with("### from an earlier command\n")) << summary;
  EXPECT_NE(summary.find("FLAKY"), std::string::npos);
  write_file(folder / "stdout", run.out);
  const json annotations = read_back("annotations", folder / "stdout");
  ASSERT_EQ(annotations.size(), 1u) << "ours alone, none from the output: " << run.out;
  EXPECT_EQ(annotations[0].at("title"), "FLAKY");
}

TEST(Junit, MakesAFlakyTestAFailureWhenToldTo) {
  const TemporaryFolder folder;
  const auto run = run_line(
      {"--runs", "6", "--seed", "1", "--junit", folder / "junit.xml", "--junit-flaky", "fail"}, kFlakyLine);
  ASSERT_EQ(run.exit_code, 1) << told(run);
  EXPECT_EQ(read_back("junit", folder / "junit.xml").at("cases")[0].at("tags"), json::array({"failure"}));
}

TEST(AllForms, OfARunThatCannotBeginLeaveNoOlderFileButTheSummary) {
  const TemporaryFolder folder;
  write_file(folder / "junit.xml", "old");
  write_file(folder / "summary", "of others");
  const auto run =
      orchestrator({"run", "--repo", folder.path(), "--host", "unix://" + folder / "no-engine", "--junit",
                    folder / "junit.xml", "--step-summary", folder / "summary", "--", "true"});
  EXPECT_EQ(run.exit_code, 5) << run.err;
  EXPECT_FALSE(std::filesystem::exists(folder / "junit.xml"));
  EXPECT_EQ(read_file(folder / "summary"), "of others");
}

ProgramOptions posting_to(const PostServer& server) {
  ProgramOptions options;
  options.env = {"GITHUB_API_URL=" + server.url(), "GITHUB_TOKEN=the-token",
                 "GITHUB_REPOSITORY=shop/checkout", "GITHUB_REF=refs/pull/7/merge",
                 "SLACK_WEBHOOK_URL=" + server.url() + "/hook"};
  return options;
}

TEST(PostedReport, IsOneCommentHoweverOftenTheJobRuns) {
  const PostServer server;
  for (int i = 0; i < 2; ++i) {
    const auto run = run_line({"--runs", "2", "--post-github", "--post-slack"}, "true", posting_to(server));
    ASSERT_EQ(run.exit_code, 0) << told(run);
    EXPECT_EQ(run.err.find("not posted"), std::string::npos) << run.err;
  }
  const json comments = server.comments();
  ASSERT_EQ(comments.size(), 1u);
  EXPECT_NE(comments[0].at("body").get<std::string>().find("NOT SHOWN FLAKY"), std::string::npos);
  int hooks = 0;
  for (const auto& request : server.requests()) hooks += request.at("path") == "/hook" ? 1 : 0;
  EXPECT_EQ(hooks, 2);
}

TEST(PostedReport, ThatNobodyTakesIsAWarningAndNeitherVerdictNorSecret) {
  const PostServer server({"--first", "404", "--first", "404"});
  ProgramOptions options = posting_to(server);
  options.env[1] = "GITHUB_TOKEN=another-token";
  const auto run = run_line({"--runs", "1", "--post-github", "--post-slack", "-vv"}, "true", options);
  EXPECT_EQ(run.exit_code, 0) << told(run);
  EXPECT_NE(run.err.find("--post-github: not posted: GitHub answers"), std::string::npos) << run.err;
  for (const std::string& text : {run.err, run.out, run.report.dump()}) {
    EXPECT_EQ(text.find("another-token"), std::string::npos) << text;
    EXPECT_EQ(text.find("/hook"), std::string::npos) << text;
  }
}

TEST(PostedReport, WithoutItsVariablesIsRefusedBeforeAnythingRuns) {
  const auto run = run_line({"--runs", "1", "--post-slack"}, "true");
  EXPECT_EQ(run.exit_code, 2) << told(run);
  EXPECT_NE(run.err.find("SLACK_WEBHOOK_URL"), std::string::npos) << run.err;
}

}  // namespace
