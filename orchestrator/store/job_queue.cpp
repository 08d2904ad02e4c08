#include "orchestrator/store/job_queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "orchestrator/store/job_rows.h"
#include "sandbox/io/text.h"
#include "sandbox/io/uuid.h"

namespace orchestrator {

using namespace sql;

namespace {

constexpr const char* kJobColumns =
    "number, id, endpoint, client, state, epoch, worker, created, queued, started, ended, execution_timeout, "
    "ttl, "
    "low_priority, retries, progress, error, webhook, logs_gone";

constexpr const char* kJobEnding = "-u1";  // of ids

StoredJob read_job(SQLite::Statement& row) {
  StoredJob job;
  int column = 0;
  const auto text = [&] { return row.getColumn(column++).getString(); };
  const auto whole = [&] { return row.getColumn(column++).getInt64(); };
  job.number = whole();
  job.id = text();
  job.endpoint = text();
  job.client = text();
  job.state = static_cast<JobState>(whole());
  job.epoch = whole();
  job.worker = text();
  job.created = whole();
  job.queued = whole();
  job.started = whole();
  job.ended = whole();
  job.execution_timeout = whole();
  job.ttl = whole();
  job.low_priority = whole() != 0;
  job.retries = static_cast<int>(whole());
  job.progress = text();
  job.error = text();
  job.webhook = text();
  job.logs_gone = whole() != 0;
  return job;
}

std::optional<StoredJob> find_row(SQLite::Database& connection, const std::string& id) {
  SQLite::Statement statement(
      connection, fmt::format("SELECT {}, input, request, output FROM jobs WHERE id = ?", kJobColumns));
  statement.bind(1, id);
  if (!statement.executeStep()) return std::nullopt;
  StoredJob job = read_job(statement);
  const int behind = statement.getColumnCount();
  job.input = statement.getColumn(behind - 3).getString();
  job.request = statement.getColumn(behind - 2).getString();
  job.output = statement.getColumn(behind - 1).getString();
  return job;
}

std::string enough_wait(std::int64_t jobs, const char* whose) {
  return fmt::format("{}{}{} waiting; no more are taken for now",
                     jobs == 1 ? "1 job" : fmt::format("{} jobs", jobs), whose, jobs == 1 ? " is" : " are");
}

std::int64_t as_bytes(std::size_t size) { return static_cast<std::int64_t>(size); }

bool is_handed_out(SQLite::Database& connection, const std::string& id, std::int64_t epoch) {
  return number_of(connection, "SELECT count(*) FROM jobs WHERE id = ? AND epoch = ? AND state = ?", id,
                   epoch, as_number(JobState::running)) > 0;
}

// The host that a URL names, without user and port.
std::string receiver_of(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return "";
  std::string host = url.substr(scheme + 3);
  host.resize(std::min(host.find_first_of("/?#"), host.size()));
  host.erase(0, host.rfind('@') + 1);  // all of it stays where there is none
  if (const auto port = host.rfind(':'); port != std::string::npos && !host.ends_with(']')) host.resize(port);
  return io::lower(host);
}

// Returns how many were kept. One word for all that is dropped in a row: a worker may send for a week what
// nobody takes.
int keep_chunks(SQLite::Database& connection, const std::string& id, const std::vector<std::string>& chunks) {
  constexpr const char* kLast = "SELECT body FROM chunks WHERE job = ? ORDER BY number DESC LIMIT 1";
  int kept = 0;
  for (const auto& chunk : chunks) {
    const bool has_room = number_of(connection, "SELECT bytes FROM untaken WHERE job = ?", id) +
                              as_bytes(chunk.size()) + kChunkRow <=
                          kMostUntaken;
    if (!has_room && texts_of(connection, kLast, id) == std::vector<std::string>{kChunksDropped}) continue;
    change(connection, "INSERT INTO chunks (job, body) VALUES (?, ?)", id, has_room ? chunk : kChunksDropped);
    if (has_room) ++kept;
  }
  return kept;
}

std::vector<std::string> chunks_of(SQLite::Database& connection, const std::string& id) {
  return texts_of(connection, "SELECT body FROM chunks WHERE job = ? ORDER BY number", id);
}

}  // namespace

std::string_view name(JobState state) {
  switch (state) {
    case JobState::queued:
      return "queued";
    case JobState::running:
      return "running";
    case JobState::completed:
      return "completed";
    case JobState::failed:
      return "failed";
    case JobState::cancelled:
      return "cancelled";
    case JobState::timed_out:
      return "timed_out";
  }
  return "unknown";
}

bool is_final(JobState state) { return state != JobState::queued && state != JobState::running; }

std::string new_job_id(bool sync) { return (sync ? "sync-" : "") + io::random_uuid() + kJobEnding; }

bool is_job_id(std::string_view text) { return text.ends_with(kJobEnding); }

JobQueue::JobQueue(Database& database, QueueLimits limits, Now now)
    : database_(database), limits_(limits), now_(std::move(now)), since_(now_()) {}

void JobQueue::on_change(std::function<void(const std::string& id)> told) { told_ = std::move(told); }

void JobQueue::tell(const std::string& id) const {
  if (told_) told_(id);
}

void JobQueue::tell(const std::vector<std::string>& ids) const {
  for (const auto& id : ids) tell(id);
}

// ---- coming in

Submitted JobQueue::submit(const Submission& said) {
  const Milliseconds now = now_();
  const Submitted submitted = database_.transact([&](SQLite::Database& connection) -> Submitted {
    if (said.idempotency) {
      SQLite::Statement known(connection,
                              "SELECT body_hash, job FROM idempotency_keys WHERE client = ? AND key = ?");
      bind_all(known, said.client, said.idempotency->key);
      if (known.executeStep()) {
        if (known.getColumn(0).getString() != said.idempotency->body_hash)
          throw KeyReused("this Idempotency-Key was used with another request");
        return {known.getColumn(1).getString(), true};
      }
    }
    const int queued = as_number(JobState::queued);
    if (number_of(connection, "SELECT count(*) FROM jobs WHERE state = ?", queued) >= limits_.queued)
      throw QueueFull(enough_wait(limits_.queued, ""));
    if (number_of(connection, "SELECT count(*) FROM jobs WHERE state = ? AND client = ?", queued,
                  said.client) >= limits_.queued_of_client)
      throw QueueFull(enough_wait(limits_.queued_of_client, " of this client"));
    const bool refused = !said.error.empty();
    const std::string input = refused ? "" : said.input;  // nobody will run it
    change(
        connection,
        "INSERT INTO jobs (id, endpoint, client, input, request, state, created, queued, ended, error, "
        "execution_timeout, ttl, low_priority, webhook, bytes, receiver) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, "
        "?, ?, ?, ?, ?, ?, ?)",
        said.id, said.endpoint, said.client, input, said.request,
        refused ? as_number(JobState::failed) : queued, now, now, refused ? now : 0, said.error,
        said.execution_timeout, said.ttl, said.low_priority ? 1 : 0, said.webhook,
        as_bytes(input.size() + said.request.size() + said.error.size()), receiver_of(said.webhook));
    if (said.idempotency)
      change(connection,
             "INSERT INTO idempotency_keys (client, key, body_hash, job, created) VALUES (?, ?, ?, ?, ?)",
             said.client, said.idempotency->key, said.idempotency->body_hash, said.id, now);
    return {said.id, false};
  });
  if (!submitted.repeated) tell(submitted.id);
  return submitted;
}

std::optional<StoredJob> JobQueue::find(const std::string& id) const {
  return database_.with([&](SQLite::Database& connection) { return find_row(connection, id); });
}

std::optional<JobState> JobQueue::state_of(const std::string& id) const {
  return database_.with([&](SQLite::Database& connection) -> std::optional<JobState> {
    SQLite::Statement row(connection, "SELECT state FROM jobs WHERE id = ?");
    bind_all(row, id);
    if (!row.executeStep()) return std::nullopt;
    return static_cast<JobState>(row.getColumn(0).getInt());
  });
}

std::vector<StoredJob> JobQueue::list(const JobFilter& filter) const {
  return database_.with([&](SQLite::Database& connection) {
    return rows_of(
        connection, read_job,
        fmt::format("SELECT {} FROM jobs WHERE (?1 = '' OR client = ?1) AND (?2 < 0 OR state = ?2) AND "
                    "(?3 = '' OR endpoint = ?3) AND (?4 = 0 OR number < ?4) ORDER BY number DESC LIMIT ?5",
                    kJobColumns),
        filter.client, filter.state ? as_number(*filter.state) : -1, filter.endpoint, filter.before,
        filter.most);
  });
}

Counts JobQueue::counts(const std::string& endpoint) const {
  return database_.with([&](SQLite::Database& connection) {
    Counts counts;
    SQLite::Statement rows(
        connection,
        "SELECT state, count(*), sum(retries) FROM jobs WHERE (?1 = '' OR endpoint = ?1) GROUP BY state");
    rows.bind(1, endpoint);
    while (rows.executeStep()) {
      const std::int64_t count = rows.getColumn(1).getInt64();
      counts.retried += rows.getColumn(2).getInt64();
      switch (static_cast<JobState>(rows.getColumn(0).getInt())) {
        case JobState::queued:
          counts.queued = count;
          break;
        case JobState::running:
          counts.running = count;
          break;
        case JobState::completed:
          counts.completed = count;
          break;
        case JobState::failed:
          counts.failed = count;
          break;
        case JobState::cancelled:
          counts.cancelled = count;
          break;
        case JobState::timed_out:
          counts.timed_out = count;
          break;
      }
    }
    return counts;
  });
}

// ---- being worked on

std::vector<StoredJob> JobQueue::take(const std::string& endpoint, const std::string& worker, int most,
                                      Whose whose) {
  const Milliseconds now = now_();
  auto taken = database_.transact([&](SQLite::Database& connection) {
    std::vector<StoredJob> jobs;
    std::size_t bytes = 0;
    while (static_cast<int>(jobs.size()) < most && bytes < kLargestHandOut) {
      // Whoever has the fewest running is next; a job of low priority that has waited for ten minutes is like
      // others.
      SQLite::Statement next(
          connection,
          "SELECT id FROM jobs AS waiting WHERE state = ?1 AND (?2 = '' OR endpoint = ?2) AND (?7 = 0 OR "
          "not_before <= ?8) AND (?5 = 0 OR NOT "
          "EXISTS (SELECT 1 FROM jobs AS mine WHERE mine.state = ?4 AND mine.client = waiting.client AND "
          "mine.worker = ?6)) ORDER BY "
          "low_priority AND queued > ?3, (SELECT count(*) FROM jobs AS other WHERE other.state = ?4 AND "
          "other.client = waiting.client), number LIMIT 1");
      bind_all(next, as_number(JobState::queued), endpoint, now - 600'000, as_number(JobState::running),
               whose == Whose::others ? 1 : 0, worker, is_own(worker) ? 1 : 0, now);
      if (!next.executeStep()) break;
      const std::string id = next.getColumn(0).getString();
      change(
          connection,
          "UPDATE jobs SET state = ?, epoch = epoch + 1, worker = ?, started = ?, progress = '' WHERE id = ?",
          as_number(JobState::running), worker, now, id);
      jobs.push_back(*find_row(connection, id));
      bytes += jobs.back().input.size();
    }
    return jobs;
  });
  for (const auto& job : taken) tell(job.id);
  return taken;
}

std::optional<int> JobQueue::tell_progress(const std::string& id, std::int64_t epoch,
                                           const std::string& progress,
                                           const std::vector<std::string>& chunks) {
  const auto kept = database_.transact([&](SQLite::Database& connection) -> std::optional<int> {
    if (!is_handed_out(connection, id, epoch)) return std::nullopt;
    if (!progress.empty()) change(connection, "UPDATE jobs SET progress = ? WHERE id = ?", progress, id);
    return keep_chunks(connection, id, chunks);
  });
  if (kept) tell(id);
  return kept;
}

bool JobQueue::finish(const std::string& id, std::int64_t epoch, JobState state, const std::string& output,
                      const std::string& error, std::int64_t left_bytes, std::int64_t log_bytes) {
  const bool present = database_.transact([&](SQLite::Database& connection) {
    const bool mine = is_handed_out(connection, id, epoch);
    if (mine)
      change(connection,
             "UPDATE jobs SET state = ?1, output = ?2, error = ?3, ended = ?4, progress = '', bytes = bytes "
             "+ ?5 + "
             "(SELECT coalesce(sum(length(data)), 0) FROM events WHERE job = ?6), log_bytes = ?7 WHERE id = "
             "?6",
             as_number(state), output, error, now_(), as_bytes(output.size() + error.size()) + left_bytes, id,
             log_bytes);
    else if (left_bytes > 0)
      change(connection,
             "UPDATE jobs SET bytes = bytes + ?, log_bytes = log_bytes + ? WHERE id = ? AND epoch = ? AND "
             "ended > 0",
             left_bytes, log_bytes, id, epoch);
    return mine;
  });
  if (present) tell(id);
  return present;
}

std::optional<Milliseconds> JobQueue::next_pause_ends_in() const {
  const Milliseconds now = now_();
  const auto next = database_.with([&](SQLite::Database& connection) {
    return number_of(connection, "SELECT min(not_before) FROM jobs WHERE state = ? AND not_before > ?",
                     as_number(JobState::queued), now);
  });
  return next > 0 ? std::optional(next - now) : std::nullopt;
}

bool JobQueue::give_back(const std::string& id, std::int64_t epoch, GivenBack why) {
  const bool host_failed = why == GivenBack::host_failed;
  const Milliseconds now = now_();
  const bool given = database_.transact([&](SQLite::Database& connection) {
    const bool back = is_handed_out(connection, id, epoch) &&
                      put_back(connection, id, host_failed ? "host_failures" : "given_back",
                               host_failed ? limits_.host_failures : limits_.give_backs, now);
    if (back && host_failed)
      change(connection,
             "UPDATE jobs SET not_before = ?1 + min(?2 << min(host_failures - 1, 20), ?3) WHERE id = ?4", now,
             limits_.host_pause, limits_.longest_host_pause, id);
    return back;
  });
  if (given) tell(id);
  return given;
}

std::vector<std::string> JobQueue::chunks(const std::string& id) const {
  return database_.with([&](SQLite::Database& connection) { return chunks_of(connection, id); });
}

std::vector<std::string> JobQueue::take_chunks(const std::string& id) {
  return database_.transact([&](SQLite::Database& connection) {
    auto chunks = chunks_of(connection, id);
    if (!chunks.empty()) change(connection, "DELETE FROM chunks WHERE job = ?", id);
    return chunks;
  });
}

// ---- being told

std::optional<StoredJob> JobQueue::cancel(const std::string& id) {
  bool changed = false;
  auto job = database_.transact([&](SQLite::Database& connection) {
    changed = change(connection,
                     "UPDATE jobs SET state = ?, ended = ?, progress = '' WHERE id = ? AND state IN (?, ?)",
                     as_number(JobState::cancelled), now_(), id, as_number(JobState::queued),
                     as_number(JobState::running)) > 0;
    return find_row(connection, id);
  });
  if (changed) tell(id);
  return job;
}

bool JobQueue::retry(const std::string& id) {
  const bool changed = database_.transact([&](SQLite::Database& connection) {
    // What failed without ever having been handed out was refused as it came in. Its life begins anew.
    const bool again =
        change(
            connection,
            "UPDATE jobs SET state = ?1, queued = ?2, started = 0, ended = 0, output = '', error = '', "
            "worker = '', retries = 0, given_back = 0, host_failures = 0, not_before = 0, "
            "ttl = ttl + ?2 - created, log_bytes = 0, logs_gone = 0, bytes = length(CAST(input AS BLOB)) "
            "+ length(CAST(request AS BLOB)) WHERE id = ?3 AND (state = ?4 AND epoch > 0 OR state = ?5) AND "
            "request <> ''",
            as_number(JobState::queued), now_(), id, as_number(JobState::failed),
            as_number(JobState::timed_out)) > 0;
    if (again) {
      change(connection, "DELETE FROM chunks WHERE job = ?", id);
      change(connection, "DELETE FROM webhooks WHERE job = ?", id);
    }
    return again;
  });
  if (changed) tell(id);
  return changed;
}

int JobQueue::purge(const std::string& endpoint, const std::string& client) {
  const auto purged = database_.transact([&](SQLite::Database& connection) {
    auto ids = texts_of(connection,
                        "SELECT id FROM jobs WHERE state = ?1 AND endpoint = ?2 AND (?3 = '' OR client = ?3)",
                        as_number(JobState::queued), endpoint, client);
    for (const auto& id : ids)
      change(connection, "UPDATE jobs SET state = ?, ended = ? WHERE id = ?", as_number(JobState::cancelled),
             now_(), id);
    return ids;
  });
  tell(purged);
  return static_cast<int>(purged.size());
}

// ---- webhooks

// That the job ?1 has not ended once more since it ended at ?2.
constexpr const char* kSameEnd = "(SELECT 1 FROM jobs WHERE id = ?1 AND ended = ?2)";

// A row's place among those of its receiver, and of those that may go among its client's: what is under way
// comes first.
constexpr const char* kDueInTurn =
    "WITH called AS (SELECT client, receiver FROM webhooks WHERE job IN (SELECT value FROM json_each(?2))), "
    "waiting AS (SELECT job, client, due, (SELECT count(*) FROM called WHERE called.receiver = "
    "webhooks.receiver) + row_number() OVER (PARTITION BY receiver ORDER BY due) AS place FROM webhooks "
    "WHERE "
    "due <= ?1 AND job NOT IN (SELECT value FROM json_each(?2))), "
    "bearable AS (SELECT job, due, (SELECT count(*) FROM called WHERE called.client = waiting.client) + "
    "row_number() OVER (PARTITION BY client ORDER BY due) AS place FROM waiting WHERE place <= ?3) "
    "SELECT job FROM bearable WHERE place <= ?4 ORDER BY place, due LIMIT ?5";

std::vector<StoredJob> JobQueue::webhooks_due(int most, const std::vector<std::string>& under_way) const {
  return database_.with([&](SQLite::Database& connection) {
    std::vector<StoredJob> jobs;
    for (const auto& id : texts_of(connection, kDueInTurn, now_(), nlohmann::json(under_way).dump(),
                                   kWebhooksOfReceiver, kWebhooksOfClient, most))
      if (auto job = find_row(connection, id)) jobs.push_back(std::move(*job));
    return jobs;
  });
}

void JobQueue::webhook_reached(const std::string& id, Milliseconds ended) {
  database_.with([&](SQLite::Database& connection) {
    change(connection, std::string("DELETE FROM webhooks WHERE job = ?1 AND EXISTS ") + kSameEnd, id, ended);
  });
}

void JobQueue::webhook_failed(const std::string& id, Milliseconds ended, Milliseconds pause, int most_tries) {
  database_.transact([&](SQLite::Database& connection) {
    change(
        connection,
        std::string("UPDATE webhooks SET due = ?3, tries = tries + 1 WHERE job = ?1 AND EXISTS ") + kSameEnd,
        id, ended, now_() + pause);
    change(connection, "DELETE FROM webhooks WHERE job = ? AND tries >= ?", id, most_tries);
  });
}

}  // namespace orchestrator
