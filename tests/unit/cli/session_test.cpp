#include "orchestrator/cli/session.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/file.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temporary_folder.h"

namespace {

namespace fs = std::filesystem;

class ScratchFolders : public ::testing::Test {
 protected:
  fs::path make(const std::string& name) {
    const fs::path folder = state_ / "runs" / name;
    fs::create_directories(folder);
    return folder;
  }

  const testing_support::TemporaryFolder temporary_;
  const fs::path state_ = temporary_.path();
};

TEST_F(ScratchFolders, OfADeadProcessGoes) {
  const fs::path dead = make("20261123-101530-4711-3f2a");
  std::ofstream(dead / "in-use");
  EXPECT_EQ(orchestrator::remove_dead_scratch(state_), 1);
  EXPECT_FALSE(fs::exists(dead));
}

TEST_F(ScratchFolders, OfALivingProcessStaysWhateverItsProcessIdIsHere) {
  orchestrator::CommandLine options;
  options.state_dir = state_;
  const orchestrator::Program program;
  const orchestrator::Session session(program, options);
  EXPECT_EQ(orchestrator::remove_dead_scratch(state_), 0);
  EXPECT_TRUE(fs::exists(session.scratch()));
  // Another process of that id, in another namespace, changes nothing: the lock says who lives.
  const io::Fd other(::open((session.scratch() + "/in-use").c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(other);
  EXPECT_NE(::flock(other.get(), LOCK_EX | LOCK_NB), 0);
}

TEST_F(ScratchFolders, ThatAreKeptOrBeingMadeStay) {
  const fs::path kept = make("kept-by-a-person"), young = make("being-made");
  std::ofstream(kept / "in-use");
  std::ofstream(kept / "kept");
  EXPECT_EQ(orchestrator::remove_dead_scratch(state_), 0);
  EXPECT_TRUE(fs::exists(kept) && fs::exists(young));
}

}  // namespace
