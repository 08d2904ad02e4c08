// Completes what a toolchain planned: each step gets its environment, place, privilege, network and limits.
// Pure.
#pragma once

#include <string>
#include <vector>

#include "images/recipe.h"
#include "images/toolchains/toolchain.h"

namespace images {

class RecipeSteps {
 public:
  // `base_env`: of the base image's configuration.
  RecipeSteps(const RecipeRequest& request, const InstallPlan& plan, const sandbox::EnvList& base_env);

  std::vector<sandbox::LayerBuildStep> tools() const;  // the supervisor's preparation, tools, setup_commands
  std::vector<sandbox::LayerBuildStep> dependencies() const;
  std::vector<sandbox::LayerBuildStep> sources()
      const;  // the list of what is installed last, when there is one
  sandbox::EnvList attempt_env() const;
  sandbox::EnvList image_env() const;  // what the sealed image's configuration adds

 private:
  sandbox::LayerBuildStep completed(sandbox::LayerBuildStep step, const std::string& workdir,
                                    sandbox::Network network) const;
  sandbox::EnvList common_env() const;

  const RecipeRequest& request_;
  const InstallPlan& plan_;
  sandbox::EnvList base_env_;
  std::string workdir_;
};

}  // namespace images
