// An image store in memory: it keeps references, layers and what was asked of it. Answers always come through
// the loop, never from inside the call, like those of an engine. Steps are not run: a test says what they
// print and which of them fail. A Dockerfile has one step, which has its path as title.
#pragma once

#include <algorithm>
#include <deque>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sandbox/image_store.h"
#include "sandbox/io/error.h"
#include "sandbox/io/loop.h"
#include "tests/support/made_tar.h"

namespace sandbox {

class FakeImageStore : public ImageStore {
 public:
  explicit FakeImageStore(io::Loop& loop) : loop_(loop) {}

  // --- what a test prepares ---
  Image& add_image(const std::string& reference, EnvList env = {}) {
    Image image;
    image.id = next_id();
    image.references = {reference};
    image.architecture = "amd64";
    image.env = std::move(env);
    return images_.emplace(image.id, image).first->second;
  }
  void let_registry_have(const std::string& reference) { registry_.push_back(reference); }
  // The next build of this kind fails with it; several are used up one after the other.
  void fail_next_build(const std::string& kind, StepFailed error) {
    failures_[kind].push_back(std::move(error));
  }
  void let_step_print(const std::string& title, std::string output) { prints_[title] = std::move(output); }
  void hold_builds() { holding_ = true; }            // builds never end
  void count_ids_otherwise() { renumbers_ = true; }  // of images that are loaded
  void fail_saves(std::string why) { save_error_ = std::move(why); }

  // --- what was asked ---
  std::vector<LayerSpec> built;         // in order, failed ones included
  std::vector<std::string> built_tars;  // the bytes of each one's tar
  std::vector<std::string> pulled;      // references that a registry was asked for
  std::vector<std::string> loaded;      // files
  int builds_running = 0;

  const LayerSpec* last_built(const std::string& kind) const {
    for (auto spec = built.rbegin(); spec != built.rend(); ++spec)
      if (spec->kind == kind) return &*spec;
    return nullptr;
  }
  std::vector<std::string> built_kinds() const {
    std::vector<std::string> kinds;
    for (const auto& spec : built) kinds.push_back(spec.kind);
    return kinds;
  }

  // --- ImageStore ---
  void inspect(const std::string& reference,
               std::function<void(io::Result<std::optional<Image>>)> done) override {
    answer<std::optional<Image>>(std::move(done), find_reference(reference));
  }

  void pull(const std::string& reference, std::function<void(io::Result<Image>)> done) override {
    pulled.push_back(reference);
    const bool known = std::find(registry_.begin(), registry_.end(), reference) != registry_.end();
    if (!known) return answer<Image>(std::move(done), io::failure(PullFailed("no registry answered")));
    Image image = add_image(reference);
    images_[image.id].digest = image.digest = "sha256:from-registry";
    answer<Image>(std::move(done), std::move(image));
  }

  void find_layer(const std::string& kind, const std::string& key,
                  std::function<void(io::Result<std::optional<Image>>)> done) override {
    std::optional<Image> found;
    if (const auto id = layers_.find({kind, key}); id != layers_.end()) found = images_.at(id->second);
    answer<std::optional<Image>>(std::move(done), std::move(found));
  }

  void import(const std::string&, const std::string& reference, std::map<std::string, std::string> labels,
              EnvList env, std::function<void(io::Result<Image>)> done) override {
    Image& image = add_image(reference, std::move(env));
    image.labels = std::move(labels);
    answer<Image>(std::move(done), image);
  }

  std::unique_ptr<BuildHandle> build(LayerSpec spec, BuildObserver& observer,
                                     std::function<void(io::Result<Image>)> done) override {
    built.push_back(spec);
    std::ifstream tar(spec.tar_file, std::ios::binary);
    built_tars.emplace_back(std::istreambuf_iterator<char>(tar), std::istreambuf_iterator<char>());
    auto handle = std::make_unique<Handle>(*this);
    if (!holding_)
      loop_.post([this, spec = std::move(spec), &observer, done = std::move(done),
                  alive = std::weak_ptr<int>(handle->alive)] {
        if (!alive.expired()) run(spec, observer, done, alive);
      });
    return handle;
  }

  // A file of it holds only its id: the rest is known here, also once it was removed.
  std::unique_ptr<ImageTransfer> save(const std::string& id, const std::string& tar_file,
                                      std::function<void(io::Result<std::int64_t>)> done) override {
    const auto found = images_.find(id);
    if (found == images_.end() || !save_error_.empty())
      return transfer<std::int64_t>(
          std::move(done), io::failure(io::HostError(save_error_.empty() ? "no such image" : save_error_)));
    saved_[id] = found->second;
    const std::string bytes = testing_support::MadeTar()
                                  .file("manifest.json", "[{\"Config\":\"" + id + "\",\"RepoTags\":null}]")
                                  .bytes();
    std::ofstream(tar_file, std::ios::binary) << bytes;
    return transfer<std::int64_t>(std::move(done), static_cast<std::int64_t>(bytes.size()));
  }

  std::unique_ptr<ImageTransfer> load(const std::string& tar_file,
                                      std::function<void(io::Result<Image>)> done) override {
    loaded.push_back(tar_file);
    std::ifstream file(tar_file, std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    for (const auto& [id, image] : saved_) {
      if (bytes.find("\"" + id + "\"") == std::string::npos) continue;
      Image made = image;
      if (renumbers_) made.id = next_id();
      made.references.clear();
      images_.try_emplace(made.id, made);
      return transfer<Image>(std::move(done), images_.at(made.id));
    }
    return transfer<Image>(std::move(done), io::failure(io::HostError("the file holds no image")));
  }

  void name_layer(const std::string& id, const std::string& kind, const std::string& key,
                  std::function<void(io::Result<Image>)> done) override {
    const auto found = images_.find(id);
    if (found == images_.end())
      return answer<Image>(std::move(done), io::failure(io::HostError("no such image")));
    layers_[{kind, key}] = id;
    answer<Image>(std::move(done), found->second);
  }

  void list(std::function<void(io::Result<std::vector<Image>>)> done) override {
    std::vector<Image> all;
    for (const auto& [id, image] : images_) all.push_back(image);
    answer<std::vector<Image>>(std::move(done), std::move(all));
  }

  void remove(const std::string& id, std::function<void(io::Result<bool>)> done) override {
    std::erase_if(layers_, [&](const auto& layer) { return layer.second == id; });
    answer<bool>(std::move(done), images_.erase(id) > 0);
  }

 private:
  struct Handle : BuildHandle {
    explicit Handle(FakeImageStore& its_store) : store(its_store) { ++store.builds_running; }
    ~Handle() override { --store.builds_running; }
    FakeImageStore& store;
    std::shared_ptr<int> alive = std::make_shared<int>();
  };

  template <class T>
  std::unique_ptr<ImageTransfer> transfer(std::function<void(io::Result<T>)> done, io::Result<T> result) {
    struct Transfer : ImageTransfer {
      std::shared_ptr<int> wanted = std::make_shared<int>();
    };
    auto handle = std::make_unique<Transfer>();
    answer<T>(
        [wanted = std::weak_ptr(handle->wanted), done = std::move(done)](io::Result<T> value) {
          if (!wanted.expired()) done(std::move(value));
        },
        std::move(result));
    return handle;
  }

  std::string next_id() { return "sha256:" + std::to_string(++last_id_); }

  std::optional<Image> find_reference(const std::string& reference) const {
    for (const auto& [id, image] : images_)
      if (id == reference ||
          std::find(image.references.begin(), image.references.end(), reference) != image.references.end())
        return image;
    return std::nullopt;
  }

  void run(const LayerSpec& spec, BuildObserver& observer, const std::function<void(io::Result<Image>)>& done,
           const std::weak_ptr<int>& alive) {
    auto& failures = failures_[spec.kind];
    std::map<std::string, std::string> labels = spec.labels;
    auto steps = spec.steps;
    if (spec.dockerfile) steps.push_back({spec.dockerfile->file, {}});
    for (const auto& step : steps) {
      observer.step_started(step.title);
      const auto text = prints_.find(step.title);
      if (text != prints_.end() && step.label.empty()) observer.step_output(Stream::out, text->second);
      if (text != prints_.end() && !step.label.empty()) labels[step.label] = text->second;
      if (alive.expired()) return;
      if (!failures.empty() && failures.front().title() == step.title) {
        const StepFailed error = failures.front();
        failures.pop_front();
        return done(io::failure(error));
      }
    }
    Image image;
    image.id = next_id();
    image.labels = std::move(labels);
    image.labels[kKindLabel] = spec.kind;
    image.labels[kKeyLabel] = spec.key;
    image.env = spec.env;
    images_[image.id] = image;
    layers_[{spec.kind, spec.key}] = image.id;
    done(image);
  }

  template <class T>
  void answer(std::function<void(io::Result<T>)> done, io::Result<T> result) {
    loop_.post([done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
  }

  io::Loop& loop_;
  int last_id_ = 0;
  bool holding_ = false, renumbers_ = false;
  std::string save_error_;
  std::map<std::string, Image> saved_;
  std::map<std::string, Image> images_;
  std::map<std::pair<std::string, std::string>, std::string> layers_;  // kind and key → id
  std::vector<std::string> registry_;
  std::map<std::string, std::deque<StepFailed>> failures_;
  std::map<std::string, std::string> prints_;
};

}  // namespace sandbox
