// What RunPod's queue answers, as values. Strangers wrote parts of it: it is bounded, and nothing in it makes
// a reader throw. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/runpod/environment.h"
#include "sandbox/io/http_client.h"

namespace orchestrator::runpod {

struct TakenJob {
  std::string id;
  std::string input;             // JSON; "{}" where the queue has dropped an empty one
  std::string batch;             // of the log's lines; mostly empty
  std::optional<Bucket> bucket;  // s3Config
  std::string problem;           // a sentence: the job can only fail
  // orchestrator/api/hand_out_keys.h
  bool wants_attempts = false;
  std::string client;  // empty: the queue does not say
  bool low_priority = false;
};

struct TakeAnswer {
  enum class Kind {
    jobs,
    nothing,   // the poll ended without any
    not_now,   // 400 while the host is being frozen, or what is no job
    too_many,  // 429
    refused,   // 401, 403, 404: for minutes on end it means that this worker is not wanted
    failed     // 5xx, or no answer at all
  };
  Kind kind = Kind::nothing;
  std::vector<TakenJob> jobs;  // with `jobs`; may be empty all the same
  std::string problem;         // for the log
  std::chrono::seconds retry_after{0};
};
TakeAnswer read_take_answer(const io::HttpResponse& answer);

struct StopAnswer {
  enum class Kind { ids, nothing, too_many, absent, failed };  // absent: 404, a server without the channel
  Kind kind = Kind::nothing;
  std::vector<std::string> ids;
};
StopAnswer read_stop_answer(const io::HttpResponse& answer);

// `seconds` of a Retry-After header, within bounds; 0 when there is none.
std::chrono::seconds retry_after(const io::HttpResponse& answer);

// A name for files and labels of this host: what is no letter, digit, '.', '_' or '-' becomes '_'.
std::string safe_name(const std::string& id);

}  // namespace orchestrator::runpod
