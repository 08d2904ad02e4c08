// Turns a checkout into an image that a sandbox can run: base → tools → dependencies → sources → seal (the
// supervisor again, so that no install step can have replaced it). The base is an image, or what comes of the
// repository's own Dockerfile. Each layer is looked up by its content key
// first; what is found is not built and asks nobody but the engine.
//
// The key of a layer is made of what it is built from (the parent's id, files, steps), not of what may differ
// between two hosts without changing the result (limits, proxies, index settings).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "images/base_wish.h"
#include "images/checkout/checkout.h"
#include "images/host_settings.h"
#include "images/toolchains/toolchain.h"
#include "sandbox/image_store.h"
#include "sandbox/io/loop.h"

namespace images {

// How the sources become a tar: start_archive, or a test's own.
using Archiver =
    std::function<std::unique_ptr<Checkout>(io::Loop&, CheckoutRequest, std::string prefix, int owner,
                                            std::function<void(io::Result<SourceArchive>)>)>;

// The same for a Dockerfile's context: start_context, or a test's own.
using ContextPacker = std::function<std::unique_ptr<Checkout>(
    io::Loop&, CheckoutRequest, std::function<void(io::Result<SourceArchive>)>)>;

struct RecipeRequest {
  Source source;
  CheckoutRequest checkout;  // for the archive of the sources
  const Toolchain* toolchain = nullptr;
  InstallOptions install;
  std::string base;  // the person's --image; empty: by toolchain
  // Instead: the path of a Dockerfile in the tree, of which the source has the context, and its arguments.
  std::string dockerfile;
  sandbox::EnvList build_args;
  PullPolicy pull = PullPolicy::missing;
  std::optional<PinnedBase> pinned_base = std::nullopt;  // see BaseWish
  std::vector<std::string> setup_commands;               // shell lines, run as root in the tools layer
  HostSettings host;
  std::string supervisor_file;  // path of the static supervisor binary on this host
  std::string scratch;          // an existing folder of ours
  Archiver archive = start_archive;
  ContextPacker pack_context = start_context;
};

inline constexpr int kTestUid = 10001;  // whose the sources are, and who runs the tests

// Of a build by a Dockerfile: those of an install step. What the engine makes of them is Capabilities' word.
inline sandbox::Limits dockerfile_limits(std::chrono::milliseconds timeout) {
  sandbox::Limits limits = sandbox::install_limits();
  limits.timeout = timeout;
  return limits;
}

struct BuiltLayer {
  std::string kind;  // "dockerfile", "tools", "dependencies", "sources", "seal"
  std::string key;
  std::string image;  // id
  bool cached = false;
  double seconds = 0;
  std::string note;       // "not cached by manifests: setup.py reads the tree"
  std::string from = {};  // the file that it came from instead of being built
};

struct BuiltImage {
  std::string id;
  std::string base_reference;  // "python:3.12-slim", "orchestrator/python:trixie"; a Dockerfile's path
  std::string base_id;
  std::string base_digest;  // of the registry, when known
  std::vector<BuiltLayer> layers;
  std::string tree_hash;  // of the sources that are in it: not Source's when a folder changed meanwhile
  // What InstallPlan::list_packages_argv printed when the sources layer was built, which has it as a label.
  // Absent when nobody knows.
  std::optional<std::vector<std::string>> packages;
  std::vector<std::string> notes;  // what was chosen and why
  sandbox::EnvList env;            // PATH and the toolchain's variables, for every attempt
  std::vector<std::string> warnings;
};

class RecipeObserver {
 public:
  virtual ~RecipeObserver() = default;
  // Only for a layer that is really built.
  virtual void layer_started(const std::string& kind, const std::string& title) = 0;
  virtual void layer_finished(const BuiltLayer& layer) = 0;
  virtual void step_started(const std::string&) {}
  virtual void output(sandbox::Stream, std::string_view) {}  // whole lines, no credential in them
};

class Recipe {
 public:
  virtual ~Recipe() = default;  // letting go stops the build
};

inline constexpr const char* kPackagesLabel = "orchestrator.packages";

// The observer must outlive the recipe. Errors: io::SetupError ("Failed to install dependencies: …" with the
// end of the log; "Failed to build Dockerfile: …"), io::HostError (no base image: says how to get one).
std::unique_ptr<Recipe> start_recipe(io::Loop& loop, sandbox::ImageStore& store, RecipeRequest request,
                                     RecipeObserver& observer,
                                     std::function<void(io::Result<BuiltImage>)> done);

}  // namespace images
