// Repositories that are reached by ssh, or with what git itself is told on this account, by the whole
// program: run, replayed, served.
#include "tests/support/repositories.h"
#include "tests/support/serving.h"
#include "tests/unit/checkout/git_server.h"
#include "tests/unit/checkout/ssh_server.h"

namespace {

using namespace testing_support;
using nlohmann::json;
using Words = std::vector<std::string>;

class PrivateClone : public testing::Test {
 protected:
  void SetUp() override {
    origin_.init();
    origin_.script("test.sh", "#!/bin/sh\necho by ssh\nexit $((TEST_SEED % 2))\n");
    commit_ = origin_.commit_all();
    images::serve(scratch_, origin_.path(), "project");
  }

  Words access() const {
    return {"--ssh-key",           server_.key("ed25519"), "--ssh-known-hosts",
            server_.known_hosts(), "--ssh-config",         server_.config()};
  }
  RunResult run(const std::string& repo, const Words& more, ProgramOptions options = {}) const {
    Words flags{"--repo", repo, "--image", kBase, "--runs", "4", "--seed", "7"};
    flags.insert(flags.end(), more.begin(), more.end());
    options.env.push_back("ORCHESTRATOR_STATE=" + scratch_.path("state"));
    return origin_.remember(run_job(flags, {"./test.sh"}, options));
  }

  Repository origin_;
  images::Scratch scratch_;
  images::SshServer server_{scratch_};
  std::string commit_;
};

TEST_F(PrivateClone, BySshIsRunAndPrintsALineThatRunsAnAttemptAgain) {
  const auto run = this->run(server_.url("project"), access());
  ASSERT_EQ(run.exit_code, 1) << told(run);
  EXPECT_EQ(run.report.at("environment").at("commit"), commit_);
  EXPECT_EQ(run.report.at("job").at("plan").at("repo"), server_.url("project"));
  EXPECT_EQ(stdout_of(run), "by ssh\n");
  const auto at = run.out.rfind("\nagain ");
  ASSERT_NE(at, std::string::npos) << run.out;
  std::string line = run.out.substr(at + 1, run.out.find('\n', at + 1) - at - 1);
  line.erase(0, line.find("orchestrator run"));
  EXPECT_NE(line.find("--repo " + server_.url("project") + " --ref " + commit_), std::string::npos) << line;
  std::string more;
  for (const std::string& word : access()) more += " " + word;
  line.replace(0, std::string("orchestrator run").size(), program_under_test() + " run" + more);
  EXPECT_EQ(run_command({"/bin/sh", "-c", line}).exit_code, 3) << line;
}

TEST_F(PrivateClone, ByTheShortFormOfItsAddress) {
  Words more = access();
  more.back() =
      server_.config("Host work\n  HostName 127.0.0.1\n  Port " + std::to_string(server_.port()) + "\n");
  const std::string repo = server_.user() + "@work:" + scratch_.path("served/project.git");
  const auto run = this->run(repo, more);
  ASSERT_EQ(run.exit_code, 1) << told(run);
  EXPECT_EQ(run.report.at("environment").at("commit"), commit_);
  EXPECT_EQ(run.report.at("job").at("plan").at("repo"), repo);
}

TEST_F(PrivateClone, BySshIsReplayed) {
  Words more = access();
  more.insert(more.end(), {"--json", scratch_.path("report.json")});
  Words flags{"run", "--repo", server_.url("project"), "--image", kBase, "--runs", "4", "--seed", "7"};
  flags.insert(flags.end(), more.begin(), more.end());
  flags.insert(flags.end(), {"--", "./test.sh"});
  ASSERT_EQ(orchestrator(flags).exit_code, 1);
  RunResult run;
  run.report = json::parse(read_file(scratch_.path("report.json")));
  origin_.remember(run);
  Words replay{"replay", scratch_.path("report.json"), "-q"};
  const Words said = access();
  replay.insert(replay.end(), said.begin(), said.end());
  const auto again = orchestrator(replay);
  EXPECT_EQ(again.exit_code, 3) << told(again);
}

TEST_F(PrivateClone, FromAnUnknownHostSaysWhatAddsIt) {
  scratch_.write("ssh/known_hosts", "");
  const auto run = this->run(server_.url("project"), access());
  EXPECT_EQ(run.exit_code, 5) << told(run);
  EXPECT_NE(run.err.find("Failed to clone repository: the host key of 127.0.0.1 (ssh-ed25519 SHA256:"),
            std::string::npos)
      << run.err;
  EXPECT_NE(run.err.find("ssh-keyscan -p " + std::to_string(server_.port()) + " 127.0.0.1 >> " +
                         server_.known_hosts()),
            std::string::npos)
      << run.err;
}

TEST_F(PrivateClone, WithoutAnAcceptedKeyNamesThoseThatWereOffered) {
  Words more = access();
  more[1] = server_.key("stranger");
  const auto run = this->run(server_.url("project"), more);
  EXPECT_EQ(run.exit_code, 5) << told(run);
  EXPECT_NE(run.err.find("accepts none of the keys that were offered: " + server_.key("stranger")),
            std::string::npos)
      << run.err;
}

TEST_F(PrivateClone, ThatIsNotThereIsAWrongRequest) {
  const auto run = this->run(server_.url("none"), access());
  EXPECT_EQ(run.exit_code, 2) << told(run);
  EXPECT_NE(run.err.find("Failed to clone repository: there is none at "), std::string::npos) << run.err;
}

TEST_F(PrivateClone, ByTheProgramGit) {
  Words more = access();
  more.insert(more.end(), {"--git-program", "git"});
  const auto run = this->run(server_.url("project"), more);
  ASSERT_EQ(run.exit_code, 1) << told(run);
  EXPECT_EQ(run.report.at("environment").at("commit"), commit_);
}

TEST_F(PrivateClone, ByACredentialHelperAndACaOfGitsConfiguration) {
  const char* password = "s3cr3t-of-a-helper";
  const images::GitServer https(scratch_, {"--token", password});
  scratch_.write("gitconfig", "[http]\n\tsslCAInfo = " + https.ca_file() +
                                  "\n[credential]\n\thelper = \"!f() { echo username=me; echo password=" +
                                  password + "; }; f\"\n");
  ProgramOptions options;
  options.env = {"GIT_CONFIG_GLOBAL=" + scratch_.path("gitconfig"), "GIT_CONFIG_NOSYSTEM=1"};
  for (const char* name : {"SSL_CERT_FILE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO"})
    options.env.push_back(std::string(name) + "=");
  const auto run = this->run(https.url("/project.git"), {"-v", "-v"}, options);
  ASSERT_EQ(run.exit_code, 1) << told(run);
  EXPECT_EQ(run.report.at("environment").at("commit"), commit_);
  for (const std::string& text : {run.out, run.err, run.report.dump()})
    EXPECT_EQ(text.find(password), std::string::npos) << text;
}

TEST_F(PrivateClone, OfAServerNeedsAKeyThatItsOperatorHasGiven) {
  {
    const Serving serve(origin_.path(), {"--allow-repo-host", "127.0.0.1"});
    const auto refused = serve.post("/api/v1/jobs", quick_job(server_.url("project"), "./test.sh", 1));
    EXPECT_EQ(refused.status, 422) << refused.body;
    EXPECT_NE(refused.body.find("there is no key for it"), std::string::npos) << refused.body;
  }
  Words more = access();
  more.insert(more.end(), {"--git-host", server_.host(), "--allow-repo-host", "127.0.0.1"});
  Serving serve(origin_.path(), more);
  const json served = serve.ended(serve.run(quick_job(server_.url("project"), "./test.sh", 1)));
  EXPECT_EQ(served.at("status"), "COMPLETED") << served;
  RunResult run;
  run.report = served.at("output");
  origin_.remember(run);
}

}  // namespace
