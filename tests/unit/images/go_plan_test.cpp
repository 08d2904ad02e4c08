#include <gtest/gtest.h>

#include "images/toolchains/toolchain.h"
#include "tests/unit/images/sources.h"

namespace {

using images::InstallPlan;
using images_test::source_of;
using Words = std::vector<std::string>;

InstallPlan plan_of(const std::map<std::string, std::string>& files,
                    const images::InstallOptions& options = {}) {
  return images::find_toolchain("go")->plan(source_of(files), options);
}

// What is compiled: the words behind the shell's script.
Words compiled(const Words& test_words) {
  const auto plan = plan_of({{"go.mod", ""}}, {.test_words = test_words});
  const Words& argv = plan.source_steps.at(0).execution.argv;
  return {argv.begin() + 4, argv.end()};
}

// The folders of each step, with a "|" between two steps.
Words folders_of(const std::vector<sandbox::LayerBuildStep>& steps) {
  Words folders;
  for (const auto& step : steps) {
    if (!folders.empty()) folders.emplace_back("|");
    folders.insert(folders.end(), step.execution.argv.begin() + 4, step.execution.argv.end());
  }
  return folders;
}

bool may_fail(const sandbox::LayerBuildStep& step) {
  return step.execution.argv.at(2).find("not downloaded") != std::string::npos;
}

TEST(GoPlan, DownloadsByTheManifestsOfAllModules) {
  const auto plan = plan_of({{"go.mod", ""}, {"go.sum", ""}, {"tools/go.mod", ""}, {"main.go", ""}});
  EXPECT_EQ(plan.dependency_files, (Words{"go.mod", "go.sum", "tools/go.mod"}));
  EXPECT_EQ(folders_of(plan.dependency_steps), (Words{"/work/", "|", "/work/tools"}));
  EXPECT_EQ(plan.path_folders, Words{"/opt/go/bin"});
}

TEST(GoPlan, TakesModulesOfVendor) {
  const auto plan = plan_of({{"go.mod", ""}, {"vendor/modules.txt", ""}});
  EXPECT_TRUE(plan.dependency_steps.empty());
  EXPECT_EQ(plan.notes, Words{"modules are those of vendor"});
}

TEST(GoPlan, TakesModulesOfVendorFolderByFolder) {
  const auto plan = plan_of(
      {{"go.work", "use ./a\nuse ./b\n"}, {"a/go.mod", ""}, {"a/vendor/modules.txt", ""}, {"b/go.mod", ""}});
  EXPECT_EQ(folders_of(plan.dependency_steps), Words{"/work/b"});
  EXPECT_EQ(folders_of(plan.source_steps), (Words{"/work/a", "/work/b"}));
  EXPECT_TRUE(plan_of({{"go.work", "use ./a\n"}, {"a/go.mod", ""}, {"vendor/modules.txt", ""}})
                  .dependency_steps.empty());
}

TEST(GoPlan, CompilesWhatTheCommandTestsAsItTestsIt) {
  EXPECT_EQ(compiled({"go", "test", "-race", "./shelf/...", "-run", "TestX"}),
            (Words{"go", "test", "-exec=true", "-race", "./shelf/...", "-run", "TestX"}));
  EXPECT_EQ(compiled({"go", "test", "-coverprofile=c.out", "-cpuprofile", "cpu", "-cover", "--o=x", "./..."}),
            (Words{"go", "test", "-exec=true", "-cover", "./..."}))
      << "what would leave files";
  EXPECT_EQ(compiled({"go", "test", "-C", "a", "./..."}),
            (Words{"go", "test", "-C", "a", "-exec=true", "./..."}));
  EXPECT_EQ(compiled({"go", "test", "-C=a", "-v"}), (Words{"go", "test", "-C=a", "-exec=true", "-v"}));
}

// Of a command that is more than `go test`: all packages of each module that it may mean.
TEST(GoPlan, CompilesWhereTheTestsAre) {
  for (const Words& words :
       {Words{"make", "check"}, Words{"go", "test", "./...", "|", "tee", "log"}, Words{"go", "vet"}})
    EXPECT_EQ(compiled(words), Words{"/work/"});
  const std::map<std::string, std::string> workspace = {
      {"go.work", "go 1.21\nuse (\n\t./a // the first\n\t\"./b\"\n)\n"}, {"a/go.mod", ""}, {"b/go.mod", ""}};
  const Words line{"cd", "a", "&&", "go", "test", "./..."};
  EXPECT_EQ(folders_of(plan_of(workspace, {.test_words = line}).source_steps), (Words{"/work/a", "/work/b"}));
  const std::map<std::string, std::string> nested = {{"go.mod", ""}, {"a/go.mod", ""}, {"b/go.mod", ""}};
  EXPECT_EQ(folders_of(plan_of(nested, {.test_words = line}).source_steps), (Words{"/work/", "/work/a"}));
  EXPECT_EQ(folders_of(plan_of(nested, {.test_words = {"make"}}).source_steps),
            (Words{"/work/", "|", "/work/a", "/work/b"}));
}

// What is tested must be there; what perhaps nobody tests, a fixture of which nothing can be downloaded, is
// no reason to stop.
TEST(GoPlan, StopsWhenAModuleThatCountsCannotBeDownloaded) {
  std::map<std::string, std::string> files = {{"go.work", "use ./a\nuse ./b\n"},
                                              {"a/go.mod", ""},
                                              {"b/go.mod", ""},
                                              {"tools/go.mod", ""},
                                              {"x/testdata/y/go.mod", ""}};
  const auto plan = plan_of(files);
  EXPECT_EQ(folders_of(plan.dependency_steps), (Words{"/work/a", "/work/b", "|", "/work/tools"}));
  EXPECT_FALSE(may_fail(plan.dependency_steps.at(0)));
  EXPECT_TRUE(may_fail(plan.dependency_steps.at(1)));
  EXPECT_EQ(plan.notes,
            Words{"modules that may fail to download, since neither go.work nor the command names "
                  "them: tools"});
  for (const Words& words : {Words{"(cd", "tools;", "go", "test)"}, Words{"go", "-C", "tools", "test"},
                             Words{"go", "test", "./tools/..."}, Words{"./tools/cmd/run.sh"}}) {
    const auto named = plan_of(files, {.test_words = words});
    EXPECT_EQ(folders_of(named.dependency_steps), (Words{"/work/a", "/work/b", "|", "/work/tools"}));
    EXPECT_FALSE(may_fail(named.dependency_steps.at(1))) << words[0];
    EXPECT_EQ(named.dependency_steps.at(1).execution.env, (sandbox::EnvList{{"GOWORK", "off"}}));
    EXPECT_TRUE(named.notes.empty());
  }
  EXPECT_TRUE(may_fail(plan_of(files, {.test_words = {"go", "test", "tools"}}).dependency_steps.at(1)))
      << "a word that may be anything";
  files = {{"a/go.mod", ""}, {"b/go.mod", ""}};
  EXPECT_FALSE(may_fail(plan_of(files).dependency_steps.at(0))) << "where none is named, all count";
  // Of a folder inside: the workspace is that of the folder above.
  files = {{"go.work", "use (\n./api\n../outside\n./lib\n)\n"}, {"api/go.mod", ""}, {"lib/go.mod", ""}};
  EXPECT_EQ(folders_of(plan_of(files, {.subdir = "api"}).dependency_steps),
            (Words{"/work/api", "/work/lib"}));
}

TEST(GoPlan, IsCompiledWithWhatAttemptsTestWith) {
  const auto plan = plan_of({{"go.mod", ""}});
  EXPECT_EQ(plan.source_steps.at(0).execution.env,
            (sandbox::EnvList{{"GOFLAGS", "-overlay=/.orchestrator/go/overlay.json"}}));
  const auto use = images::find_toolchain("go")->use_probe(
      {.order = "shuffled", .seed = 7, .repeat = 2, .tests = {"a.TestB"}, .ignore = {"*slow*", "x"}},
      {{"GOFLAGS", "-mod=mod"}});
  EXPECT_EQ(
      use.env,
      (sandbox::EnvList{
          {"ORCHESTRATOR_PROBE",
           "order=shuffled seed=7 repeat=2 tests=/run/orchestrator/tests ignore=/run/orchestrator/ignore"},
          {"GOFLAGS", "-mod=mod -overlay=/.orchestrator/go/overlay.json -count=1"}}));
  ASSERT_EQ(use.files.size(), 2u);
  EXPECT_EQ(use.files[1].content, std::string("*slow*\0x", 8));
}

TEST(GoPlan, OfNoInstallStillTellsTestsApart) {
  const auto plan = plan_of({{"go.mod", ""}}, {.install_dependencies = false});
  EXPECT_EQ(plan.tool_steps.size(), 1u);
  EXPECT_TRUE(plan.dependency_steps.empty() && plan.source_steps.empty());
}

}  // namespace
