// What time and the death of those who work bring about in the queue.
#include "tests/unit/store/store_fixture.h"

namespace orchestrator {
namespace {

// ---- at a start

using Recovering = StoreTest;

TEST_F(Recovering, GivesAJobOfTheDeadProcessToTheQueueOnce) {
  submit("a");
  const StoredJob taken = take("local");
  queue().tell_progress("a", taken.epoch, R"({"n":1})", {"1"});
  now_ += 5'000;
  open();
  EXPECT_EQ(queue().recover("local", Recovery::restart), 1);
  const StoredJob found = find("a");
  EXPECT_EQ(found.state, JobState::queued);
  EXPECT_EQ(found.retries, 1);
  EXPECT_EQ(found.progress, "");
  EXPECT_EQ(found.worker, "");
  EXPECT_EQ(found.queued, now_);
  EXPECT_EQ(queue().take_chunks("a"), Ids{}) << "the next run tells them anew";
  EXPECT_EQ(queue().counts("").retried, 1);
}

TEST_F(Recovering, EndsAJobThatHasLostTwoProcesses) {
  submit("a");
  take("local");
  queue().recover("local", Recovery::restart);
  take("local");
  now_ += 5'000;
  queue().recover("local", Recovery::restart);
  EXPECT_EQ(state("a"), JobState::failed);
  EXPECT_EQ(find("a").error, "the server ended twice while it ran");
  EXPECT_EQ(find("a").ended, now_);
}

TEST_F(Recovering, FailsThemWhereTheOperatorWantsThat) {
  submit("a");
  take("local");
  EXPECT_EQ(queue().recover("local", Recovery::fail), 1);
  EXPECT_EQ(state("a"), JobState::failed);
  EXPECT_EQ(find("a").error, "the server was restarted while the job ran");
  EXPECT_EQ(find("a").ended, now_);
}

TEST_F(Recovering, LeavesAllOthersAlone) {
  submit("remote");
  take("w1");
  submit("waits");
  end("done", JobState::completed);
  told_.clear();
  for (const Recovery each : {Recovery::restart, Recovery::fail})
    EXPECT_EQ(queue().recover("local", each), 0);
  EXPECT_EQ(state("remote"), JobState::running);
  EXPECT_EQ(told_, Ids{});
}

TEST_F(Recovering, TellsOfWhatHasChanged) {
  submit("a");
  take("local");
  told_.clear();
  queue().recover("local", Recovery::restart);
  EXPECT_EQ(told_, Ids{"a"});
}

// ---- ttl and execution timeouts

class Expiring : public StoreTest {
 protected:
  void submit_with(const std::string& id, Milliseconds ttl, Milliseconds execution_timeout) {
    Submission said = job(id);
    said.ttl = ttl;
    said.execution_timeout = execution_timeout;
    queue().submit(said);
  }
  static constexpr Milliseconds kLong = 86'400'000;
};

TEST_F(Expiring, TimesOutAJobThatWaitedPastItsTtl) {
  submit_with("a", 10'000, kLong);
  now_ += 9'999;
  queue().expire({});
  EXPECT_EQ(state("a"), JobState::queued);
  now_ += 1;
  told_.clear();
  queue().expire({});
  EXPECT_EQ(state("a"), JobState::timed_out);
  EXPECT_EQ(find("a").ended, now_);
  EXPECT_NE(find("a").error, "");
  EXPECT_EQ(told_, Ids{"a"});
}

TEST_F(Expiring, TimesOutAJobThatRunsPastItsTtl) {
  submit_with("a", 10'000, kLong);
  take("local");
  now_ += 10'000;
  queue().expire({});
  EXPECT_EQ(state("a"), JobState::timed_out);
}

TEST_F(Expiring, FailsARemoteJobThatRunsTooLong) {
  submit_with("a", kLong, 5'000);
  now_ += 3'000;  // waiting is not running
  const StoredJob taken = take("w1");
  now_ += 4'999;
  queue().expire({});
  EXPECT_EQ(state("a"), JobState::running);
  now_ += 1;
  queue().expire({});
  EXPECT_EQ(state("a"), JobState::failed);
  EXPECT_EQ(find("a").error, "executionTimeout exceeded");
  EXPECT_FALSE(finish(taken));
}

TEST_F(Expiring, LeavesTheTimeOfItsOwnJobsToItsOwnWorker) {
  submit_with("a", kLong, 5'000);
  take(limits_.own_worker);
  now_ += 5'000;
  queue().expire({});
  EXPECT_EQ(state("a"), JobState::running);
}

TEST_F(Expiring, TellsAWorkerToStopWhatHasRunTooLong) {
  submit_with("a", kLong, 5'000);
  take("w1");
  now_ += 5'000;
  queue().expire({});
  EXPECT_EQ(ids_to_stop("w1"), Ids{"a"}) << "nobody waits for it any more";
}

TEST_F(Expiring, DoesNothingToWhatHasEnded) {
  submit_with("a", 10'000, 5'000);
  finish(take("w1"));
  now_ += 20'000;
  queue().expire({});
  EXPECT_EQ(state("a"), JobState::completed);
}

TEST_F(Expiring, GivesAJobThatIsTriedOnceMoreItsWholeTtl) {
  submit_with("a", 10'000, kLong);
  now_ += 10'000;
  queue().expire({});
  now_ += 50'000;
  ASSERT_TRUE(queue().retry("a"));
  now_ += 9'999;
  queue().expire({});
  EXPECT_EQ(state("a"), JobState::queued);
  now_ += 1;
  queue().expire({});
  EXPECT_EQ(state("a"), JobState::timed_out);
}

// ---- workers

using SilentWorker = StoreTest;

TEST_F(SilentWorker, LosesItsJobToTheQueueOnceAndThenItFails) {
  submit("a");
  queue().heard_of("w1", "flaky");
  take("w1");
  now_ += limits_.worker_silence;
  queue().expire({});
  EXPECT_EQ(state("a"), JobState::queued);
  EXPECT_EQ(find("a").retries, 1);
  queue().heard_of("w2", "flaky");
  take("w2");
  now_ += limits_.worker_silence;
  told_.clear();
  queue().expire({});
  EXPECT_EQ(state("a"), JobState::failed);
  EXPECT_EQ(find("a").error, "job timed out after 1 retries");
  EXPECT_EQ(told_, Ids{"a"});
}

TEST_F(SilentWorker, KeepsItsJobWhileItIsHeardOf) {
  submit("a");
  queue().heard_of("w1", "flaky");
  take("w1");
  for (int i = 0; i < 5; ++i) {
    now_ += limits_.worker_silence - 1;
    queue().heard_of("w1", "flaky");
    queue().expire({});
  }
  EXPECT_EQ(state("a"), JobState::running);
}

TEST_F(SilentWorker, HasLostItsJobsWhenItSaysThatItHoldsNone) {
  submit("a");
  take("w1");
  submit("b");
  take("w2");
  submit("c");
  take("local");
  for (const char* worker : {"w1", "local"}) queue().holds(worker, "flaky", {}, Claim::on_asking);
  queue().holds("w2", "another", {}, Claim::on_asking);
  EXPECT_EQ(state("a"), JobState::queued);
  EXPECT_EQ(find("a").retries, 1);
  EXPECT_EQ(state("b"), JobState::running) << "of another endpoint's worker";
  EXPECT_EQ(state("c"), JobState::running) << "the own worker says nothing over the wire";
  take("w1");
  queue().holds("w1", "flaky", {}, Claim::on_asking);
  EXPECT_EQ(state("a"), JobState::failed);
}

TEST_F(SilentWorker, IsToldToStopWhatOthersHaveWhenItComesBack) {
  submit("a");
  submit("b");
  queue().heard_of("w1", "flaky");
  const HandOut first{take("w1").id, 1}, second{take("w1").id, 1};
  now_ += limits_.worker_silence + 1;
  queue().heard_of("w2", "flaky");
  queue().expire({});
  take("w2");  // a; nobody has b now
  queue().heard_of("w1", "flaky");
  queue().holds("w1", "flaky", {first, second}, Claim::in_passing);
  EXPECT_EQ(ids_to_stop("w1"), (Ids{"a", "b"}));
  EXPECT_EQ(ids_to_stop("w2"), Ids{});

  const StoredJob again = take("w1");  // b, once more
  now_ += 60'000;
  queue().holds("w1", "flaky", {first, {again.id, again.epoch}}, Claim::in_passing);
  EXPECT_EQ(ids_to_stop("w1"), Ids{"a"});
  queue().holds("w1", "flaky", {{again.id, again.epoch}}, Claim::in_passing);
  now_ += 60'000;
  EXPECT_EQ(ids_to_stop("w1"), Ids{});
}

TEST_F(SilentWorker, IsNeverTheOwnOne) {
  submit("a");
  take("local");
  now_ += 10 * limits_.worker_silence;
  queue().expire({});
  EXPECT_EQ(state("a"), JobState::running);
}

TEST_F(SilentWorker, IsNotOneWhomNobodyCouldHear) {
  submit("a");
  queue().heard_of("w1", "flaky");
  take("w1");
  now_ += 10 * limits_.worker_silence;
  open();  // the server was down
  queue().expire({});
  EXPECT_EQ(state("a"), JobState::running);
  EXPECT_EQ(queue().next_expiry(), now_ + limits_.worker_silence);
  now_ += limits_.worker_silence;
  queue().expire({});
  EXPECT_EQ(state("a"), JobState::queued) << "it has had its time";
}

TEST_F(SilentWorker, IsCountedApart) {
  queue().heard_of("w1", "flaky");
  now_ += limits_.worker_silence + 1;
  queue().heard_of("w2", "flaky");
  queue().heard_of("w3", "flaky");
  queue().heard_of("w4", "other");
  submit("a");
  take("w3");
  const auto workers = queue().workers("flaky");
  EXPECT_EQ(workers.silent, 1);
  EXPECT_EQ(workers.idle, 1);
  EXPECT_EQ(workers.running, 1);
}

TEST_F(SilentWorker, IsForgottenAfterADay) {
  queue().heard_of("w1", "flaky");
  now_ += 86'400'000;
  queue().expire({});
  EXPECT_EQ(queue().workers("flaky").silent, 0);
}

// ---- retention

class Retaining : public StoreTest {
 protected:
  // Jobs that ended long ago, in one commit: "0", "1", …
  void let_have_ended(int count, int bytes, int log_bytes) {
    database_->with([&](SQLite::Database& connection) {
      SQLite::Statement insert(
          connection,
          "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1) INSERT INTO "
          "jobs (id, endpoint, client, input, request, state, created, queued, ended, execution_timeout, "
          "ttl, "
          "low_priority, bytes, log_bytes) SELECT i, '', '', '', '', 2, 1, 1, 1, 1, 1, 0, ?2, ?3 FROM n");
      insert.bind(1, count);
      insert.bind(2, bytes);
      insert.bind(3, log_bytes);
      insert.exec();
    });
  }
};

TEST_F(Retaining, ForgetsWhatHasEndedLongAgo) {
  end("old", JobState::completed);
  now_ += kLeastKept + 1'000;
  end("new", JobState::completed);
  Retention retention;
  retention.age = kLeastKept + 1'000;
  EXPECT_EQ(queue().expire(retention).jobs, Ids{"old"});
  EXPECT_FALSE(queue().find("old"));
  EXPECT_TRUE(queue().find("new"));
  EXPECT_TRUE(events().read(0, "old", 10).empty()) << "its events go with it";
}

TEST_F(Retaining, NeverForgetsWhatHasNotEnded) {
  submit("waits");
  submit("runs");
  take();
  now_ += kLeastKept;
  Retention nothing;
  nothing.age = 0;
  nothing.bytes = 0;
  EXPECT_EQ(queue().expire(nothing).jobs, Ids{});
}

TEST_F(Retaining, ForgetsTheOldestWhenAllTogetherAreTooLarge) {
  const std::string large = "\"" + std::string(1'000, 'x') + "\"";
  for (const char* id : {"a", "b", "c"}) {
    submit(id);
    finish(take(), JobState::completed, large);
  }
  now_ += kLeastKept;
  Retention retention;
  retention.bytes = 2'500;  // two of them
  EXPECT_EQ(queue().expire(retention).jobs, Ids{"a"});
  EXPECT_EQ(queue().expire(retention).jobs, Ids{});
}

TEST_F(Retaining, CountsErrors) {
  submit("a");
  const StoredJob taken = take();
  queue().finish(taken.id, taken.epoch, JobState::failed, "", std::string(1'000, 'x'));
  Submission refused;
  refused.id = "b";
  refused.error = std::string(1'000, 'x');
  queue().submit(refused);
  now_ += kLeastKept;
  Retention retention;
  retention.bytes = 1'500;  // one of them
  EXPECT_EQ(queue().expire(retention).jobs, Ids{"a"});
}

TEST_F(Retaining, ForgetsFirstWhatHasEndedFirst) {
  const std::string output(500, '1');
  submit("long");
  const StoredJob taken = take();
  submit("short");
  queue().finish("short", take().epoch, JobState::completed, output, "");
  now_ += 1'000;
  queue().finish("long", taken.epoch, JobState::completed, output, "");
  now_ += kLeastKept;
  Retention retention;
  retention.bytes = 900;
  EXPECT_EQ(queue().expire(retention).jobs, Ids{"short"});
}

TEST_F(Retaining, LetsTheLogsOfTheOldestGoBeforeAnyResult) {
  for (const char* id : {"a", "b", "c"}) {
    submit(id);
    queue().finish(id, take().epoch, JobState::completed, std::string(500, '1'), "", 6'000, 5'000);
  }
  Retention retention;
  retention.bytes = 15'500;
  Forgotten forgotten = queue().expire(retention);
  EXPECT_EQ(forgotten.logs, Ids{"a"});
  EXPECT_EQ(forgotten.jobs, Ids{});
  EXPECT_TRUE(find("a").logs_gone);
  EXPECT_FALSE(find("b").logs_gone);
  retention.bytes = 5'500;  // of what is left but for logs, some 4,600
  forgotten = queue().expire(retention);
  EXPECT_EQ(forgotten.logs, (Ids{"b", "c"})) << "also of jobs that have ended just now";
  EXPECT_EQ(forgotten.jobs, Ids{});
  now_ += kLeastKept;
  retention.bytes = 3'500;
  forgotten = queue().expire(retention);
  EXPECT_EQ(forgotten.logs, Ids{});
  EXPECT_EQ(forgotten.jobs, Ids{"a"});
}

TEST_F(Retaining, CountsLogsAnewWhenAJobIsTriedOnceMore) {
  Retention retention;
  retention.bytes = 2'000;
  submit("a");
  for (int run = 0; run < 2; ++run) {
    queue().finish("a", take().epoch, JobState::failed, "1", "", 5'000, 5'000);
    EXPECT_FALSE(find("a").logs_gone);
    EXPECT_EQ(queue().expire(retention).logs, Ids{"a"});
    ASSERT_TRUE(queue().retry("a"));
  }
}

TEST_F(Retaining, CountsTheLogsOfAJobThatWasCancelled) {
  submit("a");
  const StoredJob taken = take();
  queue().cancel("a");
  queue().finish("a", taken.epoch, JobState::completed, "1", "", 5'000, 5'000);
  Retention retention;
  retention.bytes = 2'000;
  EXPECT_EQ(queue().expire(retention).logs, Ids{"a"});
}

TEST_F(Retaining, CountsFilesAndEvents) {
  submit("files");
  const StoredJob with_files = take();
  queue().finish("files", with_files.epoch, JobState::completed, "1", "", 5'000);
  submit("cancelled");
  const StoredJob cancelled = take();
  queue().cancel("cancelled");
  queue().finish("cancelled", cancelled.epoch, JobState::completed, "1", "", 5'000);
  submit("events");
  const StoredJob with_events = take();
  events().append({{0, "events", now_, "output", std::string(5'000, 'x')}});
  finish(with_events);
  now_ += kLeastKept;
  Retention retention;
  retention.bytes = 15'500;
  EXPECT_EQ(queue().expire(retention).jobs, Ids{});
  for (const char* oldest : {"files", "cancelled", "events"}) {
    retention.bytes -= 5'000;
    EXPECT_EQ(queue().expire(retention).jobs, Ids{oldest});
  }
}

TEST_F(Retaining, CountsWhatNobodyHasTakenOfAStream) {
  submit("a");
  const StoredJob taken = take();
  queue().tell_progress("a", taken.epoch, "", {std::string(3'000, 'x'), std::string(2'000, 'y')});
  finish(taken);
  now_ += kLeastKept;
  Retention retention;
  retention.bytes = 5'100 + 2 * kChunkRow;
  EXPECT_EQ(queue().expire(retention).jobs, Ids{});
  end("b", JobState::completed);
  retention.bytes = 4'900;
  queue().take_chunks("a");
  EXPECT_EQ(queue().expire(retention).jobs, Ids{}) << "they are gone";
  submit("c");
  const StoredJob another = take();
  queue().tell_progress("c", another.epoch, "", {std::string(5'000, 'x')});
  EXPECT_EQ(queue().expire(retention).jobs, Ids{"a"});
}

TEST_F(Retaining, DoesNotCountWhatAJobHasLeftThatIsTriedOnceMore) {
  submit("a");
  queue().finish("a", take().epoch, JobState::failed, std::string(5'000, '1'), "", 5'000);
  ASSERT_TRUE(queue().retry("a"));
  finish(take());
  now_ += kLeastKept;
  Retention retention;
  retention.bytes = 4'000;
  EXPECT_EQ(queue().expire(retention).jobs, Ids{});
}

TEST_F(Retaining, DoesNotCountWhatAHandOutLeavesWhoseJobIsRunAnew) {
  submit("a");
  const StoredJob first = take();
  queue().finish("a", first.epoch, JobState::timed_out, "", "the job's ttl ended while it ran");
  ASSERT_TRUE(queue().retry("a"));
  queue().finish("a", first.epoch, JobState::completed, "1", "", 5'000, 5'000);
  const StoredJob second = take();
  queue().finish("a", first.epoch, JobState::completed, "1", "", 5'000, 5'000);
  queue().finish("a", second.epoch, JobState::completed, "1", "", 5'000, 5'000);
  queue().finish("a", first.epoch, JobState::completed, "1", "", 5'000, 5'000);
  Retention retention;
  retention.bytes = 6'000;
  EXPECT_EQ(queue().expire(retention).logs, Ids{});
  retention.bytes = 4'000;
  EXPECT_EQ(queue().expire(retention).logs, Ids{"a"});
}

TEST_F(Retaining, LetsGoOfSomeHundredsAtOnceAndOfOthersSoon) {
  let_have_ended(700, 10, 0);
  Retention none;
  none.age = 0;
  none.bytes = 0;
  Forgotten forgotten = queue().expire(none);
  EXPECT_EQ(forgotten.jobs.size(), 500u);
  EXPECT_EQ(forgotten.jobs.front(), "0");
  EXPECT_EQ(queue().next_expiry(), now_);
  forgotten = queue().expire(none);
  EXPECT_EQ(forgotten.jobs.size(), 200u);
  EXPECT_EQ(forgotten.jobs.back(), "699");
  EXPECT_EQ(queue().next_expiry(), now_ + 60'000);
}

TEST_F(Retaining, LetsGoOfSomeHundredsAtOnceAlsoWhereTheyAreTooLarge) {
  let_have_ended(700, 10, 5);
  Retention retention;
  retention.age = now_;
  retention.bytes = 50;
  std::vector<std::size_t> jobs, logs;
  do {
    const Forgotten forgotten = queue().expire(retention);
    jobs.push_back(forgotten.jobs.size());
    logs.push_back(forgotten.logs.size());
  } while (queue().next_expiry() == now_ && jobs.size() < 9);
  EXPECT_EQ(logs, (std::vector<std::size_t>{500, 200, 0})) << "before any job goes";
  EXPECT_EQ(jobs, (std::vector<std::size_t>{0, 500, 190}));
}

TEST_F(Retaining, NeverTakesTheLogsOfOthersInsteadOfWhatIsTooOld) {
  let_have_ended(700, 10, 0);
  submit("new");
  queue().finish("new", take().epoch, JobState::completed, "1", "", 100, 50);
  Retention retention;
  retention.age = kLeastKept;
  retention.bytes = 200;
  EXPECT_EQ(queue().expire(retention).logs, Ids{});
  EXPECT_EQ(queue().expire(retention).logs, Ids{});
  EXPECT_FALSE(find("new").logs_gone);
}

TEST_F(Retaining, KeepsAResultForHalfAnHourHoweverLargeItIs) {
  const std::string large = "\"" + std::string(1'000, 'x') + "\"";
  submit("a");
  finish(take(), JobState::completed, large);
  Retention nothing;
  nothing.age = 0;
  nothing.bytes = 0;
  now_ += kLeastKept - 1;
  EXPECT_EQ(queue().expire(nothing).jobs, Ids{});
  EXPECT_EQ(find("a").output, large);
  now_ += 1;
  EXPECT_EQ(queue().expire(nothing).jobs, Ids{"a"});
}

TEST_F(Retaining, ForgetsWhatIsTooLargeAlsoWhenItIsTheOnlyOne) {
  const std::string large = "\"" + std::string(1'000, 'x') + "\"";
  submit("a");
  finish(take(), JobState::completed, large);
  now_ += kLeastKept;
  Retention retention;
  retention.bytes = 100;
  EXPECT_EQ(queue().expire(retention).jobs, Ids{"a"});
}

TEST_F(Retaining, KeepsAJobUntilItsWebhookWasTold) {
  Submission said = job("a");
  said.webhook = "https://example.org/hook";
  queue().submit(said);
  finish(take());
  const Milliseconds ended = now_;
  for (const Retention& each : {Retention{.age = 0}, Retention{.bytes = 0}}) {
    now_ += kLeastKept;
    EXPECT_EQ(queue().expire(each).jobs, Ids{});
  }
  EXPECT_EQ(ids(queue().webhooks_due(9)), Ids{"a"});
  queue().webhook_reached("a", ended);
  Retention nothing;
  nothing.age = 0;
  EXPECT_EQ(queue().expire(nothing).jobs, Ids{"a"});
}

TEST_F(Retaining, KnowsAfterwardsWhatItHasForgotten) {
  submit("kept");
  finish(take());
  submit("chatty");
  queue().finish("chatty", take().epoch, JobState::completed, "1", "", 5'000, 5'000);
  submit("waits");
  Retention retention;
  retention.bytes = 2'000;
  queue().expire(retention);
  const Forgotten forgotten = queue().forgotten_among({"kept", "chatty", "waits", "unknown"});
  EXPECT_EQ(forgotten.jobs, Ids{"unknown"});
  EXPECT_EQ(forgotten.logs, Ids{"chatty"});
}

TEST_F(Retaining, ForgetsTheKeyOfAForgottenJob) {
  Submission said = job("a");
  said.idempotency = {"key", "body"};
  queue().submit(said);
  finish(take());
  Retention nothing;
  nothing.age = 0;
  now_ += kLeastKept;
  queue().expire(nothing);
  Submission again = job("b");
  again.idempotency = {"key", "body"};
  EXPECT_EQ(queue().submit(again).id, "b") << "a job that is no more answers nobody";
}

// ---- when there may be something to do

using NextExpiry = StoreTest;

TEST_F(NextExpiry, IsAMinuteAtTheMost) { EXPECT_EQ(queue().next_expiry(), now_ + 60'000); }

TEST_F(NextExpiry, IsTheTtlOfWhatWaits) {
  Submission said = job("a");
  said.ttl = 10'000;
  queue().submit(said);
  EXPECT_EQ(queue().next_expiry(), now_ + 10'000);
}

TEST_F(NextExpiry, IsTheExecutionTimeoutOfWhatRuns) {
  Submission said = job("a");
  said.execution_timeout = 5'000;
  queue().submit(said);
  now_ += 2'000;
  take("w1");
  EXPECT_EQ(queue().next_expiry(), now_ + 5'000);
}

TEST_F(NextExpiry, IsWhenAWorkerWillHaveBeenSilentTooLong) {
  submit("a");
  queue().heard_of("w1", "flaky");
  take("w1");
  now_ += 1'000;
  EXPECT_EQ(queue().next_expiry(), now_ - 1'000 + limits_.worker_silence);
}

TEST_F(NextExpiry, IsNeverInThePast) {
  Submission said = job("a");
  said.ttl = 10'000;
  queue().submit(said);
  now_ += 30'000;
  EXPECT_EQ(queue().next_expiry(), now_);
}

}  // namespace
}  // namespace orchestrator
