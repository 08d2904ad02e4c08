#include "orchestrator/cli/report_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "sandbox/io/error.h"
#include "tests/support/temporary_folder.h"

namespace orchestrator {
namespace {

namespace fs = std::filesystem;

class ReportPath : public testing::Test {
 protected:
  template <class Fn>
  static std::string complaint(Fn fn) {
    try {
      fn();
    } catch (const io::RequestError& error) {
      return error.what();
    }
    return "";
  }
  static std::string of_report(const std::string& path) {
    return complaint([&] { check_report_path("--json", path); });
  }
  static std::string of_logs(const std::string& path) {
    return complaint([&] { prepare_folder("--logs", path); });
  }

  static nlohmann::json json_in(const std::string& path) {
    std::ifstream file(path);
    return nlohmann::json::parse(file);
  }

  const testing_support::TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
};

TEST_F(ReportPath, MayBeNewOldOrNone) {
  std::ofstream(folder_ + "/old.json") << "kept";
  for (const std::string& path : {std::string(), std::string("-"), folder_ + "/new.json",
                                  folder_ + "/old.json", std::string("/dev/null")})
    EXPECT_EQ(of_report(path), "") << path;
  EXPECT_EQ(fs::file_size(folder_ + "/old.json"), 4u);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1)
      << "the check left a file";
}

TEST_F(ReportPath, ThatCannotBeWrittenIsKnownBeforehand) {
  EXPECT_EQ(of_report(folder_), "--json: " + folder_ + " is a folder; name a file");
  EXPECT_EQ(of_report(folder_ + "/none/"), "--json: " + folder_ + "/none/ is a folder; name a file");
  EXPECT_EQ(of_report(folder_ + "/none/r.json"),
            "--json: the folder " + folder_ + "/none cannot be written: No such file or directory");
  EXPECT_EQ(of_report("/proc/r.json"),
            "--json: the folder /proc cannot be written: No such file or directory");
}

TEST_F(ReportPath, OfARunWithoutAReportHoldsWhy) {
  const std::string path = folder_ + "/r.json";
  std::ofstream(path) << "the report of yesterday";
  ReportFile(path).write(Failure{"host", "no engine", 5}, "0.1.0");
  const auto document = json_in(path);
  EXPECT_EQ(document["end"], "error");
  EXPECT_EQ(document["error"]["message"], "no engine");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1) << "a file was left";
}

TEST_F(ReportPath, KeepsTheReportOfThisRunWhateverBreaksAfterIt) {
  const std::string path = folder_ + "/r.json";
  ReportFile file(path);
  file.write(Report{}, Spool(folder_, ""));
  file.write(Failure{"host", "stdout could not be written", 5}, "0.1.0");
  EXPECT_EQ(json_in(path)["total_runs"], 0);
}

TEST_F(ReportPath, ThatCannotHoldAFailureIsLeftAsItIs) {
  for (const std::string& path : {std::string(), folder_, folder_ + "/none/r.json"})
    ReportFile(path).write(Failure{"request", "wrong", 2}, "0.1.0");
  EXPECT_TRUE(fs::is_empty(folder_));
}

const ReportFormat& format(const std::string& flag) {
  for (const auto& each : report_formats())
    if (each.flag == flag) return each;
  throw std::runtime_error("no format " + flag);
}

TEST_F(ReportPath, OfAStepSummaryIsAddedToAndNeverRemoved) {
  const WantedReport wanted{&format("--step-summary"), folder_ + "/summary"};
  const Spool spool(folder_, "");
  std::ofstream(wanted.path) << "of others\n";
  write_report(wanted, Report{}, spool);
  const auto size = fs::file_size(wanted.path);
  EXPECT_GT(size, 100u);
  write_report(wanted, Report{}, spool);
  EXPECT_GT(fs::file_size(wanted.path), size);
  discard_older(wanted);
  std::ifstream file(wanted.path);
  std::string first;
  std::getline(file, first);
  EXPECT_EQ(first, "of others");
  fs::resize_file(wanted.path, 2'000'000);
  write_report(wanted, Report{}, spool);
  EXPECT_EQ(fs::file_size(wanted.path), 2'000'000u) << "GitHub would drop all of it";
}

TEST_F(ReportPath, OfAnyOtherFormIsWrittenAnew) {
  const Spool spool(folder_, "");
  for (const auto& each : report_formats()) {
    if (each.append) continue;
    const WantedReport wanted{&each, folder_ + "/report"};
    std::ofstream(wanted.path) << "the report of yesterday";
    write_report(wanted, Report{}, spool);
    std::ifstream file(wanted.path);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(text.find("of yesterday"), std::string::npos) << each.flag;
    EXPECT_FALSE(fs::exists(wanted.path + ".part"));
    discard_older(wanted);
    EXPECT_FALSE(fs::exists(wanted.path)) << each.flag;
  }
}

TEST_F(ReportPath, OfStdoutDoesNotGoWithWorkflowCommands) {
  CommandLine line;
  line.github_annotations = true;
  line.reports = {{&format("--junit"), "-"}};
  EXPECT_NE(complaint([&] { check_report_paths(line); }).find("--github-annotations"), std::string::npos);
  line.reports[0].path = folder_ + "/j";
  EXPECT_EQ(complaint([&] { check_report_paths(line); }), "");
}

TEST_F(ReportPath, FolderOfLogsIsMadeOrRefused) {
  EXPECT_EQ(of_logs(""), "");
  EXPECT_EQ(of_logs(folder_ + "/a/b"), "");
  EXPECT_TRUE(fs::is_empty(folder_ + "/a/b"));
  EXPECT_EQ(of_logs("/proc").find("--logs: the folder /proc cannot be written"), 0u);
  std::ofstream(folder_ + "/file") << "";
  EXPECT_EQ(of_logs(folder_ + "/file/c").find("--logs: cannot make the folder"), 0u);
}

}  // namespace
}  // namespace orchestrator
