// What all parts of JobQueue know of its table.
#pragma once

#include "orchestrator/store/job_queue.h"
#include "orchestrator/store/sql.h"

namespace orchestrator {

inline constexpr const char* kOverran = "executionTimeout exceeded";

inline int as_number(JobState state) { return static_cast<int>(state); }

// To the queue once more, unless that was `most` times already by this count: a column.
inline bool put_back(SQLite::Database& connection, const std::string& id, const std::string& count, int most,
                     Milliseconds now) {
  const bool again =
      sql::change(
          connection,
          "UPDATE jobs SET state = ?, " + count + " = " + count +
              " + 1, queued = ?, not_before = 0, started = 0, worker = '', progress = '' WHERE id = ? AND " +
              count + " < ?",
          as_number(JobState::queued), now, id, most) > 0;
  if (again) sql::change(connection, "DELETE FROM chunks WHERE job = ?", id);
  return again;
}

// Running jobs whose worker does not have them any more: back to the queue, or ended with this error when
// that has happened often enough.
void lose(SQLite::Database& connection, const std::vector<std::string>& ids, int most_retries,
          const std::string& error, Milliseconds now);

}  // namespace orchestrator
