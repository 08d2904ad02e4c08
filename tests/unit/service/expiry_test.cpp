#include "orchestrator/service/expiry.h"

#include <gtest/gtest.h>

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

  testing_support::TemporaryFolder folder_;
  testing_support::SkippingLoop loop_;
  Database database_{folder_ / "jobs.db"};
  std::atomic<Milliseconds> now_{1'000'000};
  JobQueue queue_{database_, {}, [this] { return now_.load(); }};
  std::unique_ptr<Background> background_ = std::make_unique<Background>();
  std::atomic<int> forgotten_{0};
  Expiry expiry_{loop_,           *background_,
                 queue_,          [this] { return now_.load(); },
                 {.age = 60'000}, [this](const auto&) {
        ++forgotten_; }};
};

TEST_F(ExpiryTest, EndsAndForgetsJobsWhenTheirTimeIsOver) {
  submit("a", 10'000);
  expiry_.start();
  loop_.until([&] { return loop_.timers_made() == 1; });
  let_time_pass(10'000);
  loop_.until([&] { return is_over("a"); });
  for (int looks = 2; forgotten_ == 0; ++looks) {
    loop_.until([&] { return loop_.timers_made() >= looks; });
    let_time_pass(60'000);
    ASSERT_LT(looks, 10);
  }
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
