#include "orchestrator/store/database.h"

#include <thread>

#include "orchestrator/store/history.h"
#include "sandbox/io/error.h"
#include "tests/unit/store/store_fixture.h"

namespace orchestrator {
namespace {

std::string complaint_of(const std::function<void()>& fn) {
  try {
    fn();
  } catch (const io::HostError& error) {
    return error.what();
  }
  return "";
}

using DatabaseTest = StoreTest;

TEST_F(DatabaseTest, HasAllAfterItWasOpenedAnew) {
  end("done", JobState::completed);
  submit("waits");
  submit("runs");
  const StoredJob running = take("w1");
  queue().tell_progress(running.id, running.epoch, R"({"n":1})", {"1"});
  open();
  EXPECT_EQ(state("done"), JobState::completed);
  EXPECT_EQ(find("done").output, R"({"of":"done"})");
  EXPECT_EQ(state(running.id), JobState::running);
  EXPECT_EQ(find(running.id).progress, R"({"n":1})");
  EXPECT_EQ(find(running.id).epoch, running.epoch);
  EXPECT_EQ(queue().take_chunks(running.id), Ids{"1"});
  EXPECT_EQ(queue().counts("").queued, 1);
  EXPECT_EQ(events().last(), 1);
  submit("another");
  EXPECT_EQ(find("another").number, 4) << "numbers go on";
}

// What the later versions of the schema have brought, the fourth, and the third.
constexpr const char* kNotInThird =
    "ALTER TABLE jobs DROP COLUMN host_failures; ALTER TABLE jobs DROP COLUMN not_before; DROP TRIGGER "
    "webhook_of_ended; DROP TRIGGER webhook_of_refused; DROP INDEX webhooks_in_turn; ALTER "
    "TABLE "
    "webhooks DROP COLUMN receiver; ALTER TABLE webhooks DROP COLUMN client; ALTER TABLE jobs DROP COLUMN "
    "receiver; "
    "DROP TRIGGER end_of_ended; DROP TRIGGER end_of_refused; DROP VIEW ends; DROP TRIGGER chunk_came; DROP "
    "TRIGGER chunk_went; DROP TABLE untaken; DROP INDEX jobs_without_logs; DROP INDEX "
    "idempotency_keys_by_job; DELETE FROM events WHERE type = 'job_ended'; DROP INDEX jobs_by_size; ALTER "
    "TABLE jobs DROP COLUMN log_bytes; ALTER TABLE jobs DROP COLUMN logs_gone; CREATE INDEX jobs_by_size ON "
    "jobs (number, ended, bytes, id); PRAGMA user_version = 3";
constexpr const char* kNotInSecond =
    "DROP INDEX jobs_by_size; DROP INDEX jobs_by_worker; ALTER TABLE jobs DROP COLUMN bytes; ALTER TABLE "
    "jobs DROP COLUMN given_back; PRAGMA user_version = 2";

TEST_F(DatabaseTest, KnowsTheSizesOfWhatCameBeforeItCountedThem) {
  end("a", JobState::completed);
  const std::string sizes = "SELECT bytes FROM jobs";
  const auto size = database_->with([&](SQLite::Database& of_today) {
    const auto counted = of_today.execAndGet(sizes).getInt64();
    of_today.exec(kNotInThird);
    of_today.exec(kNotInSecond);
    return counted;
  });
  EXPECT_GT(size, 0);
  open();
  EXPECT_EQ(
      database_->with([&](SQLite::Database& migrated) { return migrated.execAndGet(sizes).getInt64(); }),
      size);
}

TEST_F(DatabaseTest, OfTheThirdVersionTellsEndsAndCountsItsChunks) {
  submit("a");
  const StoredJob taken = take();
  queue().tell_progress("a", taken.epoch, "", {"1234", "56"});
  database_->with([](SQLite::Database& of_today) { of_today.exec(kNotInThird); });
  open();
  const auto untaken = [&] {
    return database_->with([](SQLite::Database& migrated) {
      return migrated.execAndGet("SELECT sum(bytes) FROM untaken").getInt64();
    });
  };
  EXPECT_EQ(untaken(), 6 + 2 * kChunkRow);
  queue().tell_progress("a", taken.epoch, "", {"7"});
  EXPECT_EQ(untaken(), 7 + 3 * kChunkRow);
  EXPECT_EQ(queue().take_chunks("a"), (Ids{"1234", "56", "7"}));
  EXPECT_EQ(untaken(), 0);
  EXPECT_EQ(events().last(), 0);
  finish(taken);
  EXPECT_EQ(events().read(0, "a", 9).at(0).type, "job_ended");
  EXPECT_FALSE(find("a").logs_gone);
}

TEST_F(DatabaseTest, OfTheThirdVersionLearnsOfTheEndsThatItHasSeen) {
  submit("late");
  const StoredJob late = take();
  submit("early");
  const StoredJob early = take();
  queue().finish("early", early.epoch, JobState::failed, "", R"({"error_message":"no"})");
  events().append({{0, "late", now_, "run_finished", "{}"}});
  now_ += 1'000;
  finish(late);
  submit("waits");
  database_->with([](SQLite::Database& of_today) { of_today.exec(kNotInThird); });
  open();
  const auto all = events().read(0, "", 9);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[1].job, "early");
  EXPECT_EQ(all[1].time, now_ - 1'000);
  EXPECT_EQ(all[1].data, R"({"state":"failed","error":"no"})");
  EXPECT_EQ(all[2].job, "late");
  EXPECT_EQ(all[2].type, "job_ended");
  EXPECT_EQ(all[2].time, now_);
  EXPECT_EQ(all[2].data, R"({"state":"completed"})");
  open();
  EXPECT_EQ(events().read(0, "", 9).size(), 3u) << "once";
}

TEST_F(DatabaseTest, CountsTheErrorsThatItHadBeforeItCountedThem) {
  submit("a");
  const StoredJob taken = take();
  queue().finish("a", taken.epoch, JobState::failed, "", std::string(5'000, 'x'));
  const auto size = [&] {
    return database_->with([](SQLite::Database& connection) {
      return connection.execAndGet("SELECT bytes FROM jobs").getInt64();
    });
  };
  const auto counted = size();
  database_->with([](SQLite::Database& of_today) {
    of_today.exec(kNotInThird);
    of_today.exec(kNotInSecond);
  });
  open();
  EXPECT_EQ(size(), counted);
}

TEST_F(DatabaseTest, SaysWhyNothingCanBeWritten) {
  EXPECT_EQ(database_->obstacle(), std::nullopt);
  database_->with([](SQLite::Database& connection) { connection.exec("PRAGMA query_only = 1"); });
  ASSERT_TRUE(database_->obstacle());
  EXPECT_NE(database_->obstacle()->find("jobs.db"), std::string::npos);
  database_->with([](SQLite::Database& connection) { connection.exec("PRAGMA query_only = 0"); });
  EXPECT_EQ(database_->obstacle(), std::nullopt);
  open();
}

TEST_F(DatabaseTest, FindsTheKeysOfAJobWithoutReadingThoseOfOthers) {
  const std::string way = database_->with([](SQLite::Database& connection) {
    SQLite::Statement plan(connection, "EXPLAIN QUERY PLAN DELETE FROM idempotency_keys WHERE job = 'a'");
    return plan.executeStep() ? plan.getColumn(3).getString() : "";
  });
  EXPECT_NE(way.find("idempotency_keys_by_job"), std::string::npos) << way;
}

// Nothing of what the first version knew is lost, and all of it can be worked with.
TEST_F(DatabaseTest, OfTheFirstVersionGoesOnAsItWas) {
  queue_.reset();
  database_.reset();
  for (const char* part : {"", "-wal", "-shm"}) std::filesystem::remove(file() + part);
  SQLite::Database(file(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
      .exec(testing_support::read_file(testing_support::source_path("tests/unit/store/version_1.sql")));
  open();
  EXPECT_EQ(state("done"), JobState::completed);
  EXPECT_NE(find("done").output.find("\"total_runs\": 4"), std::string::npos);
  EXPECT_EQ(find("failed").error, "no");
  EXPECT_EQ(queue().take_chunks("runs"), Ids{R"({"attempt":0})"});
  EXPECT_EQ(queue().webhooks_due(9).size(), 2u);
  EXPECT_EQ(events().last(), 3) << "what it had, and the ends of two jobs";
  EXPECT_EQ(events().read(0, "done", 9).front().type, "run_finished");
  EXPECT_EQ(events().read(0, "done", 9).back().type, "job_ended");
  EXPECT_EQ(events().read(0, "failed", 9).back().data, R"({"state":"failed","error":"no"})");
  Submission again = job("never made");
  again.client = "ann";
  again.idempotency = IdempotencyKey{"key", "hash"};
  EXPECT_EQ(queue().submit(again).id, "done");

  // A worker of then, and one of now.
  EXPECT_TRUE(queue().finish("runs", 1, JobState::completed, find("done").output, ""));
  EXPECT_TRUE(finish(take("w2"), JobState::completed, "[" + find("done").output + "]"));
  History history(*database_);
  EXPECT_EQ(history.recent("", 9).size(), 3u);
  EXPECT_TRUE(queue().retry("failed"));
  Retention none;
  none.bytes = 0;
  now_ += kLeastKept;
  for (const StoredJob& told : queue().webhooks_due(9)) queue().webhook_reached(told.id, told.ended);
  queue().expire(none);
  EXPECT_FALSE(queue().find("done"));
  EXPECT_EQ(history.recent("", 9).size(), 3u) << "the history outlives its jobs";
}

TEST_F(DatabaseTest, OfALaterVersionIsRefused) {
  database_->with([](SQLite::Database& connection) { connection.exec("PRAGMA user_version = 999"); });
  queue_.reset();
  database_.reset();
  const std::string complaint = complaint_of([&] { Database{file()}; });
  EXPECT_NE(complaint.find("later version"), std::string::npos) << complaint;
  EXPECT_NE(complaint.find("999"), std::string::npos) << complaint;
}

TEST_F(DatabaseTest, ThatIsNoneIsAnErrorOfTheHostThatNamesTheFile) {
  testing_support::write_file(folder_ / "text", std::string(10'000, 'x'));
  const std::string no_database = complaint_of([&] { Database{folder_ / "text"}; });
  EXPECT_NE(no_database.find(folder_ / "text"), std::string::npos) << no_database;
  const std::string no_folder = complaint_of([&] { Database{folder_ / "missing/jobs.db"}; });
  EXPECT_NE(no_folder.find("missing/jobs.db"), std::string::npos) << no_folder;
}

TEST_F(DatabaseTest, TakesBackWhatATransactionDidThatThrew) {
  EXPECT_THROW(database_->transact([](SQLite::Database& connection) {
    connection.exec("INSERT INTO workers (name, endpoint, heard) VALUES ('w', 'e', 1)");
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  EXPECT_EQ(database_->with([](SQLite::Database& connection) {
    return connection.execAndGet("SELECT count(*) FROM workers").getInt();
  }),
            0);
}

TEST_F(DatabaseTest, TurnsWhatSqliteThrowsIntoAnErrorOfTheHost) {
  EXPECT_NE(complaint_of([&] {
              database_->with([](SQLite::Database& connection) { connection.exec("NO SUCH WORD"); });
            }),
            "");
}

TEST_F(DatabaseTest, PutsEachCommitOnDiskBeforeItGoesOn) {
  database_->with([](SQLite::Database& connection) {
    EXPECT_EQ(connection.execAndGet("PRAGMA journal_mode").getString(), "wal");
    EXPECT_EQ(connection.execAndGet("PRAGMA synchronous").getInt(), 2);
    EXPECT_EQ(connection.execAndGet("PRAGMA foreign_keys").getInt(), 1);
  });
}

}  // namespace
}  // namespace orchestrator
