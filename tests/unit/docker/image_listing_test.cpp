// What is ours among the images of an engine, what each takes, and what stands on what. The shapes are those
// of Docker 20.10's /images/json?all=1.
#include "sandbox/docker/image_listing.h"

#include <gtest/gtest.h>

#include "sandbox/docker/docker_images.h"

namespace {

using namespace sandbox;
using docker::images_of_ours;
using docker::Json;
using docker::layer_reference;

Json entry(const std::string& id, const std::string& parent, std::int64_t size, const Json& tags,
           const Json& labels) {
  return {{"Id", id},         {"ParentId", parent}, {"Size", size},
          {"Created", 1'000}, {"RepoTags", tags},   {"Labels", labels}};
}

Json layer_labels(const std::string& kind, const std::string& key, const std::string& parent) {
  return {{kKindLabel, kind}, {kKeyLabel, key}, {kKeeperLabel, "me"}, {kParentLabel, parent}};
}

Json layer(const std::string& id, const std::string& parent, std::int64_t size, const std::string& kind) {
  return entry(id, parent, size, {layer_reference(kind, id)}, layer_labels(kind, id, parent));
}

const Json kNoLabels = nullptr;
const Json kNoTags = Json::array({"<none>:<none>"});

const Image* find(const std::vector<Image>& images, const std::string& id) {
  for (const auto& image : images)
    if (image.id == id) return &image;
  return nullptr;
}

TEST(ImageListing, CountsEachByteOnce) {
  const auto images =
      images_of_ours({entry("base", "", 300, {"python:3.12"}, kNoLabels),
                      layer("tools", "base", 310, "tools"), layer("sources", "tools", 325, "sources")});
  ASSERT_EQ(images.size(), 2u);
  EXPECT_EQ(find(images, "tools")->own_bytes, 10);
  EXPECT_EQ(find(images, "sources")->own_bytes, 15);
  EXPECT_EQ(find(images, "sources")->parent, "tools");
  EXPECT_EQ(find(images, "sources")->size_bytes, 325);
}

TEST(ImageListing, TakesTheStepsOfALayerForPartsOfIt) {
  // The step has its parent's labels, as those of earlier versions do; and a second one none.
  const auto images =
      images_of_ours({layer("tools", "", 310, "tools"),
                      entry("step", "tools", 320, kNoTags, layer_labels("tools", "tools", "")),
                      entry("step2", "step", 330, nullptr, {{kKindLabel, ""}, {kKeyLabel, ""}}),
                      layer("dependencies", "step2", 331, "dependencies")});
  ASSERT_EQ(images.size(), 2u);
  EXPECT_EQ(find(images, "dependencies")->parent, "tools");
  EXPECT_EQ(find(images, "dependencies")->own_bytes, 21);
  EXPECT_FALSE(find(images, "tools")->has_children_of_others);
}

// Each label that a build gives is a step: here the key comes before the kind, as in Docker's order.
TEST(ImageListing, TakesTheLabelsOfADockerfileForPartsOfItsLayer) {
  const auto images =
      images_of_ours({entry("base", "", 300, {"orchestrator/python:trixie"}, {{kKindLabel, "base"}}),
                      entry("run", "base", 360, kNoTags, {{kKindLabel, "base"}}),
                      entry("keyed", "run", 360, kNoTags, {{kKindLabel, "base"}, {kKeyLabel, "k"}}),
                      entry("kinded", "keyed", 360, kNoTags, {{kKindLabel, "dockerfile"}, {kKeyLabel, "k"}}),
                      entry("made", "kinded", 360, {layer_reference("dockerfile", "k")},
                            layer_labels("dockerfile", "k", "base"))});
  ASSERT_EQ(images.size(), 2u);
  EXPECT_EQ(find(images, "made")->own_bytes, 60);
  EXPECT_EQ(find(images, "made")->parent, "base");
  EXPECT_FALSE(find(images, "base")->has_children_of_others);
}

TEST(ImageListing, LeavesOutWhatSomebodyMadeOfOneOfOurs) {
  const auto images =
      images_of_ours({layer("tools", "", 310, "tools"),
                      entry("theirs", "tools", 400, {"somebody/app:1"}, layer_labels("tools", "tools", ""))});
  ASSERT_EQ(images.size(), 1u);
  EXPECT_TRUE(images[0].has_children_of_others);
}

TEST(ImageListing, SeesAStepThatNothingStandsOnAsSomebodyElses) {
  const auto images = images_of_ours(
      {layer("tools", "", 310, "tools"), entry("step", "tools", 320, kNoTags, {{kKindLabel, ""}})});
  ASSERT_EQ(images.size(), 1u);
  EXPECT_TRUE(images[0].has_children_of_others) << "a build may be at it";
}

TEST(ImageListing, KnowsALayerThatLostItsNameToAnEqualOne) {
  const auto images =
      images_of_ours({layer("tools", "", 310, "tools"),
                      entry("older", "tools", 320, kNoTags, layer_labels("sources", "abc", "tools")),
                      entry("newer", "tools", 320, {layer_reference("sources", "abc")},
                            layer_labels("sources", "abc", "tools"))});
  EXPECT_EQ(images.size(), 3u);
}

TEST(ImageListing, SeesNamesThatAPersonGave) {
  const auto images = images_of_ours(
      {entry("a", "", 10, {layer_reference("seal", "a"), "keep/this:1"}, layer_labels("seal", "a", "")),
       entry("b", "", 10, {"localhost/" + layer_reference("seal", "b")}, layer_labels("seal", "b", ""))});
  EXPECT_TRUE(find(images, "a")->has_names_of_others);
  EXPECT_FALSE(find(images, "b")->has_names_of_others);
}

TEST(ImageListing, TakesTheParentFromTheLabelWhereTheEngineKeepsNone) {
  const auto images = images_of_ours(
      {entry("tools", "", 310, {layer_reference("tools", "t")}, layer_labels("tools", "t", "base")),
       entry("base", "", 300, {"python:3.12"}, kNoLabels)});
  EXPECT_EQ(find(images, "tools")->parent, "base");
  EXPECT_EQ(find(images, "tools")->own_bytes, 10);
}

TEST(ImageListing, ListsBasesWithoutAKey) {
  const auto images = images_of_ours(
      Json::array({entry("base", "", 300, {"orchestrator/python:trixie"}, {{kKindLabel, "base"}})}));
  ASSERT_EQ(images.size(), 1u);
  EXPECT_EQ(images[0].own_bytes, 300);
}

TEST(ImageListing, TakesNothingForABaseThatSomebodyMadeOfOne) {
  const Json labels = {{kKindLabel, "base"}};
  const auto images = images_of_ours({entry("base", "", 300, {"orchestrator/python:trixie"}, labels),
                                      entry("theirs", "base", 400, {"somebody/app:1"}, labels),
                                      entry("ours by name", "base", 400, {"orchestrator/mine:1"}, labels),
                                      entry("imported", "", 400, {"somebody/base:1"}, labels),
                                      entry("replaced", "", 290, kNoTags, labels)});
  ASSERT_EQ(images.size(), 2u);
  EXPECT_TRUE(find(images, "base")->has_children_of_others);
  EXPECT_TRUE(find(images, "replaced"));
}

TEST(ImageListing, HoldsAgainstNonsense) {
  EXPECT_TRUE(
      images_of_ours(Json::array({7, nullptr, Json::object(), {{"Id", "x"}, {"Labels", 3}}})).empty());
  // Parents that go in a circle.
  EXPECT_NO_THROW(
      images_of_ours({entry("a", "b", 1, kNoTags, {{kKindLabel, ""}}),
                      entry("b", "a", 1, kNoTags, {{kKindLabel, ""}}), layer("c", "a", 2, "seal")}));
}

}  // namespace
