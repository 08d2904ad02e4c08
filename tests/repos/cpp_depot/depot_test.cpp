#include "depot.h"

#include <gtest/gtest.h>

TEST(Depot, Weighs) { EXPECT_EQ(weigh({2, 3}), 5); }

TEST(Depot, IsInTime) { EXPECT_NE(seed() % 4, 3) << "late"; }

TEST(Depot, LosesNothing) { EXPECT_EQ(parcels.size(), 1u); }

TEST(Depot, Waits) { GTEST_SKIP() << "nobody is there"; }
