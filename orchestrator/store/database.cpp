#include "orchestrator/store/database.h"

#include <fmt/format.h>

#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

// Version n of the schema is reached by running the n-th of these on version n - 1. Never change one that was
// released.
constexpr const char* kMigrations[] = {
    R"sql(
CREATE TABLE jobs (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  endpoint TEXT NOT NULL,
  client TEXT NOT NULL,
  input TEXT NOT NULL,
  request TEXT NOT NULL,
  state INTEGER NOT NULL,
  epoch INTEGER NOT NULL DEFAULT 0,
  worker TEXT NOT NULL DEFAULT '',
  created INTEGER NOT NULL,
  queued INTEGER NOT NULL,
  started INTEGER NOT NULL DEFAULT 0,
  ended INTEGER NOT NULL DEFAULT 0,
  execution_timeout INTEGER NOT NULL,
  ttl INTEGER NOT NULL,
  low_priority INTEGER NOT NULL,
  retries INTEGER NOT NULL DEFAULT 0,
  progress TEXT NOT NULL DEFAULT '',
  output TEXT NOT NULL DEFAULT '',
  error TEXT NOT NULL DEFAULT '',
  webhook TEXT NOT NULL DEFAULT ''
);
CREATE INDEX jobs_by_state ON jobs (state, client);
CREATE INDEX jobs_by_end ON jobs (ended) WHERE ended > 0;
CREATE TABLE chunks (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  body TEXT NOT NULL
);
CREATE INDEX chunks_by_job ON chunks (job);
CREATE TABLE idempotency_keys (
  client TEXT NOT NULL,
  key TEXT NOT NULL,
  body_hash TEXT NOT NULL,
  job TEXT NOT NULL,
  created INTEGER NOT NULL,
  PRIMARY KEY (client, key)
);
CREATE TABLE workers (
  name TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  heard INTEGER NOT NULL,
  PRIMARY KEY (name, endpoint)
);
CREATE TABLE webhooks (
  job TEXT NOT NULL PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
  due INTEGER NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0
);
CREATE TRIGGER webhook_of_ended AFTER UPDATE OF ended ON jobs
  WHEN NEW.ended > 0 AND OLD.ended = 0 AND NEW.webhook <> ''
  BEGIN INSERT OR REPLACE INTO webhooks (job, due) VALUES (NEW.id, NEW.ended); END;
CREATE TRIGGER webhook_of_refused AFTER INSERT ON jobs
  WHEN NEW.ended > 0 AND NEW.webhook <> ''
  BEGIN INSERT INTO webhooks (job, due) VALUES (NEW.id, NEW.ended); END;
-- What is left of runs when their jobs are forgotten; the columns of the predecessor's test_runs, and a few more.
CREATE TABLE runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  job TEXT UNIQUE,
  origin TEXT NOT NULL DEFAULT '',
  time INTEGER NOT NULL,
  repository TEXT NOT NULL,
  test_command TEXT NOT NULL,
  framework TEXT,
  total_runs INTEGER NOT NULL,
  parallelism INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  repro_rate REAL NOT NULL,
  severity TEXT NOT NULL,
  verdict TEXT,
  duration_seconds REAL,
  pr_number INTEGER,
  branch TEXT,
  commit_sha TEXT
);
CREATE INDEX runs_by_repository ON runs (repository, time);
CREATE INDEX runs_by_time ON runs (time);
CREATE UNIQUE INDEX runs_by_origin ON runs (origin) WHERE origin <> '';
CREATE TRIGGER run_of_completed AFTER UPDATE OF state ON jobs
  WHEN NEW.state = 2 AND OLD.state <> 2 AND json_valid(NEW.output)
    AND json_type(NEW.output, '$.total_runs') = 'integer' AND json_type(NEW.output, '$.failures') = 'integer'
    AND json_type(NEW.output, '$.job.plan.repo') = 'text'
  BEGIN
    INSERT OR IGNORE INTO runs (job, time, repository, test_command, framework, total_runs, parallelism, failures,
        repro_rate, severity, verdict, duration_seconds, branch, commit_sha)
      SELECT NEW.id, NEW.ended, json_extract(NEW.output, '$.job.plan.repo'),
        coalesce(json_extract(NEW.output, '$.job.plan.test_command'), ''), json_extract(NEW.output, '$.framework'),
        json_extract(NEW.output, '$.total_runs'), coalesce(json_extract(NEW.output, '$.parallelism'), 0),
        json_extract(NEW.output, '$.failures'), coalesce(json_extract(NEW.output, '$.repro_rate'), 0.0),
        coalesce(json_extract(NEW.output, '$.severity'), 'NONE'), json_extract(NEW.output, '$.verdict'),
        (NEW.ended - NEW.started) / 1000.0, json_extract(NEW.output, '$.environment.ref'),
        json_extract(NEW.output, '$.environment.commit');
  END;
CREATE TABLE events (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  job TEXT NOT NULL,
  time INTEGER NOT NULL,
  type TEXT NOT NULL,
  data TEXT NOT NULL
);
CREATE INDEX events_by_job ON events (job, sequence);
)sql",
    // Workers that stream hand their summary in as a list of one.
    R"sql(
DROP TRIGGER run_of_completed;
CREATE TRIGGER run_of_completed AFTER UPDATE OF state ON jobs
  WHEN NEW.state = 2 AND OLD.state <> 2 AND json_valid(NEW.output)
  BEGIN
    INSERT OR IGNORE INTO runs (job, time, repository, test_command, framework, total_runs, parallelism, failures,
        repro_rate, severity, verdict, duration_seconds, branch, commit_sha)
      SELECT NEW.id, NEW.ended, json_extract(summary, '$.job.plan.repo'),
        coalesce(json_extract(summary, '$.job.plan.test_command'), ''), json_extract(summary, '$.framework'),
        json_extract(summary, '$.total_runs'), coalesce(json_extract(summary, '$.parallelism'), 0),
        json_extract(summary, '$.failures'), coalesce(json_extract(summary, '$.repro_rate'), 0.0),
        coalesce(json_extract(summary, '$.severity'), 'NONE'), json_extract(summary, '$.verdict'),
        (NEW.ended - NEW.started) / 1000.0, json_extract(summary, '$.environment.ref'),
        json_extract(summary, '$.environment.commit')
      FROM (SELECT CASE WHEN json_array_length(NEW.output) = 1 AND json_type(NEW.output, '$[0]') = 'object'
        THEN json_extract(NEW.output, '$[0]') ELSE NEW.output END AS summary)
      WHERE json_type(summary, '$.total_runs') = 'integer' AND json_type(summary, '$.failures') = 'integer'
        AND json_type(summary, '$.job.plan.repo') = 'text';
  END;
)sql",
    // `bytes`: of what is kept for a job, so that nobody has to read all of it to know. `given_back`: times
    // that it went back to the queue through no fault of its own.
    R"sql(
ALTER TABLE jobs ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN given_back INTEGER NOT NULL DEFAULT 0;
UPDATE jobs SET bytes = length(CAST(input AS BLOB)) + length(CAST(request AS BLOB)) + length(CAST(output AS BLOB));
CREATE INDEX jobs_by_size ON jobs (number, ended, bytes, id);
CREATE INDEX jobs_by_worker ON jobs (worker, state);
)sql",
    // `log_bytes`: of `bytes`, those of logs, which may go alone; `logs_gone`: they have. `untaken`: of
    // streams, in a table of its own, since it changes with each chunk, each of which counts as its text and
    // kChunkRow. And a job's end is its last event, whoever made it: also of jobs that ended before that.
    R"sql(
ALTER TABLE jobs ADD COLUMN log_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN logs_gone INTEGER NOT NULL DEFAULT 0;
CREATE TABLE untaken (
  job TEXT NOT NULL PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
  bytes INTEGER NOT NULL
);
INSERT INTO untaken (job, bytes) SELECT job, sum(length(CAST(body AS BLOB)) + 128) FROM chunks GROUP BY job;
CREATE TRIGGER chunk_came AFTER INSERT ON chunks
  BEGIN
    INSERT INTO untaken (job, bytes) VALUES (NEW.job, length(CAST(NEW.body AS BLOB)) + 128)
      ON CONFLICT (job) DO UPDATE SET bytes = bytes + excluded.bytes;
  END;
CREATE TRIGGER chunk_went AFTER DELETE ON chunks
  BEGIN UPDATE untaken SET bytes = bytes - length(CAST(OLD.body AS BLOB)) - 128 WHERE job = OLD.job; END;
DROP INDEX jobs_by_size;
CREATE INDEX jobs_by_size ON jobs (ended, number, bytes, log_bytes, id);
CREATE INDEX jobs_without_logs ON jobs (id) WHERE logs_gone = 1;
CREATE INDEX idempotency_keys_by_job ON idempotency_keys (job);
-- What job_ended says: short, since everybody reads it; of an error in RunPod's form its sentence.
CREATE VIEW ends AS
  SELECT id AS job, ended AS time, CASE error WHEN '' THEN json_object('state', state)
    ELSE json_object('state', state, 'error', substr(error, 1, 4096)) END AS data
  FROM (SELECT id, ended,
      CASE state WHEN 2 THEN 'completed' WHEN 3 THEN 'failed' WHEN 4 THEN 'cancelled' ELSE 'timed_out' END
        AS state,
      coalesce(CASE WHEN json_valid(error) THEN json_extract(error, '$.error_message') END, error) AS error
    FROM jobs WHERE ended > 0);
INSERT INTO events (job, time, type, data) SELECT job, time, 'job_ended', data FROM ends ORDER BY time;
CREATE TRIGGER end_of_ended AFTER UPDATE OF ended ON jobs WHEN NEW.ended > 0 AND OLD.ended = 0
  BEGIN
    INSERT INTO events (job, time, type, data) SELECT job, time, 'job_ended', data FROM ends WHERE job = NEW.id;
  END;
CREATE TRIGGER end_of_refused AFTER INSERT ON jobs WHEN NEW.ended > 0
  BEGIN
    INSERT INTO events (job, time, type, data) SELECT job, time, 'job_ended', data FROM ends WHERE job = NEW.id;
  END;
)sql",
    // Of `bytes` are errors, too.
    R"sql(
UPDATE jobs SET bytes = bytes + length(CAST(error AS BLOB)) WHERE error <> '';
)sql",
    // `receiver`: the host of a webhook. Those that were asked for before that have none, and so share one.
    R"sql(
ALTER TABLE jobs ADD COLUMN receiver TEXT NOT NULL DEFAULT '';
ALTER TABLE webhooks ADD COLUMN client TEXT NOT NULL DEFAULT '';
ALTER TABLE webhooks ADD COLUMN receiver TEXT NOT NULL DEFAULT '';
UPDATE webhooks SET client = coalesce((SELECT client FROM jobs WHERE id = job), '');
CREATE INDEX webhooks_in_turn ON webhooks (receiver, due, client, job);
DROP TRIGGER IF EXISTS webhook_of_ended;
CREATE TRIGGER webhook_of_ended AFTER UPDATE OF ended ON jobs
  WHEN NEW.ended > 0 AND OLD.ended = 0 AND NEW.webhook <> ''
  BEGIN
    INSERT OR REPLACE INTO webhooks (job, due, client, receiver)
      VALUES (NEW.id, NEW.ended, NEW.client, NEW.receiver);
  END;
DROP TRIGGER IF EXISTS webhook_of_refused;
CREATE TRIGGER webhook_of_refused AFTER INSERT ON jobs
  WHEN NEW.ended > 0 AND NEW.webhook <> ''
  BEGIN
    INSERT INTO webhooks (job, due, client, receiver) VALUES (NEW.id, NEW.ended, NEW.client, NEW.receiver);
  END;
)sql",
    // `origin` of an imported run: what it says, and which it is of those that say the same, see History.
    R"sql(
UPDATE runs SET origin = known.said || '#' || known.place FROM (
  SELECT id, said, row_number() OVER (PARTITION BY said ORDER BY id) AS place FROM (
    SELECT id, json_array(time, repository, test_command, total_runs, parallelism, failures, repro_rate, severity,
        duration_seconds, pr_number, branch, commit_sha) AS said
      FROM runs WHERE origin <> '')) AS known
  WHERE known.id = runs.id;
)sql",
    // `host_failures`: times that the server's own host could not run it, no longer among `given_back`;
    // `not_before`: when its worker may have the job again.
    R"sql(
ALTER TABLE jobs ADD COLUMN host_failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN not_before INTEGER NOT NULL DEFAULT 0;
)sql",
};
constexpr int kVersion = std::size(kMigrations);

}  // namespace

Database::Database(const std::string& file) try
    : file_(file), connection_(file, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 5'000) {
  connection_.exec("PRAGMA journal_mode = WAL");
  connection_.exec("PRAGMA synchronous = FULL");
  connection_.exec("PRAGMA foreign_keys = ON");
  migrate();
} catch (const SQLite::Exception& error) {
  throw io::HostError(fmt::format("the database {} cannot be opened: {}", file, error.what()));
}

void Database::migrate() {
  SQLite::Transaction transaction(connection_, SQLite::TransactionBehavior::IMMEDIATE);
  const int version = connection_.execAndGet("PRAGMA user_version").getInt();
  if (version > kVersion)
    throw io::HostError(
        fmt::format("the database {} is of a later version of this program (schema {}, this one knows {})",
                    file_, version, kVersion));
  for (int next = version; next < kVersion; ++next) connection_.exec(kMigrations[next]);
  connection_.exec(fmt::format("PRAGMA user_version = {}", kVersion));
  transaction.commit();
}

std::optional<std::string> Database::obstacle() {
  try {
    transact([](SQLite::Database& connection) {
      // A page of it is written, and nothing changed.
      connection.exec(
          fmt::format("PRAGMA user_version = {}", connection.execAndGet("PRAGMA user_version").getInt()));
    });
    return std::nullopt;
  } catch (const io::HostError& error) {
    return error.what();
  }
}

void Database::throw_host_error(const SQLite::Exception& error) const {
  throw io::HostError(fmt::format("the database {} failed: {}", file_, error.what()));
}

}  // namespace orchestrator
