#include "orchestrator/run/host_builds.h"

#include <spdlog/spdlog.h>

#include "orchestrator/run/free_space.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{200};
constexpr std::chrono::seconds kBetweenLooksAtDisk{5};

}  // namespace

// Waits for the layer's lock, looks once more, makes room, builds. Letting go ends whatever it is at.
class HostBuilds::Build : public sandbox::BuildHandle, public std::enable_shared_from_this<Build> {
 public:
  Build(HostBuilds& host, sandbox::LayerSpec spec, sandbox::BuildObserver& observer,
        std::function<void(io::Result<sandbox::Image>)> done)
      : host_(host), spec_(std::move(spec)), observer_(observer), done_(std::move(done)) {}

  void begin() {
    if (!host_.sharing_) return check_disk();
    spec_.labels[sandbox::kKeeperLabel] = host_.sharing_->uses().keeper();
    take_lock();
  }

  void let_go() {
    done_ = nullptr;
    again_.reset();
    handle_.reset();
    lock_.reset();
  }

 private:
  bool is_wanted() const { return done_ != nullptr; }

  void take_lock() {
    try {
      lock_ = host_.sharing_->uses().build({spec_.kind, spec_.key});
    } catch (const std::exception& error) {
      spdlog::warn("another run may build the same layer: {}", error.what());
      return check_disk();
    }
    if (lock_) return look_again();
    if (!std::exchange(waited_, true))
      observer_.step_started("waiting for another run that builds the same layer");
    again_ = host_.loop_.call_after(kBetweenLooks, [this] { take_lock(); });
  }

  // It may have been finished since this one looked.
  void look_again() {
    host_.store_.find_layer(spec_.kind, spec_.key,
                            [self = weak_from_this()](io::Result<std::optional<sandbox::Image>> result) {
                              const auto build = self.lock();
                              if (!build || !build->is_wanted()) return;
                              if (!result.ok()) return build->end(result.error());
                              if (!result.value()) return build->check_disk();
                              build->observer_.built_by_another();
                              build->end(*result.value());
                            });
  }

  void check_disk() {
    const auto go_on = [self = weak_from_this()](const std::optional<std::string>& obstacle) {
      const auto build = self.lock();
      if (!build || !build->is_wanted()) return;
      if (obstacle) return build->end(io::failure(io::HostError(*obstacle)));
      build->build();
    };
    try {
      if (host_.sharing_)
        host_.sharing_->make_room(host_.folders_, host_.folders_.empty() ? "" : host_.folders_[0], go_on);
      else
        go_on(disk_obstacle(host_.folders_));
    } catch (...) {
      end(std::current_exception());
    }
  }

  void build() {
    try {
      handle_ =
          host_.store_.build(spec_, observer_, [self = weak_from_this()](io::Result<sandbox::Image> made) {
            const auto build = self.lock();
            if (!build || !build->is_wanted()) return;
            if (made.ok() && build->host_.sharing_) build->host_.sharing_->layer_built();
            build->end(std::move(made));
          });
      if (spec_.dockerfile && handle_ && is_wanted()) watch_disk();
    } catch (...) {
      end(std::current_exception());
    }
  }

  // The engine's own builder limits nothing of what its steps write.
  void watch_disk() {
    again_ = host_.loop_.call_after(kBetweenLooksAtDisk, [this] {
      const auto obstacle = disk_obstacle(host_.folders_);
      if (!obstacle) return watch_disk();
      handle_.reset();
      end(io::failure(io::HostError(*obstacle)));
    });
  }

  // The lock goes first: whoever waits for it finds the layer.
  void end(io::Result<sandbox::Image> result) {
    if (lock_) lock_->remove_file();
    lock_.reset();
    again_.reset();
    const auto done = std::exchange(done_, nullptr);
    done(std::move(result));  // it may let go of this
  }

  HostBuilds& host_;
  sandbox::LayerSpec spec_;
  sandbox::BuildObserver& observer_;
  std::function<void(io::Result<sandbox::Image>)> done_;  // empty: nobody wants it any more
  std::optional<io::FileLock> lock_;
  std::unique_ptr<io::Timer> again_;
  std::unique_ptr<sandbox::BuildHandle> handle_;
  bool waited_ = false;
};

std::unique_ptr<sandbox::BuildHandle> HostBuilds::build(
    sandbox::LayerSpec spec, sandbox::BuildObserver& observer,
    std::function<void(io::Result<sandbox::Image>)> done) {
  struct Handle : sandbox::BuildHandle {
    explicit Handle(std::shared_ptr<Build> its_build) : build(std::move(its_build)) {}
    ~Handle() override { build->let_go(); }
    std::shared_ptr<Build> build;
  };
  auto build = std::make_shared<Build>(*this, std::move(spec), observer, std::move(done));
  auto handle = std::make_unique<Handle>(build);
  // Never told from inside of this: whoever asked has no handle yet.
  loop_.post([weak = std::weak_ptr(build)] {
    if (const auto alive = weak.lock()) alive->begin();
  });
  return handle;
}

}  // namespace orchestrator
