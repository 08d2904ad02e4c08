#include "orchestrator/cli/report_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

namespace fs = std::filesystem;

class ReportPath : public testing::Test {
 protected:
  ReportPath() {
    char name[] = "/tmp/orchestrator-test-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~ReportPath() override { fs::remove_all(folder_); }

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
    return complaint([&] { prepare_logs_folder(path); });
  }

  static nlohmann::json json_in(const std::string& path) {
    std::ifstream file(path);
    return nlohmann::json::parse(file);
  }

  std::string folder_;
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
