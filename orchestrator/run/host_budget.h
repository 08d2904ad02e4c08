// The host, shared by the jobs that run on it at once: an attempt holds a Lease of CPUs, memory and disk
// while it may use them, a build step one of CPUs and memory. What is asked for is given whole or not at all.
// When not all fits, the next is the client that holds the least, then jobs of normal priority before those
// of low, then whoever has waited longest; nobody is passed over for being large. CPUs are shared with the
// other processes of this host, too, where share_with() says so. Loop's thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "orchestrator/run/shared_cpus.h"
#include "sandbox/capabilities.h"
#include "sandbox/io/loop.h"

namespace orchestrator {

struct HostShare {
  double cpus = 1;
  std::int64_t memory_bytes = 0;
  std::int64_t disk_bytes = 0;
};

class HostBudget;

// Move-only; gives itself back.
class Lease {
 public:
  Lease(Lease&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)),
        client_(std::move(other.client_)),
        share_(other.share_) {}
  Lease& operator=(Lease&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(client_, other.client_);
    std::swap(share_, other.share_);
    return *this;
  }
  ~Lease();

 private:
  friend class HostBudget;
  Lease(HostBudget* budget, std::string client, HostShare share)
      : budget_(budget), client_(std::move(client)), share_(share) {}
  HostBudget* budget_;
  std::string client_;
  HostShare share_;
};

class HostBudget {
 public:
  // `free_disk`: bytes that may be written now; asked at every turn. Empty: disk is nobody's concern. What is
  // leased and written already counts twice, so that leases err to the safe side. Of CPUs, memory and disk
  // alike, more than there is is taken for all there is.
  HostBudget(io::Loop& loop, HostShare all, std::function<std::int64_t()> free_disk = nullptr)
      : loop_(loop), all_(all), free_disk_(std::move(free_disk)) {}
  // All that the engine's host has; `scratch`: a folder of ours, where something is written, too.
  HostBudget(io::Loop& loop, const sandbox::Capabilities& engine, const std::string& scratch);

  ~HostBudget();
  HostBudget(const HostBudget&) = delete;
  HostBudget& operator=(const HostBudget&) = delete;

  // From now on CPUs are also those of other processes: a lease needs their leave, too. It must outlive this.
  void share_with(SharedCpus& others);
  // Somebody here has no lease because of other processes.
  bool waits_for_others() const { return others_ && others_->waits(); }

  struct Claimant {
    std::string client;
    bool low_priority = false;
  };

  // A job's place in the line. Letting go of it leaves the line.
  class Claim {
   public:
    ~Claim();
    // A lease, or nothing: then `on_room` is called, later and once, when it is worth to ask again.
    std::optional<Lease> try_take(const HostShare& share);
    // Wants nothing for now.
    void withdraw();

   private:
    friend class HostBudget;
    Claim(HostBudget& budget, Claimant who, std::function<void()> on_room);
    HostBudget& budget_;
    Claimant who_;
    std::function<void()> on_room_;
    std::optional<HostShare> wanted_;
    io::TimePoint since_{};  // it waits
    std::list<Claim*>::iterator place_;
    std::shared_ptr<Claim*> self_;
  };
  std::unique_ptr<Claim> join(Claimant who, std::function<void()> on_room);

  const HostShare& all() const { return all_; }
  const HostShare& leased() const { return leased_; }

 private:
  friend class Lease;
  // What would be given of it now, where there is room: what is more than the host has would never be.
  std::optional<HostShare> fitting(const HostShare& asked) const;
  bool before(const Claim& a, const Claim& b) const;
  Claim* next() const;
  void give_back(const std::string& client, const HostShare& share);
  void call_next();
  double held_by(const std::string& client) const;

  io::Loop& loop_;
  HostShare all_;
  std::function<std::int64_t()> free_disk_;
  HostShare leased_{0, 0, 0};
  std::map<std::string, double> held_;  // CPUs by client
  std::list<Claim*> claims_;
  SharedCpus* others_ = nullptr;
};

inline Lease::~Lease() {
  if (budget_) budget_->give_back(client_, share_);
}

}  // namespace orchestrator
