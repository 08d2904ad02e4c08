#include "images/checkout/dockerignore.h"

#include <gtest/gtest.h>

#include "sandbox/io/error.h"

namespace images::checkout {
namespace {

// What of `paths` the rules leave in, one behind the other.
std::string kept(const std::string& rules, const std::vector<std::string>& paths) {
  const DockerIgnore ignore(rules, ".dockerignore");
  std::string all;
  for (const auto& path : paths)
    if (!ignore.ignores(path)) all += (all.empty() ? "" : " ") + path;
  return all;
}

bool ignores(const std::string& rule, const std::string& path) { return kept(rule, {path}).empty(); }

TEST(DockerIgnore, IgnoresNothingWithoutARule) {
  EXPECT_FALSE(ignores("", "a"));
  EXPECT_FALSE(ignores("# a\n\n   \n#b", "b"));
  EXPECT_FALSE(DockerIgnore().ignores("a"));
}

TEST(DockerIgnore, IsAboutPathsFromTheRoot) {
  EXPECT_TRUE(ignores("a", "a"));
  EXPECT_FALSE(ignores("a", "b/a"));
  EXPECT_FALSE(ignores("a", "ab"));
  EXPECT_TRUE(ignores("/a/", "a"));
  EXPECT_TRUE(ignores("./b/../a//c", "a/c"));
  EXPECT_FALSE(ignores("../a", "a"));
  EXPECT_FALSE(ignores(".", "a"));
}

TEST(DockerIgnore, OfAFolderIgnoresAllThatIsInIt) {
  EXPECT_TRUE(ignores("docs", "docs/a/b"));
  EXPECT_TRUE(ignores("*/temp", "a/temp/x/y"));
  EXPECT_FALSE(ignores("*/temp", "a/b/temp"));
  EXPECT_TRUE(ignores("**/node_modules", "a/b/node_modules/x"));
}

TEST(DockerIgnore, StaysWithinANameButForTwoStars) {
  EXPECT_TRUE(ignores("*.log", "a.log"));
  EXPECT_FALSE(ignores("*.log", "a/b.log"));
  EXPECT_TRUE(ignores("a?c", "abc"));
  EXPECT_FALSE(ignores("a?c", "a/c"));
  EXPECT_TRUE(ignores("**/*.log", "b.log"));
  EXPECT_TRUE(ignores("**/*.log", "a/b/c.log"));
  EXPECT_TRUE(ignores("a/**/z", "a/z"));
  EXPECT_TRUE(ignores("a/**/z", "a/b/c/z"));
  EXPECT_FALSE(ignores("a/**/z", "a/b/cz"));
  EXPECT_TRUE(ignores("a/**", "a/b/c"));
  EXPECT_FALSE(ignores("a/**", "a"));
  EXPECT_TRUE(ignores("**", "a/b"));
}

TEST(DockerIgnore, KnowsSetsAndCharactersThatMeanThemselves) {
  EXPECT_TRUE(ignores("[a-c]x", "bx"));
  EXPECT_FALSE(ignores("[a-c]x", "dx"));
  EXPECT_TRUE(ignores("[^a-c]x", "dx"));
  EXPECT_TRUE(ignores("\\*", "*"));
  EXPECT_FALSE(ignores("\\*", "a"));
  EXPECT_TRUE(ignores("a.b$", "a.b$"));
  EXPECT_FALSE(ignores("a.b", "axb"));
}

TEST(DockerIgnore, LetsTheLastRuleThatMatchesDecide) {
  EXPECT_EQ(kept("*\n!src\nsrc/*.o\n! src/keep.o", {"a", "src/a.c", "src/a.o", "src/keep.o"}),
            "src/a.c src/keep.o");
  EXPECT_EQ(kept("!a\na", {"a"}), "");
  EXPECT_EQ(kept("docs\n!docs/README.md", {"docs/a.md", "docs/README.md"}), "docs/README.md");
}

TEST(DockerIgnore, ReadsWhatEditorsLeave) {
  EXPECT_EQ(kept("\xef\xbb\xbf# first\r\n  a  \r\nb", {"a", "b", "c"}), "c");
}

TEST(DockerIgnore, RefusesAPatternThatMakesNoSense) {
  for (const char* rule : {"[", "a[b", "[]", "[b-]", "a\\"}) {
    try {
      DockerIgnore ignore(rule, "x.dockerignore");
      ADD_FAILURE() << rule;
    } catch (const io::RequestError& error) {
      EXPECT_EQ(error.what(),
                std::string("dockerfile: the pattern '") + rule + "' of x.dockerignore makes no sense");
    }
  }
}

TEST(DockerIgnore, TakesNoTimeForAPatternMadeToTakeIt) {
  std::string rule, path(2000, 'a');
  for (int i = 0; i < 500; ++i) rule += "*a";
  EXPECT_TRUE(ignores(rule, path));
  EXPECT_FALSE(ignores(rule + "b", path));
}

}  // namespace
}  // namespace images::checkout
