#include "orchestrator/run/image_tree.h"

#include <gtest/gtest.h>

namespace orchestrator {
namespace {

UsedImage image(const std::string& id, const std::string& parent, std::int64_t bytes, int used) {
  UsedImage one;
  one.image.id = id;
  one.image.parent = parent;
  one.image.own_bytes = bytes;
  one.last_use = std::chrono::system_clock::time_point(std::chrono::hours(used));
  return one;
}

bool any(const UsedImage&) { return true; }

// The order in which they would go.
std::string order(ImageTree tree, const ImageTree::Wanted& may_go = any) {
  std::string ids;
  while (const UsedImage* next = tree.next(may_go)) {
    const std::string id = next->image.id;
    ids += id;
    tree.gone(id);
  }
  return ids;
}

// base ← t ← a ← A, and t ← b ← B, which is older.
ImageTree two_chains() {
  return ImageTree({image("t", "base", 10, 9), image("a", "t", 5, 9), image("A", "a", 1, 9),
                    image("b", "t", 7, 3), image("B", "b", 2, 3)});
}

TEST(ImageTree, LetsGoWhatWasUsedLongestAgoFromItsTopToItsBottom) { EXPECT_EQ(order(two_chains()), "BbAat"); }

TEST(ImageTree, KeepsWhatASharedLayerIsNeededFor) {
  ImageTree tree = two_chains();
  tree.stays("A");
  EXPECT_EQ(order(tree), "Bb") << "what A stands on stays, too";
}

TEST(ImageTree, KeepsWhatSomebodyElseHasBuiltOn) {
  auto shared = image("b", "t", 7, 3);
  shared.image.has_children_of_others = true;
  EXPECT_EQ(order(ImageTree({image("t", "base", 10, 1), shared, image("c", "t", 1, 8)})), "c");
}

TEST(ImageTree, AsksWhatMayGo) {
  EXPECT_EQ(
      order(two_chains(),
            [](const UsedImage& one) { return one.last_use.time_since_epoch() < std::chrono::hours(5); }),
      "Bb");
}

TEST(ImageTree, CountsWhatIsLeft) {
  ImageTree tree = two_chains();
  EXPECT_EQ(tree.bytes(any), 25);
  tree.gone("B");
  EXPECT_EQ(tree.bytes(any), 23);
}

TEST(ImageTree, HasAnEnd) {
  EXPECT_EQ(order(ImageTree({})), "");
  EXPECT_EQ(order(ImageTree({image("a", "b", 1, 1), image("b", "a", 1, 1)})), "") << "no engine has that";
}

}  // namespace
}  // namespace orchestrator
