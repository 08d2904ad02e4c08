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

}  // namespace

void JobQueue::heard_of(const std::string& worker, const std::string& endpoint) {
  const Milliseconds now = now_();
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(heard_, [now](const auto& each) { return each.second <= now - kHeardEvery; });
    if (!heard_.emplace(std::pair(worker, endpoint), now).second) return;
  }
  database_.with([&](SQLite::Database& connection) {
    change(connection,
           "INSERT INTO workers (name, endpoint, heard) VALUES (?, ?, ?) ON CONFLICT (name, endpoint) DO "
           "UPDATE SET heard = excluded.heard",
           worker, endpoint, now);
  });
}

void JobQueue::holds(const std::string& worker, const std::string& endpoint,
                     const std::vector<HandOut>& held) {
  const auto lost = database_.transact([&](SQLite::Database& connection) {
    auto missing =
        rows_of(connection, read_hand_out,
                "SELECT id, epoch FROM jobs WHERE state = ? AND worker = ? AND endpoint = ? AND started <= ?",
                as_number(JobState::running), worker, endpoint, now_() - kHandedOut);
    std::erase_if(missing, [&](const HandOut& job) { return contains(held, job); });
    std::vector<std::string> twice;
    const std::lock_guard lock(mutex_);
    const auto before = missing_.find({worker, endpoint});
    if (before != missing_.end())
      for (const HandOut& job : missing)
        if (contains(before->second, job)) twice.push_back(job.id);
    if (missing.empty() && before != missing_.end())
      missing_.erase(before);
    else if (!missing.empty())
      missing_[{worker, endpoint}] = std::move(missing);
    lose(connection, twice, limits_.retries, now_());
    return twice;
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
  std::erase_if(told_to_stop_, [now](const auto& each) { return each.second <= now - kTellAgain; });
  std::erase_if(jobs, [&](const HandOut& job) { return !told_to_stop_.emplace(job, now).second; });
  return jobs;
}

JobQueue::Workers JobQueue::workers(const std::string& endpoint) const {
  return database_.with([&](SQLite::Database& connection) {
    Workers workers;
    SQLite::Statement rows(
        connection,
        "SELECT heard, (SELECT count(*) FROM jobs WHERE jobs.worker = workers.name AND jobs.state = ?) "
        "FROM workers WHERE endpoint = ?");
    bind_all(rows, as_number(JobState::running), endpoint);
    while (rows.executeStep()) {
      if (rows.getColumn(0).getInt64() < now_() - limits_.worker_silence)
        ++workers.silent;
      else if (rows.getColumn(1).getInt64() > 0)
        ++workers.running;
      else
        ++workers.idle;
    }
    return workers;
  });
}

}  // namespace orchestrator
