// Keeps the images that a sandbox runs on and adds layers to them. Same thread rules as Sandbox.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/execution.h"
#include "sandbox/image_labels.h"
#include "sandbox/io/result.h"
#include "sandbox/outcome.h"
#include "sandbox/sandbox.h"

namespace sandbox {

// An image that the engine has.
struct Image {
  std::string id;                       // "sha256:…"
  std::vector<std::string> references;  // "python:3.12-slim"
  std::string digest;                   // by which the registry knows it, when it came from one
  std::string architecture;
  std::int64_t size_bytes = 0;
  std::chrono::system_clock::time_point created{};
  std::map<std::string, std::string> labels;
  EnvList env;                       // of its configuration
  std::vector<std::string> volumes;  // the same: paths that are in no layer

  // Of those that list() answers:
  std::string parent;                   // id of the image that it was made of, where the engine has that
  std::int64_t own_bytes = 0;           // what it takes beside its parent
  bool has_names_of_others = false;     // beside the one that its layer is kept under
  bool has_children_of_others = false;  // somebody else's image is made of it
};

struct LayerBuildStep {
  std::string title;  // "installing requirements.txt": shown as progress and in errors
  Execution execution;
  // Not empty: what the step prints on stdout becomes this label of the layer, and is shown to nobody. It is
  // empty for more than kLabelBytes.
  std::string label = {};
};

inline constexpr std::size_t kLabelBytes = 256 * 1024;

// A Dockerfile to build by, in the engine's own way: only an engine that has a Capabilities::builder can, and
// of `limits` it heeds those that Capabilities::build_limits names.
struct DockerfileBuild {
  std::string file;  // its path in the context
  EnvList args;      // of its ARG instructions; the engine may show and keep them
  Limits limits;     // `timeout` is that of the whole build
};

// A layer to add to `parent`: files put first, then the steps run in order, then the result is kept as an
// image under `key`. No Dockerfile text: another engine must be able to build it. Of a layer that is built by
// a Dockerfile of somebody else's (`dockerfile`) that cannot be said; it has no parent, steps or variables of
// ours, `tar_file` is its context, and all else is as with any layer: looked for by kind and key, shared,
// listed and removed.
struct LayerSpec {
  std::string parent;  // image id
  std::string kind;  // "tools", "dependencies", "sources", "seal", "dockerfile": a label, and the tag's name
  std::string key;   // content key, hex
  std::string tar_file;  // path of an uncompressed tar to unpack at /, or empty
  std::vector<LayerBuildStep> steps;
  EnvList env;  // configuration of the result (PATH, …), beside the parent's
  std::map<std::string, std::string> labels;
  std::optional<DockerfileBuild> dockerfile = std::nullopt;
};

class BuildObserver {
 public:
  virtual ~BuildObserver() = default;
  virtual void step_started(const std::string& title) { (void)title; }
  virtual void step_output(Stream, std::string_view) {}
  // The layer that is answered next was built at somebody else's wish, who came first.
  virtual void built_by_another() {}
  // … and not built at all: it came from that file.
  virtual void taken_from(const std::string& file) { (void)file; }
  // A sentence for the report: the layer came about in another way than it was meant to.
  virtual void warned(const std::string& sentence) { (void)sentence; }
};

// A step did not end with 0. The message is one sentence; `result` says how it ended.
class StepFailed : public std::runtime_error {
 public:
  StepFailed(std::string title, Outcome outcome, ExecutionResult result, std::string log_tail);
  const std::string& title() const { return title_; }
  Outcome outcome() const { return outcome_; }
  const ExecutionResult& result() const { return result_; }
  const std::string& log_tail() const { return log_tail_; }  // the end of both streams, UTF-8

 private:
  std::string title_;
  Outcome outcome_;
  ExecutionResult result_;
  std::string log_tail_;
};

class BuildHandle {  // letting go stops the build and leaves nothing behind
 public:
  virtual ~BuildHandle() = default;
};

class ImageTransfer {  // letting go ends it; of a file that was being written nothing stays
 public:
  virtual ~ImageTransfer() = default;
};

class ImageStore {
 public:
  virtual ~ImageStore() = default;
  // The image of that reference ("python:3.12-slim", "sha256:…") if the engine has it; nullopt if not.
  virtual void inspect(const std::string& reference,
                       std::function<void(io::Result<std::optional<Image>>)> done) = 0;
  // Fetches from a registry, with the credential that the person who runs this has for it. An image that was
  // asked for by digest ("name@sha256:…") has that digest. Fails with PullFailed when the registry does not
  // answer, refuses, or has no such image.
  virtual void pull(const std::string& reference, std::function<void(io::Result<Image>)> done) = 0;
  // The layer built earlier under this kind and key.
  virtual void find_layer(const std::string& kind, const std::string& key,
                          std::function<void(io::Result<std::optional<Image>>)> done) = 0;
  // Makes an image of a tar of a root file system.
  virtual void import(const std::string& tar_file, const std::string& reference,
                      std::map<std::string, std::string> labels, EnvList env,
                      std::function<void(io::Result<Image>)> done) = 0;
  // Builds a layer. The observer must outlive the handle or `done`. Fails with StepFailed, or with PullFailed
  // when a Dockerfile names an image that is not here and that no registry gives.
  virtual std::unique_ptr<BuildHandle> build(LayerSpec spec, BuildObserver& observer,
                                             std::function<void(io::Result<Image>)> done) = 0;
  // Writes the image, with all that it stands on but under no name, to a new file: a tar that load() takes,
  // here or elsewhere. Answers its size. Throws io::HostError where the file cannot be made.
  [[nodiscard]] virtual std::unique_ptr<ImageTransfer> save(
      const std::string& id, const std::string& tar_file,
      std::function<void(io::Result<std::int64_t>)> done) = 0;
  // Makes the image of such a file. It has the id that it had where it was saved, unless this engine counts
  // ids otherwise. Names that a tar from elsewhere holds would be given, also those of other images: who does
  // not know it looks first.
  [[nodiscard]] virtual std::unique_ptr<ImageTransfer> load(const std::string& tar_file,
                                                            std::function<void(io::Result<Image>)> done) = 0;
  // From now on find_layer() has this image under that kind and key.
  virtual void name_layer(const std::string& id, const std::string& kind, const std::string& key,
                          std::function<void(io::Result<Image>)> done) = 0;
  // Those made by us: layers that are whole, and bases.
  virtual void list(std::function<void(io::Result<std::vector<Image>>)> done) = 0;
  // By id; with it go the images of the steps between it and its parent. False: it is not there, or something
  // stands on it: a container, another image, another name.
  virtual void remove(const std::string& id, std::function<void(io::Result<bool>)> done) = 0;
};

// what() says who did not give the image and why, and never holds a credential.
class PullFailed : public std::runtime_error {
 public:
  explicit PullFailed(const std::string& reason, std::string remedy = "")
      : std::runtime_error(reason), remedy_(std::move(remedy)) {}
  // What to do about it, as in "check its name"; empty: nothing that is special to this reason.
  const std::string& remedy() const { return remedy_; }

 private:
  std::string remedy_;
};

}  // namespace sandbox
