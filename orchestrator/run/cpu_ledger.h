// Who uses how many CPUs of a host, told by the processes that share them: a folder with a file for each,
// which its process holds locked for as long as it lives. An entry that nobody holds is a dead process's and
// goes.
//
// The rule is that of HostBudget, between processes: together they hold no more than there is; the next is
// who holds the least, then who has waited longest; nobody is passed over for being large. Whoever is alone
// may have more than there is, as a person asked for it, until somebody else comes. One who waits and gives
// no sign (stopped by Ctrl-Z) does not hold the others up.
//
// No call waits. Loop's thread only; throws std::system_error where the folder cannot be used.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sandbox/io/file_lock.h"

namespace orchestrator {

class CpuLedger {
 public:
  // `name`: of this process's file, that nobody else has. `all`: CPUs of the host.
  CpuLedger(std::string folder, std::string name, double all)
      : folder_(std::move(folder)), name_(std::move(name)), all_(all) {}
  ~CpuLedger();
  CpuLedger(const CpuLedger&) = delete;
  CpuLedger& operator=(const CpuLedger&) = delete;

  enum class Answer {
    granted,
    wait,  // others have them, or come first: ask again once one of them has given something back
    busy,  // somebody reads the folder right now: ask again in a moment
  };
  Answer try_take(double cpus);
  void give_back(double cpus);
  // Wants nothing for now.
  void withdraw();
  // A sign of life of who waits; without one for kPatience it is passed over.
  void keep_waiting() const;

  bool waits() const { return wanted_ > 0; }
  double held() const { return held_; }
  const std::string& folder() const { return folder_; }

  static constexpr std::int64_t kPatienceNs = 5'000'000'000;

 private:
  struct Entry {
    double held = 0, wanted = 0;
    std::int64_t since = 0;  // ns since the epoch: it waits
  };
  void open();
  void write() const;
  std::vector<Entry> others() const;
  bool may_take(double cpus, const std::vector<Entry>& others) const;

  std::string folder_, name_;
  double all_;
  double held_ = 0, wanted_ = 0;
  std::int64_t since_ = 0;
  std::optional<io::FileLock> entry_;
};

}  // namespace orchestrator
