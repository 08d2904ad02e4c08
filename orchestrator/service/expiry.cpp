#include "orchestrator/service/expiry.h"

#include <algorithm>

namespace orchestrator {
namespace {

constexpr Milliseconds kSoonest = 1'000, kLatest = 60'000;

}  // namespace

Expiry::Expiry(io::Loop& loop, Background& background, JobQueue& queue, JobQueue::Now now,
               Retention retention, std::function<void(const std::string&)> forgotten)
    : loop_(loop),
      background_(background),
      queue_(queue),
      now_(std::move(now)),
      retention_(retention),
      forgotten_(std::move(forgotten)),
      self_(std::make_shared<Expiry*>(this)) {}

void Expiry::expire() {
  ask(
      background_, loop_, self_, "what time has brought about was not written",
      [this] {
        for (const auto& id : queue_.expire(retention_)) forgotten_(id);
        return true;
      },
      [](Expiry& self, bool) { self.plan(); });
}

void Expiry::plan() {
  ask(
      background_, loop_, self_, "nobody knows what time will bring about",
      [this] { return std::optional(queue_.next_expiry() - now_()); },
      [](Expiry& self, std::optional<Milliseconds> wait) {
        const auto until = std::clamp(wait.value_or(kLatest), kSoonest, kLatest);
        self.next_ = self.loop_.call_after(std::chrono::milliseconds(until), [&self] { self.expire(); });
      });
}

void Expiry::changed() {
  if (told_.exchange(true)) return;
  loop_.post([self = self_] {
    if (!*self) return;
    (*self)->planning_ = (*self)->loop_.call_after(std::chrono::milliseconds(kSoonest), [self] {
      (*self)->told_ = false;
      (*self)->plan();
    });
  });
}

}  // namespace orchestrator
