// The limit of open files, which each test puts back.
#include "orchestrator/cli/open_files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>

namespace orchestrator {
namespace {

class OpenFiles : public testing::Test {
 protected:
  OpenFiles() { getrlimit(RLIMIT_NOFILE, &before_); }
  ~OpenFiles() override { setrlimit(RLIMIT_NOFILE, &before_); }
  void lower_to(rlim_t soft) const {
    const rlimit lower{soft, before_.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &lower), 0);
  }
  static rlim_t soft() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
  }

  rlimit before_{};
};

TEST_F(OpenFiles, AreAsManyAsTheHardLimitAllows) {
  lower_to(256);
  const rlim_t most = std::min<rlim_t>(before_.rlim_max, 65'536);
  EXPECT_EQ(raise_open_files(), most);
  EXPECT_EQ(soft(), most);
}

TEST_F(OpenFiles, AreNeverLowered) {
  lower_to(std::min<rlim_t>(before_.rlim_max, 100'000));
  const rlim_t had = soft();
  EXPECT_EQ(raise_open_files(), std::max<rlim_t>(had, std::min<rlim_t>(before_.rlim_max, 65'536)));
  EXPECT_GE(soft(), had);
}

}  // namespace
}  // namespace orchestrator
