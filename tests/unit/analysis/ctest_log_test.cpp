// What CTest logs, its own tests and those of GoogleTest in them. The samples, written by CTest 3.31, are the
// fuzzer's seeds.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "orchestrator/analysis/result_format.h"

namespace orchestrator {
namespace {

constexpr const char* kPath = "build/Testing/Temporary/LastTest.log";

std::string sample(const std::string& name) {
  std::ifstream file(SOURCE_FOLDER "/tests/fuzz/seeds/ctest_log_fuzz/" + name + ".log", std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

std::vector<ResultCase> cases_of(const std::string& bytes, const std::string& problem = "") {
  std::vector<ResultCase> cases;
  EXPECT_EQ(read_results(kPath, bytes, [&](ResultCase one) { cases.push_back(std::move(one)); }), problem);
  return cases;
}

// "passed Depot.Weighs\n"
std::string story(const std::vector<ResultCase>& cases) {
  std::string text;
  for (const auto& one : cases)
    text += std::string(name(one.outcome)) + (one.again ? " again " : " ") + one.id + "\n";
  return text;
}

std::string log_of(const std::string& name, const std::string& output,
                   const std::string& end = "Test Failed.") {
  return "1/1 Testing: " + name + "\n1/1 Test: " + name + "\nOutput:\n----------\n" + output +
         "<end of output>\nTest time =   0.25 sec\n----------\n" + end + "\n";
}

TEST(CtestLog, TellsTestsOfCtestAndOfGoogleTestApart) {
  const auto cases = cases_of(sample("all"));
  EXPECT_EQ(story(cases),
            "passed Depot.Weighs\nfailed Depot.Fails\nskipped Depot.Skips\npassed Depot.Crashes\n"
            "passed whole::Depot.Weighs\nfailed whole::Depot.Fails\nskipped whole::Depot.Skips\n"
            "passed whole::Depot.Crashes\npassed whole\n"
            "failed plain\nfailed slow\npassed skipped\n");
  EXPECT_EQ(cases[1].facts.location, "depot_test.cpp:4");
  EXPECT_EQ(cases[1].facts.message, "Expected equality of these values: 1 2 no");
  EXPECT_NE(cases[1].text.find("Failure"), std::string::npos);
  EXPECT_EQ(cases[9].facts.message, "hello");
  EXPECT_DOUBLE_EQ(cases[10].seconds, 1.0);
}

TEST(CtestLog, KnowsWhichTestTookItsProgramAlong) {
  const auto cases = cases_of(sample("crashed"));
  EXPECT_EQ(story(cases),
            "passed whole::Depot.Weighs\nfailed whole::Depot.Fails\nskipped whole::Depot.Skips\n"
            "error whole::Depot.Crashes\npassed whole\n");
  EXPECT_EQ(cases[3].facts.exception, "crashed");
}

TEST(CtestLog, BlamesTheProgramForWhatIsNoneOfItsTests) {
  const std::string passes = "[ RUN      ] A.B\n[       OK ] A.B (3 ms)\n";
  EXPECT_EQ(story(cases_of(log_of("unit", passes + "double free\n"))), "passed unit::A.B\nfailed unit\n");
  EXPECT_EQ(story(cases_of(log_of("A.B", passes + "double free\n"))), "passed A.B\nfailed A.B\n")
      << "the worse of the two counts";
  EXPECT_EQ(story(cases_of(log_of("x/A.B", passes, "Test Passed."))), "passed x/A.B\n");
}

TEST(CtestLog, ReadsRepeatsAndParameters) {
  const auto cases =
      cases_of(log_of("unit",
                      "said[ RUN      ] P/A.B/0\nsaid[  FAILED  ] P/A.B/0, where GetParam() = 7 (2 ms)\n"
                      "[ RUN      ] P/A.B/0\n[       OK ] P/A.B/0 (1 ms)\n"
                      "[  FAILED  ] 1 test, listed below:\n[  FAILED  ] P/A.B/0, where GetParam() = 7\n"));
  EXPECT_EQ(story(cases), "failed unit::P/A.B/0\npassed again unit::P/A.B/0\npassed unit\n");
  EXPECT_DOUBLE_EQ(cases[0].seconds, 0.002);
}

TEST(CtestLog, KeepsTheNameOfACaseThatRanTwice) {
  const std::string passes = "[ RUN      ] A.B\n[       OK ] A.B (3 ms)\n",
                    fails = "[ RUN      ] A.B\n[  FAILED  ] A.B (3 ms)\n";
  EXPECT_EQ(story(cases_of(log_of("A.B", passes + fails))), "passed A.B\nfailed again A.B\n");
}

TEST(CtestLog, BelievesNoPassOfWhatWasNeverStarted) {
  EXPECT_EQ(story(cases_of("1/1 Testing: a\nCommand: \"\"\n" + log_of("b", "", "Test Passed."))),
            "passed b\n");
  std::string log = log_of("a", "Unable to find executable: gone\n", "Test Passed.");
  log.insert(log.find("Output:"), "Command: \"\"\n");
  EXPECT_EQ(story(cases_of(log + log_of("b", "", "Test Passed."))), "skipped a\npassed b\n");
}

TEST(CtestLog, SaysWhyCtestWasNotContent) {
  const auto cases = cases_of(
      log_of("unit", "done\n", "Test Fail Reason:\nRequired regular expression not found. Regex=[ok]"));
  EXPECT_EQ(story(cases), "failed unit\n");
  EXPECT_EQ(cases[0].facts.message, "Required regular expression not found. Regex=[ok]");
}

TEST(CtestLog, LeavesOutATestWhoseEndIsNotThere) {
  EXPECT_EQ(story(cases_of(log_of("a", "", "Test Passed.") + "2/2 Testing: b\nOutput:\n-----\nhalf")),
            "passed a\n");
  EXPECT_EQ(story(cases_of("Start testing: now\n", "names no test")), "");
  EXPECT_EQ(story(cases_of("1/1 Testing: \nTest Passed.\n", "names no test")), "");
}

}  // namespace
}  // namespace orchestrator
