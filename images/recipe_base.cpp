#include "images/recipe_base.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "images/bases/base_recipe.h"
#include "images/lifeline.h"
#include "sandbox/io/error.h"

namespace images {

namespace {

// References of bootstrapped bases that can serve, the toolchain's own first; then any that has all of its
// packages.
std::vector<std::string> bootstrapped_references(const Toolchain& toolchain) {
  std::vector<std::string> references;
  const BaseRecipe own = toolchain.bootstrap_base();
  references.push_back(own.reference);
  for (const auto& other : base_recipes()) {
    const bool has_all =
        std::all_of(own.packages.begin(), own.packages.end(), [&](const std::string& package) {
          return std::find(other.packages.begin(), other.packages.end(), package) != other.packages.end();
        });
    if (other.name != own.name && has_all) references.push_back(other.reference);
  }
  return references;
}

// A reason why nothing was fetched, as the end of a sentence that names the image.
std::string could_not(const std::string& reason) { return fmt::format("could not be fetched ({})", reason); }

class Search : public BaseSearch {
 public:
  Search(sandbox::ImageStore& store, const Toolchain& toolchain, BaseWish wish,
         std::function<void(io::Result<FoundBase>)> done)
      : store_(store),
        toolchain_(toolchain),
        wish_(std::move(wish)),
        wanted_(wish_.reference.empty() ? toolchain.default_base() : wish_.reference),
        done_(std::move(done)) {
    candidates_ = {wanted_};
    if (wish_.reference.empty())
      for (auto& reference : bootstrapped_references(toolchain_)) candidates_.push_back(std::move(reference));
  }

  void start() {
    if (wish_.pinned) return look_for_pinned();
    wish_.pull == PullPolicy::always ? pull() : look();
  }

 private:
  using Found = std::optional<sandbox::Image>;

  // ---- the base of a run that is made again

  void look_for_pinned() {
    store_.inspect(wish_.pinned->by_digest, lifeline_.guard([this](io::Result<Found> result) {
      if (result.value()) return found_pinned(std::move(*result.value()));
      if (wish_.pull == PullPolicy::never) return look();
      pull_pinned();
    }));
  }

  // What its tag names now is better than nothing: how that differs will be told.
  void pull_pinned() {
    store_.pull(wish_.pinned->by_digest, lifeline_.guard([this](io::Result<sandbox::Image> result) {
      try {
        found_pinned(std::move(result.value()));
      } catch (const sandbox::PullFailed& error) {
        notes_.push_back(fmt::format("base {} {}", wish_.pinned->by_digest, could_not(error.what())));
        look();
      }
    }));
  }

  void found_pinned(sandbox::Image image) {
    notes_.push_back(fmt::format("base {} by its digest, {}", wish_.pinned->reference, image.digest));
    finish(FoundBase{std::move(image), wish_.pinned->reference, notes_});
  }

  // ---- what is here, in the order of the candidates

  void look() { look_at(0); }

  void look_at(std::size_t index) {
    if (index == candidates_.size())
      return wish_.pull == PullPolicy::never ? fail(may_not_be_fetched()) : pull();
    store_.inspect(candidates_[index], lifeline_.guard([this, index](io::Result<Found> result) {
      if (result.value()) return found(std::move(*result.value()), candidates_[index]);
      look_at(index + 1);
    }));
  }

  void found(sandbox::Image image, const std::string& reference) {
    if (reference != wanted_)
      notes_.push_back(
          fmt::format("base {} (bootstrapped here); --image {} takes the registry's", reference, wanted_));
    finish(FoundBase{std::move(image), reference, notes_});
  }

  // ---- what a registry has

  void pull() {
    store_.pull(wanted_, lifeline_.guard([this](io::Result<sandbox::Image> result) {
      try {
        found(std::move(result.value()), wanted_);
      } catch (const sandbox::PullFailed& error) {
        if (wish_.pull == PullPolicy::always) return fail_unless_absent(0, error);
        fail(is_not_here(error));
      }
    }));
  }

  // Where one is here, the person wanted none but the registry's: they may want to think again.
  void fail_unless_absent(std::size_t index, const sandbox::PullFailed& error) {
    if (index == candidates_.size()) return fail(is_not_here(error));
    store_.inspect(candidates_[index], lifeline_.guard([this, index, error](io::Result<Found> result) {
      if (result.value()) return fail(is_here_all_the_same(candidates_[index], error));
      fail_unless_absent(index + 1, error);
    }));
  }

  // ---- sentences

  std::string bootstrap() const {
    return fmt::format("make one with: orchestrator images bootstrap {}", toolchain_.bootstrap_base().name);
  }

  std::string may_not_be_fetched() const {
    const std::string what = wish_.reference.empty() ? "no base image: " : "the base image ";
    return fmt::format("{0}{1} is not here and pull is never; fetch it with: docker pull {1}, or {2}", what,
                       wanted_, bootstrap());
  }

  std::string is_not_here(const sandbox::PullFailed& error) const {
    const std::string what = wish_.reference.empty() ? "no base image: " : "the base image ";
    const char* usual =
        wish_.reference.empty() ? "load it into the engine" : "check its name, load it into the engine";
    const std::string first = error.remedy().empty() ? usual : error.remedy();
    return fmt::format("{}{} is not here and {}; {}, or {}", what, wanted_, could_not(error.what()), first,
                       bootstrap());
  }

  std::string is_here_all_the_same(const std::string& here, const sandbox::PullFailed& error) const {
    const std::string remedy = error.remedy().empty() ? "" : error.remedy() + "; ";
    return fmt::format("the base image {} {}; {}{} is here, and --pull missing takes it", wanted_,
                       could_not(error.what()), remedy, here == wanted_ ? "one of that name" : here);
  }

  void fail(const std::string& sentence) { finish(io::failure(io::HostError(sentence))); }

  void finish(io::Result<FoundBase> result) {
    lifeline_.cut();
    auto done = std::move(done_);  // it may let go of this
    if (done) done(std::move(result));
  }

  sandbox::ImageStore& store_;
  const Toolchain& toolchain_;
  const BaseWish wish_;
  const std::string wanted_;
  std::vector<std::string> candidates_;
  std::vector<std::string> notes_;
  std::function<void(io::Result<FoundBase>)> done_;
  Lifeline lifeline_{[this](std::exception_ptr error) { finish(std::move(error)); }};
};

}  // namespace

std::unique_ptr<BaseSearch> find_base_image(sandbox::ImageStore& store, const Toolchain& toolchain,
                                            BaseWish wish, std::function<void(io::Result<FoundBase>)> done) {
  auto search = std::make_unique<Search>(store, toolchain, std::move(wish), std::move(done));
  search->start();
  return search;
}

}  // namespace images
