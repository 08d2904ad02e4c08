// The one log of what happens, in order. Progress lines, JSON lines and (later) SSE are readings of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace orchestrator {

// Types and their data (times in ms, all else as in the report):
//   job_started        {request}; of a job of a serve also {worker}, and that alone where it is one elsewhere
//   checkout_started   {}            checkout_progress {text}
//   checkout_finished  {commit, tree_hash, files, seconds}
//   layer_started      {kind, title} layer_output {text}   layer_finished {kind, cached, seconds}
//   image_finished     {image, framework, found, seconds}
//   run_started        {runs, parallelism, job_seed}
//   attempt_started    {attempt, seed, try}
//   attempt_finished   {attempt, seed, outcome, exit_code, duration_ms, done, runs, running, not_passed}
//                      (done, not_passed: so far, without those that were cancelled)
//   waiting            {for}: nothing of the job runs because of others; told once
//   stopping           {reason}
//   elsewhere          of a job that another host runs: {at, job} once it is handed in; {stage}, or
//                      {attempts, runs, not_passed}: how far it is, where attempts are not told one by one
//   run_finished       {end, total_runs, failures, repro_rate}
//   job_failed         {kind, message, exit_code}: kinds as in the report; the last event of a job that ended
//                      before its attempts, or could not even begin
//   job_ended          {state, error?} of a job of a serve: the last, with each end; told by the server alone
//   images_removed     {count, bytes}: at the end of a run, beyond the budget for images
//   warning            {text}
struct Event {
  std::uint64_t sequence = 0;  // 1, 2, 3, …
  std::chrono::system_clock::time_point time{};
  std::string type;
  nlohmann::json data;

  std::string to_json_line() const;  // one line without newline; never throws for bytes that are no UTF-8
};

class EventLog {
 public:
  using Listener = std::function<void(const Event&)>;
  void subscribe(Listener listener) { listeners_.push_back(std::move(listener)); }
  void append(std::string type, nlohmann::json data = nlohmann::json::object());

 private:
  std::uint64_t next_ = 1;
  std::vector<Listener> listeners_;
};

}  // namespace orchestrator
