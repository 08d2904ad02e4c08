// Tells RunPod's queue that this worker lives and which jobs it holds. It has a thread and a connection of
// its own, which wait for no job and for nothing of the loop: a queue that hears nothing for half a minute
// gives the jobs to somebody else. What is answered is of no interest.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "orchestrator/runpod/addresses.h"

namespace orchestrator::runpod {

struct Pinger {
  std::string key;         // of the Authorization header
  std::string user_agent;  // same
  std::string version;     // "orchestrator/1.2.3"
  std::string ca_file;     // as io::set_trust has it
};

// One request that is waited for; returns its status, 0 when there was no answer or `cancelled` came true.
long ping_once(const std::string& url, const Pinger& pinger, std::chrono::milliseconds timeout,
               const std::function<bool()>& cancelled = {});

class Heartbeat {
 public:
  // The first ping goes out at once.
  Heartbeat(Addresses addresses, Pinger pinger, std::chrono::seconds interval);
  ~Heartbeat();  // waits for no answer
  Heartbeat(const Heartbeat&) = delete;

  // What the next ping says. Any thread; never waits.
  void set_jobs(const std::vector<std::string>& ids);

 private:
  void run(const std::stop_token& stop);
  void ping(const std::stop_token& stop);
  bool rest(const std::stop_token& stop, std::chrono::steady_clock::time_point until);
  std::string ids();

  const Addresses addresses_;
  const Pinger pinger_;
  const std::chrono::seconds interval_;
  std::mutex mutex_;  // held for the copy of a string, by nobody who does anything else meanwhile
  std::string ids_;   // guarded by mutex_
  std::mutex resting_;
  std::condition_variable_any woken_;
  std::jthread thread_;
};

}  // namespace orchestrator::runpod
