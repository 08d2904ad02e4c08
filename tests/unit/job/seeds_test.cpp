#include <gtest/gtest.h>

#include <set>

#include "orchestrator/job/job.h"

namespace orchestrator {
namespace {

constexpr std::int64_t kMost = 9'223'372'036'854'775'807;

struct Vector {
  std::uint64_t job_seed, index;
  SeedRange range;
  std::int64_t seed;
};

// Computed by a second implementation (Python) from the definition in seeds.cpp.
TEST(Seeds, AreThoseOfTheDefinition) {
  const Vector vectors[] = {
      {0U, 0, {1, 1'000'000}, 652106},
      {0U, 1, {1, 1'000'000}, 807420},
      {4242U, 0, {1, 1'000'000}, 390414},
      {4242U, 17, {1, 1'000'000}, 718111},
      {4242U, 999, {1, 1'000'000}, 142975},
      {18446744073709551615U, 5, {1, 1'000'000}, 728045},
      {7U, 0, {0, 2}, 0},
      {7U, 1, {0, 2}, 2},
      {7U, 2, {0, 2}, 1},
      {4242U, 17, {0, kMost}, 2828065127521473544},
      {4242U, 17, {100, 1099}, 924},
      {1U, 0, {5, 5}, 5},
  };
  for (const auto& v : vectors) {
    EXPECT_EQ(attempt_seed(v.job_seed, v.index, v.range), v.seed) << v.job_seed << " " << v.index;
  }
}

TEST(Seeds, DifferForEachIndexAndStayInRange) {
  const SeedRange ranges[] = {
      {1, 1}, {3, 4}, {0, 2}, {1, 1000}, {1, 1'000'000}, {0, kMost}, {kMost - 1023, kMost}};
  for (const auto& range : ranges) {
    for (const std::uint64_t job_seed : {0ULL, 1ULL, 4242ULL, ~0ULL}) {
      const auto count = std::min<std::uint64_t>(1000, range.size());
      std::set<std::int64_t> seen;
      for (std::uint64_t index = 0; index < count; ++index) {
        const auto seed = attempt_seed(job_seed, index, range);
        EXPECT_GE(seed, range.min);
        EXPECT_LE(seed, range.max);
        seen.insert(seed);
      }
      EXPECT_EQ(seen.size(), count) << range.min << "…" << range.max << " of " << job_seed;
    }
  }
}

TEST(Seeds, OfNeighbouringJobSeedsHaveLittleInCommon) {
  std::set<std::int64_t> first;
  for (std::uint64_t i = 0; i < 1000; ++i) first.insert(attempt_seed(1, i, {}));
  int common = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) common += first.count(attempt_seed(2, i, {})) ? 1 : 0;
  EXPECT_LT(common, 20);  // one of a million seeds expected
}

TEST(Seeds, RangeKnowsItsSize) {
  EXPECT_EQ(SeedRange{}.size(), 1'000'000U);
  EXPECT_EQ((SeedRange{0, kMost}.size()), std::uint64_t{1} << 63);
}

}  // namespace
}  // namespace orchestrator
