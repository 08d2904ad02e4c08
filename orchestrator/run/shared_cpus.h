// The CPUs of this host as its processes share them: a CpuLedger, and the waiting for it on the loop. What
// others give back wakes who waits (inotify); where that cannot be, a timer does. Where the folder cannot be
// used it says so once and shares nothing from then on: no run fails for it. Loop's thread only; made and
// owned by HostSharing, and used by the HostBudget of the process.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "orchestrator/run/cpu_ledger.h"
#include "sandbox/io/fd.h"
#include "sandbox/io/loop.h"

namespace orchestrator {

class SharedCpus {
 public:
  // The folder is made. `cpus`: of the host.
  SharedCpus(io::Loop& loop, const std::string& folder, std::string process, double cpus);

  // False: `on_room` is called, later, whenever it is worth to ask again, until withdraw().
  bool try_take(double cpus);
  void give_back(double cpus);
  void withdraw();
  bool waits() const { return waiting_; }
  void on_room(std::function<void()> call) { on_room_ = std::move(call); }

 private:
  bool ask(double cpus);
  void wait(io::Clock::duration at_most);
  void watch();
  void woken();
  void give_up(const char* why);

  io::Loop& loop_;
  CpuLedger ledger_;
  std::function<void()> on_room_;
  bool waiting_ = false;
  bool shares_ = true;
  io::Fd changes_;
  std::unique_ptr<io::Watch> watch_;
  std::unique_ptr<io::Timer> again_;
};

}  // namespace orchestrator
