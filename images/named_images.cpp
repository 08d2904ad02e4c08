#include "images/named_images.h"

#include <fmt/format.h>

#include <optional>

#include "images/lifeline.h"
#include "sandbox/io/error.h"

namespace images {

namespace {

class NamedSearch : public BaseSearch {
 public:
  NamedSearch(sandbox::ImageStore& store, std::vector<std::string> names, PullPolicy pull,
              std::string dockerfile, std::function<void(io::Result<NamedImages>)> done)
      : store_(store),
        names_(std::move(names)),
        pull_(pull),
        dockerfile_(std::move(dockerfile)),
        done_(std::move(done)) {
    next();
  }

 private:
  const std::string& name() const { return names_[found_.size()]; }

  void next() {
    if (found_.size() == names_.size()) return finish(std::move(found_));
    pull_ == PullPolicy::always ? pull() : look();
  }

  void look() {
    store_.inspect(name(), lifeline_.guard([this](io::Result<std::optional<sandbox::Image>> result) {
      if (result.value()) return found(*result.value());
      if (pull_ != PullPolicy::never) return pull();
      throw io::HostError(
          fmt::format("{} is not here and pull is never; fetch it with: docker pull {}", subject(), name()));
    }));
  }

  void pull() {
    store_.pull(name(), lifeline_.guard([this](io::Result<sandbox::Image> result) {
      try {
        found(result.value());
      } catch (const sandbox::PullFailed& error) {
        throw io::HostError(fmt::format(
            "{} could not be fetched ({}); {}", subject(), error.what(),
            error.remedy().empty() ? "check its name, or load it into the engine" : error.remedy()));
      }
    }));
  }

  std::string subject() const { return fmt::format("the base image {} of {}", name(), dockerfile_); }

  void found(const sandbox::Image& image) {
    found_.emplace_back(name(), image.id);
    next();
  }

  void finish(io::Result<NamedImages> result) {
    lifeline_.cut();
    auto done = std::move(done_);  // it may let go of this
    if (done) done(std::move(result));
  }

  sandbox::ImageStore& store_;
  const std::vector<std::string> names_;
  const PullPolicy pull_;
  const std::string dockerfile_;
  std::function<void(io::Result<NamedImages>)> done_;
  NamedImages found_;
  Lifeline lifeline_{[this](std::exception_ptr error) { finish(std::move(error)); }};
};

}  // namespace

std::unique_ptr<BaseSearch> find_named_images(sandbox::ImageStore& store, std::vector<std::string> names,
                                              PullPolicy pull, std::string dockerfile,
                                              std::function<void(io::Result<NamedImages>)> done) {
  return std::make_unique<NamedSearch>(store, std::move(names), pull, std::move(dockerfile), std::move(done));
}

}  // namespace images
