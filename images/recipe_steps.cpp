#include "images/recipe_steps.h"

#include <algorithm>

#include "images/recipe_failure.h"

namespace images {

namespace {

constexpr const char* kUsualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::size_t kTitleBytes = 120;

}  // namespace

RecipeSteps::RecipeSteps(const RecipeRequest& request, const InstallPlan& plan,
                         const sandbox::EnvList& base_env)
    : request_(request),
      plan_(plan),
      base_env_(base_env),
      workdir_(request.install.subdir.empty()
                   ? sandbox::kWorkDir
                   : std::string(sandbox::kWorkDir) + "/" + request.install.subdir) {}

sandbox::EnvList RecipeSteps::image_env() const {
  const std::string* base_path = sandbox::find_variable(base_env_, "PATH");
  std::string path;
  for (const auto& folder : plan_.path_folders) path += folder + ":";
  path += base_path && !base_path->empty() ? *base_path : kUsualPath;
  sandbox::EnvList env = {{"PATH", path}};
  // Without a locale, Python and others take the C locale's ASCII for files and output.
  if (!sandbox::find_variable(base_env_, "LANG")) env.emplace_back("LANG", "C.UTF-8");
  for (const auto& [name, value] : plan_.env) sandbox::set_variable(env, name, value);
  return env;
}

sandbox::EnvList RecipeSteps::common_env() const {
  sandbox::EnvList env = base_env_;
  for (const auto& [name, value] : image_env()) sandbox::set_variable(env, name, value);
  return env;
}

sandbox::EnvList RecipeSteps::attempt_env() const {
  sandbox::EnvList env = common_env();
  sandbox::set_variable(env, "HOME", sandbox::kHomeDir);
  return env;
}

sandbox::LayerBuildStep RecipeSteps::completed(sandbox::LayerBuildStep step, const std::string& workdir,
                                               sandbox::Network network) const {
  auto& execution = step.execution;
  sandbox::EnvList env = common_env();
  sandbox::set_variable(env, "HOME", "/root");
  sandbox::set_variable(env, "DEBIAN_FRONTEND", "noninteractive");
  for (const auto& [name, value] : execution.env) sandbox::set_variable(env, name, value);
  execution.env = std::move(env);
  execution.workdir = workdir;
  execution.network = network;
  execution.privilege = sandbox::Privilege::install;
  execution.limits = sandbox::install_limits();
  execution.limits.timeout = request_.install.step_timeout;
  if (network != sandbox::Network::none) request_.host.apply_to(execution);
  return step;
}

std::vector<sandbox::LayerBuildStep> RecipeSteps::tools() const {
  std::vector<sandbox::LayerBuildStep> steps;
  sandbox::LayerBuildStep prepare;
  prepare.title = "preparing the base image";
  prepare.execution.argv = {sandbox::kSupervisorPath, "prepare"};
  steps.push_back(completed(std::move(prepare), "/", sandbox::Network::none));
  for (const auto& step : plan_.tool_steps) steps.push_back(completed(step, "/", sandbox::Network::bridge));
  for (const auto& line : request_.setup_commands) {
    sandbox::LayerBuildStep step;
    step.title = kSetupCommandTitle + line.substr(0, kTitleBytes);
    step.execution.argv = {"/bin/sh", "-c", line};
    steps.push_back(completed(std::move(step), "/", sandbox::Network::bridge));
  }
  return steps;
}

std::vector<sandbox::LayerBuildStep> RecipeSteps::dependencies() const {
  std::vector<sandbox::LayerBuildStep> steps;
  for (const auto& step : plan_.dependency_steps)
    steps.push_back(completed(step, workdir_, sandbox::Network::bridge));
  return steps;
}

std::vector<sandbox::LayerBuildStep> RecipeSteps::sources() const {
  const auto network = plan_.needs_sources.empty() ? sandbox::Network::none : sandbox::Network::bridge;
  std::vector<sandbox::LayerBuildStep> steps;
  for (const auto& step : plan_.source_steps)
    steps.push_back(completed(step, workdir_, std::max(network, step.execution.network)));
  if (!plan_.list_packages_argv.empty()) {
    sandbox::LayerBuildStep list;
    list.title = "listing what is installed";
    list.label = kPackagesLabel;
    list.execution.argv = {"/bin/sh", "-c", "\"$@\" || true",
                           "sh"};  // a list for people must not fail a build
    list.execution.argv.insert(list.execution.argv.end(), plan_.list_packages_argv.begin(),
                               plan_.list_packages_argv.end());
    list.execution.argv.push_back(kProbeFolder);
    for (const auto& file : request_.toolchain->probe_files())
      for (const auto word : {file.name, file.content}) list.execution.argv.emplace_back(word);
    steps.push_back(completed(std::move(list), workdir_, sandbox::Network::none));
  }
  return steps;
}

}  // namespace images
