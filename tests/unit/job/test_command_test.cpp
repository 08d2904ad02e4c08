#include <gtest/gtest.h>

#include "orchestrator/job/job.h"

namespace orchestrator {
namespace {

using Words = std::vector<std::string>;

TEST(TestCommand, RunsALineByTheShellAndWordsAsTheyAre) {
  EXPECT_EQ((TestCommand{"cd x && npm test", {}}.argv()), (Words{"/bin/sh", "-c", "cd x && npm test"}));
  EXPECT_EQ((TestCommand{"", {"pytest", "a b", "$HOME"}}.argv()), (Words{"pytest", "a b", "$HOME"}));
}

TEST(TestCommand, SplitsALineAtBlanks) {
  EXPECT_EQ((TestCommand{"  pytest\t-q  tests/\n", {}}.split()), (Words{"pytest", "-q", "tests/"}));
  EXPECT_EQ((TestCommand{"", {"pytest", "a b"}}.split()), (Words{"pytest", "a b"}));
  EXPECT_TRUE((TestCommand{"  ", {}}.split().empty()));
  EXPECT_EQ((TestCommand{"", {"/bin/bash", "-euc", "cd a && ctest", "name"}}.split()),
            (Words{"cd", "a", "&&", "ctest"}));
  EXPECT_EQ((TestCommand{"", {"sh", "check.sh", "a b"}}.split()), (Words{"sh", "check.sh", "a b"}));
}

TEST(TestCommand, IsShownAsAPersonWouldTypeIt) {
  EXPECT_EQ((TestCommand{"", {"pytest", "-k", "a or b", "it's", "", "x=1", "a;b"}}.display()),
            "pytest -k 'a or b' 'it'\\''s' '' x=1 'a;b'");
  EXPECT_EQ((TestCommand{"pytest tests/", {}}.display()), "'pytest tests/'");
  EXPECT_EQ((TestCommand{"echo 'a'", {}}.display()), "'echo '\\''a'\\'''");
}

// After `--` only a word with a blank is a line.
TEST(TestCommand, ShowsALineOfOneWordWithABlank) {
  EXPECT_EQ((TestCommand{"make;true", {}}.display()), "'make;true '");
}

TEST(TestCommand, IsReadWithoutTheQuotesThatACopyNeeds) {
  EXPECT_EQ((TestCommand{"pytest", {}}.shown()), "pytest");
  EXPECT_EQ((TestCommand{"pytest ", {}}.shown()), "pytest");  // as a copied line gives it
  EXPECT_EQ((TestCommand{" cd web && echo 'a'\n", {}}.shown()), "cd web && echo 'a'");
  EXPECT_EQ((TestCommand{" ", {}}.shown()), "");
  EXPECT_EQ((TestCommand{"", {"pytest", "-k", "a or b"}}.shown()), "pytest -k 'a or b'");
}

TEST(TestCommand, IsEmptyWithoutLineAndWords) {
  EXPECT_TRUE(TestCommand{}.empty());
  EXPECT_FALSE((TestCommand{"a", {}}.empty()));
  EXPECT_FALSE((TestCommand{"", {"a"}}.empty()));
}

TEST(Severity, ComparesWithGreaterOrEqual) {
  const SeverityThresholds usual;
  EXPECT_EQ(severity(1.0, usual), "CRITICAL");
  EXPECT_EQ(severity(0.9, usual), "CRITICAL");
  EXPECT_EQ(severity(0.899, usual), "HIGH");
  EXPECT_EQ(severity(0.5, usual), "HIGH");
  EXPECT_EQ(severity(0.1, usual), "MEDIUM");
  EXPECT_EQ(severity(0.01, usual), "LOW");
  EXPECT_EQ(severity(0.009, usual), "NONE");
  EXPECT_EQ(severity(0, usual), "NONE");
  EXPECT_EQ(severity(0.3, {0.3, 0.2, 0.1, 0.05}), "CRITICAL");
}

}  // namespace
}  // namespace orchestrator
