#include "orchestrator/run/host_budget.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/fake_loop.h"

namespace orchestrator {
namespace {

constexpr std::int64_t kGiB = 1ll << 30;

class HostBudgetTest : public testing::Test {
 protected:
  // Somebody who wants leases, one after another, and counts how often it was called.
  struct Job {
    Job(HostBudget& budget, const std::string& client, bool low_priority)
        : claim(budget.join({client, low_priority}, [this] {
            ++called;
            ask();
          })) {}
    // Asks now, and again whenever it is called, until it has it.
    void want(HostShare share) {
      on_call = [this, share] {
        if (auto lease = claim->try_take(share)) {
          on_call = nullptr;
          leases.push_back(std::move(*lease));
        }
      };
      ask();
    }
    void ask() {
      if (const auto asked = on_call) asked();  // a copy: it may put itself out of use
    }
    bool has(std::size_t count) const { return leases.size() == count; }

    int called = 0;
    std::function<void()> on_call;
    std::vector<Lease> leases;
    std::unique_ptr<HostBudget::Claim> claim;
  };

  std::unique_ptr<Job> job(const std::string& client, bool low_priority = false) {
    return std::make_unique<Job>(budget_, client, low_priority);
  }
  static HostShare cpus(double count) { return {count, 0}; }

  testing_support::FakeLoop loop_;
  HostBudget budget_{loop_, {4, 8 * kGiB}};
};

TEST_F(HostBudgetTest, GivesNoMoreDiskThanIsFreeAtThatMoment) {
  std::int64_t free = 10 * kGiB;
  HostBudget budget(loop_, {4, 8 * kGiB}, [&] { return free; });
  Job a(budget, "ann", false), b(budget, "bob", false);
  a.want({1, 0, 6 * kGiB});
  b.want({1, 0, 6 * kGiB});
  EXPECT_TRUE(a.has(1));
  EXPECT_TRUE(b.has(0));
  free = 4 * kGiB;  // ann's has written all that it may
  a.leases.clear();
  loop_.settle();
  EXPECT_TRUE(b.has(1)) << "what wants more than there is gets all there is, alone";
  a.want({1, 0, kGiB});
  EXPECT_TRUE(a.has(0));
  Job without(budget, "cyd", false);
  b.leases.clear();
  loop_.settle();
  EXPECT_TRUE(a.has(1));
  without.want({1, 0, 0});
  EXPECT_TRUE(without.has(1));
}

TEST_F(HostBudgetTest, GivesAllOfADiskThatIsFillingToWhoeverAsksForMore) {
  std::int64_t free = 10 * kGiB;
  HostBudget budget(loop_, {4, 8 * kGiB}, [&] { return free -= 1'000; });
  Job a(budget, "ann", false);
  a.want({1, 0, 20 * kGiB});
  EXPECT_TRUE(a.has(1)) << "nobody would call it again";
}

TEST_F(HostBudgetTest, GivesWhatThereIs) {
  const auto a = job("ann");
  const auto lease = a->claim->try_take({3, 2 * kGiB});
  ASSERT_TRUE(lease);
  EXPECT_EQ(budget_.leased().cpus, 3);
  EXPECT_EQ(budget_.leased().memory_bytes, 2 * kGiB);
}

TEST_F(HostBudgetTest, GivesWholeOrNotAtAll) {
  const auto a = job("ann"), b = job("bob");
  a->want(cpus(3));
  EXPECT_FALSE(b->claim->try_take(cpus(2)));
  EXPECT_EQ(budget_.leased().cpus, 3) << "nothing of it was taken";
}

TEST_F(HostBudgetTest, BoundsMemoryLikeCpus) {
  const auto a = job("ann"), b = job("bob");
  a->want({1, 6 * kGiB});
  EXPECT_FALSE(b->claim->try_take({1, 3 * kGiB}));
  b->claim->withdraw();
  EXPECT_TRUE(b->claim->try_take({1, 2 * kGiB}));
}

TEST_F(HostBudgetTest, GivesAllOfTheHostToWhoAsksForMore) {
  const auto a = job("ann");
  const auto lease = a->claim->try_take({64, 512 * kGiB});
  ASSERT_TRUE(lease) << "it would never be given";
  EXPECT_EQ(budget_.leased().cpus, 4);
  EXPECT_EQ(budget_.leased().memory_bytes, 8 * kGiB);
}

TEST_F(HostBudgetTest, AddsUpFractions) {
  const auto a = job("ann");
  for (int i = 0; i < 40; ++i) a->want(cpus(0.1));
  EXPECT_TRUE(a->has(40));
  EXPECT_FALSE(a->claim->try_take(cpus(0.1)));
}

TEST_F(HostBudgetTest, HasAllAgainWhenLeasesAreGone) {
  const auto a = job("ann");
  a->want({3, kGiB});
  a->leases.clear();
  EXPECT_EQ(budget_.leased().cpus, 0);
  EXPECT_EQ(budget_.leased().memory_bytes, 0);
}

TEST_F(HostBudgetTest, GivesAMovedLeaseBackOnce) {
  const auto a = job("ann");
  std::optional<Lease> first = a->claim->try_take(cpus(3));
  {
    const Lease second = std::move(*first);
    first.reset();
    EXPECT_EQ(budget_.leased().cpus, 3);
  }
  EXPECT_EQ(budget_.leased().cpus, 0);
}

TEST_F(HostBudgetTest, GivesTheOldLeaseBackWhenANewOneTakesItsPlace) {
  const auto a = job("ann");
  std::optional<Lease> kept = a->claim->try_take(cpus(3));
  kept = a->claim->try_take(cpus(1));
  EXPECT_EQ(budget_.leased().cpus, 1);
}

TEST_F(HostBudgetTest, BearsLeasesOfNothing) {
  const auto a = job("ann");
  a->want(cpus(0));
  a->want(cpus(0));
  a->leases.clear();
  EXPECT_EQ(budget_.leased().cpus, 0);
}

TEST_F(HostBudgetTest, CallsWhoWaitsWhenThereIsRoom) {
  const auto a = job("ann"), b = job("bob");
  a->want(cpus(4));
  b->want(cpus(1));
  loop_.settle();
  EXPECT_EQ(b->called, 0) << "not while there is no room";
  a->leases.clear();
  EXPECT_EQ(b->called, 0) << "not from inside of what somebody else does";
  loop_.settle();
  EXPECT_EQ(b->called, 1);
  EXPECT_TRUE(b->has(1));
}

TEST_F(HostBudgetTest, CallsAllForWhomThereIsRoom) {
  const auto a = job("ann"), b = job("bob"), c = job("cid");
  a->want(cpus(4));
  b->want(cpus(2));
  c->want(cpus(2));
  a->leases.clear();
  loop_.settle();
  EXPECT_TRUE(b->has(1));
  EXPECT_TRUE(c->has(1));
}

// ---- who is next

TEST_F(HostBudgetTest, GivesToTheClientThatHoldsTheLeast) {
  const auto a = job("ann"), b = job("bob"), blocker = job("cid");
  a->want(cpus(2));
  blocker->want(cpus(2));
  const auto more_of_a = job("ann");
  more_of_a->want(cpus(1));  // before bob, but ann has something already
  loop_.advance(std::chrono::seconds(1));
  b->want(cpus(2));
  blocker->leases.clear();
  loop_.settle();
  EXPECT_TRUE(b->has(1));
  EXPECT_TRUE(more_of_a->has(0));
}

TEST_F(HostBudgetTest, GivesToNormalPriorityBeforeLow) {
  const auto low = job("ann", true), normal = job("bob"), blocker = job("cid");
  blocker->want(cpus(4));
  low->want(cpus(4));
  loop_.advance(std::chrono::seconds(1));
  normal->want(cpus(4));
  blocker->leases.clear();
  loop_.settle();
  EXPECT_TRUE(normal->has(1));
  EXPECT_TRUE(low->has(0));
  normal->leases.clear();
  loop_.settle();
  EXPECT_TRUE(low->has(1));
}

TEST_F(HostBudgetTest, TreatsLowPriorityLikeOthersOnceItHasWaitedTenMinutes) {
  const auto low = job("ann", true), normal = job("bob"), blocker = job("cid");
  blocker->want(cpus(4));
  low->want(cpus(4));
  loop_.advance(std::chrono::minutes(10));
  normal->want(cpus(4));
  blocker->leases.clear();
  loop_.settle();
  EXPECT_TRUE(low->has(1));
  EXPECT_TRUE(normal->has(0));
}

TEST_F(HostBudgetTest, GivesToWhoeverHasWaitedLongest) {
  const auto blocker = job("cid");
  blocker->want(cpus(4));
  const auto second = job("ann"), first = job("bob");
  first->want(cpus(4));
  loop_.advance(std::chrono::seconds(1));
  second->want(cpus(4));
  blocker->leases.clear();
  loop_.settle();
  EXPECT_TRUE(first->has(1));
  EXPECT_TRUE(second->has(0));
}

TEST_F(HostBudgetTest, PassesNobodyOverForBeingLarge) {
  const auto large = job("ann"), small = job("bob"), blocker = job("cid");
  blocker->want(cpus(2));
  large->want(cpus(4));
  loop_.advance(std::chrono::seconds(1));
  small->want(cpus(1));  // there would be room
  EXPECT_TRUE(small->has(0));
  blocker->leases.clear();
  loop_.settle();
  EXPECT_TRUE(large->has(1));
  EXPECT_TRUE(small->has(0));
  large->leases.clear();
  loop_.settle();
  EXPECT_TRUE(small->has(1));
}

TEST_F(HostBudgetTest, LetsNobodyStarve) {
  const auto a = job("ann"), b = job("bob"), waiting = job("cid", true);
  a->want(cpus(2));
  b->want(cpus(2));
  waiting->want(cpus(4));
  // Two clients who always want more, and never rest at the same time.
  for (int i = 0; i < 100 && waiting->has(0); ++i) {
    Job& each = i % 2 == 0 ? *a : *b;
    each.leases.clear();
    each.want(cpus(2));
    loop_.advance(std::chrono::seconds(30));
  }
  EXPECT_TRUE(waiting->has(1));
}

// ---- who goes

TEST_F(HostBudgetTest, GoesOnWhenWhoIsNextWantsNothingAnyMore) {
  const auto large = job("ann"), small = job("bob"), blocker = job("cid");
  blocker->want(cpus(2));
  large->want(cpus(4));
  loop_.advance(std::chrono::seconds(1));
  small->want(cpus(1));
  large->claim->withdraw();
  loop_.settle();
  EXPECT_TRUE(small->has(1));
  EXPECT_EQ(large->called, 0);
}

TEST_F(HostBudgetTest, GoesOnWhenWhoIsNextIsGone) {
  auto large = job("ann");
  const auto small = job("bob"), blocker = job("cid");
  blocker->want(cpus(2));
  large->want(cpus(4));
  loop_.advance(std::chrono::seconds(1));
  small->want(cpus(1));
  large.reset();
  loop_.settle();
  EXPECT_TRUE(small->has(1));
}

TEST_F(HostBudgetTest, CallsNobodyWhoHasGoneMeanwhile) {
  auto gone = job("ann");
  const auto blocker = job("cid");
  blocker->want(cpus(4));
  gone->want(cpus(4));
  blocker->leases.clear();  // the call is under way
  gone.reset();
  EXPECT_NO_THROW(loop_.settle());
}

TEST_F(HostBudgetTest, CallsNobodyWhoHasWithdrawnMeanwhile) {
  const auto a = job("ann"), blocker = job("cid");
  blocker->want(cpus(4));
  a->want(cpus(4));
  blocker->leases.clear();
  a->claim->withdraw();
  loop_.settle();
  EXPECT_EQ(a->called, 0);
}

TEST_F(HostBudgetTest, TakesALeaseBackAlsoFromWhoHasLeft) {
  auto a = job("ann");
  const auto b = job("bob");
  a->want(cpus(4));
  std::vector<Lease> outlives = std::move(a->leases);
  a.reset();
  b->want(cpus(4));
  outlives.clear();
  loop_.settle();
  EXPECT_TRUE(b->has(1));
}

TEST_F(HostBudgetTest, CountsTheWaitFromTheFirstTimeItWasAsked) {
  const auto a = job("ann"), b = job("bob"), blocker = job("cid");
  blocker->want(cpus(4));
  a->want(cpus(4));
  loop_.advance(std::chrono::seconds(1));
  b->want(cpus(4));
  loop_.advance(std::chrono::seconds(1));
  EXPECT_FALSE(a->claim->try_take(cpus(4)));  // once more: no new wait
  blocker->leases.clear();
  loop_.settle();
  EXPECT_TRUE(a->has(1));
}

}  // namespace
}  // namespace orchestrator
