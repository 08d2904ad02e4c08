// What workers say that take jobs over the wire, and what they are told.
#include "tests/unit/store/store_fixture.h"

namespace orchestrator {
namespace {

class AWorker : public StoreTest {
 protected:
  // Given to w1 so long ago that it must know.
  AWorker() {
    submit("a");
    job_ = take("w1");
    now_ += 15'000;
  }
  void says_it_holds(const std::vector<HandOut>& held) {
    queue().holds("w1", "flaky", held, Claim::in_passing);
  }
  HandOut hand_out() const { return {job_.id, job_.epoch}; }

  StoredJob job_;
};

TEST_F(AWorker, LosesWhatItDoesNotNameTwice) {
  says_it_holds({});
  EXPECT_EQ(state("a"), JobState::running) << "it may have been on its way";
  told_.clear();
  says_it_holds({{"another", 1}});
  EXPECT_EQ(state("a"), JobState::queued);
  EXPECT_EQ(find("a").retries, 1);
  EXPECT_EQ(told_, Ids{"a"});
}

TEST_F(AWorker, KeepsWhatItNamesInBetween) {
  for (int i = 0; i < 3; ++i) {
    says_it_holds({});
    says_it_holds({hand_out()});
  }
  EXPECT_EQ(state("a"), JobState::running);
}

TEST_F(AWorker, LosesAHandOutOfWhichItHasOnlyAnEarlierOne) {
  queue().give_back("a", job_.epoch);
  take("w1");
  now_ += 15'000;
  for (int i = 0; i < 2; ++i) says_it_holds({hand_out()});
  EXPECT_EQ(state("a"), JobState::queued);
}

TEST_F(AWorker, KeepsWhatItWasGivenJustNow) {
  submit("b");
  take("w1");
  now_ += 14'999;
  for (int i = 0; i < 2; ++i) says_it_holds({hand_out()});
  EXPECT_EQ(state("b"), JobState::running);
}

TEST_F(AWorker, SaysNothingOfWhatOthersHold) {
  submit("of another");
  take("w2");
  Submission elsewhere = job("of another endpoint");
  elsewhere.endpoint = "other";
  queue().submit(elsewhere);
  take("w1");
  now_ += 15'000;
  for (int i = 0; i < 2; ++i) says_it_holds({hand_out()});
  EXPECT_EQ(state("of another"), JobState::running);
  EXPECT_EQ(state("of another endpoint"), JobState::running);
}

TEST_F(AWorker, LosesNothingThatHasEndedInBetween) {
  says_it_holds({});
  finish(job_);
  says_it_holds({});
  EXPECT_EQ(state("a"), JobState::completed);
}

TEST_F(AWorker, IsToldToStopAJobEveryTenSeconds) {
  queue().cancel("a");
  EXPECT_EQ(ids_to_stop("w1"), Ids{"a"});
  now_ += 9'999;
  EXPECT_EQ(ids_to_stop("w1"), Ids{}) << "it asks again at once";
  now_ += 1;
  EXPECT_EQ(ids_to_stop("w1"), Ids{"a"}) << "an answer may be lost";
}

TEST_F(AWorker, CostsACommitEveryFiveSecondsOnly) {
  const auto heard = [this] {
    queue().heard_of("w1", "flaky");
    return database_->with([](SQLite::Database& connection) {
      return connection.execAndGet("SELECT heard FROM workers").getInt64();
    });
  };
  const Milliseconds first = now_;
  EXPECT_EQ(heard(), first);
  now_ += 4'999;
  EXPECT_EQ(heard(), first);
  now_ += 1;
  EXPECT_EQ(heard(), now_);
}

TEST_F(AWorker, IsUnhealthyFromWhenItSaysSoUntilItSaysSomethingElse) {
  queue().heard_of("w2", "flaky");
  queue().heard_is_unhealthy("w2", "flaky");
  EXPECT_EQ(queue().workers("flaky").unhealthy, 1);
  EXPECT_EQ(queue().workers("flaky").idle, 0);
  now_ += limits_.worker_silence + 1;
  EXPECT_EQ(queue().workers("flaky").unhealthy, 1) << "it may have ended over it";
  queue().heard_of("w2", "flaky");
  EXPECT_EQ(queue().workers("flaky").unhealthy, 0);
  EXPECT_EQ(queue().workers("flaky").idle, 1);
}

TEST_F(AWorker, IsUnhealthyWhenItFellSilentOverAJobAndHasLeftElse) {
  queue().heard_of("w1", "flaky");
  queue().heard_of("w2", "flaky");
  now_ += limits_.worker_silence + 1;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(queue().workers("flaky").unhealthy, 1) << "w1";
    EXPECT_EQ(queue().workers("flaky").silent, 1) << "w2";
    queue().expire({});
  }
  EXPECT_EQ(state("a"), JobState::queued);
  now_ += 86'400'000;
  queue().expire({});
  EXPECT_EQ(queue().workers("flaky").unhealthy, 0);
}

TEST_F(AWorker, OfTheServersOwnIsBusyWithItsOwnJobsAlone) {
  EXPECT_FALSE(queue().workers("flaky").own_runs) << "a is with w1";
  submit("b");
  const StoredJob own = take("local");
  EXPECT_TRUE(queue().workers("flaky").own_runs);
  EXPECT_TRUE(queue().workers("another").own_runs);
  finish(own);
  EXPECT_FALSE(queue().workers("flaky").own_runs);
}

TEST_F(AWorker, MayNotBeCalledAsTheServersOwn) {
  EXPECT_TRUE(queue().is_own("local"));
  EXPECT_FALSE(queue().is_own("w1"));
}

}  // namespace
}  // namespace orchestrator
