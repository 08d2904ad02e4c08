// The predecessor's history, brought over by command and told by `serve`.
#include "tests/functional/attempts.h"
#include "tests/support/serving.h"

namespace {

using namespace testing_support;
using nlohmann::json;

// Its tables, as its database.py makes them. Prints the days of its runs: one of long ago, and one of late.
constexpr const char* kOldDatabase = R"py(
import sqlite3, sys
old = sqlite3.connect(sys.argv[1])
old.execute("CREATE TABLE test_runs (id INTEGER PRIMARY KEY AUTOINCREMENT, "
            "timestamp DATETIME DEFAULT CURRENT_TIMESTAMP, repository TEXT NOT NULL, test_command TEXT NOT NULL, "
            "total_runs INTEGER NOT NULL, parallelism INTEGER NOT NULL, failures INTEGER NOT NULL, "
            "repro_rate REAL NOT NULL, severity TEXT NOT NULL, duration_seconds REAL, pr_number INTEGER, "
            "branch TEXT, commit_sha TEXT)")
long_ago, lately = old.execute("SELECT date('now', '-400 days'), date('now', '-2 days')").fetchone()
for run in [
    (lately + " 12:00:00", "shop", "pytest cart", 48, 4, 12, 0.25, "MEDIUM", 12.5, 7, "main", "abc"),
    (lately + " 13:00:00", "shop", "pytest cart", 48, 4, 0, 0.0, "NONE", None, None, None, None),
    (long_ago + " 12:00:00", "shop", "pytest till", 20, 2, 15, 0.75, "HIGH", 3.0, None, None, None),
    (lately + " 14:00:00", "bank", "make test", 16, 1, 1, 0.0625, "LOW", None, None, None, None),
]:
    old.execute("INSERT INTO test_runs (timestamp, repository, test_command, total_runs, parallelism, failures, "
                "repro_rate, severity, duration_seconds, pr_number, branch, commit_sha) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", run)
old.commit()
print(long_ago, lately)
)py";

class ImportedHistory : public testing::Test {
 protected:
  ImportedHistory() {
    const Finished made = run_command({"python3", "-c", kOldDatabase, file_});
    EXPECT_EQ(made.exit_code, 0) << told(made);
    std::istringstream(made.out) >> long_ago_ >> lately_;
  }
  Finished import(const std::string& file) const {
    return orchestrator({"history", "import", file, "--state-dir", state_});
  }
  json history(const std::string& what) const { return serve_->got("/api/v1/history/" + what); }
  Strings commands(const std::string& what) const {
    Strings all;
    const json runs = history(what).at("runs");
    for (const auto& run : runs)
      all.push_back(run.at("repository").get<std::string>() + ": " +
                    run.at("test_command").get<std::string>());
    return all;
  }

  const TemporaryFolder folder_;
  const std::string file_ = folder_ / "flaky_test_history.db", state_ = folder_ / "state";
  std::string long_ago_, lately_;  // days
  std::optional<Serving> serve_;
};

TEST_F(ImportedHistory, IsToldByServe) {
  const Finished first = import(file_), second = import(file_);
  EXPECT_EQ(first.exit_code, 0) << told(first);
  EXPECT_TRUE(first.out.starts_with("4 runs came;")) << told(first);
  EXPECT_EQ(second.exit_code, 0) << told(second);
  EXPECT_TRUE(second.out.starts_with("0 runs came;")) << told(second);
  serve_.emplace(programs(), Strings{"--state-dir", state_});

  EXPECT_EQ(commands("runs"),
            (Strings{"bank: make test", "shop: pytest cart", "shop: pytest cart", "shop: pytest till"}));
  EXPECT_EQ(commands("runs?repository=shop&limit=2"), (Strings{"shop: pytest cart", "shop: pytest cart"}));
  json flaky = history("runs?repository=shop").at("runs").at(1);
  EXPECT_EQ(history("runs/" + std::to_string(flaky.at("id").get<int>())), flaky);
  flaky.erase("id");
  EXPECT_EQ(flaky, (json{{"job", nullptr},
                         {"timestamp", lately_ + "T12:00:00.000Z"},
                         {"repository", "shop"},
                         {"test_command", "pytest cart"},
                         {"framework", nullptr},
                         {"total_runs", 48},
                         {"parallelism", 4},
                         {"failures", 12},
                         {"repro_rate", 0.25},
                         {"severity", "MEDIUM"},
                         {"verdict", nullptr},
                         {"duration_seconds", 12.5},
                         {"pr_number", 7},
                         {"branch", "main"},
                         {"commit_sha", "abc"}}));

  const json late = {{"date", lately_}, {"avg_repro_rate", 0.125}, {"run_count", 2}, {"flaky_count", 1}},
             early = {{"date", long_ago_}, {"avg_repro_rate", 0.75}, {"run_count", 1}, {"flaky_count", 1}};
  EXPECT_EQ(history("trend?repository=shop").at("days"), json::array({late}));
  EXPECT_EQ(history("trend?repository=shop&days=1").at("days"), json::array());
  EXPECT_EQ(history("trend?repository=shop&days=3650").at("days"), json::array({early, late}));
  EXPECT_EQ(history("trend").at("days").at(0).at("run_count"), 3);

  const json till = {{"test_command", "pytest till"},
                     {"run_count", 1},
                     {"avg_repro_rate", 0.75},
                     {"max_repro_rate", 0.75},
                     {"last_run", long_ago_ + "T12:00:00.000Z"}},
             cart = {{"test_command", "pytest cart"},
                     {"run_count", 2},
                     {"avg_repro_rate", 0.125},
                     {"max_repro_rate", 0.25},
                     {"last_run", lately_ + "T13:00:00.000Z"}};
  EXPECT_EQ(history("most-flaky?repository=shop").at("commands"), json::array({till, cart}));
  EXPECT_EQ(history("most-flaky?limit=1").at("commands"), json::array({till}));
  EXPECT_EQ(history("most-flaky").at("commands").at(2).at("test_command"), "make test");

  EXPECT_EQ(history("statistics?repository=shop"),
            (json{{"total_runs", 3},
                  {"total_attempts", 116},
                  {"total_failures", 27},
                  {"avg_repro_rate", 1.0 / 3},
                  {"by_severity", {{"HIGH", 1}, {"MEDIUM", 1}, {"NONE", 1}}}}));
  EXPECT_EQ(history("statistics?days=30"), (json{{"total_runs", 3},
                                                 {"total_attempts", 112},
                                                 {"total_failures", 13},
                                                 {"avg_repro_rate", 0.3125 / 3},
                                                 {"by_severity", {{"LOW", 1}, {"MEDIUM", 1}, {"NONE", 1}}}}));
}

TEST_F(ImportedHistory, GrowsByTheJobsThatServeRuns) {
  EXPECT_EQ(import(file_).exit_code, 0);
  serve_.emplace(programs(), Strings{"--state-dir", state_});
  serve_->ended(serve_->run(quick_job(programs(), "test $ATTEMPT != 1", 4)));
  const json newest = history("runs").at("runs").at(0);
  EXPECT_EQ(newest.at("repository"), programs());
  EXPECT_EQ(newest.at("total_runs"), 4);
  EXPECT_EQ(newest.at("failures"), 1);
  EXPECT_EQ(newest.at("repro_rate"), 0.25);
  EXPECT_EQ(history("statistics").at("total_runs"), 5);
}

TEST_F(ImportedHistory, OfAFileThatIsNoneIsRefused) {
  write_file(folder_ / "notes.txt", "no database\n");
  for (const char* name : {"notes.txt", "nowhere.db"}) {
    const Finished refused = import(folder_ / name);
    EXPECT_EQ(refused.exit_code, 2) << told(refused);
    EXPECT_NE(refused.err.find(folder_ / name), std::string::npos) << told(refused);
  }
}

}  // namespace
