// What time and death bring about: a part of JobQueue.
#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/store/job_queue.h"
#include "orchestrator/store/job_rows.h"

namespace orchestrator {

using namespace sql;

namespace {

constexpr Milliseconds kIdle = 60'000;
constexpr const char* kLostAgain = "job timed out after {} retries";

void end_all(SQLite::Database& connection, const std::vector<std::string>& ids, JobState state,
             const std::string& error, Milliseconds now) {
  for (const auto& id : ids)
    change(connection, "UPDATE jobs SET state = ?, ended = ?, error = ?, progress = '' WHERE id = ?",
           as_number(state), now, error, id);
}

// Final jobs past their age, then the oldest of them until the rest is small enough. Returns who they were.
std::vector<std::string> forget_old(SQLite::Database& connection, const Retention& retention,
                                    Milliseconds now) {
  auto old = texts_of(connection, "SELECT id FROM jobs WHERE ended > 0 AND ended <= ?", now - retention.age);
  for (const auto& id :
       texts_of(connection,
                "SELECT id FROM (SELECT id, ended, sum(bytes) OVER (ORDER BY number DESC) AS upto FROM jobs) "
                "WHERE ended > 0 AND upto > ?",
                retention.bytes))
    if (std::find(old.begin(), old.end(), id) == old.end()) old.push_back(id);
  for (const auto& id : old) {
    change(connection, "DELETE FROM events WHERE job = ?", id);
    change(connection, "DELETE FROM idempotency_keys WHERE job = ?", id);
    change(connection, "DELETE FROM jobs WHERE id = ?", id);
  }
  return old;
}

}  // namespace

void lose(SQLite::Database& connection, const std::vector<std::string>& ids, int most_retries,
          Milliseconds now) {
  for (const auto& id : ids)
    if (!put_back(connection, id, "retries", most_retries, now))
      end_all(connection, {id}, JobState::failed, fmt::format(kLostAgain, most_retries), now);
}

int JobQueue::recover(const std::string& worker, Recovery recovery) {
  const auto ids = database_.transact([&](SQLite::Database& connection) {
    auto running = texts_of(connection, "SELECT id FROM jobs WHERE state = ? AND worker = ?",
                            as_number(JobState::running), worker);
    if (recovery == Recovery::restart)
      lose(connection, running, limits_.retries, now_());
    else
      end_all(connection, running, JobState::failed, "the server was restarted while the job ran", now_());
    return running;
  });
  tell(ids);
  return static_cast<int>(ids.size());
}

std::vector<std::string> JobQueue::expire(const Retention& retention) {
  const Milliseconds now = now_();
  std::vector<std::string> changed, forgotten;
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
    if (since_ <= silent_since)
      lose(connection,
           take(texts_of(
               connection,
               "SELECT id FROM jobs WHERE state = ? AND EXISTS (SELECT 1 FROM workers WHERE workers.name = "
               "jobs.worker AND workers.endpoint = jobs.endpoint AND workers.heard <= ? AND jobs.started <= "
               "?)",
               as_number(JobState::running), silent_since, silent_since)),
           limits_.retries, now);
    end_past_ttl(JobState::running, "the job's ttl ended while it ran");
    forgotten = forget_old(connection, retention, now);
    change(connection, "DELETE FROM idempotency_keys WHERE created <= ?", now - limits_.keep_keys);
    change(connection, "DELETE FROM workers WHERE heard <= ?", now - 86'400'000);
  });
  tell(changed);
  return forgotten;
}

Milliseconds JobQueue::next_expiry() const {
  const Milliseconds now = now_();
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
