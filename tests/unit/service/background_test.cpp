#include "orchestrator/service/background.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace orchestrator {
namespace {

TEST(Background, DoesInOrderAllThatWasPostedBeforeItEnds) {
  std::vector<int> done;
  {
    Background background;
    for (int i = 0; i < 100; ++i) background.post([&done, i] { done.push_back(i); });
  }
  ASSERT_EQ(done.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(done[static_cast<std::size_t>(i)], i);
}

TEST(Background, DoesWhatIsPostedByWhatItDoes) {
  bool done = false;
  {
    Background background;
    background.post([&] { background.post([&] { done = true; }); });
  }
  EXPECT_TRUE(done);
}

TEST(Background, GoesOnAfterSomethingThatThrows) {
  bool done = false;
  {
    Background background;
    background.post([] { throw std::runtime_error("no"); });
    background.post([&] { done = true; });
  }
  EXPECT_TRUE(done);
}

TEST(Background, WorksOnAThreadOfItsOwn) {
  std::thread::id there;
  {
    Background background;
    background.post([&] { there = std::this_thread::get_id(); });
  }
  EXPECT_NE(there, std::this_thread::get_id());
}

}  // namespace
}  // namespace orchestrator
