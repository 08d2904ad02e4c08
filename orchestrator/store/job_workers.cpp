// What workers that take jobs over the wire say, and are told: a part of JobQueue.
#include <algorithm>

#include "orchestrator/store/job_queue.h"
#include "orchestrator/store/job_rows.h"

namespace orchestrator {

using namespace sql;

namespace {

constexpr Milliseconds kHeardEvery = 5'000;  // what is said in between is not worth a commit
constexpr Milliseconds kHandedOut = 15'000;  // after which a worker must know what it was given
constexpr Milliseconds kTellAgain = 10'000;  // workers ask at once again when they were told something

HandOut read_hand_out(SQLite::Statement& row) {
  return {row.getColumn(0).getString(), row.getColumn(1).getInt64()};
}

bool contains(const std::vector<HandOut>& all, const HandOut& job) {
  return std::find(all.begin(), all.end(), job) != all.end();
}

std::vector<HandOut> without(std::vector<HandOut> all, const std::vector<HandOut>& others) {
  std::erase_if(all, [&](const HandOut& job) { return contains(others, job); });
  return all;
}

// Those that are somebody else's by now, or wait for one, or are forgotten. What has ended under this worker
// it knows, or is among jobs_to_stop() for that.
std::vector<HandOut> taken_from(SQLite::Database& connection, const std::string& worker,
                                std::vector<HandOut> held) {
  std::erase_if(held, [&](const HandOut& job) {
    return number_of(connection, "SELECT count(*) FROM jobs WHERE id = ? AND epoch = ? AND worker = ?",
                     job.id, job.epoch, worker) > 0;
  });
  return held;
}

}  // namespace

void JobQueue::heard_of(const std::string& worker, const std::string& endpoint) {
  const Milliseconds now = now_();
  {
    const std::lock_guard lock(mutex_);
    unhealthy_.erase({worker, endpoint});
    std::erase_if(notes_,
                  [&](const auto& each) { return each.second.heard <= now - limits_.worker_silence; });
    Milliseconds& heard = notes_[{worker, endpoint}].heard;
    if (heard > now - kHeardEvery) return;
    heard = now;
  }
  database_.with([&](SQLite::Database& connection) {
    change(connection,
           "INSERT INTO workers (name, endpoint, heard) VALUES (?, ?, ?) ON CONFLICT (name, endpoint) DO "
           "UPDATE SET heard = excluded.heard",
           worker, endpoint, now);
  });
}

void JobQueue::heard_is_unhealthy(const std::string& worker, const std::string& endpoint) {
  heard_of(worker, endpoint);
  const std::lock_guard lock(mutex_);
  unhealthy_[{worker, endpoint}] = now_();
}

void JobQueue::holds(const std::string& worker, const std::string& endpoint, const std::vector<HandOut>& held,
                     Claim claim) {
  if (is_own(worker)) return;
  const Milliseconds now = now_();
  const bool on_asking = claim == Claim::on_asking;
  const auto lost = database_.transact([&](SQLite::Database& connection) {
    const auto given =
        rows_of(connection, read_hand_out,
                "SELECT id, epoch FROM jobs WHERE state = ? AND worker = ? AND endpoint = ? AND started <= ?",
                as_number(JobState::running), worker, endpoint, on_asking ? now : now - kHandedOut);
    auto missing = without(given, held);
    auto taken = taken_from(connection, worker, held);
    const std::lock_guard lock(mutex_);
    Notes& notes = notes_[{worker, endpoint}];
    std::vector<std::string> gone;
    for (const HandOut& job : missing)
      if (on_asking || contains(notes.missing, job)) gone.push_back(job.id);
    notes.missing = std::move(missing);
    notes.taken = std::move(taken);
    lose(connection, gone, limits_.retries, lost_again(limits_.retries), now);
    return gone;
  });
  tell(lost);
}

std::vector<HandOut> JobQueue::jobs_to_stop(const std::string& worker) {
  const Milliseconds now = now_();
  // What has ended long ago, or was never run, nobody works on any more.
  auto jobs = database_.with([&](SQLite::Database& connection) {
    return rows_of(
        connection, read_hand_out,
        "SELECT id, epoch FROM jobs WHERE worker = ? AND (state IN (?, ?) OR state = ? AND error = ?) "
        "AND started > 0 AND ended > ?",
        worker, as_number(JobState::cancelled), as_number(JobState::timed_out), as_number(JobState::failed),
        kOverran, now - 600'000);
  });
  const std::lock_guard lock(mutex_);
  for (const auto& [place, notes] : notes_)
    if (place.first == worker) jobs.insert(jobs.end(), notes.taken.begin(), notes.taken.end());
  std::erase_if(told_to_stop_, [now](const auto& each) { return each.second <= now - kTellAgain; });
  std::erase_if(jobs, [&](const HandOut& job) { return !told_to_stop_.emplace(job, now).second; });
  return jobs;
}

JobQueue::Workers JobQueue::workers(const std::string& endpoint) const {
  return database_.with([&](SQLite::Database& connection) {
    Workers workers;
    workers.own_runs = number_of(connection, "SELECT count(*) FROM jobs WHERE worker = ? AND state = ?",
                                 limits_.own_worker, as_number(JobState::running)) > 0;
    SQLite::Statement rows(
        connection,
        "SELECT heard, (SELECT count(*) FROM jobs WHERE jobs.worker = workers.name AND jobs.state = ?), name "
        "FROM workers WHERE endpoint = ?");
    bind_all(rows, as_number(JobState::running), endpoint);
    const std::lock_guard lock(mutex_);
    while (rows.executeStep()) {
      if (unhealthy_.contains({rows.getColumn(2).getString(), endpoint}))
        ++workers.unhealthy;
      else if (rows.getColumn(0).getInt64() < now_() - limits_.worker_silence)
        ++(rows.getColumn(1).getInt64() > 0 ? workers.unhealthy : workers.silent);
      else
        ++(rows.getColumn(1).getInt64() > 0 ? workers.running : workers.idle);
    }
    return workers;
  });
}

}  // namespace orchestrator
