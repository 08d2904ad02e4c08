#include "sandbox/shared_builds.h"

#include <algorithm>
#include <list>
#include <utility>

namespace sandbox {

// One who wants a layer: its builder, or in the line behind it.
struct SharedBuilds::Wanted {
  LayerSpec spec;
  BuildObserver* observer;
  std::function<void(io::Result<Image>)> done;  // empty once told, or when nobody wants to know
  bool builds = false;
  bool by_another = false;
  std::unique_ptr<BuildHandle> handle = nullptr;  // of who builds, once it does
};

// All who want one, in the order in which they came; the first of each key builds.
struct SharedBuilds::Line : std::enable_shared_from_this<Line> {
  Line(io::Loop& loop_, ImageStore& store_) : loop(loop_), store(store_) {}

  static bool same(const LayerSpec& a, const LayerSpec& b) { return a.kind == b.kind && a.key == b.key; }

  bool has_builder(const LayerSpec& spec) const {
    return std::any_of(wanted.begin(), wanted.end(),
                       [&](const auto& each) { return each->builds && same(each->spec, spec); });
  }

  // Looks once more whether the layer is there: it may have been finished since this one looked.
  void start(const std::shared_ptr<Wanted>& builder) {
    builder->builds = true;
    store.find_layer(builder->spec.kind, builder->spec.key,
                     [self = weak_from_this(), builder](io::Result<std::optional<Image>> result) {
                       const auto line = self.lock();
                       if (!line || !line->has(builder)) return;
                       if (!result.ok()) return line->built(builder, result.error());
                       if (!result.value()) return line->build(builder);
                       builder->by_another = true;
                       line->built(builder, *result.value());
                     });
  }

  void build(const std::shared_ptr<Wanted>& builder) try {
    builder->handle = store.build(builder->spec, *builder->observer,
                                  [self = weak_from_this(), builder](io::Result<Image> result) {
                                    // The handle must not be let go of inside of its own callback.
                                    if (const auto line = self.lock())
                                      line->loop.post([line, builder, result = std::move(result)]() mutable {
                                        line->built(builder, std::move(result));
                                      });
                                  });
  } catch (...) {
    built(builder, std::current_exception());
  }

  void built(const std::shared_ptr<Wanted>& builder, io::Result<Image> result) {
    if (!take_off(builder)) return;  // let go of meanwhile: the next builds already
    builder->handle.reset();
    const bool ok = result.ok();
    if (ok) {
      for (const auto& other : behind(builder->spec)) {
        take_off(other);
        other->by_another = true;
        tell(other, result.value());
      }
    }
    tell(builder, std::move(result));
    if (!ok) start_next(builder->spec);
  }

  void let_go(const std::shared_ptr<Wanted>& who) {
    who->done = nullptr;
    if (!take_off(who)) return;
    who->handle.reset();
    if (who->builds) start_next(who->spec);
  }

  void start_next(const LayerSpec& spec) {
    const auto line = behind(spec);
    if (!line.empty() && !has_builder(spec)) start(line.front());
  }

  std::vector<std::shared_ptr<Wanted>> behind(const LayerSpec& spec) const {
    std::vector<std::shared_ptr<Wanted>> others;
    for (const auto& each : wanted)
      if (!each->builds && same(each->spec, spec)) others.push_back(each);
    return others;
  }

  bool has(const std::shared_ptr<Wanted>& who) const {
    return std::find(wanted.begin(), wanted.end(), who) != wanted.end();
  }
  bool take_off(const std::shared_ptr<Wanted>& who) { return std::erase(wanted, who) > 0; }

  static void tell(const std::shared_ptr<Wanted>& who, io::Result<Image> result) {
    const auto done = std::exchange(who->done, nullptr);
    if (!done) return;
    if (who->by_another) who->observer->built_by_another();
    done(std::move(result));
  }

  io::Loop& loop;
  ImageStore& store;
  std::list<std::shared_ptr<Wanted>> wanted;
};

class SharedBuilds::Handle : public BuildHandle {
 public:
  Handle(std::weak_ptr<Line> line, std::shared_ptr<Wanted> who)
      : line_(std::move(line)), who_(std::move(who)) {}
  ~Handle() override {
    if (const auto line = line_.lock()) line->let_go(who_);
  }

 private:
  std::weak_ptr<Line> line_;
  std::shared_ptr<Wanted> who_;
};

SharedBuilds::SharedBuilds(io::Loop& loop, ImageStore& store)
    : PassingImages(store), line_(std::make_shared<Line>(loop, store)) {}

SharedBuilds::~SharedBuilds() = default;

std::unique_ptr<BuildHandle> SharedBuilds::build(LayerSpec spec, BuildObserver& observer,
                                                 std::function<void(io::Result<Image>)> done) {
  auto who = std::make_shared<Wanted>(Wanted{std::move(spec), &observer, std::move(done)});
  const bool waits = line_->has_builder(who->spec);
  line_->wanted.push_back(who);
  if (waits)
    observer.step_started("waiting for another job that builds the same layer");
  else
    line_->start(who);
  return std::make_unique<Handle>(line_, who);
}

}  // namespace sandbox
