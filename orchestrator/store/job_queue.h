// The durable queue of jobs, and what is left of those that have ended. Every commit is on disk before the
// call returns: what was accepted is found again after any death of the process. Every hand-out of a job has
// an epoch; whatever is said in the name of an older one is dropped, and the first final state wins.
//
// Calls may come from any thread; they block for as long as a commit takes, so that the loop's thread asks a
// Background for them. Errors of the database are io::HostError.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/store/database.h"

namespace orchestrator {

enum class JobState { queued, running, completed, failed, cancelled, timed_out };
std::string_view name(JobState state);
bool is_final(JobState state);

using Milliseconds = std::int64_t;  // since the epoch, or a span

struct IdempotencyKey {
  std::string key;
  std::string body_hash;  // of the whole request
};

struct Submission {
  std::string id;        // unique; see new_job_id()
  std::string endpoint;  // a segment of the URL: a name of the queue that the client chose
  std::string client;    // the token's name: whose fair share it is
  std::string input;     // JSON, as it came
  std::string request;   // JSON: the job read and checked, without values of secrets
  Milliseconds execution_timeout = 600'000;
  Milliseconds ttl = 86'400'000;  // of the whole life
  bool low_priority = false;
  std::string webhook;
  std::string error;  // not empty: it can only fail, and has failed at once
  std::optional<IdempotencyKey> idempotency;
};

// One time that a job was handed to a worker.
struct HandOut {
  std::string id;
  std::int64_t epoch = 0;  // 1, 2, …
  auto operator<=>(const HandOut&) const = default;
};

struct StoredJob {
  std::string id;
  std::int64_t number = 0;  // 1, 2, 3, … in the order of submission
  std::string endpoint, client, input, request;
  JobState state = JobState::queued;
  std::int64_t epoch = 0;                                        // of its last hand-out; 0: never handed out
  std::string worker;                                            // who has it, or had it last
  Milliseconds created = 0, queued = 0, started = 0, ended = 0;  // 0: not yet
  Milliseconds execution_timeout = 0, ttl = 0;
  bool low_priority = false;
  int retries = 0;       // times that it went back to the queue because its worker was lost
  std::string progress;  // JSON, of a running job
  std::string output;    // JSON; empty: none
  std::string error;     // a sentence
  std::string webhook;
  bool logs_gone = false;  // all that is kept became too large, see Retention
};

struct Counts {
  std::int64_t queued = 0, running = 0, completed = 0, failed = 0, cancelled = 0, timed_out = 0;
  std::int64_t retried = 0;  // times, of all of them
};

struct Submitted {
  std::string id;
  bool repeated = false;  // an earlier submission under the same idempotency key
};

// The same idempotency key came with another body.
class KeyReused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
class QueueFull : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct QueueLimits {
  std::int64_t queued = 10'000;           // jobs that wait
  std::int64_t queued_of_client = 2'000;  // … of one client
  int retries = 1;                        // of a job whose worker was lost
  int give_backs = 10;                    // of a job that was interrupted
  // Times that a job is tried again which the server's own host could not run, with a pause before each: so
  // long before the first, twice that before the second, … In all a minute, since the failure may be a peer's
  // that never ends, as of a host whose name nobody knows; see also io::LastingError.
  int host_failures = 6;
  Milliseconds host_pause = 1'000, longest_host_pause = 60'000;
  Milliseconds worker_silence = 50'000;  // after which a worker is lost
  std::string own_worker = "local";      // looks after its jobs' time itself, and is never silent
  Milliseconds keep_keys = 86'400'000;   // idempotency keys
};

// How long, and up to which sum, jobs that have ended are kept: what they were asked and have answered, their
// events and the files that they have left. Above the sum logs go first, those of the oldest job before
// others, then whole jobs. No job goes within kLeastKept of its end, nor before its webhook was told.
struct Retention {
  Milliseconds age = 30ll * 86'400'000;
  std::int64_t bytes = 4ll << 30;
};

// As long as RunPod keeps the result of an asynchronous job, which its clients count on
// (https://docs.runpod.io/serverless/endpoints/operations).
inline constexpr Milliseconds kLeastKept = 30 * 60'000;

// Of a stream that nobody takes so much is kept, each chunk counted as its text and kChunkRow: the row and
// its place in indexes, which would be without bound for chunks of a byte (the database's triggers count the
// same). Where more was dropped a chunk says so.
inline constexpr std::int64_t kMostUntaken = 16 << 20, kChunkRow = 128;
inline constexpr const char* kChunksDropped =
    R"({"warning":"chunks were dropped here: nobody had taken those before them"})";

// Bytes of inputs after which no further job is handed out at once.
inline constexpr std::size_t kLargestHandOut = 16 << 20;

// The error of a job that ran each time that the server died, QueueLimits::retries and one more.
inline constexpr const char* kServerEndedTwice = "the server ended twice while it ran";
// That of a job whose workers were lost too often: RunPod's own sentence.
std::string lost_again(int retries);

// Webhooks called at once: a receiver that lets everybody wait, and a client with many of those, hold up
// themselves alone.
inline constexpr int kWebhooksOfReceiver = 4, kWebhooksOfClient = 8;

// Jobs whose files are nobody's any more.
struct Forgotten {
  std::vector<std::string> jobs;  // they are no more
  std::vector<std::string> logs;  // theirs alone
};

enum class Recovery { restart, fail };

// Why a job is given back. Where the server's own host has failed, its own worker has it again after a pause
// alone; workers elsewhere, which are other hosts, may take it at once.
enum class GivenBack { interrupted, host_failed };

// Whose jobs a worker takes: anybody's, or those of clients of whom it has none.
enum class Whose { all, others };

// How a worker says what it has: in passing, so that a hand-out may be under way to it (believed when it
// leaves the same out twice in a row), or as it asks for more.
enum class Claim { in_passing, on_asking };

struct JobFilter {
  std::string client;  // empty: all
  std::optional<JobState> state;
  std::string endpoint;     // empty: all
  std::int64_t before = 0;  // numbers below; 0: from the newest
  int most = 50;
};

class JobQueue {
 public:
  using Now = std::function<Milliseconds()>;

  JobQueue(Database& database, QueueLimits limits, Now now);

  // Told of every job whose row has changed, by the thread that changed it, after the commit. Once, before
  // any use.
  void on_change(std::function<void(const std::string& id)> told);

  // Throws QueueFull and KeyReused.
  Submitted submit(const Submission& submission);
  std::optional<StoredJob> find(const std::string& id) const;
  std::optional<JobState> state_of(const std::string& id) const;
  std::vector<StoredJob> list(const JobFilter& filter) const;  // newest first, without input and output
  Counts counts(const std::string& endpoint) const;            // empty: of all

  // Hands jobs out: of the client with the fewest running ones first, those of low priority last, then by
  // age. `endpoint` empty: of any.
  std::vector<StoredJob> take(const std::string& endpoint, const std::string& worker, int most,
                              Whose whose = Whose::all);
  // How long until the own worker may take the first of the jobs that its host has failed; nullopt: there is
  // none that it may not.
  std::optional<Milliseconds> next_pause_ends_in() const;
  // How many of `chunks` were kept; nullopt when the epoch is not the job's present one or the job does not
  // run: then nothing was changed. `progress`: JSON, or empty for none; `chunks`: of its stream, in order, as
  // far as there is room.
  std::optional<int> tell_progress(const std::string& id, std::int64_t epoch, const std::string& progress,
                                   const std::vector<std::string>& chunks);
  // False as above. `left_bytes`: of files that are kept for the job, also when somebody else has ended it
  // meanwhile, but not when it is to be run anew, which removes them; `log_bytes`: of logs among them.
  bool finish(const std::string& id, std::int64_t epoch, JobState state, const std::string& output,
              const std::string& error, std::int64_t left_bytes = 0, std::int64_t log_bytes = 0);
  // To the queue once more, through no fault of the job: not one of its retries. False also when that was
  // often enough, for this reason.
  bool give_back(const std::string& id, std::int64_t epoch, GivenBack why = GivenBack::interrupted);
  // The chunks that nobody was given yet; they count as delivered.
  std::vector<std::string> take_chunks(const std::string& id);
  // The same chunks, which stay.
  std::vector<std::string> chunks(const std::string& id) const;

  // The state that the job has afterwards; nullopt: unknown.
  std::optional<StoredJob> cancel(const std::string& id);
  // Failed or timed out: to the queue once more, its output forgotten, with its whole ttl ahead. False: it is
  // in another state, or was refused as it came in.
  bool retry(const std::string& id);
  // Cancels what waits, of one client or (empty) of all; how many.
  int purge(const std::string& endpoint, const std::string& client);

  // Workers that take jobs over the wire. None of them may be called as the server's own.
  bool is_own(const std::string& worker) const { return worker == limits_.own_worker; }
  void heard_of(const std::string& worker, const std::string& endpoint);
  // It lives, and has said that it can do no job: believed until it is heard of otherwise.
  void heard_is_unhealthy(const std::string& worker, const std::string& endpoint);
  // All that the worker says it has. What it was given and does not name is lost (it was started anew, or the
  // answer did not reach it) and goes back to the queue once, or fails. What it names and was taken from
  // it, since it was thought lost, it is told to stop.
  void holds(const std::string& worker, const std::string& endpoint, const std::vector<HandOut>& held,
             Claim claim);
  // That it may still run: cancelled, past their time, or taken from it. Each is told every 10 s at
  // the most.
  std::vector<HandOut> jobs_to_stop(const std::string& worker);
  struct Workers {
    int idle = 0, running = 0;
    int unhealthy = 0;      // have said so, or fell silent over a job
    int silent = 0;         // without a job: most of them have left
    bool own_runs = false;  // the server's own worker has a job, of whatever endpoint
  };
  Workers workers(const std::string& endpoint) const;

  // Whoever is to be told that a job has ended, by its webhook: due now, the longest first, and of clients in
  // turn. `under_way`: ids of jobs whose webhooks are being called, which count towards what one receiver and
  // one client may have at once, and are not due.
  std::vector<StoredJob> webhooks_due(int most, const std::vector<std::string>& under_way = {}) const;
  // `ended`: of the job as it was given. What has ended once more since then is told once more.
  void webhook_reached(const std::string& id, Milliseconds ended);
  // To be called again after `pause`, or never when there were `most_tries`.
  void webhook_failed(const std::string& id, Milliseconds ended, Milliseconds pause, int most_tries);

  // At a start: what the dead process ran itself (`worker`) goes back to the queue once, or fails.
  int recover(const std::string& worker, Recovery recovery);
  // What time brings about: ttl, execution timeouts, silent workers, retention. Returns what is forgotten:
  // not more than some hundreds at once; next_expiry() then is now.
  Forgotten expire(const Retention& retention);
  // What of these was forgotten some time ago: it may have left files when the process died there.
  Forgotten forgotten_among(const std::vector<std::string>& ids) const;
  // The next moment when there may be something to expire; a minute at the most.
  Milliseconds next_expiry() const;

 private:
  void tell(const std::string& id) const;
  void tell(const std::vector<std::string>& ids) const;
  void note_silent(SQLite::Database& connection, Milliseconds since);

  Database& database_;
  QueueLimits limits_;
  Now now_;
  Milliseconds since_;  // when this was made
  std::function<void(const std::string&)> told_;

  // What need not outlive the process; after the database's lock where both are held.
  mutable std::mutex mutex_;
  struct Notes {
    Milliseconds heard = 0;        // when that was written last
    std::vector<HandOut> missing;  // what it did not name the last time
    std::vector<HandOut> taken;    // what it named, and was taken from it
  };
  using WorkerPlace = std::pair<std::string, std::string>;  // worker and endpoint
  std::map<WorkerPlace, Notes> notes_;
  std::map<WorkerPlace, Milliseconds> unhealthy_;  // since when
  std::map<HandOut, Milliseconds> told_to_stop_;
  bool more_to_forget_ = false;  // than the last look has
};

// "<uuid>-u1", or "sync-<uuid>-u1".
std::string new_job_id(bool sync);
// Whether it may be one of these.
bool is_job_id(std::string_view text);

}  // namespace orchestrator
