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

TEST(GoPlan, DownloadsByTheManifestsOfAllModules) {
  const auto plan = plan_of({{"go.mod", ""}, {"go.sum", ""}, {"tools/go.mod", ""}, {"main.go", ""}});
  EXPECT_EQ(plan.dependency_files, (Words{"go.mod", "go.sum", "tools/go.mod"}));
  ASSERT_EQ(plan.dependency_steps.size(), 1u);
  EXPECT_EQ(plan.path_folders, Words{"/opt/go/bin"});
}

TEST(GoPlan, TakesModulesOfVendor) {
  const auto plan = plan_of({{"go.mod", ""}, {"vendor/modules.txt", ""}});
  EXPECT_TRUE(plan.dependency_steps.empty());
  EXPECT_EQ(plan.notes, Words{"modules are those of vendor"});
}

TEST(GoPlan, CompilesWhatTheCommandTestsAsItTestsIt) {
  EXPECT_EQ(compiled({"go", "test", "-race", "./shelf/...", "-run", "TestX"}),
            (Words{"go", "test", "-exec=true", "-race", "./shelf/...", "-run", "TestX"}));
  EXPECT_EQ(compiled({"go", "test", "-coverprofile=c.out", "-cpuprofile", "cpu", "-cover", "--o=x", "./..."}),
            (Words{"go", "test", "-exec=true", "-cover", "./..."}))
      << "what would leave files";
  EXPECT_EQ(compiled({"make", "check"}), (Words{"go", "test", "-exec=true", "./..."}));
  EXPECT_EQ(compiled({"go", "test", "./...", "|", "tee", "log"}),
            (Words{"go", "test", "-exec=true", "./..."}));
  EXPECT_EQ(compiled({"go", "vet"}), (Words{"go", "test", "-exec=true", "./..."}));
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
