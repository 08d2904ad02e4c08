// What time and death bring about: a part of JobQueue.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "orchestrator/store/job_queue.h"
#include "orchestrator/store/job_rows.h"

namespace orchestrator {

using namespace sql;

namespace {

constexpr Milliseconds kIdle = 60'000;
constexpr Milliseconds kKeepWorkers = 86'400'000;  // that are not heard of
constexpr int kMostAtOnce = 500;  // jobs that one commit lets go of: others wait for the database

// Running jobs whose worker was heard of at ?2 the last time, or before.
constexpr const char* kOfTheSilent =
    " FROM jobs WHERE state = ?1 AND EXISTS (SELECT 1 FROM workers WHERE workers.name = jobs.worker AND "
    "workers.endpoint = jobs.endpoint AND workers.heard <= ?2 AND jobs.started <= ?2)";

void end_all(SQLite::Database& connection, const std::vector<std::string>& ids, JobState state,
             const std::string& error, Milliseconds now) {
  for (const auto& id : ids)
    change(connection, "UPDATE jobs SET state = ?, ended = ?, error = ?, progress = '' WHERE id = ?",
           as_number(state), now, error, id);
}

// Jobs that ended by then and have nobody left to tell, the oldest first.
constexpr const char* kMayGo =
    "FROM jobs WHERE ended > 0 AND ended <= ? AND NOT EXISTS (SELECT 1 FROM webhooks WHERE webhooks.job = "
    "jobs.id) ORDER BY ended, number";

void forget(SQLite::Database& connection, const std::vector<std::string>& ids) {
  for (const auto& id : ids) {
    change(connection, "DELETE FROM events WHERE job = ?", id);
    change(connection, "DELETE FROM idempotency_keys WHERE job = ?", id);
    change(connection, "DELETE FROM jobs WHERE id = ?", id);
  }
}

// The first of those that `text` finds, with their bytes, until `bytes` are found or `most` of them.
template <class... Values>
std::vector<std::string> as_many_as(SQLite::Database& connection, std::int64_t bytes, std::size_t most,
                                    const std::string& text, const Values&... values) {
  SQLite::Statement row(connection, text);
  bind_all(row, values...);
  std::vector<std::string> ids;
  while (bytes > 0 && ids.size() < most && row.executeStep()) {
    ids.push_back(row.getColumn(0).getString());
    bytes -= row.getColumn(1).getInt64();
  }
  return ids;
}

// As many as one commit lets go of: there may be more.
bool is_full(const Forgotten& forgotten) {
  return std::max(forgotten.jobs.size(), forgotten.logs.size()) >= kMostAtOnce;
}

// See Retention. What is too old goes before anything is taken for too much.
Forgotten forget_old(SQLite::Database& connection, const Retention& retention, Milliseconds now) {
  Forgotten forgotten;
  forgotten.jobs = texts_of(connection, std::string("SELECT id ") + kMayGo + " LIMIT ?",
                            now - std::max(retention.age, kLeastKept), kMostAtOnce);
  forget(connection, forgotten.jobs);
  if (is_full(forgotten)) return forgotten;
  const auto too_much = [&] {
    return number_of(connection, "SELECT sum(bytes) FROM jobs") +
           number_of(connection, "SELECT sum(bytes) FROM untaken") - retention.bytes;
  };
  forgotten.logs = as_many_as(connection, too_much(), kMostAtOnce,
                              "SELECT id, log_bytes FROM jobs WHERE ended > 0 AND log_bytes > 0 ORDER BY "
                              "ended, number");
  for (const auto& id : forgotten.logs)
    change(connection, "UPDATE jobs SET bytes = bytes - log_bytes, log_bytes = 0, logs_gone = 1 WHERE id = ?",
           id);
  if (is_full(forgotten)) return forgotten;
  const std::string whole =
      "SELECT id, bytes + coalesce((SELECT bytes FROM untaken WHERE untaken.job = jobs.id), 0) ";
  const auto oldest = as_many_as(connection, too_much(), kMostAtOnce - forgotten.jobs.size(), whole + kMayGo,
                                 now - kLeastKept);
  forget(connection, oldest);
  forgotten.jobs.insert(forgotten.jobs.end(), oldest.begin(), oldest.end());
  return forgotten;
}

}  // namespace

std::string lost_again(int retries) { return fmt::format("job timed out after {} retries", retries); }

void lose(SQLite::Database& connection, const std::vector<std::string>& ids, int most_retries,
          const std::string& error, Milliseconds now) {
  for (const auto& id : ids)
    if (!put_back(connection, id, "retries", most_retries, now))
      end_all(connection, {id}, JobState::failed, error, now);
}

int JobQueue::recover(const std::string& worker, Recovery recovery) {
  const auto ids = database_.transact([&](SQLite::Database& connection) {
    auto running = texts_of(connection, "SELECT id FROM jobs WHERE state = ? AND worker = ?",
                            as_number(JobState::running), worker);
    if (recovery == Recovery::restart)
      lose(connection, running, limits_.retries, kServerEndedTwice, now_());
    else
      end_all(connection, running, JobState::failed, "the server was restarted while the job ran", now_());
    return running;
  });
  tell(ids);
  return static_cast<int>(ids.size());
}

Forgotten JobQueue::expire(const Retention& retention) {
  const Milliseconds now = now_();
  std::vector<std::string> changed;
  Forgotten forgotten;
  database_.transact([&](SQLite::Database& connection) {
    const auto take = [&](std::vector<std::string> ids) {
      changed.insert(changed.end(), ids.begin(), ids.end());
      return ids;
    };
    const auto end_past_ttl = [&](JobState state, const std::string& error) {
      end_all(connection,
              take(texts_of(connection, "SELECT id FROM jobs WHERE state = ? AND created + ttl <= ?",
                            as_number(state), now)),
              JobState::timed_out, error, now);
    };
    end_past_ttl(JobState::queued, "the job's ttl ended before a worker took it");
    end_all(connection,
            take(texts_of(
                connection,
                "SELECT id FROM jobs WHERE state = ? AND started + execution_timeout <= ? AND worker <> ?",
                as_number(JobState::running), now, limits_.own_worker)),
            JobState::failed, kOverran, now);
    // Nobody is silent who could not have been heard: while there was no server.
    const Milliseconds silent_since = now - limits_.worker_silence;
    if (since_ <= silent_since) {
      note_silent(connection, silent_since);
      lose(connection,
           take(texts_of(connection, std::string("SELECT id") + kOfTheSilent, as_number(JobState::running),
                         silent_since)),
           limits_.retries, lost_again(limits_.retries), now);
    }
    end_past_ttl(JobState::running, "the job's ttl ended while it ran");
    forgotten = forget_old(connection, retention, now);
    change(connection, "DELETE FROM idempotency_keys WHERE created <= ?", now - limits_.keep_keys);
    change(connection, "DELETE FROM workers WHERE heard <= ?", now - kKeepWorkers);
    const std::lock_guard lock(mutex_);
    std::erase_if(unhealthy_, [&](const auto& each) { return each.second <= now - kKeepWorkers; });
    more_to_forget_ = is_full(forgotten);
  });
  tell(changed);
  return forgotten;
}

// Who falls silent without a job has left; with one, something has happened to it.
void JobQueue::note_silent(SQLite::Database& connection, Milliseconds since) {
  const auto silent = rows_of(
      connection,
      [](SQLite::Statement& row) {
        return WorkerPlace(row.getColumn(0).getString(), row.getColumn(1).getString());
      },
      std::string("SELECT DISTINCT worker, endpoint") + kOfTheSilent, as_number(JobState::running), since);
  const std::lock_guard lock(mutex_);
  for (const auto& place : silent) unhealthy_[place] = now_();
}

Forgotten JobQueue::forgotten_among(const std::vector<std::string>& ids) const {
  return database_.with([&](SQLite::Database& connection) {
    Forgotten forgotten;
    const auto set_of = [&](const std::string& text) {
      const auto found = texts_of(connection, text);
      return std::set<std::string>(found.begin(), found.end());
    };
    // Two questions that indexes answer: the flag alone is behind the output in its row, all of which would
    // be read.
    const auto kept = set_of("SELECT id FROM jobs");
    const auto without_logs = set_of("SELECT id FROM jobs WHERE logs_gone = 1");
    for (const auto& id : ids) {
      if (!kept.contains(id))
        forgotten.jobs.push_back(id);
      else if (without_logs.contains(id))
        forgotten.logs.push_back(id);
    }
    return forgotten;
  });
}

Milliseconds JobQueue::next_expiry() const {
  const Milliseconds now = now_();
  {
    const std::lock_guard lock(mutex_);
    if (more_to_forget_) return now;
  }
  return database_.with([&](SQLite::Database& connection) {
    const auto soonest = [&](const std::string& what, JobState state) {
      const auto at = number_of(connection, fmt::format("SELECT min({}) FROM jobs WHERE state = ?", what),
                                as_number(state));
      return at > 0 ? at : now + kIdle;
    };
    Milliseconds next =
        std::min({soonest("created + ttl", JobState::queued), soonest("created + ttl", JobState::running),
                  soonest("started + execution_timeout", JobState::running), now + kIdle});
    const auto heard =
        number_of(connection,
                  "SELECT min(heard) FROM workers WHERE EXISTS (SELECT 1 FROM jobs WHERE jobs.worker = "
                  "workers.name AND jobs.state = ?)",
                  as_number(JobState::running));
    if (heard > 0) next = std::min(next, std::max(heard, since_) + limits_.worker_silence);
    return std::max(next, now);
  });
}

}  // namespace orchestrator
