#include "images/checkout/globs.h"

#include <gtest/gtest.h>

namespace images::checkout {
namespace {

TEST(Globs, MatchWithinOneFolderOnlyUnlessTwoStarsSayOtherwise) {
  EXPECT_TRUE(glob_matches("a/*.py", "a/x.py"));
  EXPECT_FALSE(glob_matches("a/*.py", "a/b/x.py"));
  EXPECT_TRUE(glob_matches("a/**/*.py", "a/x.py"));
  EXPECT_TRUE(glob_matches("a/**/*.py", "a/b/c/x.py"));
  EXPECT_TRUE(glob_matches("**/b/**/d", "a/b/c/b/d"));
  EXPECT_FALSE(glob_matches("**/b/*/d", "a/b/c/b/d"));
  EXPECT_TRUE(glob_matches("**", "anything/at/all"));
  EXPECT_FALSE(glob_matches("a", "a/b"));
}

TEST(Globs, ManyStarsTakeNoTimeToSpeakOf) {
  std::string pattern, path;
  for (int i = 0; i < 200; ++i) pattern += "**/a/";
  for (int i = 0; i < 400; ++i) path += "a/";
  EXPECT_FALSE(glob_matches(pattern + "b", path));
}

TEST(IncludeGlobs, ANameWithoutASlashIsFoundAtAnyDepth) {
  const IncludeGlobs globs({"*.so", "build/"});
  EXPECT_TRUE(globs.matches("x.so"));
  EXPECT_TRUE(globs.matches("lib/deep/x.so"));
  EXPECT_TRUE(globs.matches("sub/build/any/thing"));
  EXPECT_FALSE(globs.matches("x.py"));
  EXPECT_TRUE(globs.may_match_below("node_modules"));
}

TEST(IncludeGlobs, APathWithASlashIsFoundFromTheRootOnly) {
  const IncludeGlobs globs({"./data/**/*.bin", "/out/logs"});
  EXPECT_TRUE(globs.matches("data/a/b.bin"));
  EXPECT_FALSE(globs.matches("sub/data/a/b.bin"));
  EXPECT_TRUE(globs.matches("out/logs/today/x"));
  EXPECT_FALSE(globs.matches("out/other"));
  EXPECT_TRUE(globs.may_match_below("data/a"));
  EXPECT_TRUE(globs.may_match_below("out"));
  EXPECT_TRUE(globs.may_match_below("out/logs/today"));
  EXPECT_FALSE(globs.may_match_below("out/other"));
  EXPECT_FALSE(globs.may_match_below("node_modules"));
}

TEST(IncludeGlobs, EmptyPatternsBringNothing) {
  const IncludeGlobs globs({"", "/", "."});
  EXPECT_TRUE(globs.empty());
  EXPECT_FALSE(globs.matches("a"));
}

}  // namespace
}  // namespace images::checkout
