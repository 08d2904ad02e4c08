// Processes are told apart by their descriptors: two ledgers of one test are as good as those of two
// programs.
#include "orchestrator/run/cpu_ledger.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "orchestrator/run/host_budget.h"
#include "tests/support/fake_loop.h"
#include "tests/support/temporary_folder.h"

namespace orchestrator {
namespace {

using namespace std::chrono_literals;
using Answer = CpuLedger::Answer;

class CpuLedgers : public ::testing::Test {
 protected:
  CpuLedgers() { std::filesystem::create_directories(folder_); }

  std::unique_ptr<CpuLedger> process(const std::string& name) {
    return std::make_unique<CpuLedger>(folder_, name, 2.0);
  }
  // As if it had given no sign of life for a minute.
  void freeze(const std::string& name) const {
    const timespec old[2] = {{::time(nullptr) - 60, 0}, {::time(nullptr) - 60, 0}};
    ::utimensat(AT_FDCWD, (folder_ + "/" + name).c_str(), old, 0);
  }

  const testing_support::TemporaryFolder temporary_;
  const std::string above_ = temporary_.path(), folder_ = above_ + "/cpus";
};

TEST_F(CpuLedgers, TogetherHoldNoMoreThanThereIs) {
  const auto a = process("a"), b = process("b");
  EXPECT_EQ(a->try_take(1), Answer::granted);
  EXPECT_EQ(b->try_take(1), Answer::granted);
  EXPECT_EQ(b->try_take(0.5), Answer::wait);
  EXPECT_EQ(a->try_take(0.5), Answer::wait);
  b->withdraw();
  a->give_back(1);
  EXPECT_EQ(a->try_take(1), Answer::granted);
}

TEST_F(CpuLedgers, LetHimBeFirstWhoHoldsTheLeastThenWhoWaitsLongest) {
  const auto a = process("a"), b = process("b"), c = process("c");
  EXPECT_EQ(a->try_take(1), Answer::granted);
  EXPECT_EQ(a->try_take(1), Answer::granted);
  EXPECT_EQ(b->try_take(1), Answer::wait);
  ::usleep(20'000);  // the clock of files is a coarse one
  EXPECT_EQ(c->try_take(1), Answer::wait);
  EXPECT_EQ(a->try_take(1), Answer::wait);
  a->give_back(1);
  EXPECT_EQ(a->try_take(1), Answer::wait) << "it holds one already, and others none";
  EXPECT_EQ(c->try_take(1), Answer::wait) << "b came before";
  EXPECT_EQ(b->try_take(1), Answer::granted);
  a->give_back(1);
  EXPECT_EQ(c->try_take(1), Answer::granted);
}

TEST_F(CpuLedgers, PassNobodyOverForBeingLarge) {
  const auto a = process("a"), b = process("b"), c = process("c");
  EXPECT_EQ(a->try_take(1), Answer::granted);
  EXPECT_EQ(b->try_take(2), Answer::wait);
  ::usleep(20'000);
  EXPECT_EQ(c->try_take(1), Answer::wait);
  a->give_back(1);
  EXPECT_EQ(c->try_take(1), Answer::wait);
  EXPECT_EQ(b->try_take(2), Answer::granted);
}

TEST_F(CpuLedgers, LetWhoIsAloneHaveMoreThanThereIsUntilSomebodyComes) {
  const auto a = process("a"), b = process("b");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(a->try_take(1), Answer::granted) << i;
  EXPECT_EQ(b->try_take(1), Answer::wait);
  EXPECT_EQ(a->try_take(1), Answer::wait);
  for (int i = 0; i < 3; ++i) a->give_back(1);
  EXPECT_EQ(b->try_take(1), Answer::wait);
  a->give_back(1);
  EXPECT_EQ(b->try_take(1), Answer::granted);
}

TEST_F(CpuLedgers, TakeMoreThanThereIsForAllThereIs) {
  const auto a = process("a"), b = process("b");
  EXPECT_EQ(b->try_take(1), Answer::granted);
  EXPECT_EQ(a->try_take(8), Answer::wait);
  b->give_back(1);
  EXPECT_EQ(a->try_take(8), Answer::granted);
}

TEST_F(CpuLedgers, AreRidOfTheDead) {
  std::ofstream(folder_ + "/dead") << "        2.000000         2.000000                             1\n";
  const auto a = process("a");
  EXPECT_EQ(a->try_take(1), Answer::granted);
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/dead"));
}

TEST_F(CpuLedgers, AreLeftByWhoEnds) {
  const auto a = process("a");
  auto b = process("b");
  EXPECT_EQ(b->try_take(2), Answer::granted);
  EXPECT_EQ(a->try_take(1), Answer::wait);
  b.reset();
  EXPECT_EQ(a->try_take(1), Answer::granted);
}

TEST_F(CpuLedgers, DoNotWaitForWhoGivesNoSignOfLife) {
  const auto a = process("a"), b = process("b");
  EXPECT_EQ(a->try_take(1), Answer::granted);
  EXPECT_EQ(a->try_take(1), Answer::granted);
  EXPECT_EQ(b->try_take(1), Answer::wait);
  a->give_back(1);
  freeze("b");
  EXPECT_EQ(a->try_take(1), Answer::granted);
  EXPECT_EQ(a->try_take(1), Answer::granted) << "as good as alone";
  a->give_back(3);
  b->keep_waiting();
  ::usleep(20'000);
  const auto c = process("c");
  EXPECT_EQ(c->try_take(2), Answer::wait) << "it is there again";
}

TEST_F(CpuLedgers, CountOnlyWhatIsHeldOfWhoGivesNoSign) {
  const auto a = process("a"), b = process("b");
  EXPECT_EQ(a->try_take(2), Answer::granted);
  freeze("a");
  EXPECT_EQ(b->try_take(1), Answer::wait) << "its attempts still run";
}

TEST_F(CpuLedgers, AskAgainWhileSomebodyReads) {
  const auto a = process("a");
  {
    const auto reader = io::FileLock::try_take(folder_ + ".lock", io::FileLock::Kind::alone);
    EXPECT_EQ(a->try_take(1), Answer::busy);
  }
  EXPECT_EQ(a->try_take(1), Answer::granted);
}

TEST_F(CpuLedgers, ThatCannotBeKeptAreAnError) {
  CpuLedger nowhere(above_ + "/not/there", "a", 2);
  EXPECT_THROW(nowhere.try_take(1), std::exception);
}

// ---- budgets of two processes

// It has no descriptors to watch: what others give back is found out by the timer.
class WatchlessLoop : public testing_support::FakeLoop {
 public:
  std::unique_ptr<io::Watch> watch_readable(int, std::function<void()>) override { return nullptr; }
};

struct Process {
  Process(io::Loop& loop, const std::string& folder, const std::string& name)
      : cpus(loop, folder, name, 2), budget(loop, {100, 1 << 20}) {
    budget.share_with(cpus);
    claim = budget.join({name, false}, [this] { ask(); });
  }
  // As many as it gets, up to so many.
  void want(std::size_t count) {
    wanted = count;
    ask();
  }
  void ask() {
    while (leases.size() < wanted) {
      auto lease = claim->try_take({1, 0, 0});
      if (!lease) return;
      leases.push_back(std::move(*lease));
    }
  }
  SharedCpus cpus;
  HostBudget budget;
  std::size_t wanted = 0;
  std::vector<Lease> leases;
  std::unique_ptr<HostBudget::Claim> claim;
};

TEST_F(CpuLedgers, GiveBudgetsOfTwoProcessesTheirShares) {
  WatchlessLoop loop;
  Process a(loop, folder_, "a"), b(loop, folder_, "b");
  a.want(2);
  EXPECT_EQ(a.leases.size(), 2u);
  b.want(2);
  EXPECT_EQ(b.leases.size(), 0u);
  EXPECT_TRUE(b.budget.waits_for_others());
  EXPECT_FALSE(a.budget.waits_for_others());
  a.wanted = 1;
  a.leases.pop_back();
  loop.advance(1s);
  EXPECT_EQ(b.leases.size(), 1u);
  EXPECT_TRUE(b.budget.waits_for_others());
  a.wanted = 0;
  a.leases.clear();
  loop.advance(1s);
  EXPECT_EQ(b.leases.size(), 2u);
  EXPECT_FALSE(b.budget.waits_for_others());
}

TEST_F(CpuLedgers, LetABudgetThatWantsNothingAnyMoreHoldNobodyUp) {
  WatchlessLoop loop;
  Process a(loop, folder_, "a"), b(loop, folder_, "b"), c(loop, folder_, "c");
  a.want(2);
  b.want(1);
  c.want(1);
  b.claim->withdraw();
  EXPECT_FALSE(b.budget.waits_for_others());
  a.wanted = 1;
  a.leases.pop_back();
  loop.advance(1s);
  EXPECT_EQ(c.leases.size(), 1u);
}

TEST_F(CpuLedgers, AreDoneWithoutWhereTheFolderIsGone) {
  WatchlessLoop loop;
  Process a(loop, folder_, "a");
  a.want(1);
  std::filesystem::remove_all(above_);
  a.want(5);
  EXPECT_EQ(a.leases.size(), 5u) << "no run fails for it";
}

}  // namespace
}  // namespace orchestrator
