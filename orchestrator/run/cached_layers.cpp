#include "orchestrator/run/cached_layers.h"

#include <fmt/format.h>

#include <utility>

#include "images/lifeline.h"
#include "sandbox/io/aside.h"
#include "sandbox/io/error.h"

namespace orchestrator {
// Looks, loads and checks; or builds and keeps. Letting go ends whatever it is at.
class CachedLayers::Build : public sandbox::BuildHandle {
 public:
  Build(CachedLayers& cache, sandbox::LayerSpec spec, sandbox::BuildObserver& observer,
        std::function<void(io::Result<sandbox::Image>)> done)
      : cache_(cache),
        files_(cache.cache_),
        spec_(std::move(spec)),
        name_{spec_.kind, spec_.key},
        observer_(observer),
        done_(std::move(done)) {
    look();
  }

 private:
  using Found = std::optional<KeptLayer>;

  void look() {
    aside_ = io::Aside::run<Found>(
        cache_.loop_, [files = files_, name = name_](std::stop_token stop) { return files.find(name, stop); },
        lifeline_.guard([this](io::Result<Found> found) {
          if (!found.ok()) return build_instead(io::describe(found.error()));
          if (!found.value()) return build();
          if (found.value()->parent != spec_.parent) return build_instead("it stands on another image");
          load(*found.value());
        }));
  }

  void load(const KeptLayer& layer) {
    observer_.step_started("taking the layer from " + files_.tar_of(name_));
    transfer_ = cache_.store_.load(
        files_.tar_of(name_), lifeline_.guard([this, layer](io::Result<sandbox::Image> loaded) {
          if (!loaded.ok()) return build_instead(io::describe(loaded.error()));
          const sandbox::Image& image = loaded.value();
          if (image.id != layer.image)
            return give_back(image, fmt::format("this engine has what was {} as {}", layer.image, image.id));
          if (label_of(image, sandbox::kKindLabel) != name_.kind ||
              label_of(image, sandbox::kKeyLabel) != name_.key)
            return give_back(image, "its image says of itself that it is another layer");
          name_it(image);
        }));
  }

  // Nobody would count it among ours. Where somebody stands on it, it stays.
  void give_back(const sandbox::Image& image, const std::string& why) {
    cache_.store_.remove(image.id, lifeline_.guard([this, why](io::Result<bool>) { build_instead(why); }));
  }

  void name_it(const sandbox::Image& image) {
    cache_.store_.name_layer(image.id, name_.kind, name_.key,
                             lifeline_.guard([this](io::Result<sandbox::Image> named) {
                               if (!named.ok()) return build_instead(io::describe(named.error()));
                               if (cache_.sharing_) cache_.sharing_->adopt(name_);
                               observer_.taken_from(files_.tar_of(name_));
                               end(std::move(named));
                             }));
  }

  void build_instead(const std::string& why) {
    observer_.warned(fmt::format("the {} layer was built although {} is there: {}", name_.kind,
                                 files_.tar_of(name_), why));
    build();
  }

  void build() {
    handle_ = cache_.store_.build(spec_, observer_, lifeline_.guard([this](io::Result<sandbox::Image> made) {
      if (!made.ok()) return end(std::move(made));
      made_ = made.value();
      save();
    }));
  }

  void save() try {
    observer_.step_started("keeping the layer in " + files_.tar_of(name_));
    const std::string part = files_.new_part(name_);
    transfer_ =
        cache_.store_.save(made_.id, part, lifeline_.guard([this, part](io::Result<std::int64_t> saved) {
          if (!saved.ok()) return not_kept(saved.error());
          keep(part);
        }));
  } catch (...) {
    not_kept(std::current_exception());
  }

  void keep(const std::string& part) {
    const KeptLayer layer{name_, made_.id, spec_.parent};
    aside_ = io::Aside::run<bool>(
        cache_.loop_,
        [files = files_, layer, part](std::stop_token stop) {
          files.keep(layer, part, stop);
          return true;
        },
        lifeline_.guard([this](io::Result<bool> kept) {
          if (!kept.ok()) return not_kept(kept.error());
          end(made_);
        }));
  }

  void not_kept(const std::exception_ptr& error) {
    observer_.warned(fmt::format("the {} layer was not kept in {}: {}", name_.kind, cache_.cache_.folder,
                                 io::describe(error)));
    end(made_);
  }

  void end(io::Result<sandbox::Image> result) {
    const auto done = std::exchange(done_, nullptr);
    done(std::move(result));  // it may let go of this
  }

  CachedLayers& cache_;
  const LayerFiles files_;
  const sandbox::LayerSpec spec_;
  const LayerName name_;
  sandbox::BuildObserver& observer_;
  std::function<void(io::Result<sandbox::Image>)> done_;
  sandbox::Image made_;
  std::unique_ptr<sandbox::BuildHandle> handle_;
  std::unique_ptr<sandbox::ImageTransfer> transfer_;
  std::unique_ptr<io::Aside> aside_;
  images::Lifeline lifeline_{[this](std::exception_ptr error) {
    if (done_) end(std::move(error));
  }};
};

std::unique_ptr<sandbox::BuildHandle> CachedLayers::build(
    sandbox::LayerSpec spec, sandbox::BuildObserver& observer,
    std::function<void(io::Result<sandbox::Image>)> done) {
  // A Dockerfile's image is what its tools and dependencies stand on: built elsewhere it is another one.
  const bool installs = spec.kind == "tools" || spec.kind == "dependencies" || spec.kind == "dockerfile";
  if (cache_.folder.empty() || !installs) return store_.build(std::move(spec), observer, std::move(done));
  return std::make_unique<Build>(*this, std::move(spec), observer, std::move(done));
}

}  // namespace orchestrator
