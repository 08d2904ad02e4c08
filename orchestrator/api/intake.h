// Takes jobs in: reads what was sent, looks whether this host may be asked for it, and puts it into the
// queue.
#pragma once

#include <string>

#include "orchestrator/api/api_server.h"

namespace orchestrator {

// What an answer says to a job that could not be taken as it was sent.
class NotTaken : public std::runtime_error {
 public:
  NotTaken(int status_, const std::string& sentence) : std::runtime_error(sentence), status(status_) {}
  int status;
};

// The answer to such a job: where the server is about to stop, with when to ask again.
ServedResponse not_taken(ServedResponse response);

// RunPod's: {"input": …, "webhook": …, "policy": …}. A wrong input is no reason to refuse it there: the job
// fails, as it would in a worker. Throws NotTaken, QueueFull.
StoredJob take_in_runpod(const ApiParts& parts, const Call& call, bool sync);

// Ours: a job's fields, all mistakes at once. Throws InvalidJob, NotTaken, QueueFull, KeyReused.
Submitted take_in_job(const ApiParts& parts, const Call& call);

}  // namespace orchestrator
