#include "orchestrator/run/cpu_ledger.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <numeric>
#include <tuple>

#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

namespace fs = std::filesystem;

constexpr double kTiny = 1e-6;
constexpr std::size_t kEntryBytes = 64;

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// The clock that files are stamped by.
std::int64_t file_clock() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return nanoseconds(now);
}

}  // namespace

CpuLedger::~CpuLedger() {
  if (entry_) entry_->remove_file();
}

void CpuLedger::open() {
  if (entry_) return;
  entry_ = io::FileLock::try_take(folder_ + "/" + name_, io::FileLock::Kind::alone);
  if (!entry_) throw io::system_failure("somebody else has the entry " + name_, EEXIST);
}

// In one piece and always of one length, so that nobody reads the half of it.
void CpuLedger::write() const {
  if (!entry_) return;
  std::array<char, kEntryBytes + 1> text{};
  std::snprintf(text.data(), text.size(), "%16.6f %16.6f %29lld\n", held_, wanted_,
                static_cast<long long>(since_));
  if (::pwrite(entry_->fd(), text.data(), kEntryBytes, 0) != static_cast<ssize_t>(kEntryBytes))
    throw io::system_failure("cannot write to " + folder_);
}

std::vector<CpuLedger::Entry> CpuLedger::others() const {
  std::vector<Entry> living;
  for (const auto& file : fs::directory_iterator(folder_)) {
    const std::string name = file.path().filename();
    if (name == name_) continue;
    const io::Fd entry(::open(file.path().c_str(), O_RDONLY | O_CLOEXEC));
    if (!entry) continue;
    if (::flock(entry.get(), LOCK_SH | LOCK_NB) == 0) {
      ::unlink(file.path().c_str());
      continue;
    }
    std::array<char, kEntryBytes + 1> text{};
    Entry read;
    long long since = 0;
    if (::pread(entry.get(), text.data(), kEntryBytes, 0) <= 0 ||
        std::sscanf(text.data(), "%lf %lf %lld", &read.held, &read.wanted, &since) != 3)
      read = {all_, 0, 0};  // it cannot be told: the safe side
    read.since = since;
    struct stat state {};
    if (::fstat(entry.get(), &state) != 0 || file_clock() - nanoseconds(state.st_mtim) > kPatienceNs)
      read.wanted = 0;
    living.push_back(read);
  }
  return living;
}

bool CpuLedger::may_take(double cpus, const std::vector<Entry>& others) const {
  const auto rank = [](double held, std::int64_t since) { return std::tuple(held, since); };
  const bool first = std::none_of(others.begin(), others.end(), [&](const Entry& each) {
    return each.wanted > 0 && rank(each.held, each.since) < rank(held_, since_);
  });
  if (!first) return false;
  const bool alone = std::all_of(others.begin(), others.end(),
                                 [](const Entry& each) { return each.wanted <= 0 && each.held < kTiny; });
  const double held = std::accumulate(others.begin(), others.end(), held_,
                                      [](double sum, const Entry& each) { return sum + each.held; });
  return alone || held + std::min(cpus, all_) <= all_ + kTiny;
}

CpuLedger::Answer CpuLedger::try_take(double cpus) {
  // Beside the folder: each use of it would wake those who watch what is in there.
  const auto mutex = io::FileLock::try_take(folder_ + ".lock", io::FileLock::Kind::alone);
  if (!mutex) return Answer::busy;
  open();
  const bool waited = waits();
  if (!waited) since_ = file_clock();
  if (may_take(cpus, others())) {
    held_ += cpus;
    wanted_ = 0;
    write();
    return Answer::granted;
  }
  wanted_ = cpus;
  if (!waited) write();  // no more often: each writing wakes those who wait
  return Answer::wait;
}

void CpuLedger::give_back(double cpus) {
  held_ = std::max(0.0, held_ - cpus);
  if (held_ < kTiny) held_ = 0;
  write();
}

void CpuLedger::withdraw() {
  if (!waits()) return;
  wanted_ = 0;
  write();
}

void CpuLedger::keep_waiting() const {
  if (entry_) entry_->touch();
}

}  // namespace orchestrator
