-- A database as the first version of the schema left it: what is in the field must open for ever. Never to be changed.
BEGIN TRANSACTION;
CREATE TABLE chunks (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  body TEXT NOT NULL
);
INSERT INTO "chunks" VALUES(1,'runs','{"attempt":0}');
CREATE TABLE events (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  job TEXT NOT NULL,
  time INTEGER NOT NULL,
  type TEXT NOT NULL,
  data TEXT NOT NULL
);
INSERT INTO "events" VALUES(1,'done',5000,'run_finished','{}');
CREATE TABLE idempotency_keys (
  client TEXT NOT NULL,
  key TEXT NOT NULL,
  body_hash TEXT NOT NULL,
  job TEXT NOT NULL,
  created INTEGER NOT NULL,
  PRIMARY KEY (client, key)
);
INSERT INTO "idempotency_keys" VALUES('ann','key','hash','done',1000);
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
INSERT INTO "jobs" VALUES(1,'done','flaky','ann','{"repo":"x"}','{"repo":"x","runs":4}',2,1,'local',1000,1000,2000,5000,600000,86400000,0,0,'','{"total_runs": 4, "failures": 1, "repro_rate": 0.25, "severity": "LOW", "verdict": "flaky", "framework": "python", "parallelism": 2, "job": {"plan": {"repo": "https://github.com/a/b", "test_command": "pytest"}}, "environment": {"ref": "main", "commit": "abc"}}','','https://example.org/hook');
INSERT INTO "jobs" VALUES(2,'runs','flaky','ann','{"repo":"x"}','{"repo":"x","runs":4}',1,1,'w1',1000,1000,2500,0,600000,86400000,0,0,'','','','https://example.org/hook');
INSERT INTO "jobs" VALUES(3,'waits','flaky','ann','{"repo":"x"}','{"repo":"x","runs":4}',0,0,'',1000,1000,0,0,600000,86400000,0,0,'','','','https://example.org/hook');
INSERT INTO "jobs" VALUES(4,'failed','flaky','ann','{"repo":"x"}','{"repo":"x","runs":4}',3,1,'w1',1000,1000,2000,5000,600000,86400000,0,0,'','','no','https://example.org/hook');
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
INSERT INTO "runs" VALUES(1,'done','',5000,'https://github.com/a/b','pytest','python',4,2,1,0.25,'LOW','flaky',3.0,NULL,'main','abc');
CREATE TABLE webhooks (
  job TEXT NOT NULL PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
  due INTEGER NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0
);
INSERT INTO "webhooks" VALUES('done',5000,0);
INSERT INTO "webhooks" VALUES('failed',5000,0);
CREATE TABLE workers (
  name TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  heard INTEGER NOT NULL,
  PRIMARY KEY (name, endpoint)
);
INSERT INTO "workers" VALUES('w1','flaky',3000);
CREATE INDEX jobs_by_state ON jobs (state, client);
CREATE INDEX jobs_by_end ON jobs (ended) WHERE ended > 0;
CREATE INDEX chunks_by_job ON chunks (job);
CREATE TRIGGER webhook_of_ended AFTER UPDATE OF ended ON jobs
  WHEN NEW.ended > 0 AND OLD.ended = 0 AND NEW.webhook <> ''
  BEGIN INSERT OR REPLACE INTO webhooks (job, due) VALUES (NEW.id, NEW.ended); END;
CREATE TRIGGER webhook_of_refused AFTER INSERT ON jobs
  WHEN NEW.ended > 0 AND NEW.webhook <> ''
  BEGIN INSERT INTO webhooks (job, due) VALUES (NEW.id, NEW.ended); END;
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
CREATE INDEX events_by_job ON events (job, sequence);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('jobs',4);
INSERT INTO "sqlite_sequence" VALUES('runs',1);
INSERT INTO "sqlite_sequence" VALUES('chunks',1);
INSERT INTO "sqlite_sequence" VALUES('events',1);
COMMIT;
PRAGMA user_version = 1;
