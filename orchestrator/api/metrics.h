// What the server counts, for Prometheus: few series, with labels out of fixed lists, never a repository or a
// test. Any thread.
#pragma once

#include <memory>
#include <string>

#include "orchestrator/store/job_queue.h"

namespace orchestrator {

class Metrics {
 public:
  Metrics();
  ~Metrics();

  void request(int status);  // one that was answered
  void job_submitted();
  void attempt_finished(const std::string& outcome, double seconds);
  // The text format, with what the queue and the host look like now.
  std::string text(const Counts& jobs, std::size_t connections, double cpus_leased, double cpus) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace orchestrator
