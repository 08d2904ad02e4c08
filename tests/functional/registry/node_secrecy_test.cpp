// Private registries of Node: what a person may have there reaches an install, and nothing of it stays.
#include <fmt/format.h>

#include "tests/support/companion.h"
#include "tests/support/host_address.h"
#include "tests/support/saved_image.h"

namespace {

using namespace testing_support;
using Words = std::vector<std::string>;

struct TokenAt {
  const char* name;
  const char* package_manager;
  const char* settings;  // a file of the project; ADDRESS and PORT are the registry's
  const char* content;
  Words command;
};

void PrintTo(const TokenAt& at, std::ostream* out) { *out << at.name; }

class NodeSecrecy : public testing::TestWithParam<TokenAt> {
 protected:
  NodeSecrecy() {
    repository_.write("package.json", fmt::format(R"({{"name": "depot", "version": "1.0.0", {}
      "scripts": {{"postinstall": "node -e \"require('@depot/parcelware')\""}},
      "dependencies": {{"@depot/parcelware": "1.0.0"}}}})",
                                                  GetParam().package_manager));
    if (*GetParam().settings) repository_.write(GetParam().settings, placed(GetParam().content));
    write_file(npmrc_, placed("prefix=/nowhere\n@depot:registry=http://ADDRESS:PORT/\n"
                              "//ADDRESS:PORT/:_authToken=${TEST_DEPOT_WORD}\n"));
  }

  std::string placed(std::string text) const {
    for (const auto& [word, meant] :
         {std::pair{"ADDRESS", address_}, std::pair{"PORT", registry_.first_line()}})
      for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + meant.size()))
        text.replace(at, std::string(word).size(), meant);
    return text;
  }

  // A layer of tools of its own, by which what the search looks through is known, too.
  RunResult run(const std::string& setup) const {
    ProgramOptions host;
    host.env = {"NPM_CONFIG_USERCONFIG=" + npmrc_, "TEST_DEPOT_WORD=" + token_, "NPM_TOKEN=" + token_};
    return repository_.remember(
        run_job({"--repo", repository_.path(), "--image", "orchestrator/node:trixie", "-v", "-v", "--runs",
                 "1", "--setup-command", setup + " # " + unique_},
                GetParam().command, host));
  }

  Repository repository_;
  TemporaryFolder folder_;
  std::string unique_ = std::filesystem::path(repository_.path()).filename();
  std::string token_ = "hunter2-" + unique_;
  std::string address_ = host_address();
  std::string npmrc_ = folder_ / "npmrc";
  Companion registry_{{"python3", source_path("tests/support/node_registry.py"), address_, "--log",
                       folder_ / "log", "--token", token_}};
};

TEST_P(NodeSecrecy, InstallsWithATokenThatStaysNowhere) {
  const auto run = this->run("grep -q ^@depot:registry=http /run/orchestrator/npmrc");
  ASSERT_EQ(run.exit_code, 0) << told(run) << read_file(folder_ / "log");
  EXPECT_EQ(stdout_of(run), "42\n");
  EXPECT_NE(read_file(folder_ / "log").find("/files/parcelware-1.0.0.tgz let in\n"), std::string::npos);

  for (const std::string& text : {run.out, run.err, run.report.dump()})
    EXPECT_EQ(text.find(token_), std::string::npos) << text;
  const std::string id = run.report.at("environment").at("image").at("id");
  EXPECT_EQ(shell("docker run --rm --network none --entrypoint grep " + id + " -rl -e " + token_ +
                  " /work /root /home /opt /etc /var || [ $? = 1 ]"),
            "");
  if (!*GetParam().settings) return;  // the other has been told all of this, and each layer takes its time
  const SavedImage image(id);
  EXPECT_TRUE(image.holds(unique_)) << "the search must find what is there";
  EXPECT_FALSE(image.holds(token_));
}

TEST_P(NodeSecrecy, AFailedStepDoesNotShowAToken) {
  if (*GetParam().settings) return;  // no manager takes part
  const auto run = this->run("echo it is \"$NPM_TOKEN\"; cat /run/orchestrator/npmrc; false");
  EXPECT_EQ(run.exit_code, 4) << told(run);
  EXPECT_NE(run.err.find("it is ***"), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("_authToken=***"), std::string::npos) << run.err;
  for (const std::string& text : {run.out, run.err, run.report.dump()})
    EXPECT_EQ(text.find(token_), std::string::npos) << text;
}

INSTANTIATE_TEST_SUITE_P(
    Node, NodeSecrecy,
    testing::Values(TokenAt{"npm_of_a_persons_own",
                            "",
                            "",
                            "",
                            {"node", "-e", "console.log(require('@depot/parcelware').ANSWER)"}},
                    TokenAt{"yarn_by_a_variable",
                            R"("packageManager": "yarn@4.5.3",)",
                            ".yarnrc.yml",
                            "npmScopes:\n  depot:\n    npmRegistryServer: \"http://ADDRESS:PORT\"\n"
                            "    npmAuthToken: \"${NPM_TOKEN}\"\nunsafeHttpWhitelist: [\"ADDRESS\"]\n",
                            {"yarn", "node", "-e", "console.log(require('@depot/parcelware').ANSWER)"}}),
    [](const auto& each) { return std::string(each.param.name); });

}  // namespace
