// What every image store that builds by a Dockerfile does, the fake included; the real ones are those that
// ORCHESTRATOR_TEST_ENGINES names.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/docker_fixture.h"
#include "tests/support/fake_image_store.h"
#include "tests/support/fake_loop.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_engines.h"

namespace {

using namespace std::chrono_literals;
using namespace testing_support;

struct Told : sandbox::BuildObserver {
  void step_started(const std::string& title) override { steps.push_back(title); }
  std::vector<std::string> steps;
};

class DockerfileContract : public ::testing::TestWithParam<TestEngine> {
 protected:
  DockerfileContract() {
    if (GetParam().name != kFake) docker_ = std::make_unique<DockerFixture>(GetParam());
  }
  ~DockerfileContract() override {
    handle_.reset();
    if (result_ && result_->ok() && docker_)
      io::await<io::Result<bool>>(loop(), [&](auto done) { store().remove(result_->value().id, done); });
    if (docker_) docker_->drain();
  }

  io::Loop& loop() { return docker_ ? static_cast<io::Loop&>(docker_->loop()) : fake_loop_; }
  sandbox::ImageStore& store() {
    return docker_ ? docker_->engine().images() : static_cast<sandbox::ImageStore&>(fake_store_);
  }

  // `rest` follows FROM. The fake fails with `failure` in its place.
  sandbox::LayerSpec spec(const std::string& rest) {
    std::ofstream(folder_ + "/Dockerfile") << "FROM " << test_base() << "\n"
                                           << rest << "# " << folder_ << "\n";
    const std::string tar = "tar -C " + folder_ + " -cf " + folder_ + "/context.tar Dockerfile";
    EXPECT_EQ(std::system(tar.c_str()), 0);
    sandbox::LayerSpec spec;
    spec.kind = "dockerfile";
    spec.key = "contract" + std::to_string(std::hash<std::string>{}(folder_));
    spec.tar_file = folder_ + "/context.tar";
    spec.labels = {{"orchestrator.test", "contract"}};
    spec.dockerfile = sandbox::DockerfileBuild{"Dockerfile", {}, sandbox::install_limits()};
    return spec;
  }
  void start(const sandbox::LayerSpec& spec) {
    handle_ =
        store().build(spec, told_, [this](io::Result<sandbox::Image> made) { result_ = std::move(made); });
    EXPECT_FALSE(result_) << "before it returned";
  }
  io::Result<sandbox::Image> build(const sandbox::LayerSpec& spec) {
    start(spec);
    loop().run_until([this] { return result_.has_value(); });
    return *result_;
  }
  std::optional<sandbox::Image> found(const sandbox::LayerSpec& spec) {
    return io::await<io::Result<std::optional<sandbox::Image>>>(
               loop(), [&](auto done) { store().find_layer(spec.kind, spec.key, done); })
        .value();
  }

  std::unique_ptr<DockerFixture> docker_;
  FakeLoop fake_loop_;
  sandbox::FakeImageStore fake_store_{fake_loop_};
  const testing_support::TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
  Told told_;
  std::optional<io::Result<sandbox::Image>> result_;
  std::unique_ptr<sandbox::BuildHandle> handle_;
};

TEST_P(DockerfileContract, WhatWasBuiltIsFoundByItsKeyAndHasItsLabels) {
  const auto layer = spec("RUN true\n");
  EXPECT_FALSE(found(layer));
  const auto image = build(layer).value();
  EXPECT_EQ(image.labels.at("orchestrator.test"), "contract");
  ASSERT_TRUE(found(layer));
  EXPECT_EQ(found(layer)->id, image.id);
  EXPECT_FALSE(told_.steps.empty());
}

TEST_P(DockerfileContract, AStepThatFailsIsTheBuildsFailureAndLeavesNoLayer) {
  sandbox::ExecutionResult exit;
  exit.exit = sandbox::ExitStatus{3, std::nullopt};
  fake_store_.fail_next_build("dockerfile", {"Dockerfile", sandbox::Outcome::failed, exit, "words\n"});
  const auto layer = spec("RUN echo words; exit 3\n");
  try {
    build(layer).value();
    ADD_FAILURE() << "it was built";
  } catch (const sandbox::StepFailed& failed) {
    EXPECT_EQ(failed.outcome(), sandbox::Outcome::failed);
    ASSERT_TRUE(failed.result().exit);
    EXPECT_EQ(failed.result().exit->code, 3);
    EXPECT_NE(failed.log_tail().find("words\n"), std::string::npos);
  }
  EXPECT_FALSE(found(layer));
}

TEST_P(DockerfileContract, LettingGoIsSilentAndLeavesNoLayer) {
  fake_store_.hold_builds();
  const auto layer = spec("RUN sleep 60\n");
  start(layer);
  if (docker_) loop().run_until([this] { return told_.steps.size() == 2; });
  handle_.reset();
  if (docker_) docker_->drain();
  EXPECT_FALSE(result_);
  EXPECT_FALSE(found(layer));
}

INSTANTIATE_TEST_SUITE_P(Engines, DockerfileContract, ::testing::ValuesIn(engines_and_the_fake()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
