#include "sandbox/io/soon.h"

#include <gtest/gtest.h>

#include <functional>
#include <utility>
#include <vector>

namespace io {
namespace {

// Time is the test's: what is to be called later is called when the test says so.
class SoonTest : public testing::Test {
 protected:
  void time_passes() {
    for (auto& fn : std::exchange(later_, {})) fn();
  }

  std::vector<std::function<void()>> later_;
  int acts_ = 0;
  std::function<void()> also_;
  Soon soon_{[this](std::function<void()> fn) { later_.push_back(std::move(fn)); },
             [this] {
               ++acts_;
               if (also_) also_();
             }};
};

TEST_F(SoonTest, ActsOnceForAllWhoWantedItBefore) {
  for (int i = 0; i < 1'000; ++i) soon_.want();
  EXPECT_EQ(acts_, 0) << "not within whoever wants it";
  EXPECT_EQ(later_.size(), 1u);
  time_passes();
  EXPECT_EQ(acts_, 1);
  time_passes();
  EXPECT_EQ(acts_, 1);
}

TEST_F(SoonTest, ActsAgainForWhoeverWantsItFromThenOn) {
  soon_.want();
  time_passes();
  soon_.want();
  time_passes();
  EXPECT_EQ(acts_, 2);
}

TEST_F(SoonTest, MissesNobodyWhoWantsItWhileItActs) {
  also_ = [this] { soon_.want(); };
  soon_.want();
  time_passes();
  EXPECT_EQ(acts_, 1);
  also_ = nullptr;
  time_passes();
  EXPECT_EQ(acts_, 2);
}

}  // namespace
}  // namespace io
