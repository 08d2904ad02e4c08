#include "orchestrator/service/webhooks.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "orchestrator/store/sql.h"
#include "tests/support/program.h"
#include "tests/support/skipping_loop.h"

namespace orchestrator {
namespace {

class WebhooksTest : public testing::Test {
 protected:
  ~WebhooksTest() override { background_.reset(); }

  // A job that has ended.
  void end(const std::string& id, const std::string& webhook, const std::string& client = "ann") {
    Submission said;
    said.id = id;
    said.client = client;
    said.webhook = webhook;
    said.error = "no";
    queue_.submit(said);
  }
  // How often it was called in vain; -1: it will not be called any more.
  std::int64_t tries(const std::string& id) {
    return database_.with([&](SQLite::Database& connection) {
      return sql::number_of(connection, "SELECT coalesce((SELECT tries FROM webhooks WHERE job = ?), -1)",
                            id);
    });
  }
  std::vector<std::string> due(const std::vector<std::string>& under_way = {}) {
    std::vector<std::string> ids;
    for (const auto& job : queue_.webhooks_due(16, under_way)) ids.push_back(job.id);
    return ids;
  }
  void wait_for_next_look() {
    loop_.until([timers = loop_.timers_made(), this] { return loop_.timers_made() > timers; });
  }
  void let_pause_pass() {
    now_ += 10'000;
    loop_.skip(std::chrono::seconds(10));
  }

  testing_support::TemporaryFolder folder_;
  testing_support::SkippingLoop loop_;
  Database database_{folder_ / "jobs.db"};
  std::atomic<Milliseconds> now_{1'000'000};
  JobQueue queue_{database_, {}, [this] { return now_.load(); }};
  std::unique_ptr<Background> background_ = std::make_unique<Background>();
  // Closed, and not of the internet.
  const std::string unreachable_ = "http://127.0.0.1:1/";
  Webhooks webhooks_{loop_, *background_, queue_, {.body = [](const StoredJob&) { return "{}"; }}};
};

TEST_F(WebhooksTest, AreTriedThreeTimes) {
  end("a", unreachable_);
  webhooks_.look();
  for (const std::int64_t tried : {1, 2, -1}) {
    loop_.until([&] { return tries("a") == tried; });
    let_pause_pass();
    if (tried < 0) break;
  }
}

TEST_F(WebhooksTest, OfOneReceiverHoldUpNoOther) {
  for (const char* user : {"", "u1@", "u2@"})
    for (int i = 0; i < 10; ++i) {
      end(fmt::format("slow {}{}", user, i), fmt::format("https://{}Tarpit.example:{}/{}", user, 80 + i, i));
      ++now_;
    }
  end("quick", "https://quick.example");
  const std::vector<std::string> slow{"slow 0", "slow 1", "slow 2", "slow 3"};
  EXPECT_EQ(due(), (std::vector<std::string>{"slow 0", "slow 1", "slow 2", "slow 3", "quick"}));
  EXPECT_EQ(due(slow), std::vector<std::string>{"quick"});
  EXPECT_EQ(due({"slow 0"}), (std::vector<std::string>{"slow 1", "slow 2", "slow 3", "quick"}));
}

TEST_F(WebhooksTest, OfOneClientHoldUpNoOther) {
  for (int i = 0; i < 100; ++i) {
    end(std::to_string(i), fmt::format("https://a{}.tarpit.example/", i), "ann");
    ++now_;
  }
  end("of bob", "https://quick.example/", "bob");
  const auto first = due();
  EXPECT_EQ(first.size(), 9u);
  EXPECT_EQ(first.at(1), "of bob") << "clients have their turns";
  EXPECT_EQ(due({"0", "1", "2", "3", "4", "5", "6", "7"}), std::vector<std::string>{"of bob"});
}

TEST_F(WebhooksTest, AreCalledAsSoonAsOthersHaveEnded) {
  for (int i = 0; i < 10; ++i) end(std::to_string(i), unreachable_);
  webhooks_.look();
  loop_.until([&] {
    for (int i = 0; i < 10; ++i)
      if (tries(std::to_string(i)) < 1) return false;
    return true;
  });
}

// A job that has failed, and is done once more.
TEST_F(WebhooksTest, AreNotCalledOfAnEndThatARetryHasTakenBack) {
  Submission said;
  said.id = "a";
  said.webhook = unreachable_;
  said.request = "{}";
  queue_.submit(said);
  const auto fail = [&] {
    const StoredJob job = queue_.take("", "w", 1).at(0);
    queue_.finish(job.id, job.epoch, JobState::failed, "", "no");
    return *queue_.find("a");
  };
  const StoredJob first = fail();
  EXPECT_EQ(queue_.webhooks_due(9).size(), 1u);
  queue_.retry("a");
  EXPECT_EQ(queue_.webhooks_due(9).size(), 0u);
  ++now_;
  fail();
  queue_.webhook_reached("a", first.ended);
  queue_.webhook_failed("a", first.ended, 10'000, 1);
  EXPECT_EQ(queue_.webhooks_due(9).size(), 1u) << "the second end is still to be told";
  queue_.webhook_reached("a", queue_.find("a")->ended);
  EXPECT_EQ(queue_.webhooks_due(9).size(), 0u);
}

TEST_F(WebhooksTest, GoOnAfterAnAddressThatCannotBeTried) {
  end("a", "https://" + std::string(8'100'000, 'a'));  // more than libcurl takes
  end("b", unreachable_);
  webhooks_.look();
  loop_.until([&] { return tries("a") == 1 && tries("b") == 1; });
}

TEST_F(WebhooksTest, GoOnAfterABodyThatCannotBeMade) {
  Webhooks speechless(loop_, *background_, queue_,
                      {.body = [](const StoredJob&) -> std::string { throw std::runtime_error("no"); }});
  end("a", unreachable_);
  speechless.look();
  loop_.until([&] { return tries("a") == 1; });
  background_.reset();  // it knows of the other
}

TEST_F(WebhooksTest, AreCalledAgainWhenTheDatabaseTookNoNoteOfThat) {
  end("a", unreachable_);
  database_.with([](SQLite::Database& connection) {
    connection.exec("CREATE TRIGGER full BEFORE UPDATE ON webhooks BEGIN SELECT RAISE(ABORT, 'full'); END");
  });
  webhooks_.look();
  int looks = 0;
  while (loop_.timers_made() == 0 && ++looks < 1'000'000) loop_.settle();
  EXPECT_EQ(tries("a"), 0);
  database_.with([](SQLite::Database& connection) { connection.exec("DROP TRIGGER full"); });
  let_pause_pass();
  loop_.until([&] { return tries("a") == 1; });
}

}  // namespace
}  // namespace orchestrator
