#include "orchestrator/store/event_store.h"

namespace orchestrator {

void EventStore::append(const std::vector<StoredEvent>& events) {
  if (events.empty()) return;
  database_.transact([&](SQLite::Database& connection) {
    // An event of a job that was forgotten meanwhile is nobody's.
    SQLite::Statement insert(
        connection,
        "INSERT INTO events (job, time, type, data) SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM "
        "jobs WHERE id = ?1)");
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
    SQLite::Statement rows(
        connection,
        "SELECT sequence, job, time, type, data FROM events WHERE sequence > ?1 AND (?2 = '' OR job = "
        "?2) ORDER BY sequence LIMIT ?3");
    rows.bind(1, after);
    rows.bind(2, job);
    rows.bind(3, most);
    std::vector<StoredEvent> events;
    while (rows.executeStep())
      events.push_back({rows.getColumn(0).getInt64(), rows.getColumn(1).getString(),
                        rows.getColumn(2).getInt64(), rows.getColumn(3).getString(),
                        rows.getColumn(4).getString()});
    return events;
  });
}

std::int64_t EventStore::last() const {
  return database_.with([](SQLite::Database& connection) {
    return connection.execAndGet("SELECT coalesce(max(sequence), 0) FROM events").getInt64();
  });
}

}  // namespace orchestrator
