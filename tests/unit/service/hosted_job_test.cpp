#include "orchestrator/service/hosted_job.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>

#include "tests/support/program.h"

namespace orchestrator {
namespace {

class WriteReports : public testing::Test {
 protected:
  WriteReports() {
    spec_.id = "a";
    spec_.reports = folder_ / "reports";
    AttemptRecord attempt;
    attempt.outcome = sandbox::Outcome::passed;
    report_.attempts = {attempt};
  }

  testing_support::TemporaryFolder folder_;
  Spool spool_{folder_.path(), ""};
  Report report_;
  HostedJobSpec spec_;
};

TEST_F(WriteReports, TellsWhatThereIsAndWhatItTakes) {
  spec_.logs = HostedJob::logs_folder(spec_.reports);
  testing_support::write_file(spec_.logs + "/attempt-0000.stdout", std::string(10'000, 'x'));
  const HostedResult result = write_reports(report_, spool_, spec_);
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.total_runs, 1);
  EXPECT_NE(result.summary, "");
  EXPECT_FALSE(result.host_failed);
  const auto json = testing_support::read_file(HostedJob::report_file(spec_.reports, "json"));
  EXPECT_GT(result.left_bytes, static_cast<std::int64_t>(10'000 + json.size()));
  EXPECT_EQ(result.log_bytes, 10'000);
}

TEST_F(WriteReports, LeavesNoFileHalfWritten) {
  write_reports(report_, spool_, spec_);
  const auto file = HostedJob::report_file(spec_.reports, "json");
  const auto before = testing_support::read_file(file);
  for (const auto& entry : std::filesystem::directory_iterator(spec_.reports))
    EXPECT_EQ(entry.path().stem().string(), "report");
  std::filesystem::create_directories(file + ".part/in the way");
  report_.attempts.clear();
  const HostedResult result = write_reports(report_, spool_, spec_);
  EXPECT_NE(result.summary, "");
  EXPECT_EQ(testing_support::read_file(file), before);
}

TEST_F(WriteReports, CountsLogsAlsoWhereNoReportCouldBeWritten) {
  spec_.logs = HostedJob::logs_folder(spec_.reports);
  testing_support::write_file(spec_.logs + "/attempt-0000.stdout", std::string(10'000, 'x'));
  std::filesystem::create_directories(HostedJob::report_file(spec_.reports, "json") + "/in the way");
  const HostedResult result = write_reports(report_, spool_, spec_);
  EXPECT_EQ(result.log_bytes, 10'000);
  EXPECT_GE(result.left_bytes, 10'000);
}

// More folders in one another than may be open at once.
TEST_F(WriteReports, HasASummaryEvenWhereItsFilesCannotBeCounted) {
  std::string deep = spec_.reports;
  for (int depth = 0; depth < 200; ++depth) deep += "/d";
  std::filesystem::create_directories(deep);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit fewer{100, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &fewer), 0);
  const HostedResult result = write_reports(report_, spool_, spec_);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(result.error, "");
  EXPECT_NE(result.summary, "");
  EXPECT_FALSE(result.host_failed);
}

TEST_F(WriteReports, CountsAttemptsThatSaySomethingAlone) {
  report_.attempts[0].outcome = sandbox::Outcome::infrastructure_error;
  const HostedResult result = write_reports(report_, spool_, spec_);
  EXPECT_TRUE(result.host_failed);
  EXPECT_EQ(result.total_runs, 0);
  EXPECT_NE(result.host_reason, "") << "also where nothing is known";
}

TEST_F(WriteReports, TellsWhyTheHostHasFailedWhereNothingRan) {
  report_.attempts[0].outcome = sandbox::Outcome::infrastructure_error;
  report_.attempts[0].reason = "the engine is out of luck";
  EXPECT_EQ(write_reports(report_, spool_, spec_).host_reason, "the engine is out of luck");
  report_.attempts[0].outcome = sandbox::Outcome::passed;
  EXPECT_EQ(write_reports(report_, spool_, spec_).host_reason, "");
}

TEST_F(WriteReports, HasASummaryEvenWhereNoFileCanBeWritten) {
  testing_support::write_file(spec_.reports, "a file");
  const HostedResult result = write_reports(report_, spool_, spec_);
  EXPECT_EQ(result.error, "");
  EXPECT_NE(result.summary, "");
  EXPECT_EQ(result.left_bytes, 0);
}

TEST_F(WriteReports, IsAnErrorOfTheHostWhereWhatWasPrintedCannotBeRead) {
  report_.attempts[0].out = {.total_bytes = 10, .head_bytes = 10, .tail_bytes = 0, .spool_offset = 1'000};
  const HostedResult result = write_reports(report_, spool_, spec_);
  EXPECT_EQ(result.error_kind, "host");
  EXPECT_NE(result.error, "");
  EXPECT_TRUE(result.host_failed);
}

}  // namespace
}  // namespace orchestrator
