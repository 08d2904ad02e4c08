#include "orchestrator/analysis/first_difference.h"

#include <gtest/gtest.h>

namespace orchestrator {
namespace {

using Lines = std::vector<std::string>;

TEST(FirstDifference, IsNoneBetweenLogsThatDifferInTimesAndAddressesOnly) {
  const auto found = first_difference("start 10:00:01\nobject 0x7f01\ndone in 3 s\n",
                                      "start 10:00:09\nobject 0x7fa2\ndone in 5 s");
  EXPECT_TRUE(found.same);
  EXPECT_TRUE(found.failing.empty());
}

TEST(FirstDifference, ShowsTheLinesBeforeAndFromThereOn) {
  const auto found = first_difference("a\nb\nc\nd 1\nbad\nx\n", "a\nb\nc\nd 2\ngood\n");
  EXPECT_FALSE(found.same);
  EXPECT_EQ(found.line, 5u);
  EXPECT_EQ(found.before, (Lines{"b", "c", "d 1"}));
  EXPECT_EQ(found.failing, (Lines{"bad", "x"}));
  EXPECT_EQ(found.passing, Lines{"good"});
}

TEST(FirstDifference, IsWhereOneLogEnds) {
  const auto found = first_difference("a\n", "a\nb\n");
  EXPECT_EQ(found.line, 2u);
  EXPECT_TRUE(found.failing.empty());
  EXPECT_EQ(found.passing, Lines{"b"});
  EXPECT_EQ(first_difference("", "a").line, 1u);
  EXPECT_TRUE(first_difference("", "").same);
}

TEST(FirstDifference, KeepsAtMostEightLinesEachOfBoundedLength) {
  std::string failing, passing = "p";
  for (int i = 0; i < 20; ++i) failing += std::string(5000, 'f') + "\n";
  const auto found = first_difference(failing, passing);
  ASSERT_EQ(found.failing.size(), 8u);
  EXPECT_EQ(found.failing[0].size(), kMaxDifferenceLine);
}

TEST(FirstDifference, SeesADifferenceFarBehindInALongLine) {
  const std::string start(5000, 'x');
  EXPECT_FALSE(first_difference(start + "a", start + "b").same);
}

TEST(FirstDifference, DoesNotMindCarriageReturns) {
  EXPECT_TRUE(first_difference("a\r\nb\r\n", "a\nb\n").same);
}

}  // namespace
}  // namespace orchestrator
