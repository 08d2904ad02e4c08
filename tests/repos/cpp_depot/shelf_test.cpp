#include <cstdlib>

#include "depot.h"

#include <gtest/gtest.h>

TEST(Shelf, BeginsEmpty) { EXPECT_TRUE(parcels.empty()); }

TEST(Shelf, Fills) { parcels.push_back("parcel"); }

TEST(Shelf, CountsOnce) {
  static int counted = 0;
  EXPECT_EQ(++counted, 1);
  parcels.clear();
}

// Takes the whole program with it.
TEST(Shelf, Holds) {
  if (seed() % 4 == 1) std::abort();
}
