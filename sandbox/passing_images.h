// An image store in front of another, to which it passes on whatever a subclass does not do itself.
#pragma once

#include "sandbox/image_store.h"

namespace sandbox {

class PassingImages : public ImageStore {
 public:
  explicit PassingImages(ImageStore& store) : store_(store) {}  // must outlive this

  void inspect(const std::string& reference,
               std::function<void(io::Result<std::optional<Image>>)> done) override {
    store_.inspect(reference, std::move(done));
  }
  void pull(const std::string& reference, std::function<void(io::Result<Image>)> done) override {
    store_.pull(reference, std::move(done));
  }
  void find_layer(const std::string& kind, const std::string& key,
                  std::function<void(io::Result<std::optional<Image>>)> done) override {
    store_.find_layer(kind, key, std::move(done));
  }
  void import(const std::string& tar_file, const std::string& reference,
              std::map<std::string, std::string> labels, EnvList env,
              std::function<void(io::Result<Image>)> done) override {
    store_.import(tar_file, reference, std::move(labels), std::move(env), std::move(done));
  }
  std::unique_ptr<BuildHandle> build(LayerSpec spec, BuildObserver& observer,
                                     std::function<void(io::Result<Image>)> done) override {
    return store_.build(std::move(spec), observer, std::move(done));
  }
  std::unique_ptr<ImageTransfer> save(const std::string& id, const std::string& tar_file,
                                      std::function<void(io::Result<std::int64_t>)> done) override {
    return store_.save(id, tar_file, std::move(done));
  }
  std::unique_ptr<ImageTransfer> load(const std::string& tar_file,
                                      std::function<void(io::Result<Image>)> done) override {
    return store_.load(tar_file, std::move(done));
  }
  void name_layer(const std::string& id, const std::string& kind, const std::string& key,
                  std::function<void(io::Result<Image>)> done) override {
    store_.name_layer(id, kind, key, std::move(done));
  }
  void list(std::function<void(io::Result<std::vector<Image>>)> done) override {
    store_.list(std::move(done));
  }
  void remove(const std::string& id, std::function<void(io::Result<bool>)> done) override {
    store_.remove(id, std::move(done));
  }

 protected:
  ImageStore& store_;
};

}  // namespace sandbox
