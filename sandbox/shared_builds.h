// An image store for several jobs at once: a layer that two of them want under one key is built by the first,
// and the others wait and take what came of it. When the first fails or is let go of, the next builds. All
// else is passed on. Loop's thread only; outlives its handles' owners' interest, not the store beneath it.
#pragma once

#include <memory>

#include "sandbox/image_store.h"
#include "sandbox/io/loop.h"

namespace sandbox {

class SharedBuilds : public ImageStore {
 public:
  SharedBuilds(io::Loop& loop, ImageStore& store);
  ~SharedBuilds() override;

  std::unique_ptr<BuildHandle> build(LayerSpec spec, BuildObserver& observer,
                                     std::function<void(io::Result<Image>)> done) override;

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
  void list(std::function<void(io::Result<std::vector<Image>>)> done) override {
    store_.list(std::move(done));
  }
  void remove(const std::string& id, std::function<void(io::Result<bool>)> done) override {
    store_.remove(id, std::move(done));
  }

 private:
  struct Wanted;
  struct Line;
  class Handle;

  ImageStore& store_;
  std::shared_ptr<Line> line_;
};

}  // namespace sandbox
