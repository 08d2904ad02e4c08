#include "images/recipe_base.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "images/bases/bootstrap.h"
#include "images/lifeline.h"
#include "sandbox/io/error.h"

namespace images {

namespace {

// References of bootstrapped bases that can serve, the toolchain's own first; then any that has all of its
// packages.
std::vector<std::string> bootstrapped_references(const Toolchain& toolchain) {
  std::vector<std::string> references;
  const BaseRecipe* own = find_base(toolchain.bootstrap_base());
  if (!own) return references;
  references.push_back(own->reference);
  for (const auto& other : base_recipes()) {
    const bool has_all =
        std::all_of(own->packages.begin(), own->packages.end(), [&](const std::string& package) {
          return std::find(other.packages.begin(), other.packages.end(), package) != other.packages.end();
        });
    if (&other != own && has_all) references.push_back(other.reference);
  }
  return references;
}

class Search : public BaseSearch {
 public:
  Search(sandbox::ImageStore& store, const Toolchain& toolchain, std::string asked_for,
         std::function<void(io::Result<FoundBase>)> done)
      : store_(store),
        toolchain_(toolchain),
        asked_for_(std::move(asked_for)),
        wanted_(asked_for_.empty() ? toolchain.default_base() : asked_for_),
        done_(std::move(done)) {
    candidates_ = {wanted_};
    if (asked_for_.empty())
      for (auto& reference : bootstrapped_references(toolchain_)) candidates_.push_back(std::move(reference));
  }

  void look() {
    if (next_ == candidates_.size()) return pull();
    store_.inspect(candidates_[next_],
                   lifeline_.guard([this](io::Result<std::optional<sandbox::Image>> result) {
                     if (result.value()) return found(std::move(*result.value()), candidates_[next_]);
                     ++next_;
                     look();
                   }));
  }

 private:
  void pull() {
    store_.pull(wanted_, lifeline_.guard([this](io::Result<sandbox::Image> result) {
      try {
        found(std::move(result.value()), wanted_);
      } catch (const sandbox::PullFailed& e) {
        throw io::HostError(advice(e.what()));
      }
    }));
  }

  std::string advice(const std::string& reason) const {
    if (!asked_for_.empty())
      return fmt::format(
          "the base image {0} is not here and could not be fetched ({1}); check its name, load it into the "
          "engine, or "
          "make one with: orchestrator images bootstrap {2}",
          asked_for_, reason, toolchain_.bootstrap_base());
    return fmt::format(
        "no base image: {0} is not here and no registry answers ({1}); make one with: orchestrator images "
        "bootstrap {2}",
        wanted_, reason, toolchain_.bootstrap_base());
  }

  void found(sandbox::Image image, const std::string& reference) {
    FoundBase base{std::move(image), reference, {}};
    if (reference != wanted_)
      base.notes.push_back(
          fmt::format("base {} (bootstrapped here); --image {} takes the registry's", reference, wanted_));
    finish(std::move(base));
  }

  void finish(io::Result<FoundBase> result) {
    lifeline_.cut();
    auto done = std::move(done_);  // it may let go of this
    if (done) done(std::move(result));
  }

  sandbox::ImageStore& store_;
  const Toolchain& toolchain_;
  std::string asked_for_;
  std::string wanted_;
  std::vector<std::string> candidates_;
  std::size_t next_ = 0;
  std::function<void(io::Result<FoundBase>)> done_;
  Lifeline lifeline_{[this](std::exception_ptr error) { finish(std::move(error)); }};
};

}  // namespace

std::unique_ptr<BaseSearch> find_base_image(sandbox::ImageStore& store, const Toolchain& toolchain,
                                            const std::string& asked_for,
                                            std::function<void(io::Result<FoundBase>)> done) {
  auto search = std::make_unique<Search>(store, toolchain, asked_for, std::move(done));
  search->look();
  return search;
}

}  // namespace images
