// A repository behind https, with a token and a CA of its own: cloned by the whole program, reported without
// a secret.
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "tests/support/serving.h"
#include "tests/unit/checkout/git_server.h"

namespace {

using namespace testing_support;
using Words = std::vector<std::string>;

constexpr const char* kToken = "glpat-4b825dc642cb6eb9a060e54bf8d69288fbee4904";

// What the report's schema says against a report; empty when it is valid.
std::string complaints(const nlohmann::json& report) {
  using Adapter = valijson::adapters::NlohmannJsonAdapter;
  const auto text = nlohmann::json::parse(read_file(source_path("orchestrator/report/report.schema.json")));
  valijson::Schema schema;
  valijson::SchemaParser(valijson::SchemaParser::kDraft7).populateSchema(Adapter(text), schema);
  valijson::ValidationResults results;
  valijson::Validator().validate(schema, Adapter(report), &results);
  std::string all;
  for (valijson::ValidationResults::Error error; results.popError(error);) {
    for (const auto& part : error.context) all += part;
    all += ": " + error.description + "\n";
  }
  return all;
}

class Clone : public testing::Test {
 protected:
  void SetUp() override {
    origin_.init();
    origin_.script("test.sh", "#!/bin/sh\necho version 1\nexit $((TEST_SEED % 2))\n");
    first_commit_ = origin_.commit_all();
    origin_.git("tag v1");
    origin_.script("test.sh", "#!/bin/sh\necho version 2\nexit $((TEST_SEED % 2))\n");
    last_commit_ = origin_.commit_all();
    images::serve(scratch_, origin_.path(), "project");
    scratch_.write("token", std::string(kToken) + "\n");
  }

  RunResult run(Words more = {}, ProgramOptions options = {}) const {
    Words flags{"--repo",           server_.url("/project.git"),
                "--ca-file",        server_.ca_file(),
                "--git-token-file", scratch_.path("token"),
                "--image",          kBase,
                "--runs",           "6",
                "--seed",           "7"};
    flags.insert(flags.end(), more.begin(), more.end());
    options.env.push_back("ORCHESTRATOR_STATE=" + scratch_.path("state"));
    return origin_.remember(run_job(flags, {"./test.sh"}, options));
  }

  Repository origin_;
  images::Scratch scratch_;
  images::GitServer server_{scratch_, {"--token", kToken}};
  std::string first_commit_, last_commit_;
};

TEST_F(Clone, NamesTheCommitAndTheUrl) {
  const auto run = this->run();
  ASSERT_EQ(run.exit_code, 1) << told(run);
  EXPECT_EQ(run.report.at("environment").at("commit"), last_commit_);
  EXPECT_EQ(run.report.at("job").at("plan").at("repo"), server_.url("/project.git"));
  EXPECT_EQ(stdout_of(run), "version 2\n");
  EXPECT_EQ(complaints(run.report), "");
}

TEST_F(Clone, TakesATag) {
  const auto run = this->run({"--ref", "v1"});
  ASSERT_EQ(run.exit_code, 1) << told(run);
  EXPECT_EQ(run.report.at("environment").at("commit"), first_commit_);
  EXPECT_EQ(stdout_of(run), "version 1\n");
}

// It will be refused again, however often it is tried.
TEST_F(Clone, IsTriedOnceByAServerThatHasNoTokenForIt) {
  Serving serve(scratch_.path(""), {"-v", "--ca-file", server_.ca_file(), "--allow-repo-host", "127.0.0.1"});
  const auto status = serve.ended(
      serve.run({{"repo", server_.url("/project.git")}, {"test_command", "true"}, {"image", kBase}}));
  EXPECT_EQ(status.at("status"), "FAILED") << status;
  const std::string error = status.at("error"), log = serve.log();
  EXPECT_NE(error.find("the operator of this server has given no token for it"), std::string::npos) << error;
  EXPECT_NE(log.find("(hand-out 1)"), std::string::npos) << log;
  EXPECT_EQ(log.find("(hand-out 2)"), std::string::npos) << log;
}

TEST_F(Clone, ShowsTheTokenNowhere) {
  const TemporaryFolder logs;
  const auto run = this->run({"-v", "-v", "--keep", "--logs", logs.path()});
  ASSERT_EQ(run.exit_code, 1) << told(run);
  EXPECT_EQ(run.out.find(kToken), std::string::npos) << run.out;
  EXPECT_EQ(run.err.find(kToken), std::string::npos) << run.err;
  EXPECT_EQ(run.report.dump().find(kToken), std::string::npos);
  EXPECT_EQ(run_command({"grep", "-rlF", kToken, logs.path(), scratch_.path("state")}).out, "");
}

TEST_F(Clone, PrintsALineThatRunsAFailedAttemptAgain) {
  const auto run = this->run();
  ASSERT_EQ(run.exit_code, 1) << told(run);
  const auto at = run.out.rfind("\nagain ");
  ASSERT_NE(at, std::string::npos) << run.out;
  std::string line = run.out.substr(at + 1, run.out.find('\n', at + 1) - at - 1);
  line.erase(0, line.find("orchestrator run"));
  EXPECT_NE(line.find("--ref " + last_commit_), std::string::npos) << line;
  // Access is not part of the line: it is said anew.
  const std::string access = " --ca-file " + server_.ca_file() + " --git-token-file " +
                             scratch_.path("token") + " --json " + scratch_.path("again.json");
  line.replace(0, std::string("orchestrator run").size(), program_under_test() + " run" + access);
  const auto again = run_command({"/bin/sh", "-c", line});
  EXPECT_EQ(again.exit_code, 3) << line << "\n" << told(again);
  const auto report = nlohmann::json::parse(read_file(scratch_.path("again.json")));
  ASSERT_EQ(report.at("results").size(), 1u);
  bool same = false;
  for (const auto& result : run.report.at("results"))
    same =
        same || (result.at("passed") == false && result.at("seed") == report.at("results").at(0).at("seed"));
  EXPECT_TRUE(same) << report.at("results");
}

TEST_F(Clone, OfARefThatDoesNotExistIsAWrongRequest) {
  const auto run = this->run({"--ref", "no-such-branch"});
  EXPECT_EQ(run.exit_code, 2) << told(run);
  EXPECT_NE(run.err.find("no-such-branch"), std::string::npos) << run.err;
}

TEST_F(Clone, WithoutTheTokenIsRefusedByTheServer) {
  scratch_.write("token", "another\n");
  const auto run = this->run();
  EXPECT_EQ(run.exit_code, 5) << told(run);
  EXPECT_NE(run.err.find("Failed to clone repository: "), std::string::npos) << run.err;
}

TEST_F(Clone, FromAServerOfAnUnknownCaIsRefused) {
  const auto unknown =
      orchestrator({"run", "-q", "--repo", server_.url("/project.git"), "--image", kBase, "--", "true"});
  EXPECT_EQ(unknown.exit_code, 5) << told(unknown);
  EXPECT_NE(unknown.err.find("Failed to clone repository: "), std::string::npos) << unknown.err;
}

}  // namespace
