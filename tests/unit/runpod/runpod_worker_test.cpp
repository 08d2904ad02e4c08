// How much a worker takes on.
#include "orchestrator/runpod/runpod_worker.h"

#include <gtest/gtest.h>

namespace orchestrator::runpod {
namespace {

constexpr std::int64_t kGiB = std::int64_t{1} << 30;

TEST(RunpodWorkerJobs, AreAsManyAsHaveFourAttemptsEach) {
  EXPECT_EQ(jobs_for(4, 64 * kGiB), 1);
  EXPECT_EQ(jobs_for(7, 64 * kGiB), 1);
  EXPECT_EQ(jobs_for(8, 64 * kGiB), 2);
  EXPECT_EQ(jobs_for(32, 64 * kGiB), 8);
}

TEST(RunpodWorkerJobs, AreNoMoreThanTheMemoryCarries) {
  EXPECT_EQ(jobs_for(64, 8 * kGiB), 1);
  EXPECT_EQ(jobs_for(64, 31 * kGiB), 3);
  EXPECT_EQ(jobs_for(64, 32 * kGiB), 4);
}

TEST(RunpodWorkerJobs, AreOneWhereTheHostIsSmallOrDoesNotTell) {
  EXPECT_EQ(jobs_for(1, kGiB), 1);
  EXPECT_EQ(jobs_for(0, 0), 1);
}

TEST(RunpodWorkerJobs, AreBoundedOnTheLargestHost) { EXPECT_EQ(jobs_for(512, 4'096 * kGiB), 16); }

}  // namespace
}  // namespace orchestrator::runpod
