#include "orchestrator/store/history.h"

#include <gtest/gtest.h>

#include "orchestrator/store/job_queue.h"
#include "sandbox/io/error.h"
#include "tests/support/program.h"

namespace orchestrator {
namespace {

constexpr Milliseconds kDay = 86'400'000;

class HistoryTest : public testing::Test {
 protected:
  // A job that ended with such a summary.
  void run(const std::string& output, JobState state = JobState::completed) {
    Submission said;
    said.id = "job-" + std::to_string(++jobs_);
    said.client = "me";
    said.input = said.request = "{}";
    queue_.submit(said);
    const StoredJob job = queue_.take("", "local", 1).at(0);
    now_ += 2'000;
    queue_.finish(job.id, job.epoch, state, output, "");
  }
  // `command`: a line, or words as JSON.
  static std::string summary(const std::string& repo, const std::string& command, int runs, int failures,
                             const std::string& verdict = "flaky") {
    return R"({"total_runs":)" + std::to_string(runs) +
           R"(,"parallelism":2,"framework":"python","failures":)" + std::to_string(failures) +
           R"(,"repro_rate":)" + std::to_string(runs > 0 ? double(failures) / runs : 0) +
           R"(,"severity":"HIGH","verdict":")" + verdict + R"(","job":{"plan":{"repo":")" + repo +
           R"(","test_command":)" + (command.starts_with('[') ? command : '"' + command + '"') +
           R"(}},"environment":{"ref":"main","commit":"abc"}})";
  }

  testing_support::TemporaryFolder folder_;
  Database database_{folder_ / "jobs.db"};
  Milliseconds now_ = 20'000 * kDay;
  JobQueue queue_{database_, {}, [this] { return now_; }};
  History history_{database_};
  int jobs_ = 0;
};

TEST_F(HistoryTest, HoldsEachCompletedJobOnce) {
  run(summary("r", "pytest", 10, 5));
  const auto runs = history_.recent("", 10);
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].job, "job-1");
  EXPECT_EQ(runs[0].repository, "r");
  EXPECT_EQ(runs[0].test_command, "pytest");
  EXPECT_EQ(runs[0].total_runs, 10);
  EXPECT_EQ(runs[0].failures, 5);
  EXPECT_DOUBLE_EQ(runs[0].repro_rate, 0.5);
  EXPECT_EQ(runs[0].severity, "HIGH");
  EXPECT_EQ(runs[0].commit, "abc");
  EXPECT_DOUBLE_EQ(runs[0].duration_s.value(), 2.0);
}

TEST_F(HistoryTest, KnowsTheSummaryOfAWorkerThatStreams) {
  run("[" + summary("r", "pytest", 10, 5) + "]");
  ASSERT_EQ(history_.recent("", 10).size(), 1u);
  EXPECT_EQ(history_.recent("", 10)[0].repository, "r");
  EXPECT_EQ(history_.recent("", 10)[0].failures, 5);
}

TEST_F(HistoryTest, LeavesOutWhatIsNoSummary) {
  run("{}");
  run("[]");
  run(R"(["not JSON"])");
  run(R"("not JSON")");
  run("[1, 2]");
  run("not JSON at all");
  run(R"({"total_runs":"ten","failures":1,"job":{"plan":{"repo":"r"}}})");
  run(summary("r", "pytest", 10, 5), JobState::failed);
  EXPECT_TRUE(history_.recent("", 10).empty());
}

TEST_F(HistoryTest, OutlivesItsJobs) {
  run(summary("r", "pytest", 10, 5));
  now_ += 100 * kDay;
  EXPECT_EQ(queue_.expire({.age = kDay}).jobs.size(), 1u);
  EXPECT_EQ(history_.recent("", 10).size(), 1u);
}

TEST_F(HistoryTest, TellsTheNewestFirstAndOfOneRepository) {
  run(summary("a", "one", 10, 1));
  run(summary("b", "two", 10, 1));
  run(summary("a", "three", 10, 1));
  const auto of_a = history_.recent("a", 10);
  ASSERT_EQ(of_a.size(), 2u);
  EXPECT_EQ(of_a[0].test_command, "three");
  EXPECT_EQ(history_.recent("", 2).size(), 2u);
}

TEST_F(HistoryTest, HasTheMeanRateOfEachDay) {
  run(summary("a", "one", 10, 1));
  run(summary("a", "one", 10, 3));
  now_ += kDay;
  run(summary("a", "one", 10, 0));
  const auto days = history_.trend("a", now_ - 10 * kDay);
  ASSERT_EQ(days.size(), 2u);
  EXPECT_EQ(days[0].day, "2024-10-04");
  EXPECT_DOUBLE_EQ(days[0].mean_rate, 0.2);
  EXPECT_EQ(days[0].runs, 2);
  EXPECT_EQ(days[0].flaky_runs, 1) << "0.1 is not above 0.1";
  EXPECT_EQ(days[1].flaky_runs, 0);
  EXPECT_EQ(history_.trend("a", now_ - 1'000 * 60).size(), 1u);
}

TEST_F(HistoryTest, PutsTheFlakiestCommandFirstAndLeavesOutThoseThatPass) {
  run(summary("a", "some", 10, 2));
  run(summary("a", "often", 10, 8));
  run(summary("a", "never", 10, 0));
  const auto commands = history_.most_flaky("a", 10);
  ASSERT_EQ(commands.size(), 2u);
  EXPECT_EQ(commands[0].test_command, "often");
  EXPECT_DOUBLE_EQ(commands[0].highest_rate, 0.8);
  EXPECT_EQ(history_.most_flaky("a", 1).size(), 1u);
}

TEST_F(HistoryTest, CallsNothingFlakyThatFailsEveryTimeOrCannotBeRun) {
  run(summary("a", "broken", 10, 10, "fails_every_time"));
  run(summary("a", "nowhere", 2, 2, "not_runnable"));
  run(summary("a", "unlucky", 5, 1, "infrastructure"));
  run(summary("a", "mostly", 10, 9));
  run(summary("a", "mostly", 10, 10, "fails_every_time"));
  const auto commands = history_.most_flaky("a", 10);
  ASSERT_EQ(commands.size(), 1u);
  EXPECT_EQ(commands[0].test_command, "mostly");
  EXPECT_EQ(commands[0].runs, 1);
  EXPECT_DOUBLE_EQ(commands[0].highest_rate, 0.9);
}

TEST_F(HistoryTest, TakesNoRunWithoutEvidenceForOneThatPassed) {
  run(summary("a", "x", 10, 4));
  run(summary("a", "x", 0, 0, "inconclusive"));
  EXPECT_DOUBLE_EQ(history_.trend("a", 0).at(0).mean_rate, 0.4);
  EXPECT_EQ(history_.trend("a", 0).at(0).runs, 1);
  EXPECT_DOUBLE_EQ(history_.most_flaky("a", 1).at(0).mean_rate, 0.4);
  EXPECT_DOUBLE_EQ(history_.statistics("a", 0).mean_rate, 0.4);
  EXPECT_EQ(history_.statistics("a", 0).runs, 2);
}

TEST_F(HistoryTest, CountsALineAndItsWordsAsOneCommand) {
  run(summary("a", "pytest -x", 10, 2));
  run(summary("a", R"(["pytest","-x"])", 10, 4));
  run(summary("a", R"(["sh","-c","pytest -x"])", 10, 1));
  const auto commands = history_.most_flaky("a", 10);
  ASSERT_EQ(commands.size(), 2u);
  EXPECT_EQ(commands[0].test_command, "pytest -x");
  EXPECT_EQ(commands[0].runs, 2);
  EXPECT_DOUBLE_EQ(commands[0].mean_rate, 0.3);
  EXPECT_EQ(commands[1].test_command, R"(["sh","-c","pytest -x"])") << "not the same to a shell";
}

TEST_F(HistoryTest, AddsEverythingUp) {
  run(summary("a", "x", 10, 2));
  run(summary("b", "x", 30, 3));
  const Statistics all = history_.statistics("", 0);
  EXPECT_EQ(all.runs, 2);
  EXPECT_EQ(all.attempts, 40);
  EXPECT_EQ(all.failures, 5);
  EXPECT_DOUBLE_EQ(all.mean_rate, 0.15);
  ASSERT_EQ(all.runs_by_severity.size(), 1u);
  EXPECT_EQ(all.runs_by_severity[0].second, 2);
  EXPECT_EQ(history_.statistics("c", 0).runs, 0);
}

// The predecessor's tables, as its database.py makes them.
std::string old_database(const std::string& file) {
  SQLite::Database old(file, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  old.exec(
      "CREATE TABLE test_runs (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp DATETIME DEFAULT "
      "CURRENT_TIMESTAMP, "
      "repository TEXT NOT NULL, test_command TEXT NOT NULL, total_runs INTEGER NOT NULL, parallelism "
      "INTEGER NOT NULL, "
      "failures INTEGER NOT NULL, repro_rate REAL NOT NULL, severity TEXT NOT NULL, duration_seconds REAL, "
      "pr_number "
      "INTEGER, branch TEXT, commit_sha TEXT)");
  old.exec(
      "INSERT INTO test_runs (timestamp, repository, test_command, total_runs, parallelism, failures, "
      "repro_rate, severity, "
      "pr_number) VALUES ('2025-03-01 12:00:00', 'r', 'pytest', 50, 4, 18, 0.36, 'MEDIUM', 7), ('2025-03-02 "
      "12:00:00', 'r', "
      "'pytest', 50, 4, 0, 0.0, 'NONE', NULL)");
  return file;
}

TEST_F(HistoryTest, TakesThePredecessorsRunsOver) {
  const std::string file = old_database(folder_ / "flaky_test_history.db");
  EXPECT_EQ(history_.import(file), 2);
  const auto runs = history_.recent("r", 10);
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[1].failures, 18);
  EXPECT_EQ(runs[1].time, 1'740'830'400'000);
  EXPECT_EQ(runs[1].pull_request, 7);
  EXPECT_FALSE(runs[1].duration_s);
  EXPECT_FALSE(runs[0].pull_request);
  EXPECT_EQ(history_.import(file), 0) << "they are here already";
  EXPECT_EQ(history_.recent("r", 10).size(), 2u);
}

TEST_F(HistoryTest, KnowsAnImportedRunByWhatItSays) {
  const std::string file = old_database(folder_ / "flaky_test_history.db");
  EXPECT_EQ(history_.import(file), 2);
  std::filesystem::copy_file(file, folder_ / "copy.db");
  EXPECT_EQ(history_.import(folder_ / "copy.db"), 0) << "a copy is no second run";
  SQLite::Database(file, SQLite::OPEN_READWRITE)
      .exec("UPDATE test_runs SET repository = 'of another host' WHERE id = 1");
  EXPECT_EQ(history_.import(file), 1) << "another host's file has the same name and the same numbers";
  SQLite::Database(file, SQLite::OPEN_READWRITE)
      .exec(
          "INSERT INTO test_runs (timestamp, repository, test_command, total_runs, parallelism, failures, "
          "repro_rate, severity, duration_seconds) SELECT '2025-03-03 12:00:00', 'twice', 'x', 5, 1, 0, 0, "
          "'NONE', 3 FROM test_runs");
  EXPECT_EQ(history_.import(file), 2) << "two that say the same are two";
  EXPECT_EQ(history_.import(file), 0);
}

TEST_F(HistoryTest, KnowsTheRunsThatWereImportedBeforeThat) {
  const std::string file = old_database(folder_ / "flaky_test_history.db");
  EXPECT_EQ(history_.import(file), 2);
  database_.with([&](SQLite::Database& of_today) {
    of_today.exec("UPDATE runs SET origin = '/somewhere/flaky_test_history.db#' || id");
    of_today.exec(
        "ALTER TABLE jobs DROP COLUMN host_failures; ALTER TABLE jobs DROP COLUMN not_before; PRAGMA "
        "user_version = 6");
  });
  Database migrated(folder_ / "jobs.db");
  EXPECT_EQ(History(migrated).import(file), 0);
}

TEST_F(HistoryTest, ChangesNothingForAFileThatIsNoHistory) {
  SQLite::Database(folder_ / "other.db", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
      .exec("CREATE TABLE x (y)");
  EXPECT_THROW(history_.import(folder_ / "other.db"), io::RequestError);
  EXPECT_THROW(history_.import(folder_ / "none.db"), io::RequestError);
  EXPECT_TRUE(history_.recent("", 10).empty());
}

}  // namespace
}  // namespace orchestrator
