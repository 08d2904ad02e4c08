#include "orchestrator/run/used_images.h"

#include <spdlog/spdlog.h>

#include <list>

namespace orchestrator {
namespace {

constexpr std::chrono::milliseconds kBetweenTries{20};

}  // namespace

struct UsedImages::State {
  io::Loop& loop;
  const ImageUses& uses;
  std::map<LayerName, io::FileLock> in_use;
  std::list<std::unique_ptr<io::Timer>> waiting;
  bool works = true;  // the folder can be used
};

UsedImages::UsedImages(io::Loop& loop, sandbox::ImageStore& store, const ImageUses& uses)
    : PassingImages(store), state_(std::make_shared<State>(State{loop, uses, {}, {}})) {}

UsedImages::~UsedImages() = default;

void UsedImages::use(const std::shared_ptr<State>& state, const LayerName& layer,
                     std::function<void()> then) {
  if (!state->works || state->in_use.contains(layer)) return then();
  try {
    if (auto lock = state->uses.use(layer)) {
      state->in_use.emplace(layer, std::move(*lock));
      return then();
    }
  } catch (const std::exception& error) {
    // A job does not fail for it: the engine still keeps what a container stands on.
    state->works = false;
    spdlog::warn("nobody is told which images are in use: {}", error.what());
    return then();
  }
  const auto place = state->waiting.insert(state->waiting.end(), nullptr);
  *place = state->loop.call_after(
      kBetweenTries, [weak = std::weak_ptr(state), place, layer, then = std::move(then)]() mutable {
        const auto self = weak.lock();
        if (!self) return;
        const auto timer = std::move(*place);  // lives until this has ended
        self->waiting.erase(place);
        use(self, layer, std::move(then));
      });
}

void UsedImages::find_layer(const std::string& kind, const std::string& key,
                            std::function<void(io::Result<std::optional<sandbox::Image>>)> done) {
  use(state_, {kind, key},
      [this, kind, key, done = std::move(done)]() mutable { store_.find_layer(kind, key, std::move(done)); });
}

// It may have gone between the answer and the lock.
void UsedImages::inspect(const std::string& reference,
                         std::function<void(io::Result<std::optional<sandbox::Image>>)> done) {
  store_.inspect(reference, [this, weak = std::weak_ptr(state_), reference, done = std::move(done)](
                                io::Result<std::optional<sandbox::Image>> result) mutable {
    const auto self = weak.lock();
    const auto layer = result.ok() && result.value() ? layer_name(*result.value()) : std::nullopt;
    if (!self || !layer) return done(std::move(result));
    use(self, *layer,
        [this, reference, done = std::move(done)]() mutable { store_.inspect(reference, std::move(done)); });
  });
}

std::unique_ptr<sandbox::BuildHandle> UsedImages::build(
    sandbox::LayerSpec spec, sandbox::BuildObserver& observer,
    std::function<void(io::Result<sandbox::Image>)> done) {
  // Mostly looked for before, and so in use already.
  use(state_, {spec.kind, spec.key}, [] {});
  return store_.build(std::move(spec), observer, std::move(done));
}

}  // namespace orchestrator
