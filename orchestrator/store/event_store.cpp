#include "orchestrator/store/event_store.h"

#include "orchestrator/store/sql.h"

namespace orchestrator {

void EventStore::append(const std::vector<StoredEvent>& events) {
  if (events.empty()) return;
  database_.transact([&](SQLite::Database& connection) {
    // An event of a job that was forgotten meanwhile is nobody's, and the end of a job is its last.
    SQLite::Statement insert(
        connection,
        "INSERT INTO events (job, time, type, data) SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM "
        "jobs WHERE id = ?1 AND ended = 0)");
    for (const auto& event : events) {
      insert.bind(1, event.job);
      insert.bind(2, event.time);
      insert.bind(3, event.type);
      insert.bind(4, event.data);
      insert.exec();
      insert.reset();
    }
  });
  if (told_) told_(events);
}

std::vector<StoredEvent> EventStore::read(std::int64_t after, const std::string& job, int most) const {
  return database_.with([&](SQLite::Database& connection) {
    // One statement for both would find the events of a job by reading those of all.
    const std::string of_job = job.empty() ? "?2 = ''" : "job = ?2";
    return sql::rows_of(
        connection,
        [](SQLite::Statement& row) {
          return StoredEvent{row.getColumn(0).getInt64(), row.getColumn(1).getString(),
                             row.getColumn(2).getInt64(), row.getColumn(3).getString(),
                             row.getColumn(4).getString()};
        },
        "SELECT sequence, job, time, type, data FROM events WHERE sequence > ?1 AND " + of_job +
            " ORDER BY sequence LIMIT ?3",
        after, job, most);
  });
}

std::int64_t EventStore::last() const {
  return database_.with([](SQLite::Database& connection) {
    return connection.execAndGet("SELECT coalesce(max(sequence), 0) FROM events").getInt64();
  });
}

}  // namespace orchestrator
