#include "sandbox/io/file_lock.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <system_error>

#include "tests/support/temporary_folder.h"

namespace {

using io::FileLock;
using Kind = FileLock::Kind;

class FileLocks : public ::testing::Test {
 protected:
  const testing_support::TemporaryFolder folder_;
  const std::string path_ = folder_ / "lock";
};

TEST_F(FileLocks, ForOneAloneKeepAllOthersOut) {
  auto first = FileLock::try_take(path_, Kind::alone);
  ASSERT_TRUE(first);
  EXPECT_FALSE(FileLock::try_take(path_, Kind::alone));
  EXPECT_FALSE(FileLock::try_take(path_, Kind::shared));
  first.reset();
  EXPECT_TRUE(FileLock::try_take(path_, Kind::alone));
}

TEST_F(FileLocks, AreSharedByManyAndKeepOutWhoWantsItAlone) {
  auto first = FileLock::try_take(path_, Kind::shared);
  auto second = FileLock::try_take(path_, Kind::shared);
  EXPECT_TRUE(first && second);
  first.reset();
  EXPECT_FALSE(FileLock::try_take(path_, Kind::alone));
  second.reset();
  EXPECT_TRUE(FileLock::try_take(path_, Kind::alone));
}

TEST_F(FileLocks, OfAFileThatWasTakenAwayKeepNobodyOut) {
  const auto first = FileLock::try_take(path_, Kind::alone);
  first->remove_file();
  const auto second = FileLock::try_take(path_, Kind::alone);
  ASSERT_TRUE(second);
  EXPECT_FALSE(FileLock::try_take(path_, Kind::alone)) << "there is one again";
}

TEST_F(FileLocks, StampTheirFile) {
  const auto lock = FileLock::try_take(path_, Kind::shared);
  const timespec old[2] = {{1'000, 0}, {1'000, 0}};
  ::futimens(lock->fd(), old);
  lock->touch();
  struct stat found {};
  ASSERT_EQ(::stat(path_.c_str(), &found), 0);
  EXPECT_GT(found.st_mtim.tv_sec, 1'000);
}

TEST_F(FileLocks, ThatCannotBeMadeAreAnError) {
  EXPECT_THROW(FileLock::try_take(folder_ / "nowhere/lock", Kind::alone), std::system_error);
}

}  // namespace
