// What a probe puts into variables that an image has already.
#include <gtest/gtest.h>

#include <map>

#include "images/toolchains/languages.h"
#include "orchestrator/job/job.h"
#include "orchestrator/run/attempt_spec.h"

namespace orchestrator {
namespace {

std::map<std::string, std::string> env_of(const images::Toolchain& toolchain, const std::string& command,
                                          const sandbox::EnvList& of_image,
                                          const sandbox::EnvList& of_person = {}) {
  JobPlan plan;
  plan.test_command.line = command;
  plan.env = of_person;
  images::BuiltImage image;
  image.env = of_image;
  const AttemptContext context{
      .plan = plan, .image = image, .toolchain = toolchain, .packages = {"pytest-randomly==3.16.0"}};
  std::map<std::string, std::string> env;
  for (const auto& [name, value] : attempt_spec(context, 0).execution.env) env[name] = value;
  return env;
}

TEST(AttemptEnv, ExtendsWhatTheImageSays) {
  const auto python =
      env_of(images::python_toolchain(), "pytest", {{"PYTHONPATH", "/app/src"}, {"PYTEST_ADDOPTS", "-q"}});
  EXPECT_TRUE(python.at("PYTHONPATH").ends_with(":/app/src")) << python.at("PYTHONPATH");
  EXPECT_TRUE(python.at("PYTEST_ADDOPTS").starts_with("-q --randomly-seed=")) << python.at("PYTEST_ADDOPTS");
  const auto go = env_of(images::go_toolchain(), "go test ./...", {{"GOFLAGS", "-mod=vendor"}});
  EXPECT_TRUE(go.at("GOFLAGS").starts_with("-mod=vendor ")) << go.at("GOFLAGS");
  const auto node =
      env_of(*images::node_toolchains().front(), "npx jest", {{"NODE_OPTIONS", "--no-warnings"}});
  EXPECT_TRUE(node.at("NODE_OPTIONS").starts_with("--no-warnings ")) << node.at("NODE_OPTIONS");
}

TEST(AttemptEnv, ExtendsWhatAPersonSaysInItsPlace) {
  const auto env =
      env_of(images::python_toolchain(), "pytest", {{"PYTHONPATH", "/app/src"}}, {{"PYTHONPATH", "/mine"}});
  EXPECT_TRUE(env.at("PYTHONPATH").ends_with(":/mine")) << env.at("PYTHONPATH");
}

// A seed is what makes attempts differ.
TEST(AttemptEnv, HasTheSeedThoughTheImageSaysOne) {
  const auto env =
      env_of(images::python_toolchain(), "pytest", {{"TEST_SEED", "7"}, {"PYTHONHASHSEED", "0"}});
  EXPECT_NE(env.at("TEST_SEED"), "7");
  EXPECT_NE(env.at("PYTHONHASHSEED"), "0");
}

}  // namespace
}  // namespace orchestrator
