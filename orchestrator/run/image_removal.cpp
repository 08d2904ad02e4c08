#include "orchestrator/run/image_removal.h"

#include <memory>
#include <utility>

namespace orchestrator {
namespace {

using Time = std::chrono::system_clock::time_point;

constexpr std::chrono::hours kForgetAfter{24 * 30};
constexpr const char* kBaseKind = "base";

class Removal : public std::enable_shared_from_this<Removal> {
 public:
  Removal(sandbox::ImageStore& store, const ImageUses& uses, RemovalRequest request,
          std::function<void(io::Result<RemovalResult>)> done)
      : store_(store), uses_(uses), request_(request), done_(std::move(done)) {}

  void start() {
    store_.list([self = shared_from_this()](io::Result<std::vector<sandbox::Image>> listed) {
      self->guarded([&] { self->begin(std::move(listed).value()); });
    });
  }

 private:
  template <class Fn>
  void guarded(Fn fn) {
    try {
      fn();
    } catch (...) {
      done_(std::current_exception());
    }
  }

  void begin(const std::vector<sandbox::Image>& images) {
    alone_ = uses_.removal();
    if (!alone_) {
      result_.busy = true;
      return done_(std::move(result_));
    }
    forget_old(images);
    tree_ = std::make_unique<ImageTree>(with_uses(images, uses_));
    if (request_.free_bytes && !can_free(*request_.free_bytes)) return finish();
    step();
  }

  void forget_old(const std::vector<sandbox::Image>& images) const {
    std::vector<LayerName> present;
    for (const auto& image : images)
      if (const auto name = layer_name(image)) present.push_back(*name);
    uses_.forget(present, std::chrono::system_clock::now() - kForgetAfter);
  }

  bool is_own_layer(const UsedImage& one) const { return owner_of(one.image, uses_) == ImageOwner::us; }

  bool may_go(const UsedImage& one) const {
    if (request_.unused_since && one.last_use >= *request_.unused_since) return false;
    switch (owner_of(one.image, uses_)) {
      case ImageOwner::us:
        return !one.image.has_names_of_others;
      case ImageOwner::others:
        return request_.of_others && !one.image.has_names_of_others && layer_name(one.image);
      case ImageOwner::base:
        return request_.bases && one.image.references.size() <= 1;
    }
    return false;
  }

  // Would it be enough, if all went that nobody uses?
  bool can_free(std::int64_t bytes) const {
    ImageTree tree = *tree_;
    while (bytes > 0) {
      const UsedImage* next = tree.next([&](const UsedImage& one) { return may_go(one); });
      if (!next) return false;
      const std::string id = next->image.id;
      const auto name = layer_name(next->image);
      if (name && uses_.in_use(*name)) {
        tree.stays(id);
        continue;
      }
      bytes -= next->image.own_bytes;
      tree.gone(id);
    }
    return true;
  }

  bool enough() const {
    if (request_.free_bytes && result_.removed_bytes >= *request_.free_bytes) return true;
    return request_.keep_bytes &&
           tree_->bytes([&](const UsedImage& one) { return is_own_layer(one); }) <= *request_.keep_bytes;
  }

  void step() {
    while (!enough()) {
      const UsedImage* next = tree_->next([&](const UsedImage& one) { return may_go(one); });
      if (!next) break;
      const auto name = layer_name(next->image);
      claim_ = name ? uses_.claim(*name) : std::nullopt;
      if (name && !claim_) {
        tree_->stays(next->image.id);
      } else if (request_.dry_run) {
        count(*next);
      } else {
        return remove(*next);
      }
    }
    finish();
  }

  void remove(const UsedImage& one) {
    store_.remove(one.image.id, [self = shared_from_this(), one](io::Result<bool> removed) {
      self->guarded([&] {
        if (removed.value())
          self->removed(one);
        else
          self->tree_->stays(one.image.id);
        self->claim_.reset();
        self->step();
      });
    });
  }

  // A second image under that key is still known by the file.
  void removed(const UsedImage& one) {
    count(one);
    const auto name = layer_name(one.image);
    bool another = false;
    for (const auto& left : tree_->left()) another |= layer_name(left.image) == name;
    if (claim_ && !another) claim_->remove_file();
  }

  void count(UsedImage one) {
    result_.removed_bytes += one.image.own_bytes;
    tree_->gone(one.image.id);
    result_.removed.push_back(std::move(one));
  }

  void finish() {
    claim_.reset();
    alone_.reset();
    result_.left_bytes = tree_->bytes([&](const UsedImage& one) { return is_own_layer(one); });
    done_(std::move(result_));
  }

  sandbox::ImageStore& store_;
  const ImageUses& uses_;
  RemovalRequest request_;
  std::function<void(io::Result<RemovalResult>)> done_;
  std::unique_ptr<ImageTree> tree_;
  std::optional<io::FileLock> alone_, claim_;
  RemovalResult result_;
};

}  // namespace

ImageOwner owner_of(const sandbox::Image& image, const ImageUses& uses) {
  if (label_of(image, sandbox::kKindLabel) == kBaseKind) return ImageOwner::base;
  const auto name = layer_name(image);
  const bool ours = name && (label_of(image, sandbox::kKeeperLabel) == uses.keeper() || uses.adopted(*name));
  return ours ? ImageOwner::us : ImageOwner::others;
}

std::vector<UsedImage> with_uses(const std::vector<sandbox::Image>& images, const ImageUses& uses) {
  std::vector<UsedImage> used;
  for (const auto& image : images) {
    const auto name = layer_name(image);
    used.push_back({image, (name ? uses.last_use(*name) : std::nullopt).value_or(image.created)});
  }
  return used;
}

void remove_images(sandbox::ImageStore& store, const ImageUses& uses, RemovalRequest request,
                   std::function<void(io::Result<RemovalResult>)> done) {
  std::make_shared<Removal>(store, uses, request, std::move(done))->start();
}

}  // namespace orchestrator
