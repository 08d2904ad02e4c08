#include "images/recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include "images/base_volumes.h"
#include "images/dockerfile.h"
#include "images/layer_key.h"
#include "images/lifeline.h"
#include "images/masked_lines.h"
#include "images/named_images.h"
#include "images/recipe_base.h"
#include "images/recipe_failure.h"
#include "images/recipe_steps.h"
#include "images/tar_writer.h"
#include "sandbox/io/error.h"

namespace images {

namespace {

// To be raised when the same inputs are turned into a different layer: then no old layer is found any more.
constexpr const char* kRevision = "1";

std::string read_supervisor(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file || content.empty()) throw io::HostError("the supervisor binary cannot be read: " + path);
  return content;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (end != 0) lines.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return lines;
}

// "work", "work/a", "work/a/b" of "work/a/b/file", each once.
void add_parents(std::set<std::string>& folders, const std::string& path) {
  for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
    folders.insert(path.substr(0, slash));
}

// The stages run in this order and each ends by entering the next; `enter` is the only place that changes
// `stage_`.
enum class Stage {
  base,          // looking for the base image, or for those that the Dockerfile names
  dockerfile,    // building by it; skipped where there is none
  tools,         // supervisor, toolchain, setup_commands on the base
  dependencies,  // from manifests; skipped when there is nothing to install
  sources,       // the tree, and what needs it
  seal,          // the supervisor again
  done,
};

struct Layer {
  Layer(std::string its_kind, std::string its_title, std::vector<sandbox::LayerBuildStep> its_steps = {})
      : kind(std::move(its_kind)), title(std::move(its_title)), steps(std::move(its_steps)) {}

  std::string kind;
  std::string title;
  std::string key;
  std::string tar_file;
  std::vector<sandbox::LayerBuildStep> steps;
  sandbox::EnvList env;
  std::optional<sandbox::DockerfileBuild> dockerfile;
  std::string note;
  std::string from;  // see BuiltLayer
  bool retried = false;
};

class RecipeRun final : public Recipe, public sandbox::BuildObserver {
 public:
  RecipeRun(io::Loop& loop, sandbox::ImageStore& store, RecipeRequest request, RecipeObserver& observer,
            std::function<void(io::Result<BuiltImage>)> done)
      : loop_(loop),
        store_(store),
        request_(std::move(request)),
        observer_(observer),
        done_(std::move(done)),
        lines_(request_.host,
               [this](sandbox::Stream stream, std::string_view text) { observer_.output(stream, text); }) {}

  ~RecipeRun() override { forget_tar(); }

  void start() {
    loop_.post(lifeline_.guard([this] { enter(Stage::base); }));
  }

  void step_started(const std::string& title) override {
    lines_.flush();
    observer_.step_started(title);
  }

  void step_output(sandbox::Stream stream, std::string_view bytes) override { lines_.add(stream, bytes); }
  void built_by_another() override { by_another_ = true; }
  void taken_from(const std::string& file) override {
    by_another_ = true;
    from_ = file;
  }
  void warned(const std::string& sentence) override { add_warning(sentence); }

 private:
  void enter(Stage stage) {
    stage_ = stage;
    switch (stage) {
      case Stage::base:
        return find_base();
      case Stage::dockerfile:
        return dockerfile(request_.source.context->hash);
      case Stage::tools:
        return tools();
      case Stage::dependencies:
        return dependencies();
      case Stage::sources:
        return sources(request_.source.tree_hash);
      case Stage::seal:
        return seal();
      case Stage::done:
        return finish(std::move(built_));
    }
  }

  void find_base() {
    supervisor_ = read_supervisor(request_.supervisor_file);
    const bool by_dockerfile = !request_.dockerfile.empty();
    request_.install.own_base = by_dockerfile || !request_.base.empty();
    plan_ = request_.toolchain->plan(request_.source, request_.install);
    if (by_dockerfile) return find_named();
    search_ = find_base_image(
        store_, *request_.toolchain, {request_.base, request_.pull, request_.pinned_base},
        lifeline_.guard([this](io::Result<FoundBase> result) {
          auto base = std::move(result).value();
          loop_.post(
              lifeline_.guard([this, base = std::move(base)]() mutable { use_base(std::move(base)); }));
        }));
  }

  void find_named() {
    const std::string& text = request_.source.context->dockerfile;
    for (const auto& name : undeclared_arguments(text, request_.build_args))
      add_warning(fmt::format("the build argument {} changes nothing: {} has no ARG {}", name,
                              request_.dockerfile, name));
    auto names = images_named_by(text, request_.build_args);
    if (names.empty()) return enter(Stage::dockerfile);
    search_ = find_named_images(store_, std::move(names), request_.pull, request_.dockerfile,
                                lifeline_.guard([this](io::Result<NamedImages> result) {
                                  named_ = std::move(result).value();
                                  loop_.post(lifeline_.guard([this] {
                                    search_.reset();
                                    enter(Stage::dockerfile);
                                  }));
                                }));
  }

  void dockerfile(const std::string& context) {
    Layer layer("dockerfile", "building by " + request_.dockerfile);
    layer.dockerfile = {request_.dockerfile, request_.build_args,
                        dockerfile_limits(request_.install.step_timeout)};
    layer.key = key("dockerfile")
                    .add("context", context)
                    .add("file", request_.dockerfile)
                    .add("arguments", request_.build_args)
                    .add("images", named_)
                    .hex();
    find_or_pack(
        std::move(layer), Stage::tools, context,
        [this](Packed packed) { return request_.pack_context(loop_, request_.checkout, std::move(packed)); },
        &RecipeRun::dockerfile);
  }

  void use_base(FoundBase base) {
    search_.reset();
    if (const auto warning = check_volumes(base.image.volumes, base.reference)) add_warning(*warning);
    steps_ = std::make_unique<RecipeSteps>(request_, plan_, base.image.env);
    parent_ = base.image.id;
    built_.base_reference = base.reference;
    built_.base_id = base.image.id;
    built_.base_digest = base.image.digest;
    built_.notes = std::move(base.notes);
    built_.notes.insert(built_.notes.end(), plan_.notes.begin(), plan_.notes.end());
    built_.env = steps_->attempt_env();
    enter(Stage::tools);
  }

  void tools() {
    Layer layer("tools", "preparing " + built_.base_reference, steps_->tools());
    layer.key = key("tools").add("supervisor", supervisor_).add(layer.steps).hex();
    look_up(std::move(layer), Stage::dependencies, [this](Layer& made) {
      TarWriter tar(made.tar_file);
      write_supervisor(tar);
      tar.finish();
    });
  }

  void dependencies() {
    Layer layer("dependencies", "installing dependencies", steps_->dependencies());
    if (layer.steps.empty()) return enter(Stage::sources);
    auto& made_of = key("dependencies").add(layer.steps);
    for (const auto& path : plan_.dependency_files) {
      const std::string* content = request_.source.manifest(path);
      if (content) made_of.add("path", path).add("content", *content);
    }
    layer.key = made_of.hex();
    look_up(std::move(layer), Stage::sources, [this](Layer& made) { write_manifests(made.tar_file); });
  }

  void sources(const std::string& tree_hash) {
    Layer layer("sources", "adding the sources", steps_->sources());
    if (!plan_.needs_sources.empty()) {
      layer.title = "adding the sources and installing dependencies";
      layer.note = "not cached by manifests: " + plan_.needs_sources;
    }
    layer.key = key("sources").add("tree", tree_hash).add(layer.steps).hex();
    built_.tree_hash = tree_hash;
    find_or_pack(
        std::move(layer), Stage::seal, tree_hash,
        [this](Packed packed) {
          return request_.archive(loop_, request_.checkout, std::string(sandbox::kWorkDir + 1) + "/",
                                  kTestUid, std::move(packed));
        },
        &RecipeRun::sources);
  }

  using Packed = std::function<void(io::Result<SourceArchive>)>;
  using Packer = std::function<std::unique_ptr<Checkout>(Packed)>;
  using ByHash = void (RecipeRun::*)(const std::string&);

  // The way of a layer that is made of the tree. A folder may change between its hash and its archive; then
  // what was archived counts, under its own key: `again` is entered with the archive's hash.
  void find_or_pack(Layer layer, Stage next, const std::string& hash, const Packer& pack, ByHash again) {
    layer.tar_file = archived_;
    find(layer,
         lifeline_.guard([this, layer, next, hash, pack, again](std::optional<sandbox::Image> found) mutable {
           if (found) return have(std::move(layer), *found, true, next);
           if (!archived_.empty()) return build(std::move(layer), next);
           observer_.layer_started(layer.kind, layer.title);
           archiving_ = pack(lifeline_.guard([this, hash, again](io::Result<SourceArchive> result) {
             auto made = std::move(result).value();
             loop_.post(lifeline_.guard([this, hash, again, made = std::move(made)] {
               archiving_.reset();
               archived_ = made.tar_file;
               if (made.tree_hash != hash)
                 add_warning("the folder changed while it was read: the image has its state of the archive");
               (this->*again)(made.tree_hash);
             }));
           }));
         }));
  }

  void seal() {
    Layer layer("seal", "sealing the image");
    layer.env = steps_->image_env();
    LayerKey& key_of_seal = key("seal").add("supervisor", supervisor_).add("env", layer.env);
    for (const auto& file : request_.toolchain->probe_files())
      key_of_seal.add(std::string("probe ").append(file.name), file.content);
    layer.key = key_of_seal.hex();
    look_up(std::move(layer), Stage::done, [this](Layer& made) {
      const auto probes = request_.toolchain->probe_files();
      TarWriter tar(made.tar_file);
      write_supervisor(tar);
      std::set<std::string> folders;
      for (const auto& file : probes) add_parents(folders, fmt::format("{}/{}", kProbeFolder + 1, file.name));
      folders.erase(".orchestrator");
      for (const auto& folder : folders) tar.folder(folder, 0755);
      for (const auto& file : probes)
        tar.file(fmt::format("{}/{}", kProbeFolder + 1, file.name), file.content, 0644);
      tar.finish();
    });
  }

  LayerKey& key(const char* kind) {
    key_ = std::make_unique<LayerKey>();
    return key_->add("revision", kRevision).add("kind", kind).add("parent", parent_);
  }

  // The usual way of a layer: found, or its tar written by `fill` and built.
  void look_up(Layer layer, Stage next, std::function<void(Layer&)> fill) {
    find(layer, lifeline_.guard(
                    [this, layer, next, fill = std::move(fill)](std::optional<sandbox::Image> found) mutable {
                      if (found) return have(std::move(layer), *found, true, next);
                      layer.tar_file = request_.scratch + "/" + layer.kind + ".tar";
                      observer_.layer_started(layer.kind, layer.title);
                      fill(layer);
                      build(std::move(layer), next);
                    }));
  }

  template <class Fn>
  void find(const Layer& layer, Fn then) {
    began_ = loop_.now();
    store_.find_layer(
        layer.kind, layer.key,
        lifeline_.guard([then = std::move(then)](io::Result<std::optional<sandbox::Image>> result) mutable {
          then(std::move(result).value());
        }));
  }

  void build(Layer layer, Stage next) {
    written_ = layer.tar_file;
    if (!layer.steps.empty() && uses_network(layer))
      for (const auto& warning : request_.host.warnings) add_warning(warning);
    sandbox::LayerSpec spec{parent_,     layer.kind, layer.key, layer.tar_file,
                            layer.steps, layer.env,  {},        layer.dockerfile};
    by_another_ = false;
    from_.clear();
    // The handle is let go of outside of its own callback.
    handle_ = store_.build(
        std::move(spec), *this, lifeline_.guard([this, layer, next](io::Result<sandbox::Image> result) {
          loop_.post(lifeline_.guard([this, layer, next, result = std::move(result)]() mutable {
            built(std::move(layer), next, std::move(result));
          }));
        }));
  }

  void built(Layer layer, Stage next, io::Result<sandbox::Image> result) {
    lines_.flush();
    handle_.reset();
    try {
      const auto image = std::move(result).value();
      layer.from = from_;
      if (!from_.empty()) layer.note = "taken from " + from_;
      have(std::move(layer), image, by_another_, next);
    } catch (const sandbox::StepFailed& failed) {
      const std::string log = request_.host.mask(failed.log_tail());
      const auto explain = [&] {
        return layer.dockerfile ? explain_failed_dockerfile(failed, log, request_.dockerfile)
                                : explain_failed_step(failed, log, request_.host.warnings);
      };
      if (layer.retried || failed.outcome() != sandbox::Outcome::failed || !uses_network(layer) ||
          !ends_in_network_error(log))
        std::rethrow_exception(explain());
      layer.retried = true;
      add_warning(fmt::format("{} failed for the network and was tried once more", failed.title()));
      build(std::move(layer), next);
    } catch (const sandbox::PullFailed& failed) {
      throw io::HostError(fmt::format("{} names a base image that could not be fetched: {}",
                                      request_.dockerfile, failed.what()));
    }
  }

  void have(Layer layer, const sandbox::Image& image, bool cached, Stage next) {
    forget_tar();
    if (layer.kind == "sources") take_packages(image);
    parent_ = image.id;
    built_.id = image.id;
    const double seconds = std::chrono::duration<double>(loop_.now() - began_).count();
    built_.layers.push_back({layer.kind, layer.key, image.id, cached, seconds, layer.note, layer.from});
    if (layer.kind == "sources" && !layer.note.empty())
      built_.notes.push_back("the sources layer is " + layer.note);
    observer_.layer_finished(built_.layers.back());
    if (layer.dockerfile) return use_base({image, request_.dockerfile, {}});
    enter(next);
  }

  static bool uses_network(const Layer& layer) {
    const auto networked = [](const sandbox::LayerBuildStep& step) {
      return step.execution.network != sandbox::Network::none;
    };
    return layer.dockerfile || std::any_of(layer.steps.begin(), layer.steps.end(), networked);
  }

  void add_warning(const std::string& warning) {
    if (std::find(built_.warnings.begin(), built_.warnings.end(), warning) == built_.warnings.end())
      built_.warnings.push_back(warning);
  }

  void take_packages(const sandbox::Image& image) {
    const auto label = image.labels.find(kPackagesLabel);
    if (label != image.labels.end() && !label->second.empty())
      built_.packages = lines_of(request_.host.mask(label->second));
  }

  void write_supervisor(TarWriter& tar) {
    tar.folder(".orchestrator", 0755);
    tar.file(std::string(sandbox::kSupervisorPath + 1), supervisor_, 0755);
  }

  void write_manifests(const std::string& tar_file) {
    TarWriter tar(tar_file, kTestUid);
    const std::string work(sandbox::kWorkDir + 1);
    std::set<std::string> folders;
    add_parents(folders, work + "/" + request_.install.subdir + "/.");
    for (const auto& path : plan_.dependency_files) add_parents(folders, work + "/" + path);
    for (const auto& folder : folders)
      if (!folder.ends_with('/')) tar.folder(folder);
    for (const auto& path : plan_.dependency_files)
      if (const std::string* content = request_.source.manifest(path)) tar.file(work + "/" + path, *content);
    tar.finish();
  }

  void forget_tar() {
    if (!written_.empty()) std::remove(written_.c_str());
    if (!archived_.empty()) std::remove(archived_.c_str());
    written_.clear();
    archived_.clear();
  }

  void finish(io::Result<BuiltImage> result) {
    lifeline_.cut();  // nothing that is still under way comes back
    handle_.reset();
    auto done = std::move(done_);  // it may let go of this
    if (done) done(std::move(result));
  }

  io::Loop& loop_;
  sandbox::ImageStore& store_;
  RecipeRequest request_;
  RecipeObserver& observer_;
  std::function<void(io::Result<BuiltImage>)> done_;
  Stage stage_ = Stage::base;
  std::string supervisor_;  // its bytes
  InstallPlan plan_;
  std::unique_ptr<RecipeSteps> steps_;
  std::unique_ptr<LayerKey> key_;
  std::string parent_;    // image id that the next layer stands on
  std::string written_;   // a tar of ours that is still there
  std::string archived_;  // the tar of the sources or of the context, once it was made
  io::TimePoint began_{};
  bool by_another_ = false;  // the layer that was waited for
  std::string from_;         // the file that it came from
  BuiltImage built_;
  MaskedLines lines_;
  std::unique_ptr<BaseSearch> search_;
  NamedImages named_;  // by the Dockerfile
  std::unique_ptr<Checkout> archiving_;
  std::unique_ptr<sandbox::BuildHandle> handle_;
  Lifeline lifeline_{[this](std::exception_ptr error) { finish(std::move(error)); }};
};

}  // namespace

std::unique_ptr<Recipe> start_recipe(io::Loop& loop, sandbox::ImageStore& store, RecipeRequest request,
                                     RecipeObserver& observer,
                                     std::function<void(io::Result<BuiltImage>)> done) {
  auto run = std::make_unique<RecipeRun>(loop, store, std::move(request), observer, std::move(done));
  run->start();
  return run;
}

}  // namespace images
