#include <gtest/gtest.h>

#include "images/toolchains/toolchain.h"
#include "tests/unit/images/sources.h"

namespace {

using images::InstallPlan;
using images_test::source_of;
using Words = std::vector<std::string>;

const images::Toolchain& cpp() { return *images::find_toolchain("cpp"); }

// The folder that is built in for this command.
std::string folder_for(const Words& test_words) {
  const auto plan = cpp().plan(source_of({{"CMakeLists.txt", ""}}), {.test_words = test_words});
  return plan.source_steps.at(0).execution.argv.at(4);
}

TEST(CppPlan, BuildsWhereTheCommandTests) {
  EXPECT_EQ(folder_for({"ctest"}), "build");
  EXPECT_EQ(folder_for({"ctest", "--test-dir", "out/debug"}), "out/debug");
  EXPECT_EQ(folder_for({"ctest", "--test-dir=out"}), "out");
  EXPECT_EQ(folder_for({"cmake", "--build", "cmake-build", "&&", "ctest"}), "cmake-build");
  EXPECT_EQ(folder_for({"cd", "out", "&&", "ctest"}), "out");
  for (const char* no : {"/etc", "../out", ".", "-x", "$(id)", "a b", ""})
    EXPECT_EQ(folder_for({"ctest", "--test-dir", no}), "build") << no;
}

TEST(CppPlan, ConfiguresAsTheCommandDoes) {
  const Words words{"cmake", "-B", "build", "-G", "Ninja", "-DFAST=1", "&&", "ctest"};
  const auto plan = cpp().plan(source_of({{"CMakeLists.txt", ""}}), {.test_words = words});
  const Words& argv = plan.source_steps.at(0).execution.argv;
  EXPECT_EQ(Words(argv.begin() + 4, argv.end()), (Words{"build", "-G", "Ninja", "-DFAST=1"}));
}

// The words behind the shell's script.
Words by_preset(const Words& test_words, const std::map<std::string, std::string>& more = {}) {
  std::map<std::string, std::string> files = {
      {"CMakeLists.txt", ""},
      {"CMakePresets.json",
       R"js({"version": 6, "include": ["cmake/more.json", "gone.json", "CMakePresets.json"],  // a comment
         "configurePresets": [{"name": "dev"}, {"name": "ci", "inherits": "dev"}],
         "buildPresets": [{"name": "fast", "configurePreset": "ci", "configuration": "Release"}],
         "testPresets": [{"name": "dev", "configurePreset": "dev"},
                         {"name": "all", "inherits": ["nothing", "base"]}, 7],
         "workflowPresets": [{"name": "whole", "steps": [{"type": "configure", "name": "ci"}]}]})js"},
      {"cmake/more.json",
       R"js({"testPresets": [{"name": "base", "inherits": "root", "configuration": "Debug"},
                             {"name": "root", "configurePreset": "ci"}, {"name": "loop", "inherits": "loop"}]})js"}};
  for (const auto& [path, text] : more) files[path] = text;
  const auto plan = cpp().plan(source_of(files), {.test_words = test_words});
  const Words& argv = plan.source_steps.at(0).execution.argv;
  return {argv.begin() + 4, argv.end()};
}

TEST(CppPlan, CompilesByThePresetThatTheCommandNames) {
  EXPECT_EQ(by_preset({"ctest", "--preset", "dev"}), (Words{"dev", ""}));
  EXPECT_EQ(by_preset({"ctest", "--preset=all"}), (Words{"ci", "Debug"})) << "inherited, of an included file";
  EXPECT_EQ(by_preset({"cmake", "--build", "--preset", "fast", "&&", "build/unit"}),
            (Words{"ci", "Release"}));
  EXPECT_EQ(by_preset({"cmake", "--preset", "ci", "-DA=1;", "build/unit"}), (Words{"ci", "", "-DA=1;"}));
  EXPECT_EQ(by_preset({"cmake", "--workflow", "--preset", "whole"}), (Words{"ci", ""}));
  EXPECT_EQ(by_preset({"cmake", "--preset", "ci", "&&", "ctest", "--preset", "dev)"}), (Words{"dev", ""}));
  for (const char* none : {"unknown", "loop", "base2"})
    EXPECT_EQ(by_preset({"ctest", "--preset", none}), Words{"build"}) << none;
  EXPECT_EQ(by_preset({"ctest", "--preset", "dev"}, {{"CMakePresets.json", "no JSON"}}), Words{"build"});
}

TEST(CppProbe, HasCtestFailWhereItFindsNoTest) {
  const auto env_of = [](const Words& words, const sandbox::EnvList& own = {}) {
    return cpp().use_probe({}, own, words).env;
  };
  const sandbox::EnvList fails = {{"CTEST_NO_TESTS_ACTION", "error"}};
  EXPECT_EQ(env_of({"ctest", "--preset", "dev"}), fails);
  EXPECT_EQ(env_of({"ctest", "-L", "a", "&&", "ctest", "-L", "b"}), sandbox::EnvList{})
      << "one of several may find none";
  EXPECT_EQ(env_of({"ctest"}, {{"CTEST_NO_TESTS_ACTION", "ignore"}}), sandbox::EnvList{});
}

TEST(CppPlan, HasNoNetworkUnlessCmakeFetches) {
  EXPECT_EQ(cpp().plan(source_of({{"CMakeLists.txt", "project(a)"}}), {}).needs_sources, "");
  for (const auto& [file, text] : {std::pair{"a/CMakeLists.txt", "FetchContent_Declare(x)"},
                                   {"cmake/more.cmake", "FETCHCONTENT_Declare(x)"},
                                   {"CMakeLists.txt", "file (\n    DOWNLOAD ${url} header.hpp)"}})
    EXPECT_EQ(cpp().plan(source_of({{file, text}}), {}).needs_sources,
              "CMake fetches dependencies while it configures")
        << file;
  EXPECT_EQ(
      cpp().plan(source_of({{"CMakeLists.txt", "set(DOWNLOAD file(x)) # download(s)"}}), {}).needs_sources,
      "");
}

TEST(CppProbe, ReadsCtestsLogOrWhatGoogleTestWrites) {
  const auto by_ctest = cpp().use_probe({.order = "shuffled", .seed = 7, .repeat = 2}, {}, {"ctest"});
  EXPECT_EQ(
      by_ctest.env,
      (sandbox::EnvList{{"CTEST_NO_TESTS_ACTION", "error"}, {"GTEST_SHUFFLE", "1"}, {"GTEST_REPEAT", "2"}}));
  EXPECT_EQ(by_ctest.results,
            (Words{"**/Testing/Temporary/LastTest.log", "**/Testing/Temporary/LastTest.log.tmp"}));
  const auto direct = cpp().use_probe({}, {}, {"build/unit"});
  EXPECT_EQ(direct.env, (sandbox::EnvList{{"GTEST_OUTPUT", "xml:/tmp/orchestrator-results/"}}));
  using Words = std::vector<std::string>;
  for (const Words& own :
       {Words{"cmake", "--build", "build", "&&", "build/unit"},
        Words{"make;", "./unit", "--gtest_filter=A.*"}, Words{"cd", "build", "&&", "./unit"}})
    EXPECT_EQ(cpp().use_probe({}, {}, own).env, direct.env) << own.back();
  for (const Words& ctest : {Words{"cmake", "--build", "build", "&&", "ctest", "--test-dir", "build"},
                             Words{"make", "test"}, Words{"cmake", "--build", "build", "--target", "test"},
                             Words{"ninja", "-C", "build", "check", "&&", "echo", "done"}})
    EXPECT_EQ(cpp().use_probe({}, {}, ctest).results, by_ctest.results) << ctest.back();
  EXPECT_EQ(direct.results, Words{"/tmp/orchestrator-results/*.xml"});
}

TEST(CppToolchain, ShufflesAndRepeatsWhereThereIsGoogleTest) {
  EXPECT_TRUE(cpp().abilities({"cmake==3.31.6", "googletest==used"}).shuffle);
  EXPECT_FALSE(cpp().abilities({"cmake==3.31.6", "googletest==used"}).choose);
  EXPECT_FALSE(cpp().abilities({"cmake==3.31.6"}).any());
  EXPECT_EQ(cpp().seed_env(99'999), (sandbox::EnvList{{"TEST_SEED", "99999"}, {"GTEST_RANDOM_SEED", "1"}}));
}

}  // namespace
