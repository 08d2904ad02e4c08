#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "images/toolchains/node_project.h"
#include "images/toolchains/node_scripts.h"
#include "images/toolchains/toolchain.h"
#include "tests/support/program.h"
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
  EXPECT_NE(script(berry.tool_steps.at(0)).find("@yarnpkg/cli-dist@4.2.0 || "), std::string::npos);

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
  const auto by_yaml = [](const char* yaml) {
    return node_plan({{"package.json", "{}"}, {"pnpm-workspace.yaml", yaml}}).needs_sources;
  };
  EXPECT_EQ(by_yaml("packages:\n  - 'packages/*'\ncatalog:\n  mocha: 10.8.2\n"), "");
  EXPECT_EQ(by_yaml("patchedDependencies:\n  ms@2.1.3: patches/ms.patch\n"),
            "dependencies are patched by files of the tree");
  EXPECT_NE(by_yaml("overrides:\n  ms: file:./ms\n"), "");
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
    EXPECT_EQ(script(plan.tool_steps.at(0)),
              "npm install --global --force pnpm@10\nrm -rf /root/.npm\npnpm --version")
        << asked;
  }
}

TEST(NodePlan, RunsTheProjectsOwnScriptsByItsManagerWhenItsSourcesAreThere) {
  const std::string scripts = R"({"scripts": {"postinstall": "y", "test": "z"}})";
  const auto own = [](const InstallPlan& plan, std::size_t step) {
    return plan.source_steps.at(step).execution.argv.at(4);
  };
  const auto npm = node_plan({{"package.json", scripts}, {"package-lock.json", "{}"}});
  ASSERT_EQ(npm.source_steps.size(), 2u);
  EXPECT_EQ(npm.source_steps[0].execution.network, sandbox::Network::none);
  EXPECT_EQ(npm.source_steps[1].execution.network, sandbox::Network::bridge) << "where the first has failed";
  const auto pnpm = node_plan({{"package.json", scripts}, {"pnpm-lock.yaml", "lockfileVersion: '9.0'\n"}});
  EXPECT_NE(own(pnpm, 0).find("pnpm install --package-import-method copy --frozen-lockfile --offline\n"),
            std::string::npos);
  EXPECT_EQ(own(pnpm, 1).find("--offline"), std::string::npos);
  const auto yarn = node_plan({{"package.json", scripts}, {"yarn.lock", "__metadata:\n  version: 8\n"}});
  EXPECT_NE(own(yarn, 0).find("YARN_ENABLE_NETWORK=0\nyarn install --immutable\n"), std::string::npos);
  for (const auto& plan : {pnpm, yarn}) EXPECT_EQ(own(plan, 0).find("npm run"), std::string::npos);

  EXPECT_TRUE(node_plan({{"package.json", R"({"scripts": {"test": "z"}})"}}).source_steps.empty());
  const Files member{{"package.json", R"({"workspaces": ["packages/*"]})"},
                     {"packages/b/package.json", R"({"scripts": {"prepare": "node make.js"}})"}};
  EXPECT_EQ(node_plan(member).source_steps.size(), 2u) << "a member's script is one, too";
}

TEST(NodePlan, HasAGuardAgainstOtherManagersAtHand) {
  const auto plan = node_plan({{"package.json", R"({"scripts": {"preinstall": "npx -y only-allow pnpm"}})"},
                               {"pnpm-lock.yaml", "lockfileVersion: '9.0'\n"}});
  EXPECT_EQ(plan.tool_steps.at(0).title, "installing only-allow");
}

TEST(NodePlan, TakesTheYarnThatTheLockFileIsOf) {
  const auto fetched = [](const Files& more, const std::string& lock_version) {
    Files files{{"package.json", "{}"}, {"yarn.lock", "__metadata:\n  version: " + lock_version + "\n"}};
    files.insert(more.begin(), more.end());
    const std::string step = script(node_plan(files).tool_steps.at(0));
    return step.substr(0, step.find('\n'));
  };
  const std::string install = "npm install --global --force @yarnpkg/cli-dist";
  EXPECT_EQ(fetched({}, "10"), install + "@4");
  EXPECT_EQ(fetched({}, "8"), install + "@4.13 || " + install + "@4");
  EXPECT_EQ(fetched({}, "6"), install + "@3");
  EXPECT_EQ(fetched({}, "4"), install + "@2");
  EXPECT_EQ(fetched({}, "4\n  cacheKey: 8"), install + "@3.0 || " + install + "@3");
  EXPECT_EQ(fetched({{".yarnrc.yml", "yarnPath: .yarn/releases/yarn-3.6.4.cjs\n"}}, "6"),
            install + "@3.6.4 || " + install + "@3");
  EXPECT_EQ(fetched({{".yarnrc.yml", "yarnPath: \".yarn/releases/yarn-berry.cjs\"\n"}}, "4"), install + "@2");
  EXPECT_EQ(fetched({{".yarnrc.yml", "yarnPath: .yarn/releases/yarn-3;id.cjs\n"}}, "6"), install + "@3");
}

// Yarn runs no test where a variable of its settings is not set; what is in it, attempts are not to know.
TEST(NodePlan, GivesAttemptsTheVariablesOfCredentialsEmpty) {
  const auto plan = node_plan({{"package.json", "{}"},
                               {".npmrc", "//npm.example/:_authToken=${NPM_TOKEN}\nprefix=${HOME}\n"},
                               {".yarnrc.yml", "npmAuthToken: \"${OUR_TOKEN}\"\nx: ${PATH_AUTH:-}\n"}});
  sandbox::EnvList empty;
  for (const auto& each : plan.env)
    if (each.second.empty()) empty.push_back(each);
  EXPECT_EQ(empty, (sandbox::EnvList{{"NPM_TOKEN", ""}, {"OUR_TOKEN", ""}}));
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

TEST(NodePlan, InstallsTheWorkspaceThatTheFolderIsAMemberOf) {
  const Files files{{"package.json", R"({"workspaces": ["packages/*"], "devDependencies": {"mocha": "1"}})"},
                    {"package-lock.json", "{}"},
                    {".npmrc", "a=b\n"},
                    {"packages/a/package.json", R"({"scripts": {"test": "mocha"}})"},
                    {"packages/b/package.json", R"({"devDependencies": {"jest": "1"}})"}};
  const auto source = source_of(files);
  const NodeProject project(source, "packages/a");
  EXPECT_EQ(project.root, "");
  const auto detected = [&](const char* name, const char* subdir) {
    return images::find_toolchain(name)->detect(source, subdir).has_value();
  };
  EXPECT_TRUE(detected("javascript-mocha", "packages/a")) << "its root's are everybody's";
  EXPECT_FALSE(detected("typescript-jest", "packages/a"));
  EXPECT_TRUE(detected("typescript-jest", "packages/b"));
  EXPECT_FALSE(detected("javascript-mocha", "packages/b")) << "who have none of their own";
  const auto plan = node_plan(files, {.subdir = "packages/a"});
  EXPECT_EQ(plan.dependency_files, (Words{"package.json", "packages/a/package.json",
                                          "packages/b/package.json", ".npmrc", "package-lock.json"}));
  EXPECT_TRUE(script(plan.dependency_steps.at(0)).starts_with("cd ./../..\n"));
  EXPECT_NE(script(plan.dependency_steps.at(0)).find("npm ci\n"), std::string::npos);
  EXPECT_EQ(plan.path_folders, (Words{"/work/packages/a/node_modules/.bin", "/work/node_modules/.bin"}));
}

TEST(NodeWorkspaces, AreWhatTheirPatternsSay) {
  const auto root_of = [](const std::string& package, const std::string& yaml, const std::string& folder) {
    Files files{{"web/package.json", package}, {"web/" + folder + "/package.json", "{}"}};
    if (!yaml.empty()) files["web/pnpm-workspace.yaml"] = yaml;
    return NodeProject(source_of(files), "web/" + folder).root;
  };
  EXPECT_EQ(root_of(R"({"workspaces": ["./packages/*/"]})", "", "packages/a"), "web");
  EXPECT_EQ(root_of(R"({"workspaces": {"packages": ["apps/**", "!apps/old"]}})", "", "apps/x/y"), "web");
  EXPECT_EQ(root_of(R"({"workspaces": {"packages": ["apps/**", "!apps/old"]}})", "", "apps/old"),
            "web/apps/old");
  EXPECT_EQ(root_of(R"({"workspaces": ["packages/*"]})", "", "packages/a/b"), "web/packages/a/b");
  EXPECT_EQ(root_of("{}", "", "packages/a"), "web/packages/a");
  EXPECT_EQ(root_of("{}", "packages:\n  # all\n  - 'packages/*' # of them\nnode: x\n", "packages/a"), "web");
  EXPECT_EQ(root_of("{}", "packages: [\"apps/*\", 'packages/*']\n", "packages/a"), "web");
  EXPECT_EQ(root_of("{}", "other:\n  - 'packages/*'\n", "packages/a"), "web/packages/a");
}

TEST(NodePlan, OfNoInstallIsWhatAttemptsNeed) {
  const auto plan = node_plan({{"web/package.json", "{}"}}, {.subdir = "web", .install_dependencies = false});
  EXPECT_TRUE(plan.tool_steps.empty() && plan.dependency_steps.empty() && plan.source_steps.empty());
  EXPECT_EQ(plan.path_folders, Words{"/work/web/node_modules/.bin"});
}

// The scripts themselves, by this host's Node.
class NodeScripts : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& content) const {
    testing_support::write_file(folder_ / name, content);
  }
  std::string read(const std::string& name) const { return testing_support::read_file(folder_ / name); }
  std::string run(const Words& words, const std::string& in = ".") const {
    const auto done = testing_support::run_command(words, {.cwd = folder_ / in});
    EXPECT_EQ(done.exit_code, 0) << done.out << done.err;
    return done.out;
  }
  std::string listed(const std::string& in = ".") const {
    const std::string all = run({"node", "-e", images::kListNodePackages}, in);
    return all.substr(all.find('\n') + 1);  // the first is Node
  }

  testing_support::TemporaryFolder folder_;
};

TEST_F(NodeScripts, LeaveManifestsAloneThatAreNone) {
  const std::map<std::string, std::string> broken = {
      {"broken", "{"}, {"null", "null"}, {"list", "[1]"}, {"empty", ""}, {"text", "\"a\""}};
  for (const auto& [name, content] : broken) write("fixtures/" + name + "/package.json", content);
  write("package.json", "\xEF\xBB\xBF{\"name\": \"a\", \"scripts\": {\"prepare\": \"b\"}}");
  write("node_modules/c/package.json", R"({"scripts": {"install": "d"}})");
  run({"sh", "-ec", images::take_scripts_away()});
  EXPECT_EQ(read("package.json"), R"({"name":"a"})");
  EXPECT_EQ(read("node_modules/c/package.json"), R"({"scripts": {"install": "d"}})");
  for (const auto& [name, content] : broken) EXPECT_EQ(read("fixtures/" + name + "/package.json"), content);
}

TEST_F(NodeScripts, RunThoseOfMembersAndEachOnce) {
  write("package.json",
        R"({"scripts": {"preinstall": "1", "install": "2", "postinstall": "3", "prepare": "4"}})");
  write("packages/b/package.json", R"({"scripts": {"postinstall": "1"}})");
  write("node_modules/ms/package.json", R"({"scripts": {"install": "1"}})");
  write("bin/npm", "#!/bin/sh\n[ \"$1\" = config ] || echo \"$(basename \"$PWD\") npm $*\"\n");
  write("bin/yarn", "#!/bin/sh\necho \"$(basename \"$PWD\") yarn $*\"\n");
  std::filesystem::create_symlink("../packages/b", folder_ / "node_modules/b");
  std::filesystem::create_symlink("/nowhere", folder_ / "node_modules/gone");
  const std::string here = std::filesystem::path(folder_.path()).filename();
  const auto run_by = [&](NodeManager manager) {
    return run(
        {"sh", "-ec",
         "chmod +x bin/*\nexport PATH=\"$PWD/bin:$PATH\"\n" + images::run_own_scripts(manager, true, true)});
  };
  EXPECT_EQ(run_by(NodeManager::npm),
            here + " npm rebuild b\n" + here + " npm run install\n" + here + " npm run prepare\n");
  EXPECT_EQ(
      run_by(NodeManager::yarn_classic),
      "b yarn run postinstall\n" + here + " yarn install --non-interactive --frozen-lockfile --offline\n");
}

TEST_F(NodeScripts, ListWhatIsResolvedFromAWorkspace) {
  write("node_modules/mocha/package.json", R"({"version": "10.8.2"})");
  write("packages/a/node_modules/jest/package.json", R"({"version": "30.1.0"})");
  write("packages/a/node_modules/mocha/package.json", R"({"version": "9.0.0"})");
  EXPECT_EQ(listed(), "mocha==10.8.2\njest==30.1.0\n");
  EXPECT_EQ(listed("packages/a"), "jest==30.1.0\nmocha==9.0.0\n") << "the nearest counts";
}

TEST_F(NodeScripts, ListWhatPlugAndPlayKnows) {
  write(".pnp.cjs",
        "exports.findPackageLocator = () => 'top';\n"
        "exports.getDependencyTreeRoots = () => ['top', 'member'];\n"
        "exports.getPackageInformation = (root) => ({packageDependencies: new Map(root === 'top'\n"
        "  ? [['mocha', 'npm:10.8.2'], ['self', 'workspace:.'], ['peer', null]]\n"
        "  : [['jest', 'virtual:ab#npm:30.1.0'], ['other', ['alias', 'npm:1.0.0']]])});\n");
  EXPECT_EQ(listed(), "mocha==10.8.2\njest==30.1.0\nother==1.0.0\n");
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
