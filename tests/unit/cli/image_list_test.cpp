#include "orchestrator/cli/image_list.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "images/bases/bootstrap.h"

namespace orchestrator {
namespace {

using namespace std::chrono_literals;

const auto kNow = std::chrono::system_clock::time_point(std::chrono::hours(500'000));

sandbox::Image image(const std::string& id, const std::string& kind, const std::string& reference,
                     std::chrono::seconds age, std::int64_t mib) {
  sandbox::Image made;
  made.id = "sha256:" + id;
  if (!kind.empty()) made.labels["orchestrator.kind"] = kind;
  if (!reference.empty()) made.references = {reference};
  made.created = kNow - age;
  made.size_bytes = mib << 20;
  return made;
}

KnownImage known(sandbox::Image image, ImageOwner owner = ImageOwner::us) {
  KnownImage one{std::move(image), std::nullopt, false, owner};
  one.image.own_bytes = one.image.size_bytes / 2;
  return one;
}

const sandbox::Image kPython = image("bbbb", "base", "orchestrator/python:trixie", 72h, 281);

TEST(ImageList, IsAlignedTheLastUsedFirstAndNamesTheBasesAlsoThoseThatCouldBeMade) {
  KnownImage tools = known(image("1111", "tools", "orchestrator/layer-tools:1", 30h, 1240));
  tools.last_use = kNow - 3h;
  KnownImage dependencies =
      known(image("2222", "dependencies", "orchestrator/layer-dependencies:2", 4h, 18), ImageOwner::others);
  dependencies.last_use = kNow - 40s;
  KnownImage seal = known(image("333333333333333333", "seal", "", 5min, 600));
  seal.in_use = true;
  const auto list =
      listed_images({tools, known(kPython, ImageOwner::base), dependencies, seal}, {kPython, std::nullopt});
  EXPECT_EQ(
      image_table(list, kNow),
      "KIND           OWN SIZE         USED  IMAGE\n"
      "dependencies      9 MiB         40 s  orchestrator/layer-dependencies:2 (of another state folder)\n"
      "seal            300 MiB       in use  sha256:333333333333\n"
      "tools           620 MiB          3 h  orchestrator/layer-tools:1\n"
      "base          140.5 MiB  made 3 days  orchestrator/python:trixie\n"
      "base                  -            -  orchestrator/minimal:trixie (not here: orchestrator images "
      "bootstrap minimal)\n");
  EXPECT_EQ(
      image_sums(list, 20ll << 30),
      "2 layers take 920 MiB of a budget of 20 GiB, 1 layer 9 MiB of other state folders, 1 base 140.5 MiB");
  EXPECT_EQ(image_sums({}, std::nullopt), "0 layers take 0 bytes, and there is no budget, 0 bases 0 bytes");
}

TEST(ImageList, KnowsABaseByItsReferenceToo) {
  sandbox::Image by_hand = image("cccc", "", "orchestrator/python:trixie", 0s, 281);
  by_hand.created = {};
  const auto list = listed_images({}, {by_hand, std::nullopt});
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].kind, "base");
  EXPECT_NE(image_table(list, kNow).find("base   281 MiB     -  orchestrator/python:trixie\n"),
            std::string::npos)
      << image_table(list, kNow);
}

TEST(ImageList, AsJsonHoldsWhatIsThereWhateverItsBytes) {
  const auto list =
      listed_images({known(image("1111", "to\xffols", "a:1", 0s, 1)), known(kPython, ImageOwner::base)},
                    {kPython, std::nullopt});
  const auto json = nlohmann::json::parse(image_json(list));
  ASSERT_EQ(json.size(), 2u);
  EXPECT_EQ(json[1], (nlohmann::json{{"id", "sha256:bbbb"},
                                     {"kind", "base"},
                                     {"references", {"orchestrator/python:trixie"}},
                                     {"size_bytes", 281 << 20},
                                     {"own_bytes", 281 << 19},
                                     {"created", "2027-01-12T08:00:00Z"},
                                     {"last_used", nullptr},
                                     {"in_use", false},
                                     {"owner", "host"}}));
  EXPECT_EQ(json[0].at("owner"), "this state folder");
}

TEST(ImageList, ShowsNoControlCharacterOfALabel) {
  const auto list = listed_images({known(image("1111", "to\x1b[31mols", "a:1\x1b", 0s, 1))}, {});
  EXPECT_EQ(image_table(list, kNow).find('\x1b'), std::string::npos);
}

TEST(ImageList, IsNotEmptyWhereNothingWasMadeYet) {
  const auto list =
      listed_images({}, std::vector<std::optional<sandbox::Image>>(images::base_recipes().size()));
  EXPECT_EQ(list.size(), images::base_recipes().size());
  EXPECT_EQ(nlohmann::json::parse(image_json(list)), nlohmann::json::array());
}

}  // namespace
}  // namespace orchestrator
