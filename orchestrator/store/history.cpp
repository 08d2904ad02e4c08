#include "orchestrator/store/history.h"

#include <fmt/format.h>

#include "orchestrator/store/sql.h"
#include "sandbox/io/error.h"

namespace orchestrator {

using namespace sql;

namespace {

constexpr const char* kColumns =
    "id, coalesce(job, ''), time, repository, test_command, coalesce(framework, ''), total_runs, "
    "parallelism, failures, "
    "repro_rate, severity, coalesce(verdict, ''), duration_seconds, pr_number, coalesce(branch, ''), "
    "coalesce(commit_sha, '')";

// Each with its place among those of its file that say the same. A run is known by both: the same one of a
// copy elsewhere is here already, and another host's of the same number is not. Types are those of our own
// table, since 0 and 0.0 would be two texts.
constexpr const char* kOldRuns =
    "SELECT row_number() OVER (PARTITION BY time, repository, test_command, total_runs, parallelism, "
    "failures, "
    "repro_rate, severity, duration_seconds, pr_number, branch, commit_sha ORDER BY id), time, repository, "
    "test_command, total_runs, parallelism, failures, repro_rate, severity, duration_seconds, pr_number, "
    "branch, "
    "commit_sha FROM (SELECT id, CAST(strftime('%s', timestamp) AS INTEGER) * 1000 AS time, CAST(repository "
    "AS "
    "TEXT) AS repository, CAST(test_command AS TEXT) AS test_command, CAST(total_runs AS INTEGER) AS "
    "total_runs, "
    "CAST(parallelism AS INTEGER) AS parallelism, CAST(failures AS INTEGER) AS failures, CAST(repro_rate AS "
    "REAL) "
    "AS repro_rate, CAST(severity AS TEXT) AS severity, CAST(duration_seconds AS REAL) AS duration_seconds, "
    "CAST(pr_number AS INTEGER) AS pr_number, CAST(branch AS TEXT) AS branch, CAST(commit_sha AS TEXT) AS "
    "commit_sha FROM test_runs) ORDER BY id";

// `pytest -x` and `["pytest", "-x"]` are one command. Words that a shell would read otherwise stay as they
// were said.
constexpr const char* kCommand =
    "CASE WHEN json_valid(test_command) AND json_type(test_command) = 'array' AND NOT EXISTS (SELECT 1 FROM "
    "json_each(test_command) WHERE value = '' OR value GLOB '*[^A-Za-z0-9_./:=@%+,-]*') THEN (SELECT "
    "group_concat(value, ' ') FROM json_each(test_command)) ELSE test_command END";

HistoricRun read_row(SQLite::Statement& row) {
  HistoricRun run;
  int column = 0;
  const auto text = [&] { return row.getColumn(column++).getString(); };
  const auto whole = [&] { return row.getColumn(column++).getInt64(); };
  run.id = whole();
  run.job = text();
  run.time = whole();
  run.repository = text();
  run.test_command = text();
  run.framework = text();
  run.total_runs = whole();
  run.parallelism = whole();
  run.failures = whole();
  run.repro_rate = row.getColumn(column++).getDouble();
  run.severity = text();
  run.verdict = text();
  if (!row.getColumn(column).isNull()) run.duration_s = row.getColumn(column).getDouble();
  ++column;
  if (!row.getColumn(column).isNull()) run.pull_request = row.getColumn(column).getInt64();
  ++column;
  run.branch = text();
  run.commit = text();
  return run;
}

}  // namespace

std::vector<HistoricRun> History::recent(const std::string& repository, int most) const {
  return database_.with([&](SQLite::Database& connection) {
    return rows_of(
        connection, read_row,
        fmt::format(
            "SELECT {} FROM runs WHERE (?1 = '' OR repository = ?1) ORDER BY time DESC, id DESC LIMIT ?2",
            kColumns),
        repository, most);
  });
}

std::optional<HistoricRun> History::find(std::int64_t id) const {
  auto found = database_.with([&](SQLite::Database& connection) {
    return rows_of(connection, read_row, fmt::format("SELECT {} FROM runs WHERE id = ?", kColumns), id);
  });
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

std::vector<DayOfTrend> History::trend(const std::string& repository, std::int64_t since) const {
  return database_.with([&](SQLite::Database& connection) {
    return rows_of(
        connection,
        [](SQLite::Statement& row) {
          return DayOfTrend{row.getColumn(0).getString(), row.getColumn(1).getDouble(),
                            row.getColumn(2).getInt64(), row.getColumn(3).getInt64()};
        },
        "SELECT date(time / 1000, 'unixepoch') AS day, avg(repro_rate), count(*), sum(repro_rate > 0.1) FROM "
        "runs WHERE "
        "(?1 = '' OR repository = ?1) AND time >= ?2 AND total_runs > 0 GROUP BY day ORDER BY day",
        repository, since);
  });
}

std::vector<FlakyCommand> History::most_flaky(const std::string& repository, int most) const {
  return database_.with([&](SQLite::Database& connection) {
    return rows_of(
        connection,
        [](SQLite::Statement& row) {
          return FlakyCommand{row.getColumn(0).getString(), row.getColumn(1).getInt64(),
                              row.getColumn(2).getDouble(), row.getColumn(3).getDouble(),
                              row.getColumn(4).getInt64()};
        },
        fmt::format("SELECT {} AS command, count(*), avg(repro_rate) AS mean, max(repro_rate), max(time) "
                    "FROM runs WHERE (?1 = '' OR repository = ?1) AND total_runs > 0 AND coalesce(verdict, "
                    "'') NOT IN ('fails_every_time', 'not_runnable', 'infrastructure') GROUP BY command "
                    "HAVING mean > 0 ORDER BY mean DESC, command LIMIT ?2",
                    kCommand),
        repository, most);
  });
}

Statistics History::statistics(const std::string& repository, std::int64_t since) const {
  return database_.with([&](SQLite::Database& connection) {
    Statistics all = rows_of(
                         connection,
                         [](SQLite::Statement& row) {
                           return Statistics{row.getColumn(0).getInt64(),
                                             row.getColumn(1).getInt64(),
                                             row.getColumn(2).getInt64(),
                                             row.getColumn(3).getDouble(),
                                             {}};
                         },
                         "SELECT count(*), coalesce(sum(total_runs), 0), coalesce(sum(failures), 0), "
                         "coalesce(avg(CASE WHEN total_runs > 0 THEN repro_rate END), 0) FROM runs WHERE (?1 "
                         "= '' OR repository = ?1) AND time >= ?2",
                         repository, since)
                         .at(0);
    all.runs_by_severity = rows_of(
        connection,
        [](SQLite::Statement& row) {
          return std::pair(row.getColumn(0).getString(), row.getColumn(1).getInt64());
        },
        "SELECT severity, count(*) FROM runs WHERE (?1 = '' OR repository = ?1) AND time >= ?2 GROUP BY "
        "severity ORDER BY "
        "severity",
        repository, since);
    return all;
  });
}

int History::import(const std::string& file) {
  try {
    SQLite::Database old(file, SQLite::OPEN_READONLY);
    SQLite::Statement rows(old, kOldRuns);
    return database_.transact([&](SQLite::Database& connection) {
      int came = 0;
      SQLite::Statement insert(
          connection,
          "INSERT OR IGNORE INTO runs (origin, time, repository, test_command, total_runs, "
          "parallelism, failures, repro_rate, severity, duration_seconds, pr_number, branch, "
          "commit_sha) VALUES (json_array(?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) || '#' || ?1, "
          "?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)");
      while (rows.executeStep()) {
        insert.reset();
        for (int column = 0; column < 13; ++column) {
          const SQLite::Column value = rows.getColumn(column);
          if (value.isNull())
            insert.bind(column + 1);
          else if (value.isInteger())
            insert.bind(column + 1, value.getInt64());
          else if (value.isFloat())
            insert.bind(column + 1, value.getDouble());
          else
            insert.bind(column + 1, value.getString());
        }
        came += insert.exec();
      }
      return came;
    });
  } catch (const SQLite::Exception& error) {
    throw io::RequestError(
        fmt::format("{} is not a predecessor's flaky_test_history.db: {}", file, error.what()));
  }
}

}  // namespace orchestrator
