// What `serve` keeps of jobs that have ended when that becomes too much, and what it never lets go of so
// soon.
#include <filesystem>

#include "tests/functional/attempts.h"
#include "tests/support/serving.h"

namespace {

using namespace testing_support;
using nlohmann::json;

class ServeThatKeepsLittle : public testing::Test {
 protected:
  // A look at what is kept is taken at each start, so that nobody has to wait for the next.
  void start_again() {
    serve_.signal(SIGTERM);
    EXPECT_EQ(serve_.finish(), 0) << serve_.log();
    serve_.start();
  }
  std::string folder_of(const std::string& id) const {
    return serve_.state_folder() + "/serve/reports/" + id;
  }
  static bool exists(const std::string& path) { return std::filesystem::exists(path); }

  Serving serve_{programs(), {"--keep", "0", "--keep-size", "16m"}};
};

TEST_F(ServeThatKeepsLittle, LetsLogsGoAndKeepsTheResultForAWhile) {
  const std::string id =
      serve_.run(quick_job(programs(), "head -c 20000000 /dev/zero; test $ATTEMPT != 1", 2));
  ASSERT_EQ(serve_.ended(id).at("status"), "COMPLETED") << serve_.log();
  const std::string logs = folder_of(id) + "/logs";
  ASSERT_EQ(std::filesystem::file_size(logs + "/attempt-0000.stdout"), 20'000'000u);

  start_again();
  EXPECT_TRUE(eventually([&] { return !exists(logs); })) << serve_.log();
  const std::string job = "/api/v1/jobs/" + id;
  const HttpAnswer log = serve_.get(job + "/attempts/0/stdout");
  EXPECT_EQ(log.status, 404);
  EXPECT_NE(log.body.find("were removed"), std::string::npos) << log.body;
  EXPECT_EQ(serve_.status(id).at("output").at("failures"), 1);
  EXPECT_EQ(serve_.got(job + "/report.json").at("total_runs"), 2);
  EXPECT_EQ(serve_.get(job + "/report.html").status, 200);
}

TEST_F(ServeThatKeepsLittle, RemovesWhatNoJobHasLeft) {
  const std::string id = serve_.run(quick_job(programs(), "true", 1));
  ASSERT_EQ(serve_.ended(id).at("status"), "COMPLETED") << serve_.log();
  const std::string lost = folder_of("2b0a64ac-5d0c-4d43-8b7c-1c2d3e4f5a6b-u1");
  write_file(lost + "/report.json", "{}");
  write_file(folder_of("of-the-operator") + "/notes", "");

  start_again();
  EXPECT_TRUE(eventually([&] { return !exists(lost); })) << serve_.log();
  EXPECT_TRUE(exists(folder_of(id) + "/report.json"));
  EXPECT_TRUE(exists(folder_of("of-the-operator") + "/notes"));
}

}  // namespace
