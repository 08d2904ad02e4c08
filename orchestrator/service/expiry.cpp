#include "orchestrator/service/expiry.h"

#include <algorithm>
#include <filesystem>

#include "orchestrator/service/hosted_job.h"

namespace orchestrator {
namespace {

namespace fs = std::filesystem;

constexpr Milliseconds kSoonest = 1'000, kLatest = 60'000;

}  // namespace

Expiry::Expiry(io::Loop& loop, Background& background, JobQueue& queue, JobQueue::Now now,
               Retention retention, std::string reports)
    : loop_(loop),
      background_(background),
      queue_(queue),
      now_(std::move(now)),
      retention_(retention),
      reports_(std::move(reports)),
      self_(std::make_shared<Expiry*>(this)) {}

void Expiry::start() {
  background_.post([this] { remove_forgotten(); });
  expire();
}

// What cannot be removed now is, at the next start.
void Expiry::remove(const Forgotten& forgotten) const {
  std::error_code ignored;
  for (const auto& id : forgotten.jobs) fs::remove_all(reports_ + "/" + id, ignored);
  for (const auto& id : forgotten.logs) fs::remove_all(HostedJob::logs_folder(reports_ + "/" + id), ignored);
}

// Folders first: a job is in the database before it has one.
void Expiry::remove_forgotten() const {
  std::vector<std::string> ids;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(reports_, none))
    if (entry.is_directory(none)) ids.push_back(entry.path().filename());
  std::erase_if(ids, [](const std::string& id) { return !is_job_id(id); });
  remove(queue_.forgotten_among(ids));
}

void Expiry::expire() {
  ask(
      background_, loop_, self_, "what time has brought about was not written",
      [this] {
        remove(queue_.expire(retention_));
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
