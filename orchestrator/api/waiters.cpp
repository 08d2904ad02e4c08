#include "orchestrator/api/waiters.h"

#include <spdlog/spdlog.h>

#include <vector>

namespace orchestrator {

bool Waiters::Waiter::try_now(bool last) {
  std::unique_lock lock(mutex);
  if (!attempt) return true;
  at_last = at_last || last;
  again = true;
  if (busy) return false;  // whoever is at it tries once more
  busy = true;
  while (again) {
    again = false;
    const bool must = at_last;
    lock.unlock();
    const bool answered = answers(must);
    lock.lock();
    if (!answered) continue;
    attempt = nullptr;
    break;
  }
  busy = false;
  return !attempt;
}

// One that throws counts as answered: letting go of its Reply tells the client.
bool Waiters::Waiter::answers(bool last) {
  try {
    return attempt(last);
  } catch (const std::exception& error) {
    spdlog::error("an answer that waited failed: {}", error.what());
    return true;
  }
}

void Waiters::wait(const std::string& job, std::chrono::milliseconds time, Attempt attempt) {
  auto waiter = std::make_shared<Waiter>(std::move(attempt));
  {
    // Registered before the first try: a change between the two is not missed.
    const std::lock_guard lock(mutex_);
    waiters_.emplace(job, waiter);
  }
  if (waiter->try_now(time.count() <= 0 || ended_)) return forget(job, waiter);
  call_after_(time, [this, job, waiter] {
    waiter->try_now(true);
    forget(job, waiter);
  });
}

void Waiters::changed(const std::string& job) {
  std::vector<std::shared_ptr<Waiter>> told;
  {
    const std::lock_guard lock(mutex_);
    const auto [first, last] = waiters_.equal_range(job);
    for (auto each = first; each != last; ++each) told.push_back(each->second);
  }
  for (const auto& waiter : told)
    if (waiter->try_now(false)) forget(job, waiter);
}

void Waiters::end() {
  ended_ = true;
  std::multimap<std::string, std::shared_ptr<Waiter>> all;
  {
    const std::lock_guard lock(mutex_);
    all = waiters_;
  }
  for (const auto& [job, waiter] : all)
    if (waiter->try_now(true)) forget(job, waiter);
}

void Waiters::forget(const std::string& job, const std::shared_ptr<Waiter>& waiter) {
  const std::lock_guard lock(mutex_);
  const auto [first, last] = waiters_.equal_range(job);
  for (auto each = first; each != last; ++each)
    if (each->second == waiter) {
      waiters_.erase(each);
      return;
    }
}

std::size_t Waiters::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiters_.size();
}

}  // namespace orchestrator
