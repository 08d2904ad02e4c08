// A language: how it is recognised, how its dependencies are installed, how it is seeded. One file each in
// this folder, which says all that there is to say of it; `toolchains()` lists them in the order of
// detection. A toolchain is pure: it looks at a Source and answers with values; images/recipe turns them into
// layers. Only the first seven functions must be there.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "images/bases/base_recipe.h"
#include "images/checkout/checkout.h"
#include "images/probes/probe.h"
#include "sandbox/execution.h"
#include "sandbox/image_store.h"

namespace images {

struct Detection {
  std::string found;                  // why: "requirements.txt", "pyproject.toml with setuptools"
  std::vector<std::string> warnings;  // of the one that is taken: sentences
};

// How to get from a base image to one that tests can run on. Of a step's execution a toolchain gives `argv`
// and the variables that only this step needs; images/recipe adds the rest (PATH, HOME, workdir, network,
// limits, host settings).
struct InstallPlan {
  std::vector<sandbox::LayerBuildStep> tool_steps;  // in the tools layer, before the person's setup_commands

  // The dependencies layer: only these files are put (at their places below kWorkDir), then the steps run
  // with network. Keyed by the files' contents, not by the whole tree.
  std::vector<std::string> dependency_files;
  std::vector<sandbox::LayerBuildStep> dependency_steps;

  // Run after the whole sources are there. Offline but for a step that says so itself
  // (`execution.network`), unless `needs_sources` says why dependencies could not be installed without them;
  // then all these steps have network and the layer is not cached by manifests.
  std::vector<sandbox::LayerBuildStep> source_steps;
  std::string needs_sources;  // empty, or the reason in a sentence

  std::vector<std::string> path_folders;  // first in PATH: the virtual environment's bin, …
  sandbox::EnvList env;                   // for steps and attempts alike (VIRTUAL_ENV, …)
  std::vector<std::string> notes;         // sentences for the report: what was chosen and why
  // Run last in the sources layer, without network, followed by kProbeFolder and by name and content of each
  // probe file: prints the resolved packages, one a line ("name==version"), and may leave there what its
  // probe is to be read from.
  std::vector<std::string> list_packages_argv;
};

struct InstallOptions {
  std::string subdir;                // "" or a folder inside the tree
  bool install_dependencies = true;  // --no-install: only what the toolchain itself needs (PATH, env)
  std::vector<std::string>
      test_words;         // argv, or the line's words split at blanks: to see which runner is used
  bool own_base = false;  // the person chose the base image: what it has installed stays usable
  std::chrono::milliseconds step_timeout{900'000};
};

// A step that runs a program; one that runs a script by /bin/sh, which ends at the first failure and has
// `arguments` as $1 and on.
sandbox::LayerBuildStep program_step(std::string title, std::vector<std::string> argv,
                                     sandbox::EnvList env = {});
sandbox::LayerBuildStep script_step(std::string title, std::string script,
                                    const std::vector<std::string>& arguments = {},
                                    sandbox::EnvList env = {});

class Toolchain {
 public:
  virtual ~Toolchain() = default;
  virtual std::string name() const = 0;           // "python": a job's and the report's `framework`
  virtual std::string default_base() const = 0;   // "python:3.12-slim"
  virtual BaseRecipe bootstrap_base() const = 0;  // for `images bootstrap NAME`; several may share one
  virtual std::optional<Detection> detect(const Source& source, const std::string& subdir) const = 0;
  // The files whose contents `detect` or `plan` look at or the dependencies layer is made of: a base name as
  // for fnmatch, or with a '/' a whole path, that of a file at the root beginning with '/'. Read up to 1 MiB.
  virtual std::vector<std::string> manifests() const = 0;
  virtual InstallPlan plan(const Source& source, const InstallOptions& options) const = 0;
  // The variables by which this language and its frameworks take a seed.
  virtual sandbox::EnvList seed_env(std::int64_t seed) const = 0;

  virtual std::vector<std::string> lock_files() const { return {}; }  // as manifests, read up to 16 MiB
  // Words of a command that say that it is for this toolchain: "pytest", "npm", …
  virtual std::vector<std::string> programs() const { return {}; }
  // What a command of that program runs in its turn, as far as the tree says: the words of a script.
  virtual std::vector<std::string> words_behind(const Source& source, const std::string& subdir,
                                                const std::vector<std::string>& test_words) const {
    (void)source, (void)subdir, (void)test_words;
    return {};
  }
  virtual std::vector<BaseRecipe> other_bases() const { return {}; }  // with older versions, say
  // Variables of this host that its package manager reads and install steps get: addresses and switches,
  // never paths.
  virtual std::vector<std::string> host_variables() const { return {}; }
  // The same once it is known what is installed (`packages`: the lines of list_packages_argv) and what the
  // person set: a variable of theirs that also carries a seed is extended, never replaced. `test_words` as in
  // InstallOptions: a plugin that the command itself turns off gets no seed.
  virtual sandbox::EnvList seed_env_for(std::int64_t seed, const std::vector<std::string>& packages,
                                        const sandbox::EnvList& user_env,
                                        const std::vector<std::string>& test_words = {}) const {
    (void)packages, (void)user_env, (void)test_words;
    return seed_env(seed);
  }

  // What tells tests apart inside an attempt. None: the person's command is the one test.
  virtual std::vector<ProbeFile> probe_files() const { return {}; }
  // `test_words` as in InstallOptions.
  virtual ProbeUse use_probe(const TestSelection& selection, const sandbox::EnvList& user_env,
                             const std::vector<std::string>& test_words = {}) const {
    (void)selection, (void)user_env, (void)test_words;
    return {};
  }
  // What of a TestSelection what is installed (`packages`) can be asked for.
  virtual ProbeAbilities abilities(const std::vector<std::string>& packages) const {
    (void)packages;
    return {};
  }
};

const std::vector<const Toolchain*>& toolchains();  // see also all_toolchains.h
// By the report's name; nullptr when unknown. Accepts all five names of the predecessor and "unknown".
const Toolchain* find_toolchain(const std::string& name);
// Of those that recognise the tree, the one that the command names a program of, or else the first; `unknown`
// when none does. `also` says what else was seen, in sentences: other languages, and where none is
// recognised, what lies in the folders below.
struct DetectedToolchain {
  const Toolchain* toolchain = nullptr;
  std::string found;
  std::vector<std::string> also;
};
DetectedToolchain detect_toolchain(const Source& source, const std::string& subdir,
                                   const std::vector<std::string>& test_words = {});

}  // namespace images
