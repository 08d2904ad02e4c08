#include "sandbox/shared_builds.h"

#include <gtest/gtest.h>

#include "../../support/fake_image_store.h"
#include "../../support/fake_loop.h"

namespace {

using namespace sandbox;

struct Somebody : BuildObserver {
  void built_by_another() override { ++given; }
  int given = 0;
};

struct Host {
  testing_support::FakeLoop loop;
  FakeImageStore store{loop};
  SharedBuilds shared{loop, store};
  Somebody somebody;

  // Ids of what was told, or "failed".
  std::vector<std::string> told;
  std::unique_ptr<BuildHandle> build(const std::string& key) {
    LayerSpec spec{.parent = "sha256:0", .kind = "dependencies", .key = key, .tar_file = ""};
    spec.steps.push_back({"installing", {}});
    return shared.build(std::move(spec), somebody, [this](io::Result<Image> result) {
      told.push_back(result.ok() ? result.value().id : "failed");
    });
  }
};

TEST(SharedBuilds, BuildOnceWhatSeveralWant) {
  Host host;
  const auto first = host.build("a"), second = host.build("a"), third = host.build("a");
  host.loop.settle();
  EXPECT_EQ(host.store.built.size(), 1u);
  ASSERT_EQ(host.told.size(), 3u);
  EXPECT_EQ(host.told[0], host.told[1]);
  EXPECT_EQ(host.told[0], host.told[2]);
  EXPECT_NE(host.told[0], "failed");
  EXPECT_EQ(host.somebody.given, 2) << "one has built it";
}

TEST(SharedBuilds, TakeWhatWasFinishedSinceTheyLooked) {
  Host host;
  const auto first = host.build("a");
  host.loop.settle();
  const auto late = host.build("a");
  host.loop.settle();
  EXPECT_EQ(host.store.built.size(), 1u);
  ASSERT_EQ(host.told.size(), 2u);
  EXPECT_EQ(host.told[0], host.told[1]);
  EXPECT_EQ(host.somebody.given, 1);
}

TEST(SharedBuilds, BuildDifferentLayersAtOnce) {
  Host host;
  host.store.hold_builds();
  const auto first = host.build("a"), second = host.build("b");
  host.loop.settle();
  EXPECT_EQ(host.store.builds_running, 2);
}

TEST(SharedBuilds, LetTheNextBuildWhenTheFirstIsLetGoOf) {
  Host host;
  host.store.hold_builds();
  auto first = host.build("a");
  auto second = host.build("a");
  host.loop.settle();
  EXPECT_EQ(host.store.built.size(), 1u);
  first.reset();
  host.loop.settle();
  EXPECT_EQ(host.store.built.size(), 2u);
  EXPECT_EQ(host.store.builds_running, 1);
  second.reset();
  EXPECT_EQ(host.store.builds_running, 0);
  host.loop.settle();
  EXPECT_TRUE(host.told.empty());
}

TEST(SharedBuilds, LetTheNextLookWhenTheFirstIsLetGoOfBeforeItBuilds) {
  Host host;
  auto first = host.build("a");
  const auto second = host.build("a");
  first.reset();
  host.loop.settle();
  EXPECT_EQ(host.store.built.size(), 1u);
  EXPECT_EQ(host.told.size(), 1u);
  EXPECT_EQ(host.somebody.given, 0);
}

TEST(SharedBuilds, LetTheNextBuildWhenTheFirstFails) {
  Host host;
  host.store.fail_next_build("dependencies", StepFailed("installing", Outcome::failed, {}, "no"));
  const auto first = host.build("a"), second = host.build("a");
  host.loop.settle();
  EXPECT_EQ(host.store.built.size(), 2u);
  ASSERT_EQ(host.told.size(), 2u);
  EXPECT_EQ(host.told[0], "failed");
  EXPECT_NE(host.told[1], "failed");
}

TEST(SharedBuilds, TellNobodyWhoHasLeftTheLine) {
  Host host;
  const auto first = host.build("a");
  auto second = host.build("a");
  second.reset();
  host.loop.settle();
  EXPECT_EQ(host.told.size(), 1u);
}

}  // namespace
