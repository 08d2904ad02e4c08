// C++ by CMake: what is compiled when, and tests of GoogleTest that run without CTest.
#include "tests/support/repositories.h"
#include "tests/support/served_folder.h"

namespace {

using namespace testing_support;
using Words = std::vector<std::string>;

RunResult run_cpp(const Repository& repository, const Words& command, int runs = 1) {
  const Words flags{"--repo", repository.path(), "--runs", std::to_string(runs), "--vary", "none"};
  return repository.remember(run_job(flags, command));
}

// One letter for each attempt, as in the report's grid.
std::string outcomes_of(const RunResult& run, const std::string& id) {
  for (const auto& test : run.report.value("tests", nlohmann::json::array()))
    if (test.at("id") == id) return test.at("outcomes");
  return "none";
}

bool has(const std::string& text, const std::string& words) { return text.find(words) != std::string::npos; }

TEST(Cpp, IsCompiledOnceForAllAttempts) {
  const Repository repository;
  repository.copy_sample("cpp_depot");
  const auto run =
      run_cpp(repository, {"sh", "-c", "cmake --build build && ctest --test-dir build -R Weighs"}, 2);
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(outcomes_of(run, "Depot.Weighs"), "..") << told(run);
  for (std::size_t attempt : {0, 1}) {
    const std::string out = stdout_of(run, attempt);
    EXPECT_TRUE(has(out, "Built target depot_test")) << out;
    for (const char* work : {"Building CXX", "Linking CXX", "Configuring"})
      EXPECT_FALSE(has(out, work)) << out;
  }
}

TEST(Cpp, TellsTestsOfAProgramThatRunsWithoutCTest) {
  const Repository repository;
  repository.copy_sample("cpp_depot");
  const auto run = run_cpp(repository, {"./build/depot_test", "--gtest_filter=-*IsInTime"});
  EXPECT_EQ(run.exit_code, 3) << told(run);
  EXPECT_EQ(outcomes_of(run, "depot_test.cpp::Depot::Weighs"), ".") << told(run);
  EXPECT_EQ(outcomes_of(run, "depot_test.cpp::Depot::LosesNothing"), "F") << told(run);
}

// A tar of a library.
class ServedLibrary {
 public:
  ServedLibrary() {
    write_file(served_.path("part/CMakeLists.txt"),
               "cmake_minimum_required(VERSION 3.16)\nproject(part CXX)\nadd_library(part INTERFACE)\n"
               "target_include_directories(part INTERFACE ${CMAKE_CURRENT_SOURCE_DIR})\n");
    write_file(served_.path("part/part.h"), "constexpr int kPart = 1;\n");
    shell("tar -C '" + served_.path("") + "' -cf '" + served_.path("part.tar") + "' part");
  }
  std::string url() const { return served_.url() + "/part.tar"; }

 private:
  ServedFolder served_;
};

std::string warnings_of(const RunResult& run) { return run.report.at("warnings").dump(); }

// The network is there where CMake fetches, while the image is made; attempts have none.
TEST(Cpp, HasWhatCMakeFetches) {
  const ServedLibrary library;
  const Repository repository;
  repository.write("CMakeLists.txt",
                   "cmake_minimum_required(VERSION 3.16)\nproject(fetching CXX)\nenable_testing()\n"
                   "include(FetchContent)\nFetchContent_Declare(part URL " +
                       library.url() +
                       ")\nFetchContent_MakeAvailable(part)\nadd_executable(one one.cpp)\n"
                       "target_link_libraries(one part)\nadd_test(NAME one COMMAND one)\n");
  repository.write("one.cpp", "#include <part.h>\nint main() { return kPart - 1; }\n");
  const auto run = run_cpp(repository, {"sh", "-c", "cmake --build build && ctest --test-dir build"});
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(outcomes_of(run, "one"), ".") << told(run);
  EXPECT_FALSE(has(stdout_of(run), "Building CXX")) << stdout_of(run);
  bool said = false;
  for (const auto& layer : layers(run))
    said = said || has(layer.at("note").get<std::string>(), "CMake fetches");
  EXPECT_TRUE(said) << layers(run);
}

// By CTest in the usual folder.
void expect_one_passes(const Repository& repository) {
  const auto run = run_cpp(repository, {"ctest", "--test-dir", "build"});
  EXPECT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(outcomes_of(run, "one"), ".") << told(run);
}

TEST(Cpp, HasNoNetworkWhereCMakeFetchesNothing) {
  const ServedLibrary library;
  const Repository repository;
  // Said where nobody looks for it.
  repository.write("sly.txt", "file(DOWNLOAD " + library.url() +
                                  " /tmp/part.tar TIMEOUT 20 STATUS status)\n"
                                  "list(GET status 0 code)\nif(code EQUAL 0)\n"
                                  "  message(FATAL_ERROR \"there is a network\")\nendif()\n");
  repository.write(
      "CMakeLists.txt",
      "cmake_minimum_required(VERSION 3.16)\nproject(sly NONE)\nenable_testing()\n"
      "execute_process(COMMAND ${CMAKE_COMMAND} -P ${CMAKE_SOURCE_DIR}/sly.txt RESULT_VARIABLE failed)\n"
      "if(failed)\n  message(FATAL_ERROR \"there is a network\")\nendif()\n"
      "add_test(NAME one COMMAND true)\n");
  expect_one_passes(repository);
}

TEST(Cpp, HasWhatCMakeDownloads) {
  const ServedLibrary library;
  const Repository repository;
  repository.write("CMakeLists.txt",
                   "cmake_minimum_required(VERSION 3.16)\nproject(open NONE)\nenable_testing()\n"
                   "file(\n  DOWNLOAD " +
                       library.url() +
                       " ${CMAKE_BINARY_DIR}/part.tar TIMEOUT 20 STATUS status)\n"
                       "list(GET status 0 code)\nif(NOT code EQUAL 0)\n"
                       "  message(FATAL_ERROR \"there is no network\")\nendif()\n"
                       "add_test(NAME one COMMAND test -s part.tar)\n");
  expect_one_passes(repository);
}

TEST(Cpp, IsCompiledWhereAPresetSays) {
  const Repository repository;
  repository.copy_sample("cpp_depot");
  repository.write("CMakePresets.json", R"js({
  "version": 4, "include": ["more/presets.json"],
  "testPresets": [{"name": "quick", "inherits": "all", "filter": {"include": {"name": "Weighs"}}}]
})js");
  repository.write("more/presets.json", R"js({
  "version": 4,
  "configurePresets": [{"name": "dev", "generator": "Ninja", "binaryDir": "${sourceDir}/out/${presetName}"}],
  "buildPresets": [{"name": "dev", "configurePreset": "dev"}],
  "testPresets": [{"name": "all", "configurePreset": "dev"}]
})js");
  const auto run = run_cpp(repository, {"ctest", "--preset", "quick"});
  EXPECT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(outcomes_of(run, "Depot.Weighs"), ".") << told(run);
  const auto built = run_cpp(repository, {"sh", "-c", "cmake --build --preset dev && ctest --preset quick"});
  EXPECT_TRUE(has(stdout_of(built), "ninja: no work to do")) << stdout_of(built);
}

// As pytest does, which then ends with 5. Where a shell decides how it ends, the report says it at least.
TEST(Cpp, DoesNotPassWithoutATest) {
  const Repository repository;
  repository.write("CMakeLists.txt",
                   "cmake_minimum_required(VERSION 3.16)\nproject(bare NONE)\nenable_testing()\n");
  const auto alone = run_cpp(repository, {"ctest", "--test-dir", "build"});
  EXPECT_EQ(alone.exit_code, 3) << told(alone);
  const std::string words = "no test was run: the command says 'No tests were found!!!'";
  EXPECT_TRUE(has(warnings_of(alone), words)) << told(alone);
  const auto among_others = run_cpp(repository, {"sh", "-c", "ctest --test-dir build && true"});
  EXPECT_EQ(among_others.exit_code, 0) << told(among_others);
  EXPECT_TRUE(has(warnings_of(among_others), words)) << told(among_others);
  const auto nowhere = run_cpp(repository, {"ctest"});
  EXPECT_TRUE(
      has(warnings_of(nowhere), "no test was run: the command says 'No test configuration file found!'"))
      << told(nowhere);
}

// A folder is taken with what another machine has built in it.
TEST(Cpp, ConfiguresAnewWhatWasConfiguredElsewhere) {
  const Repository repository;
  repository.copy_sample("cpp_depot");
  repository.write("build/CMakeCache.txt",
                   "CMAKE_HOME_DIRECTORY:INTERNAL=/home/somebody/depot\nCMAKE_CACHEFILE_DIR:INTERNAL=/home/"
                   "somebody/depot/build\n");
  const auto run = run_cpp(repository, {"ctest", "--test-dir", "build", "-R", "Weighs"});
  EXPECT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(outcomes_of(run, "Depot.Weighs"), ".") << told(run);
}

TEST(Cpp, TellsTestsApartOfAProgramThatIsRunWhereItWasBuilt) {
  const Repository repository;
  repository.copy_sample("cpp_depot");
  const auto run =
      run_cpp(repository, {"sh", "-c", "cmake --build build && build/depot_test --gtest_filter='*Weighs'"});
  EXPECT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(outcomes_of(run, "depot_test.cpp::Depot::Weighs"), ".") << told(run);
}

}  // namespace
