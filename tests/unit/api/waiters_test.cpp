#include "orchestrator/api/waiters.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

namespace orchestrator {
namespace {

using std::chrono::milliseconds;

// Time is the test's: what is to be called after a while is called when the test says that it is over.
class WaitersTest : public testing::Test {
 protected:
  void time_is_over() {
    for (auto& fn : std::exchange(later_, {})) fn();
  }

  std::vector<std::function<void()>> later_;
  Waiters waiters_{[this](milliseconds, std::function<void()> fn) { later_.push_back(std::move(fn)); }};
};

TEST_F(WaitersTest, AnswerAtOnceWhatCanBeAnswered) {
  int tries = 0;
  waiters_.wait("a", milliseconds(1'000), [&](bool last) {
    EXPECT_FALSE(last);
    ++tries;
    return true;
  });
  EXPECT_EQ(tries, 1);
  EXPECT_EQ(waiters_.waiting(), 0u);
  EXPECT_TRUE(later_.empty());
}

TEST_F(WaitersTest, TryAgainAtEachChangeOfTheJobAndOfNoOther) {
  int tries = 0;
  waiters_.wait("a", milliseconds(1'000), [&](bool) { return ++tries == 3; });
  EXPECT_EQ(tries, 1);
  waiters_.changed("b");
  EXPECT_EQ(tries, 1);
  waiters_.changed("a");
  EXPECT_EQ(tries, 2);
  EXPECT_EQ(waiters_.waiting(), 1u);
  waiters_.changed("a");
  EXPECT_EQ(tries, 3);
  EXPECT_EQ(waiters_.waiting(), 0u);
}

TEST_F(WaitersTest, AreAllAnsweredAtTheEnd) {
  int answered = 0;
  const auto at_last = [&](bool last) { return last && ++answered > 0; };
  waiters_.wait("a", milliseconds(1'000), at_last);
  waiters_.wait("b", milliseconds(1'000), at_last);
  waiters_.end();
  EXPECT_EQ(answered, 2);
  waiters_.wait("a", milliseconds(1'000), at_last);
  EXPECT_EQ(answered, 3) << "nobody comes too late";
  time_is_over();
  EXPECT_EQ(answered, 3);
  EXPECT_EQ(waiters_.waiting(), 0u);
}

TEST_F(WaitersTest, NeverTryOnceThereWasAnAnswer) {
  int tries = 0;
  waiters_.wait("a", milliseconds(1'000), [&](bool) { return ++tries == 2; });
  waiters_.changed("a");
  waiters_.changed("a");
  time_is_over();
  EXPECT_EQ(tries, 2);
}

TEST_F(WaitersTest, TryForTheLastTimeWhenTheTimeIsOver) {
  std::vector<bool> tries;
  waiters_.wait("a", milliseconds(1'000), [&](bool last) {
    tries.push_back(last);
    return last;
  });
  time_is_over();
  EXPECT_EQ(tries, (std::vector<bool>{false, true}));
  EXPECT_EQ(waiters_.waiting(), 0u);
}

TEST_F(WaitersTest, WaitNoTimeWhereNoneIsGiven) {
  std::vector<bool> tries;
  waiters_.wait("a", milliseconds(0), [&](bool last) {
    tries.push_back(last);
    return last;
  });
  EXPECT_EQ(tries, std::vector<bool>{true});
  EXPECT_TRUE(later_.empty());
}

TEST_F(WaitersTest, ServeAllWhoWaitForAJob) {
  int answered = 0;
  bool ready = false;
  for (int i = 0; i < 5; ++i)
    waiters_.wait("a", milliseconds(1'000), [&](bool) {
      answered += ready ? 1 : 0;
      return ready;
    });
  EXPECT_EQ(waiters_.waiting(), 5u);
  ready = true;
  waiters_.changed("a");
  EXPECT_EQ(answered, 5);
  EXPECT_EQ(waiters_.waiting(), 0u);
}

TEST_F(WaitersTest, BearAnAttemptThatChangesItsOwnJob) {
  int tries = 0, depth = 0;
  waiters_.wait("a", milliseconds(1'000), [&](bool) {
    EXPECT_EQ(depth++, 0) << "called within itself";
    if (++tries == 1) waiters_.changed("a");
    --depth;
    return tries == 2;
  });
  EXPECT_EQ(tries, 2) << "the change was missed";
  EXPECT_EQ(waiters_.waiting(), 0u);
}

TEST_F(WaitersTest, BearAnAttemptThatWaitsForSomethingElse) {
  bool second = false;
  waiters_.wait("a", milliseconds(1'000), [&](bool) {
    waiters_.wait("b", milliseconds(1'000), [&](bool) { return second; });
    return true;
  });
  EXPECT_EQ(waiters_.waiting(), 1u);
  second = true;
  waiters_.changed("b");
  EXPECT_EQ(waiters_.waiting(), 0u);
}

TEST_F(WaitersTest, LetGoOfAnAnsweredAttempt) {
  const auto held = std::make_shared<int>(0);
  waiters_.wait("a", milliseconds(1'000), [held](bool) { return true; });
  EXPECT_EQ(held.use_count(), 1);
  bool ready = false;
  waiters_.wait("b", milliseconds(1'000), [held, &ready](bool) { return ready; });
  EXPECT_EQ(held.use_count(), 2);
  ready = true;
  waiters_.changed("b");
  EXPECT_EQ(held.use_count(), 1) << "also while its timer is still to come";
}

TEST_F(WaitersTest, LetGoOfAnAttemptThatThrows) {
  const auto reply = std::make_shared<int>(0);
  bool broken = false;
  waiters_.wait("a", milliseconds(1'000), [reply, &broken](bool) -> bool {
    if (broken) throw std::runtime_error("the database is gone");
    return false;
  });
  broken = true;
  EXPECT_NO_THROW(waiters_.changed("a")) << "who has changed the job can do nothing about it";
  EXPECT_EQ(waiters_.waiting(), 0u);
  EXPECT_EQ(reply.use_count(), 1) << "a reply that nobody holds answers for itself";
}

TEST_F(WaitersTest, AreTriedByOneThreadAtATimeAndMissNoChange) {
  std::atomic<int> value{0}, inside{0}, answered{0};
  constexpr int kLast = 2'000;
  for (int i = 0; i < 20; ++i)
    waiters_.wait("a", milliseconds(1'000), [&, within = std::make_shared<std::atomic<int>>(0)](bool) {
      EXPECT_EQ((*within)++, 0);
      ++inside;
      const bool done = value >= kLast;
      --*within;
      answered += done ? 1 : 0;
      return done;
    });
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      while (value++ < kLast) waiters_.changed("a");
      waiters_.changed("a");
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(answered, 20);
  EXPECT_EQ(waiters_.waiting(), 0u);
}

TEST_F(WaitersTest, MissNoChangeBetweenTheFirstTryAndTheWait) {
  for (int i = 0; i < 200; ++i) {
    std::atomic<bool> ready{false}, answered{false};
    std::thread changer([&] {
      ready = true;
      waiters_.changed("a");
    });
    waiters_.wait("a", milliseconds(1'000), [&](bool) {
      if (ready) answered = true;
      return answered.load();
    });
    changer.join();
    ASSERT_TRUE(answered);
  }
}

}  // namespace
}  // namespace orchestrator
