// What goes and what stays, with real locks in a state folder and the images of a fake engine.
#include "orchestrator/run/image_removal.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "orchestrator/run/host_sharing.h"
#include "orchestrator/run/used_images.h"
#include "tests/support/fake_image_store.h"
#include "tests/support/fake_loop.h"
#include "tests/support/temporary_folder.h"

namespace orchestrator {
namespace {

using namespace std::chrono_literals;
using Ids = std::vector<std::string>;

class ImageRemoval : public ::testing::Test {
 protected:
  ImageRemoval() { uses_ = std::make_unique<ImageUses>(state_, "engine:1/x"); }

  // Used so many hours ago; its key is its name.
  std::string layer(const std::string& key, const std::string& parent, std::int64_t bytes, int hours,
                    const std::string& keeper = "us") {
    sandbox::Image& image = store_.add_image("orchestrator/layer-sources:" + key);
    image.labels = {{sandbox::kKindLabel, "sources"},
                    {sandbox::kKeyLabel, key},
                    {sandbox::kKeeperLabel, keeper == "us" ? uses_->keeper() : keeper}};
    image.parent = parent;
    image.own_bytes = bytes;
    used({"sources", key}, hours);
    return image.id;
  }
  void used(const LayerName& name, int hours) const {
    const auto lock = uses_->use(name);
    const std::time_t when = ::time(nullptr) - hours * 3600;
    const timespec time[2] = {{when, 0}, {when, 0}};
    ::futimens(lock->fd(), time);
  }

  RemovalResult remove(RemovalRequest request) {
    std::optional<io::Result<RemovalResult>> result;
    remove_images(store_, *uses_, std::move(request), [&](auto answer) { result = std::move(answer); });
    loop_.settle();
    return std::move(*result).value();
  }
  static Ids ids(const RemovalResult& result) {
    Ids list;
    for (const auto& one : result.removed) list.push_back(one.image.id);
    return list;
  }
  bool is_here(const std::string& id) {
    bool here = false;
    store_.inspect(id, [&](auto result) { here = result.value().has_value(); });
    loop_.settle();
    return here;
  }

  const testing_support::TemporaryFolder temporary_;
  const std::string state_ = temporary_.path();
  testing_support::FakeLoop loop_;
  sandbox::FakeImageStore store_{loop_};
  std::unique_ptr<ImageUses> uses_;
};

TEST_F(ImageRemoval, TakesTheLeastRecentlyUsedUntilTheBudgetIsKept) {
  const auto a = layer("a", "", 10, 1), b = layer("b", "", 10, 3), c = layer("c", "", 10, 2);
  RemovalRequest request;
  request.keep_bytes = 15;
  const auto result = remove(request);
  EXPECT_EQ(ids(result), (Ids{b, c}));
  EXPECT_EQ(result.removed_bytes, 20);
  EXPECT_EQ(result.left_bytes, 10);
  EXPECT_TRUE(is_here(a));
  EXPECT_FALSE(is_here(b));
}

TEST_F(ImageRemoval, TakesNothingWhereTheBudgetIsKept) {
  layer("a", "", 10, 1);
  RemovalRequest request;
  request.keep_bytes = 10;
  EXPECT_TRUE(remove(request).removed.empty());
}

TEST_F(ImageRemoval, LeavesWhatARunUses) {
  const auto a = layer("a", "", 10, 9), b = layer("b", "", 10, 1);
  const auto lock = uses_->use({"sources", "a"});
  EXPECT_EQ(ids(remove({})), Ids{b});
  EXPECT_TRUE(is_here(a));
}

TEST_F(ImageRemoval, KnowsOfUsesInAnotherProcess) {
  layer("a", "", 10, 9);
  const ImageUses other(state_, "engine:1/x");
  EXPECT_EQ(other.keeper(), uses_->keeper());
  auto lock = other.use({"sources", "a"});
  EXPECT_TRUE(remove({}).removed.empty());
  lock.reset();
  EXPECT_EQ(remove({}).removed.size(), 1u);
}

TEST_F(ImageRemoval, CountsALayerThatWasLoadedAsOurs) {
  const auto a = layer("a", "", 10, 3, "another"), b = layer("b", "", 10, 2, "another");
  uses_->adopt({"sources", "a"});
  used({"sources", "a"}, 3);
  EXPECT_EQ(ids(remove({})), Ids{a});
  EXPECT_TRUE(is_here(b));
  EXPECT_FALSE(uses_->adopted({"sources", "a"})) << "it is forgotten with the layer";
}

TEST_F(ImageRemoval, TakesWhatIsOnTopFirst) {
  const auto a = layer("a", "", 10, 9), b = layer("b", a, 10, 1);
  EXPECT_EQ(ids(remove({})), (Ids{b, a}));
}

TEST_F(ImageRemoval, LeavesThoseOfOtherStateFoldersUnlessToldOtherwise) {
  const auto theirs = layer("a", "", 10, 9, "them"), nobodys = layer("b", "", 10, 8, "");
  EXPECT_TRUE(remove({}).removed.empty());
  RemovalRequest request;
  request.of_others = true;
  EXPECT_EQ(ids(remove(request)), (Ids{theirs, nobodys}));
}

TEST_F(ImageRemoval, CountsOnlyItsOwnAgainstTheBudget) {
  layer("a", "", 100, 9, "them");
  layer("b", "", 10, 1);
  RemovalRequest request;
  request.keep_bytes = 50;
  EXPECT_TRUE(remove(request).removed.empty());
}

TEST_F(ImageRemoval, LeavesBasesUnlessToldOtherwise) {
  sandbox::Image& base = store_.add_image("orchestrator/python:trixie");
  base.labels = {{sandbox::kKindLabel, "base"}};
  EXPECT_TRUE(remove({}).removed.empty());
  RemovalRequest request;
  request.bases = true;
  EXPECT_EQ(remove(request).removed.size(), 1u);
}

TEST_F(ImageRemoval, LeavesWhatHasAPersonsName) {
  layer("a", "", 10, 9);
  store_.add_image("x").labels = {};  // some image that is none of ours
  sandbox::Image& kept = store_.add_image("keep/this:1");
  kept.labels = {
      {sandbox::kKindLabel, "sources"}, {sandbox::kKeyLabel, "k"}, {sandbox::kKeeperLabel, uses_->keeper()}};
  kept.has_names_of_others = true;
  EXPECT_EQ(remove({}).removed.size(), 1u);
  EXPECT_TRUE(is_here("keep/this:1"));
}

TEST_F(ImageRemoval, GoesByAgeWhereAPersonSaysSo) {
  const auto a = layer("a", "", 10, 9);
  layer("b", "", 10, 1);
  RemovalRequest request;
  request.unused_since = std::chrono::system_clock::now() - 5h;
  EXPECT_EQ(ids(remove(request)), Ids{a});
}

TEST_F(ImageRemoval, OnlySaysWhatWouldGo) {
  const auto a = layer("a", "", 10, 9);
  RemovalRequest request;
  request.dry_run = true;
  const auto result = remove(request);
  EXPECT_EQ(ids(result), Ids{a});
  EXPECT_EQ(result.left_bytes, 0);
  EXPECT_TRUE(is_here(a));
  EXPECT_TRUE(uses_->last_use({"sources", "a"}));
}

TEST_F(ImageRemoval, ForWantOfSpaceTakesAsMuchAsIsNeededOrNothing) {
  const auto a = layer("a", "", 10, 9);
  layer("b", "", 10, 1);
  RemovalRequest request;
  request.free_bytes = 21;
  EXPECT_TRUE(remove(request).removed.empty()) << "it would not help";
  request.free_bytes = 10;
  EXPECT_EQ(ids(remove(request)), Ids{a});
}

TEST_F(ImageRemoval, IsOneProcesssAtATime) {
  layer("a", "", 10, 9);
  const auto other = uses_->removal();
  const auto result = remove({});
  EXPECT_TRUE(result.busy);
  EXPECT_TRUE(result.removed.empty());
}

TEST_F(ImageRemoval, TakesAnImageThatNobodyNotedForAsOldAsItIs) {
  const auto a = layer("a", "", 10, 9);
  std::filesystem::remove_all(state_ + "/images");
  uses_ = std::make_unique<ImageUses>(state_, "engine:1/x");
  EXPECT_FALSE(uses_->last_use({"sources", "a"}));
  {
    const auto claim = uses_->claim({"sources", "a"});
    EXPECT_TRUE(claim);
  }
  EXPECT_FALSE(uses_->last_use({"sources", "a"})) << "who asks does not use it";
  EXPECT_EQ(ids(remove({})), Ids{a});
}

TEST_F(ImageRemoval, TrustsNoLabelWithAName) {
  sandbox::Image& image = store_.add_image("orchestrator/layer-x:y");
  image.labels = {{sandbox::kKindLabel, "../../etc"}, {sandbox::kKeyLabel, "passwd"}};
  RemovalRequest request;
  request.of_others = request.bases = true;
  EXPECT_TRUE(remove(request).removed.empty());
}

TEST_F(ImageRemoval, ForgetsLayersThatAreGoneForLong) {
  used({"sources", "old"}, 24 * 40);
  used({"sources", "young"}, 24);
  remove({});
  EXPECT_FALSE(uses_->last_use({"sources", "old"}));
  EXPECT_TRUE(uses_->last_use({"sources", "young"}));
}

// ---- the images of a job

TEST_F(ImageRemoval, LeavesWhatAJobHasFoundForAsLongAsItLives) {
  const auto id = layer("a", "", 10, 9);
  auto job = std::make_unique<UsedImages>(loop_, store_, *uses_);
  job->find_layer("sources", "a", [](auto) {});
  loop_.settle();
  EXPECT_GT(*uses_->last_use({"sources", "a"}), std::chrono::system_clock::now() - 1h) << "used just now";
  EXPECT_TRUE(remove({}).removed.empty());
  job.reset();
  EXPECT_EQ(ids(remove({})), Ids{id});
}

TEST_F(ImageRemoval, LeavesWhatAJobAskedForById) {
  const auto id = layer("a", "", 10, 9);
  UsedImages job(loop_, store_, *uses_);
  std::string found;
  job.inspect(id, [&](auto result) { found = result.value()->id; });
  loop_.settle();
  EXPECT_EQ(found, id);
  EXPECT_TRUE(remove({}).removed.empty());
}

TEST_F(ImageRemoval, IsWaitedForByAJobThatWantsWhatIsGoing) {
  layer("a", "", 10, 9);
  auto claim = uses_->claim({"sources", "a"});
  UsedImages job(loop_, store_, *uses_);
  int answers = 0;
  job.find_layer("sources", "a", [&](auto) { ++answers; });
  loop_.advance(1s);
  EXPECT_EQ(answers, 0);
  claim.reset();
  loop_.advance(1s);
  EXPECT_EQ(answers, 1);
}

// ---- the budget of a host

TEST_F(ImageRemoval, HappensAtTheEndOfARunThatHasBuiltSomething) {
  sandbox::Capabilities engine;
  engine.id = "engine:1/x";
  HostSharing host(loop_, store_, engine, {state_, "me", 5});
  layer("a", "", 10, 9);
  std::size_t removed = 0;
  const auto keep = [&] {
    host.keep_budget([&](io::Result<RemovalResult> result) { removed = result.value().removed.size(); });
    loop_.settle();
    return removed;
  };
  EXPECT_EQ(keep(), 0u) << "nothing was built";
  host.layer_built();
  EXPECT_EQ(keep(), 1u);
}

TEST_F(ImageRemoval, IsToldInALine) {
  EXPECT_EQ(removal_words({}, "why"), "");
  RemovalResult result;
  result.removed.resize(3);
  result.removed_bytes = 3 << 20;
  EXPECT_EQ(removal_words(result, "why"), "removed 3 images, 3 MiB: why");
}

}  // namespace
}  // namespace orchestrator
