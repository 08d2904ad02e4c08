#include <gtest/gtest.h>

#include "images/toolchains/node_project.h"
#include "images/toolchains/toolchain.h"
#include "tests/unit/images/sources.h"

namespace {

using images::InstallPlan;
using images::NodeManager;
using images::NodeProject;
using images_test::source_of;
using Files = std::map<std::string, std::string>;
using Words = std::vector<std::string>;

InstallPlan node_plan(const Files& files, const images::InstallOptions& options = {}) {
  return images::find_toolchain("javascript-mocha")->plan(source_of(files), options);
}

std::string script(const sandbox::LayerBuildStep& step) { return step.execution.argv.at(2); }

TEST(NodePlan, InstallsByTheLockFile) {
  const Files npm{{"package.json", "{}"}, {"package-lock.json", "{}"}};
  EXPECT_NE(script(node_plan(npm).dependency_steps.at(0)).find("\nnpm ci\n"), std::string::npos);
  EXPECT_TRUE(node_plan(npm).tool_steps.empty());
  EXPECT_EQ(node_plan(npm).dependency_files, (Words{"package.json", "package-lock.json"}));

  const auto classic = node_plan({{"package.json", "{}"}, {"yarn.lock", "# yarn lockfile v1\n"}});
  EXPECT_NE(script(classic.dependency_steps.at(0)).find("--frozen-lockfile"), std::string::npos);
  EXPECT_NE(script(classic.tool_steps.at(0)).find("yarn@1\n"), std::string::npos);

  const auto berry = node_plan({{"package.json", R"({"packageManager": "yarn@4.2.0+sha512.ab"})"},
                                {"yarn.lock", "__metadata:\n  version: 8\n"}});
  EXPECT_NE(script(berry.dependency_steps.at(0)).find("\nyarn install --immutable\n"), std::string::npos);
  EXPECT_NE(script(berry.tool_steps.at(0)).find("@yarnpkg/cli-dist@4.2.0\n"), std::string::npos);

  const auto pnpm = node_plan({{"package.json", "{}"}, {"pnpm-lock.yaml", "lockfileVersion: '6.0'\n"}});
  EXPECT_NE(script(pnpm.tool_steps.at(0)).find("pnpm@8\n"), std::string::npos);
  EXPECT_NE(script(pnpm.dependency_steps.at(0)).find("--frozen-lockfile"), std::string::npos);
}

TEST(NodePlan, BelievesPackageManagerOfSeveralLockFiles) {
  const Files both{{"package.json", R"({"packageManager": "pnpm@9.1.0"})"},
                   {"package-lock.json", "{}"},
                   {"pnpm-lock.yaml", "lockfileVersion: '9.0'\n"}};
  EXPECT_NE(script(node_plan(both).tool_steps.at(0)).find("pnpm@9.1.0\n"), std::string::npos);
  const Files other{{"package.json", R"({"packageManager": "npm@10.2.0"})"}, {"yarn.lock", "# v1\n"}};
  EXPECT_NE(script(node_plan(other).tool_steps.at(0)).find("yarn@1\n"), std::string::npos);
}

TEST(NodePlan, NeedsSourcesForWhatTakesPartInTheInstallation) {
  EXPECT_NE(node_plan({{"package.json", "{}"}, {".pnpmfile.cjs", ""}}).needs_sources, "");
  EXPECT_NE(node_plan({{"package.json", "{}"}, {".yarnrc.yml", "plugins:\n  - path: x\n"}}).needs_sources,
            "");
  EXPECT_NE(node_plan({{"package.json", R"({"resolutions": {"a": "patch:a@1#x"}})"}}).needs_sources, "");
}

TEST(NodePlan, WithoutALockFileSaysWhatThatMeans) {
  const auto plan = node_plan({{"package.json", "{}"}});
  EXPECT_NE(script(plan.dependency_steps.at(0)).find("npm install --no-package-lock"), std::string::npos);
  EXPECT_EQ(plan.notes, Words{"no lock file: each new image may bring other versions of the dependencies"});
}

// Nothing of a manifest becomes a word of a shell.
TEST(NodePlan, TakesNoVersionThatIsNone) {
  for (const char* asked : {"pnpm@9; reboot", "pnpm@$(id)", "pnpm@", "pnpm@9\\n"}) {
    const auto plan = node_plan({{"package.json", std::string(R"({"packageManager": ")") + asked + "\"}"},
                                 {"pnpm-lock.yaml", "lockfileVersion: '9.0'\n"}});
    EXPECT_EQ(script(plan.tool_steps.at(0)), "npm install --global --force pnpm@10\npnpm --version") << asked;
  }
}

TEST(NodePlan, RunsTheProjectsOwnScriptsWhenItsSourcesAreThere) {
  const auto plan =
      node_plan({{"package.json", R"({"scripts": {"prepare": "x", "postinstall": "y", "test": "z"}})"}});
  ASSERT_EQ(plan.source_steps.size(), 2u);
  EXPECT_TRUE(script(plan.source_steps[0]).starts_with("npm run postinstall\n"));
  EXPECT_TRUE(script(plan.source_steps[1]).starts_with("npm run prepare\n"));
}

TEST(NodePlan, NeedsSourcesWhereDependenciesAreInTheTree) {
  const auto plan = node_plan({{"package.json", R"({"dependencies": {"shelf": "file:../shelf"}})"}});
  EXPECT_EQ(plan.needs_sources, "shelf is taken from the tree (file:)");
  EXPECT_TRUE(plan.dependency_steps.empty());
  EXPECT_EQ(plan.source_steps.size(), 1u);
}

TEST(NodePlan, KnowsWorkspaces) {
  const Files files{{"web/package.json", R"({"workspaces": ["packages/*"]})"},
                    {"web/packages/a/package.json", R"({"dependencies": {"mocha": "1"}})"},
                    {"other/package.json", R"({"dependencies": {"jest": "1"}})"},
                    {"web/package-lock.json", "{}"}};
  const auto source = source_of(files);
  const NodeProject project(source, "web");
  EXPECT_TRUE(project.depends_on("mocha"));
  EXPECT_FALSE(project.depends_on("jest"));
  EXPECT_EQ(project.manager, NodeManager::npm);
  EXPECT_EQ(project.dependency_files(),
            (Words{"web/package.json", "web/packages/a/package.json", "web/package-lock.json"}));
}

TEST(NodePlan, OfNoInstallIsWhatAttemptsNeed) {
  const auto plan = node_plan({{"web/package.json", "{}"}}, {.subdir = "web", .install_dependencies = false});
  EXPECT_TRUE(plan.tool_steps.empty() && plan.dependency_steps.empty() && plan.source_steps.empty());
  EXPECT_EQ(plan.path_folders, Words{"/work/web/node_modules/.bin"});
}

TEST(NodeToolchains, KnowWhatTheirRunnerCanBeAskedFor) {
  const auto abilities = [](const char* name, const Words& packages) {
    return images::find_toolchain(name)->abilities(packages);
  };
  EXPECT_TRUE(abilities("typescript-jest", {"node==20.1.0", "jest==30.1.0"}).choose);
  EXPECT_FALSE(abilities("typescript-jest", {"jest==26.6.3"}).any());
  EXPECT_FALSE(abilities("typescript-jest", {"jest-cli==30.1.0"}).any());
  EXPECT_TRUE(abilities("typescript-vitest", {"vitest==3.2.0"}).shuffle);
  EXPECT_FALSE(abilities("typescript-vitest", {"vitest==3.2.0"}).repeat);
  EXPECT_TRUE(abilities("javascript-mocha", {"mocha==11.0.0"}).reverse);
  EXPECT_FALSE(abilities("javascript", {"mocha==11.0.0"}).any());
}

TEST(NodeProbe, ExtendsThePersonsOptions) {
  const auto use =
      images::use_node_probe({.order = "shuffled", .seed = 7}, {{"NODE_OPTIONS", "--trace-warnings"}});
  const sandbox::EnvList expected = {
      {"ORCHESTRATOR_PROBE", R"({"order":"shuffled","repeat":1,"seed":7})"},
      {"NODE_OPTIONS",
       "--trace-warnings --require=/.orchestrator/probes/node_modules/orchestrator/probe.cjs"}};
  EXPECT_EQ(use.env, expected);
}

}  // namespace
