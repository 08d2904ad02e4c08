// C++ by CMake: what is compiled when, and tests of GoogleTest that run without CTest.
#include "tests/support/repositories.h"

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

// Another's sources are there when the image is made; attempts have no network.
TEST(Cpp, HasWhatCMakeFetches) {
  const Repository repository;
  repository.write("CMakeLists.txt",
                   "cmake_minimum_required(VERSION 3.16)\nproject(fetching CXX)\nenable_testing()\n"
                   "include(FetchContent)\n"
                   "FetchContent_Declare(googletest URL /usr/src/googletest)\n"
                   "FetchContent_MakeAvailable(googletest)\ninclude(GoogleTest)\n"
                   "add_executable(one one.cpp)\ntarget_link_libraries(one GTest::gtest_main)\n"
                   "gtest_discover_tests(one)\n");
  repository.write("one.cpp", "#include <gtest/gtest.h>\nTEST(One, IsOne) { EXPECT_EQ(1, 1); }\n");
  const auto run = run_cpp(repository, {"sh", "-c", "cmake --build build && ctest --test-dir build"});
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(outcomes_of(run, "One.IsOne"), ".") << told(run);
  EXPECT_FALSE(has(stdout_of(run), "Building CXX")) << stdout_of(run);
  bool said = false;
  for (const auto& layer : layers(run))
    said = said || has(layer.at("note").get<std::string>(), "CMake fetches");
  EXPECT_TRUE(said) << layers(run);
}

}  // namespace
