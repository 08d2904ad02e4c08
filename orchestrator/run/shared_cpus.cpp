#include "orchestrator/run/shared_cpus.h"

#include <spdlog/spdlog.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <utility>

namespace orchestrator {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSignOfLife{500};  // of who waits; well within CpuLedger's patience
constexpr milliseconds kMoment{20};

}  // namespace

SharedCpus::SharedCpus(io::Loop& loop, const std::string& folder, std::string process, double cpus)
    : loop_(loop), ledger_(folder, std::move(process), cpus) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) give_up(error.message().c_str());
}

void SharedCpus::give_up(const char* why) {
  if (std::exchange(shares_, false))
    spdlog::warn("the CPUs are not shared with other runs of this host: {}", why);
}

bool SharedCpus::try_take(double cpus) {
  if (!shares_) return true;
  try {
    return ask(cpus);
  } catch (const std::exception& error) {
    give_up(error.what());
    withdraw();
    return true;
  }
}

bool SharedCpus::ask(double cpus) {
  switch (ledger_.try_take(cpus)) {
    case CpuLedger::Answer::granted:
      withdraw();
      return true;
    case CpuLedger::Answer::wait:
      wait(kSignOfLife);
      return false;
    case CpuLedger::Answer::busy:
      wait(kMoment);
      return false;
  }
  return false;
}

void SharedCpus::give_back(double cpus) {
  if (!shares_) return;
  try {
    ledger_.give_back(cpus);
  } catch (const std::exception& error) {
    give_up(error.what());
  }
}

void SharedCpus::withdraw() {
  waiting_ = false;
  watch_.reset();
  again_.reset();
  changes_.reset();
  if (!shares_) return;
  try {
    ledger_.withdraw();
  } catch (const std::exception& error) {
    give_up(error.what());
  }
}

void SharedCpus::wait(io::Clock::duration at_most) {
  waiting_ = true;
  if (!watch_) watch();
  again_ = loop_.call_after(at_most, [this] { woken(); });
}

// A process that ends closes its entry, which is a change, too.
void SharedCpus::watch() {
  changes_ = io::Fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!changes_) return;
  if (::inotify_add_watch(changes_.get(), ledger_.folder().c_str(), IN_MODIFY | IN_CLOSE_WRITE | IN_DELETE) <
      0)
    return;
  watch_ = loop_.watch_readable(changes_.get(), [this] {
    std::array<char, 4096> events;
    while (::read(changes_.get(), events.data(), events.size()) > 0) {
    }
    woken();
  });
}

void SharedCpus::woken() {
  ledger_.keep_waiting();
  again_ = loop_.call_after(kSignOfLife, [this] { woken(); });
  if (on_room_) on_room_();
}

}  // namespace orchestrator
