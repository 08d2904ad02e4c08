#include "orchestrator/service/expiry.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/program.h"
#include "tests/support/skipping_loop.h"

namespace orchestrator {
namespace {

class ExpiryTest : public testing::Test {
 protected:
  ~ExpiryTest() override { background_.reset(); }

  void submit(const std::string& id, Milliseconds ttl) {
    Submission said;
    said.id = id;
    said.ttl = ttl;
    queue_.submit(said);
  }
  void let_time_pass(Milliseconds by) {
    now_ += by;
    loop_.skip(std::chrono::milliseconds(by));
  }
  bool is_over(const std::string& id) { return is_final(queue_.find(id)->state); }

  // A job that has ended, with these many bytes of logs on disk.
  void end(const std::string& id, std::int64_t log_bytes) {
    submit(id, 86'400'000);
    testing_support::write_file(report_of(id), "{}");
    testing_support::write_file(log_of(id), "x");
    queue_.finish(id, queue_.take("", "local", 1).at(0).epoch, JobState::completed, "1", "", log_bytes,
                  log_bytes);
  }
  std::string folder_of(const std::string& id) const { return folder_ / "reports/" + id; }
  std::string report_of(const std::string& id) const { return folder_of(id) + "/report.json"; }
  std::string log_of(const std::string& id) const { return folder_of(id) + "/logs/attempt-0000.stdout"; }
  static bool exists(const std::string& path) { return std::filesystem::exists(path); }
  // After a start: once the files are looked after, and the next look is planned.
  void wait_for_look(int number) {
    loop_.until([&] { return loop_.timers_made() >= number; });
  }

  testing_support::TemporaryFolder folder_;
  testing_support::SkippingLoop loop_;
  Database database_{folder_ / "jobs.db"};
  std::atomic<Milliseconds> now_{1'000'000};
  JobQueue queue_{database_, {}, [this] { return now_.load(); }};
  std::unique_ptr<Background> background_ = std::make_unique<Background>();
  Expiry expiry_{loop_,
                 *background_,
                 queue_,
                 [this] { return now_.load(); },
                 {.age = 0, .bytes = 1'000},
                 folder_ / "reports"};
};

TEST_F(ExpiryTest, EndsAndForgetsJobsWhenTheirTimeIsOver) {
  submit("a", 10'000);
  expiry_.start();
  loop_.until([&] { return loop_.timers_made() == 1; });
  let_time_pass(10'000);
  loop_.until([&] { return is_over("a"); });
  for (int looks = 2; queue_.find("a"); ++looks) {
    loop_.until([&] { return loop_.timers_made() >= looks; });
    let_time_pass(kLeastKept);
    ASSERT_LT(looks, 10);
  }
}

TEST_F(ExpiryTest, RemovesTheFilesOfWhatIsForgotten) {
  end("quiet-u1", 10);
  end("chatty-u1", 5'000);
  expiry_.start();
  wait_for_look(1);
  EXPECT_FALSE(exists(log_of("quiet-u1"))) << "the oldest logs first";
  EXPECT_FALSE(exists(log_of("chatty-u1")));
  EXPECT_TRUE(exists(report_of("quiet-u1")));
  EXPECT_TRUE(exists(report_of("chatty-u1"))) << "nobody has had the time to read it";
  let_time_pass(kLeastKept);
  wait_for_look(2);
  EXPECT_FALSE(queue_.find("chatty-u1"));
  EXPECT_FALSE(exists(folder_of("quiet-u1")));
  EXPECT_FALSE(exists(folder_of("chatty-u1")));
}

TEST_F(ExpiryTest, RemovesAtAStartWhatASuddenDeathHasLeft) {
  end("a-u1", 5'000);
  queue_.expire({.bytes = 1'000});  // and then it died
  testing_support::write_file(log_of("gone-u1"), "x");
  testing_support::write_file(log_of("backup"), "x");
  expiry_.start();
  wait_for_look(1);
  EXPECT_FALSE(exists(folder_of("a-u1") + "/logs"));
  EXPECT_TRUE(exists(report_of("a-u1")));
  EXPECT_FALSE(exists(folder_of("gone-u1")));
  EXPECT_TRUE(exists(log_of("backup"))) << "no job was ever called like that";
}

TEST_F(ExpiryTest, PlansAnewWhenAJobHasCome) {
  expiry_.start();
  loop_.until([&] { return loop_.timers_made() == 1; });
  submit("a", 10'000);
  expiry_.changed();
  expiry_.changed();
  loop_.until([&] { return loop_.timers_made() == 2; });
  let_time_pass(1'000);
  loop_.until([&] { return loop_.timers_made() == 3; });
  let_time_pass(9'000);
  loop_.until([&] { return is_over("a"); });
}

TEST_F(ExpiryTest, GoesOnAfterAnErrorOfTheDatabase) {
  submit("a", 10'000);
  database_.with([](SQLite::Database& connection) {
    connection.exec("CREATE TRIGGER full BEFORE UPDATE ON jobs BEGIN SELECT RAISE(ABORT, 'full'); END");
  });
  let_time_pass(10'000);
  expiry_.start();
  loop_.until([&] { return loop_.timers_made() == 1; });
  EXPECT_FALSE(is_over("a"));
  database_.with([](SQLite::Database& connection) { connection.exec("DROP TRIGGER full"); });
  let_time_pass(60'000);
  loop_.until([&] { return is_over("a"); });
}

}  // namespace
}  // namespace orchestrator
