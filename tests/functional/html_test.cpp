// The page of --html, as a person gets it.
#include "attempts.h"

namespace {

using namespace testing_support;

TEST(Page, IsWrittenBesideTheOtherReports) {
  const TemporaryFolder folder;
  const std::string path = folder / "report.html";
  const auto run = run_line({"--runs", "3", "--seed", "1", "--html", path},
                            "echo \"<b>$ATTEMPT</b>\"; exit $((ATTEMPT % 2))");
  ASSERT_EQ(run.exit_code, 1) << told(run);
  const std::string page = read_file(path);
  EXPECT_NE(page.find("The command is flaky"), std::string::npos);
  for (const char* attempt : {"0", "1", "2"}) {
    EXPECT_NE(page.find(std::string("id=\"attempt-") + attempt + "\""), std::string::npos);
    EXPECT_NE(page.find(std::string("\\u003cb\\u003e") + attempt + "\\u003c/b\\u003e"), std::string::npos);
  }
  EXPECT_EQ(page.find("<b>"), std::string::npos);
}

TEST(Page, ThatCannotBeWrittenIsSaidBeforeTheFirstAttempt) {
  const auto run = run_line({"--runs", "1", "--html", "/nowhere/report.html"}, "true");
  EXPECT_EQ(run.exit_code, 2) << told(run);
  EXPECT_NE(run.err.find("--html: the folder /nowhere cannot be written"), std::string::npos) << run.err;
}

}  // namespace
