#include "orchestrator/run/leased_builds.h"

#include <gtest/gtest.h>

#include "tests/support/fake_image_store.h"
#include "tests/support/fake_loop.h"

namespace orchestrator {
namespace {

constexpr std::int64_t kOneGiB = 1ll << 30;

struct LeasedBuildsTest : testing::Test, sandbox::BuildObserver {
  testing_support::FakeLoop loop;
  HostBudget budget{loop, {4, 8 * kOneGiB}};
  sandbox::FakeImageStore store{loop};
  LeasedBuilds builds{budget, store};
  std::vector<std::string> steps;
  int told = 0;

  void step_started(const std::string& title) override { steps.push_back(title); }
  std::unique_ptr<sandbox::BuildHandle> build(double cpus, const std::string& key = "a") {
    sandbox::LayerSpec spec{.parent = "sha256:0", .kind = "dependencies", .key = key, .tar_file = ""};
    if (cpus > 0) {
      sandbox::LayerBuildStep step{"installing", {}};
      step.execution.limits.cpus = cpus;
      step.execution.limits.memory_bytes = kOneGiB;
      spec.steps = {step, step};
    }
    return builds.build(std::move(spec), *this, [this](auto) { ++told; });
  }
};

TEST_F(LeasedBuildsTest, HoldTheRoomOfTheirLargestStepUntilTheyAreDone) {
  const auto handle = build(2);
  EXPECT_EQ(budget.leased().cpus, 2);
  EXPECT_EQ(budget.leased().memory_bytes, kOneGiB);
  loop.settle();
  EXPECT_EQ(told, 1);
  EXPECT_EQ(budget.leased().cpus, 0);
}

TEST_F(LeasedBuildsTest, WaitForRoomAndSayThatTheyDo) {
  auto attempts = budget.join({"ann", false}, [] {});
  auto lease = attempts->try_take({3, kOneGiB});
  const auto handle = build(2);
  loop.settle();
  EXPECT_TRUE(store.built.empty());
  EXPECT_EQ(steps, std::vector<std::string>{"waiting for room on this host"});
  lease.reset();
  loop.settle();
  EXPECT_EQ(store.built.size(), 1u);
  EXPECT_EQ(told, 1);
}

TEST_F(LeasedBuildsTest, GiveTheirRoomBackWhenTheyAreLetGoOf) {
  store.hold_builds();
  auto first = build(4, "a");
  auto second = build(4, "b");
  loop.settle();
  EXPECT_EQ(store.builds_running, 1);
  first.reset();
  loop.settle();
  EXPECT_EQ(store.builds_running, 1);
  EXPECT_EQ(store.built.size(), 2u);
  second.reset();
  loop.settle();
  EXPECT_EQ(store.builds_running, 0);
  EXPECT_EQ(budget.leased().cpus, 0);
}

TEST_F(LeasedBuildsTest, NeedNoRoomForFilesAlone) {
  auto attempts = budget.join({"ann", false}, [] {});
  const auto lease = attempts->try_take({4, kOneGiB});
  const auto handle = build(0);
  loop.settle();
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace orchestrator
