#include "orchestrator/run/host_budget.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "orchestrator/run/free_space.h"

namespace orchestrator {
namespace {

constexpr double kRounding = 1e-9;
// A job of low priority that has waited so long is like others: it must come to its end, too.
constexpr auto kAgeing = std::chrono::minutes(10);

}  // namespace

HostBudget::HostBudget(io::Loop& loop, const sandbox::Capabilities& engine, const std::string& scratch)
    : HostBudget(loop, {static_cast<double>(std::max(1, engine.cpus)), engine.memory_bytes},
                 [folders = std::vector{engine.data_root, scratch}] { return writable_bytes(folders); }) {}

HostBudget::Claim::Claim(HostBudget& budget, Claimant who, std::function<void()> on_room)
    : budget_(budget),
      who_(std::move(who)),
      on_room_(std::move(on_room)),
      place_(budget.claims_.insert(budget.claims_.end(), this)),
      self_(std::make_shared<Claim*>(this)) {}

HostBudget::Claim::~Claim() {
  *self_ = nullptr;
  budget_.claims_.erase(place_);
  budget_.call_next();  // it may have stood before others
}

HostBudget::~HostBudget() {
  if (!others_) return;
  others_->withdraw();
  others_->on_room(nullptr);
}

void HostBudget::share_with(SharedCpus& others) {
  others_ = &others;
  others.on_room([this] { call_next(); });
}

std::unique_ptr<HostBudget::Claim> HostBudget::join(Claimant who, std::function<void()> on_room) {
  return std::unique_ptr<Claim>(new Claim(*this, std::move(who), std::move(on_room)));
}

std::optional<Lease> HostBudget::Claim::try_take(const HostShare& asked) {
  if (!wanted_) since_ = budget_.loop_.now();
  wanted_ = asked;
  if (budget_.next() != this) return std::nullopt;
  const auto share = budget_.fitting(asked);
  if (!share) return std::nullopt;
  if (budget_.others_ && share->cpus > 0 && !budget_.others_->try_take(share->cpus)) return std::nullopt;
  wanted_.reset();
  budget_.leased_.cpus += share->cpus;
  budget_.leased_.memory_bytes += share->memory_bytes;
  budget_.leased_.disk_bytes += share->disk_bytes;
  budget_.held_[who_.client] += share->cpus;
  budget_.call_next();  // there may be room for others still
  return Lease(&budget_, who_.client, *share);
}

void HostBudget::Claim::withdraw() {
  if (!wanted_) return;
  wanted_.reset();
  budget_.call_next();
}

std::optional<HostShare> HostBudget::fitting(const HostShare& asked) const {
  const std::int64_t free = free_disk_ ? free_disk_() : 0;  // asked once: it may be less a moment later
  const HostShare share{std::min(asked.cpus, all_.cpus), std::min(asked.memory_bytes, all_.memory_bytes),
                        std::min(asked.disk_bytes, free)};
  const bool fits = leased_.cpus + share.cpus <= all_.cpus + kRounding &&
                    leased_.memory_bytes + share.memory_bytes <= all_.memory_bytes &&
                    (share.disk_bytes == 0 || leased_.disk_bytes + share.disk_bytes <= free);
  return fits ? std::optional(share) : std::nullopt;
}

double HostBudget::held_by(const std::string& client) const {
  const auto found = held_.find(client);
  return found == held_.end() ? 0 : found->second;
}

bool HostBudget::before(const Claim& a, const Claim& b) const {
  const auto rank = [&](const Claim& claim) {
    const bool waits_long = loop_.now() - claim.since_ >= kAgeing;
    return std::tuple(held_by(claim.who_.client), claim.who_.low_priority && !waits_long, claim.since_);
  };
  return rank(a) < rank(b);
}

HostBudget::Claim* HostBudget::next() const {
  Claim* best = nullptr;
  for (Claim* claim : claims_)
    if (claim->wanted_ && (!best || before(*claim, *best))) best = claim;
  return best;
}

void HostBudget::give_back(const std::string& client, const HostShare& share) {
  leased_.cpus -= share.cpus;
  leased_.memory_bytes -= share.memory_bytes;
  leased_.disk_bytes -= share.disk_bytes;
  if ((held_[client] -= share.cpus) < kRounding) held_.erase(client);
  if (others_ && share.cpus > 0) others_->give_back(share.cpus);
  call_next();
}

void HostBudget::call_next() {
  const Claim* chosen = next();
  if (!chosen || !fitting(*chosen->wanted_)) {
    if (others_) others_->withdraw();  // whoever could not take them must not stand before other processes
    return;
  }
  loop_.post([self = chosen->self_] {
    if (*self && (*self)->wanted_) (*self)->on_room_();
  });
}

}  // namespace orchestrator
