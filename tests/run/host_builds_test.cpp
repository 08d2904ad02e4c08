// Two processes of one host that want one layer: two sharings of one state folder, in front of one engine.
#include "orchestrator/run/host_builds.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "sandbox/io/error.h"
#include "tests/support/fake_image_store.h"
#include "tests/support/fake_loop.h"
#include "tests/support/temporary_folder.h"

namespace orchestrator {
namespace {

using namespace std::chrono_literals;

struct Program : sandbox::BuildObserver {
  Program(io::Loop& loop, sandbox::FakeImageStore& store, const std::string& state, const std::string& name,
          std::vector<std::string> folders = {})
      : sharing(loop, store, engine(), {state, name, std::nullopt}),
        builds(loop, store, &sharing, std::move(folders)) {}

  static sandbox::Capabilities engine() {
    sandbox::Capabilities capabilities;
    capabilities.id = "one";
    return capabilities;
  }
  void want(const std::string& key = "a") {
    sandbox::LayerSpec spec{.parent = "sha256:0", .kind = "dependencies", .key = key, .tar_file = ""};
    spec.steps.push_back({"installing", {}});
    want(std::move(spec));
  }
  void want(sandbox::LayerSpec spec) {
    handle = builds.build(std::move(spec), *this, [this](io::Result<sandbox::Image> result) {
      told.push_back(result.ok() ? result.value().id : io::describe(result.error()));
    });
  }
  void step_started(const std::string& title) override { steps.push_back(title); }
  void built_by_another() override { ++given; }

  HostSharing sharing;
  HostBuilds builds;
  std::vector<std::string> steps, told;
  int given = 0;
  std::unique_ptr<sandbox::BuildHandle> handle;
};

class HostBuildsTest : public ::testing::Test {
 protected:
  ~HostBuildsTest() override { ::unsetenv("ORCHESTRATOR_MIN_FREE"); }
  std::unique_ptr<Program> program(const std::string& name, std::vector<std::string> folders = {}) {
    return std::make_unique<Program>(loop_, store_, state_, name, std::move(folders));
  }

  const testing_support::TemporaryFolder temporary_;
  const std::string state_ = temporary_.path();
  testing_support::FakeLoop loop_;
  sandbox::FakeImageStore store_{loop_};
};

TEST_F(HostBuildsTest, BuildALayerOnceForAllProcesses) {
  const auto a = program("a"), b = program("b"), c = program("c");
  for (const auto& each : {a.get(), b.get(), c.get()}) each->want();
  loop_.advance(2s);
  EXPECT_EQ(store_.built.size(), 1u);
  ASSERT_EQ(a->told.size() + b->told.size() + c->told.size(), 3u);
  EXPECT_EQ(a->told, b->told);
  EXPECT_EQ(a->told, c->told);
  EXPECT_EQ(a->given + b->given + c->given, 2);
  EXPECT_EQ(b->steps, std::vector<std::string>{"waiting for another run that builds the same layer"});
}

TEST_F(HostBuildsTest, LabelWhoseItIs) {
  const auto a = program("a");
  a->want();
  loop_.advance(1s);
  ASSERT_EQ(store_.built.size(), 1u);
  EXPECT_EQ(store_.built[0].labels.at(sandbox::kKeeperLabel), a->sharing.uses().keeper());
}

TEST_F(HostBuildsTest, BuildDifferentLayersAtOnce) {
  store_.hold_builds();
  const auto a = program("a"), b = program("b");
  a->want("x");
  b->want("y");
  loop_.advance(1s);
  EXPECT_EQ(store_.builds_running, 2);
}

TEST_F(HostBuildsTest, LetTheNextBuildWhenTheFirstLetsGo) {
  store_.hold_builds();
  const auto a = program("a"), b = program("b");
  a->want();
  b->want();
  loop_.advance(1s);
  EXPECT_EQ(store_.built.size(), 1u);
  a->handle.reset();
  loop_.advance(1s);
  EXPECT_EQ(store_.built.size(), 2u);
  EXPECT_EQ(store_.builds_running, 1);
  EXPECT_TRUE(a->told.empty());
}

TEST_F(HostBuildsTest, LetTheNextBuildWhenTheFirstFails) {
  store_.fail_next_build("dependencies",
                         sandbox::StepFailed("installing", sandbox::Outcome::failed, {}, "no"));
  const auto a = program("a"), b = program("b");
  a->want();
  b->want();
  loop_.advance(2s);
  EXPECT_EQ(store_.built.size(), 2u);
  ASSERT_EQ(b->told.size(), 1u);
  EXPECT_TRUE(b->told[0].starts_with("sha256:")) << b->told[0];
}

TEST_F(HostBuildsTest, TellNobodyWhoHasLeftTheLine) {
  const auto a = program("a"), b = program("b");
  a->want();
  b->want();
  b->handle.reset();
  loop_.advance(2s);
  EXPECT_EQ(a->told.size(), 1u);
  EXPECT_TRUE(b->told.empty());
}

TEST_F(HostBuildsTest, BuildNothingWhereTheDiskIsTooFull) {
  ::setenv("ORCHESTRATOR_MIN_FREE", "1000000g", 1);
  const auto a = program("a", {state_});
  a->want();
  loop_.advance(1s);
  EXPECT_TRUE(store_.built.empty());
  ASSERT_EQ(a->told.size(), 1u);
  EXPECT_NE(a->told[0].find("is too full"), std::string::npos) << a->told[0];
}

TEST_F(HostBuildsTest, EndADockerfilesBuildThatFillsTheDisk) {
  store_.hold_builds();
  const auto a = program("a", {state_});
  sandbox::LayerSpec spec{.parent = "", .kind = "dockerfile", .key = "a", .tar_file = ""};
  spec.dockerfile = sandbox::DockerfileBuild{"Dockerfile", {}, {}};
  a->want(spec);
  loop_.advance(20s);
  EXPECT_EQ(store_.builds_running, 1);
  EXPECT_TRUE(a->told.empty());
  ::setenv("ORCHESTRATOR_MIN_FREE", "1000000g", 1);
  loop_.advance(5s);
  EXPECT_EQ(store_.builds_running, 0);
  ASSERT_EQ(a->told.size(), 1u);
  EXPECT_NE(a->told[0].find("is too full"), std::string::npos) << a->told[0];
}

TEST_F(HostBuildsTest, ShareNothingWithoutAStateFolder) {
  HostBuilds alone(loop_, store_, nullptr, {});
  Program a(loop_, store_, state_, "a");
  sandbox::LayerSpec spec{.parent = "sha256:0", .kind = "dependencies", .key = "a", .tar_file = ""};
  int told = 0;
  const auto handle = alone.build(spec, a, [&](auto) { ++told; });
  loop_.settle();
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace orchestrator
