// Workspaces of Node from the real registries: what a person's own installation does, in the same place.
#include "tests/support/repositories.h"

namespace {

using namespace testing_support;
using nlohmann::json;
using Words = std::vector<std::string>;

// Member a has the tests; b makes its main file when it is installed. Beside them what is no manifest, though
// it is called so.
class NodeWorkspace : public testing::Test {
 protected:
  void write(const json& root_scripts, const char* b_version, const Words& locks) const {
    repository_.write(
        "package.json",
        json{{"name", "depot"}, {"private", true}, {"workspaces", {"packages/*"}}, {"scripts", root_scripts}}
            .dump());
    repository_.write("packages/a/package.json", json{{"name", "a"},
                                                      {"version", "1.0.0"},
                                                      {"scripts", {{"test", "mocha"}}},
                                                      {"dependencies", {{"b", b_version}}},
                                                      {"devDependencies", {{"mocha", "10.8.2"}}}}
                                                     .dump());
    repository_.write("packages/a/test/b.js",
                      "it('is made', () => { if (require('b') !== 1000) throw new Error('no'); });\n");
    repository_.write("packages/b/package.json", json{{"name", "b"},
                                                      {"version", "1.0.0"},
                                                      {"main", "made.js"},
                                                      {"scripts", {{"prepare", "node make.js"}}},
                                                      {"dependencies", {{"ms", "2.1.3"}}}}
                                                     .dump());
    repository_.write("packages/b/make.js",
                      "require('fs').writeFileSync('made.js', 'module.exports = ' + require('ms')('1s'));\n");
    repository_.write("fixtures/broken/package.json", "{ no manifest");
    repository_.write("fixtures/null/package.json", "null");
    repository_.write(".gitignore", "node_modules\nmade.js\n");
    const Finished locked = run_command(locks, {.cwd = repository_.path()});
    EXPECT_EQ(locked.exit_code, 0) << told(locked);
  }

  RunResult run(const Words& command, const Words& more) const {
    Words flags{"--repo", repository_.path(), "--image", "orchestrator/node:trixie", "--runs", "1"};
    flags.insert(flags.end(), more.begin(), more.end());
    return repository_.remember(run_job(flags, command));
  }

  Repository repository_;
};

TEST_F(NodeWorkspace, OfNpmIsInstalledForAMember) {
  write(json::object(), "1.0.0", {"npm", "install", "--package-lock-only", "--ignore-scripts", "--silent"});
  const auto run = this->run({"npm", "test"}, {"--subdir", "packages/a"});
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(run.report.at("tests").at(0).at("id"), "packages/a/test/b.js::is made");
  EXPECT_EQ(run.report.at("environment").dump().find("no lock file"), std::string::npos);
}

TEST_F(NodeWorkspace, OfPnpmRunsItsGuardAndItsMembersScripts) {
  repository_.write("pnpm-workspace.yaml", "packages:\n  - 'packages/*'\n");
  write(json::object({{"preinstall", "npx -y only-allow pnpm"}}), "workspace:*",
        {"npx", "--yes", "pnpm@9.15.9", "install", "--lockfile-only", "--silent"});
  const auto run = this->run({"pnpm", "-r", "test"}, {"--order", "reversed"});
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(run.report.at("tests").at(0).at("id"), "packages/a/test/b.js::is made");
  EXPECT_EQ(run.report.at("warnings"), json::array()) << "the runner of a member can be asked for orders";
}

}  // namespace
