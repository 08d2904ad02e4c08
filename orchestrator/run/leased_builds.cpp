#include "orchestrator/run/leased_builds.h"

#include <algorithm>

namespace orchestrator {
namespace {

HostShare share_of(const sandbox::LayerSpec& spec) {
  HostShare share{0, 0, 0};
  for (const auto& step : spec.steps) {
    // One that may use all CPUs uses one, mostly.
    const double cpus = step.execution.limits.cpus;
    share.cpus = std::max(share.cpus, cpus > 0 ? cpus : 1.0);
    share.memory_bytes =
        std::max(share.memory_bytes, static_cast<std::int64_t>(step.execution.limits.memory_bytes));
  }
  if (spec.dockerfile) {
    const auto& limits = spec.dockerfile->limits;
    share = {limits.cpus > 0 ? limits.cpus : 1.0, static_cast<std::int64_t>(limits.memory_bytes), 0};
  }
  return share;
}

}  // namespace

// Waits for its lease, then builds under it. Letting go ends either.
class LeasedBuilds::Build : public sandbox::BuildHandle {
 public:
  Build(HostBudget& budget, sandbox::ImageStore& store, sandbox::LayerSpec spec,
        sandbox::BuildObserver& observer, std::function<void(io::Result<sandbox::Image>)> done)
      : store_(store),
        spec_(std::move(spec)),
        observer_(observer),
        done_(std::move(done)),
        claim_(budget.join({"(image builds)", false}, [this] { begin(); })) {
    begin();
    if (!lease_) observer_.step_started("waiting for room on this host");
  }

 private:
  void begin() {
    lease_ = claim_->try_take(share_of(spec_));
    if (!lease_) return;
    handle_ = store_.build(std::move(spec_), observer_, [this](io::Result<sandbox::Image> result) {
      lease_.reset();
      const auto done = std::move(done_);
      done(std::move(result));  // it may let go of this
    });
  }

  sandbox::ImageStore& store_;
  sandbox::LayerSpec spec_;
  sandbox::BuildObserver& observer_;
  std::function<void(io::Result<sandbox::Image>)> done_;
  std::unique_ptr<HostBudget::Claim> claim_;
  std::optional<Lease> lease_;
  std::unique_ptr<sandbox::BuildHandle> handle_;  // goes first: what it does ends before its lease
};

std::unique_ptr<sandbox::BuildHandle> LeasedBuilds::build(
    sandbox::LayerSpec spec, sandbox::BuildObserver& observer,
    std::function<void(io::Result<sandbox::Image>)> done) {
  if (spec.steps.empty() && !spec.dockerfile) return store_.build(std::move(spec), observer, std::move(done));
  return std::make_unique<Build>(budget_, store_, std::move(spec), observer, std::move(done));
}

}  // namespace orchestrator
