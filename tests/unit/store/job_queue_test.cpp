#include "orchestrator/store/job_queue.h"

#include <set>
#include <thread>

#include "tests/unit/store/store_fixture.h"

namespace orchestrator {
namespace {

using JobQueueTest = StoreTest;

TEST_F(JobQueueTest, HandsOutNoMoreAtOnceThanAWorkerReads) {
  for (const char* id : {"a", "b", "c"}) {
    Submission said = job(id);
    said.input = "\"" + std::string(9 << 20, 'x') + "\"";
    queue().submit(said);
  }
  EXPECT_EQ(queue().take("", "w", 100).size(), 2u);
  EXPECT_EQ(queue().take("", "w", 100).size(), 1u);
}

// ---- coming in

TEST_F(JobQueueTest, KeepsAllOfASubmission) {
  Submission said = job("a", "ann");
  said.execution_timeout = 7'000;
  said.ttl = 20'000;
  said.low_priority = true;
  said.webhook = "https://example.org/hook";
  const Submitted submitted = queue().submit(said);
  EXPECT_EQ(submitted.id, "a");
  EXPECT_FALSE(submitted.repeated);
  const StoredJob found = find("a");
  EXPECT_EQ(found.id, "a");
  EXPECT_EQ(found.number, 1);
  EXPECT_EQ(found.endpoint, "flaky");
  EXPECT_EQ(found.client, "ann");
  EXPECT_EQ(found.input, said.input);
  EXPECT_EQ(found.request, said.request);
  EXPECT_EQ(found.state, JobState::queued);
  EXPECT_EQ(found.epoch, 0);
  EXPECT_EQ(found.created, now_);
  EXPECT_EQ(found.queued, now_);
  EXPECT_EQ(found.started, 0);
  EXPECT_EQ(found.ended, 0);
  EXPECT_EQ(found.execution_timeout, 7'000);
  EXPECT_EQ(found.ttl, 20'000);
  EXPECT_TRUE(found.low_priority);
  EXPECT_EQ(found.retries, 0);
  EXPECT_EQ(found.webhook, said.webhook);
  EXPECT_EQ(told_, Ids{"a"});
}

TEST_F(JobQueueTest, KnowsNothingOfAJobThatNobodyHandedIn) { EXPECT_FALSE(queue().find("a")); }

TEST_F(JobQueueTest, RefusesTheSameIdTwice) {
  submit("a");
  EXPECT_THROW(submit("a"), std::exception);
}

TEST_F(JobQueueTest, EndsAtOnceAJobThatCanOnlyFail) {
  Submission said = job("a");
  said.error = "no such thing";
  queue().submit(said);
  EXPECT_EQ(state("a"), JobState::failed);
  EXPECT_EQ(find("a").error, "no such thing");
  EXPECT_EQ(find("a").ended, now_);
  EXPECT_TRUE(queue().take("", "local", 1).empty());
  EXPECT_EQ(find("a").input, "") << "nobody will run it";
}

TEST_F(JobQueueTest, ListsTheNewestFirstAPageAtATime) {
  for (const char* id : {"a", "b", "c", "d", "e"}) submit(id);
  JobFilter filter;
  filter.most = 2;
  const auto first = queue().list(filter);
  EXPECT_EQ(ids(first), (Ids{"e", "d"}));
  EXPECT_EQ(first[0].input, "") << "a list is short";
  filter.before = first.back().number;
  const auto second = queue().list(filter);
  EXPECT_EQ(ids(second), (Ids{"c", "b"}));
  filter.before = second.back().number;
  EXPECT_EQ(ids(queue().list(filter)), Ids{"a"});
}

TEST_F(JobQueueTest, ListsByClientStateAndEndpoint) {
  submit("a", "ann");
  submit("b", "bob");
  Submission elsewhere = job("c", "bob");
  elsewhere.endpoint = "other";
  queue().submit(elsewhere);
  take();
  JobFilter of_bob, that_run, of_endpoint;
  of_bob.client = "bob";
  that_run.state = JobState::running;
  of_endpoint.endpoint = "other";
  EXPECT_EQ(ids(queue().list(of_bob)), (Ids{"c", "b"}));
  EXPECT_EQ(ids(queue().list(that_run)), Ids{"a"});
  EXPECT_EQ(ids(queue().list(of_endpoint)), Ids{"c"});
}

TEST_F(JobQueueTest, CountsByStateOfOneEndpointOrOfAll) {
  end("a", JobState::completed);
  end("b", JobState::failed);
  end("c", JobState::timed_out);
  end("g", JobState::cancelled);
  submit("d");
  take();
  submit("e");
  Submission elsewhere = job("f");
  elsewhere.endpoint = "other";
  queue().submit(elsewhere);
  const Counts here = queue().counts("flaky");
  EXPECT_EQ(here.completed, 1);
  EXPECT_EQ(here.failed, 1);
  EXPECT_EQ(here.timed_out, 1);
  EXPECT_EQ(here.cancelled, 1);
  EXPECT_EQ(here.running, 1);
  EXPECT_EQ(here.queued, 1);
  EXPECT_EQ(queue().counts("").queued, 2);
  EXPECT_EQ(queue().counts("nobody's").queued, 0);
}

// ---- the same once more

Submission keyed(Submission said, const std::string& key, const std::string& body) {
  said.idempotency = {key, body};
  return said;
}

TEST_F(JobQueueTest, GivesTheSameJobForTheSameKeyAndBody) {
  queue().submit(keyed(job("a"), "key", "body"));
  told_.clear();
  const Submitted again = queue().submit(keyed(job("b"), "key", "body"));
  EXPECT_EQ(again.id, "a");
  EXPECT_TRUE(again.repeated);
  EXPECT_FALSE(queue().find("b"));
  EXPECT_EQ(told_, Ids{}) << "nothing has changed";
}

TEST_F(JobQueueTest, RefusesTheSameKeyWithAnotherBody) {
  queue().submit(keyed(job("a"), "key", "body"));
  EXPECT_THROW(queue().submit(keyed(job("b"), "key", "another body")), KeyReused);
  EXPECT_FALSE(queue().find("b"));
}

TEST_F(JobQueueTest, KnowsTheKeysOfEachClientApart) {
  queue().submit(keyed(job("a", "ann"), "key", "body"));
  EXPECT_EQ(queue().submit(keyed(job("b", "bob"), "key", "another body")).id, "b");
}

TEST_F(JobQueueTest, GivesTheSameJobAlsoWhenTheQueueIsFull) {
  limits_.queued = 1;
  open();
  queue().submit(keyed(job("a"), "key", "body"));
  EXPECT_EQ(queue().submit(keyed(job("b"), "key", "body")).id, "a");
}

TEST_F(JobQueueTest, ForgetsKeysAfterTheirTime) {
  queue().submit(keyed(job("a"), "key", "body"));
  now_ += limits_.keep_keys;
  queue().expire({});
  EXPECT_EQ(queue().submit(keyed(job("b"), "key", "body")).id, "b");
}

// ---- how many

TEST_F(JobQueueTest, TakesNoMoreJobsThanMayWait) {
  limits_.queued = 2;
  open();
  submit("a", "ann");
  submit("b", "bob");
  EXPECT_THROW(submit("c", "cid"), QueueFull);
  take();
  EXPECT_NO_THROW(submit("c", "cid")) << "one has left the queue";
}

TEST_F(JobQueueTest, TakesNoMoreJobsOfAClientThanMayWait) {
  limits_.queued_of_client = 1;
  open();
  submit("a", "ann");
  try {
    submit("b", "ann");
    ADD_FAILURE() << "it was taken";
  } catch (const QueueFull& full) {
    EXPECT_EQ(std::string(full.what()), "1 job of this client is waiting; no more are taken for now");
  }
  EXPECT_NO_THROW(submit("c", "bob"));
}

// ---- who is next

TEST_F(JobQueueTest, GivesAClientsJobsInTheirOrder) {
  for (const char* id : {"a", "b", "c"}) submit(id);
  EXPECT_EQ(ids(queue().take("", "local", 3)), (Ids{"a", "b", "c"}));
}

TEST_F(JobQueueTest, GivesTheNextJobToWhoeverHasTheFewestRunning) {
  for (const char* id : {"a1", "a2", "a3"}) submit(id, "ann");
  for (const char* id : {"b1", "b2"}) submit(id, "bob");
  EXPECT_EQ(take().id, "a1");
  EXPECT_EQ(take().id, "b1");
  const StoredJob second = take();
  EXPECT_EQ(second.id, "a2");
  EXPECT_EQ(take().id, "b2");
  finish(second);
  EXPECT_EQ(take().id, "a3");
}

TEST_F(JobQueueTest, IsFairAlsoWithinOneHandOut) {
  for (const char* id : {"a1", "a2", "a3"}) submit(id, "ann");
  submit("b1", "bob");
  EXPECT_EQ(ids(queue().take("", "local", 3)), (Ids{"a1", "b1", "a2"}));
}

TEST_F(JobQueueTest, GivesJobsOfLowPriorityLast) {
  queue().submit(unimportant("low", "ann"));
  submit("b1", "bob");
  submit("b2", "bob");
  EXPECT_EQ(ids(queue().take("", "local", 3)), (Ids{"b1", "b2", "low"}));
}

TEST_F(JobQueueTest, TreatsAJobOfLowPriorityLikeOthersOnceItHasWaitedTenMinutes) {
  queue().submit(unimportant("low"));
  now_ += 10 * 60'000;
  submit("normal");
  EXPECT_EQ(ids(queue().take("", "local", 2)), (Ids{"low", "normal"}));
}

TEST_F(JobQueueTest, LetsAJobOfLowPriorityWaitUntilThen) {
  queue().submit(unimportant("low"));
  now_ += 10 * 60'000 - 1;
  submit("normal");
  EXPECT_EQ(ids(queue().take("", "local", 2)), (Ids{"normal", "low"}));
}

TEST_F(JobQueueTest, GivesTheJobsOfOneEndpointWhereOneIsNamed) {
  submit("a");
  Submission elsewhere = job("b");
  elsewhere.endpoint = "other";
  queue().submit(elsewhere);
  EXPECT_EQ(ids(queue().take("other", "w", 5)), Ids{"b"});
  EXPECT_EQ(ids(queue().take("other", "w", 5)), Ids{});
}

TEST_F(JobQueueTest, GivesAJobToOneOfManyWhoAskAtOnce) {
  for (int i = 0; i < 40; ++i) submit("job" + std::to_string(i), "client" + std::to_string(i % 3));
  queue().on_change(nullptr);  // the test's own list is for one thread
  std::mutex mutex;
  Ids taken;
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 4; ++worker)
    workers.emplace_back([&, worker] {
      for (;;) {
        const auto mine = queue().take("", "w" + std::to_string(worker), 1);
        if (mine.empty()) return;
        const std::lock_guard lock(mutex);
        taken.push_back(mine.front().id);
      }
    });
  for (auto& worker : workers) worker.join();
  EXPECT_EQ(taken.size(), 40u);
  EXPECT_EQ(std::set<std::string>(taken.begin(), taken.end()).size(), 40u);
}

// ---- being worked on

TEST_F(JobQueueTest, SaysWhoHasAJobSinceWhen) {
  submit("a");
  now_ += 500;
  told_.clear();
  const StoredJob taken = take("w1");
  EXPECT_EQ(taken.state, JobState::running);
  EXPECT_EQ(taken.epoch, 1);
  EXPECT_EQ(taken.worker, "w1");
  EXPECT_EQ(taken.started, now_);
  EXPECT_EQ(taken.input, R"({"repo":"x"})") << "a worker needs it";
  EXPECT_EQ(told_, Ids{"a"});
}

TEST_F(JobQueueTest, KeepsWhatAJobHasComeTo) {
  submit("a");
  const StoredJob taken = take();
  now_ += 900;
  told_.clear();
  EXPECT_TRUE(queue().finish("a", taken.epoch, JobState::failed, R"({"x":1})", "it broke"));
  EXPECT_EQ(state("a"), JobState::failed);
  EXPECT_EQ(find("a").output, R"({"x":1})");
  EXPECT_EQ(find("a").error, "it broke");
  EXPECT_EQ(find("a").ended, now_);
  EXPECT_EQ(told_, Ids{"a"});
}

TEST_F(JobQueueTest, KeepsTheFirstFinalState) {
  submit("a");
  const StoredJob taken = take();
  EXPECT_TRUE(finish(taken, JobState::completed, "1"));
  told_.clear();
  EXPECT_FALSE(finish(taken, JobState::failed, "2"));
  EXPECT_EQ(state("a"), JobState::completed);
  EXPECT_EQ(find("a").output, "1");
  EXPECT_EQ(told_, Ids{});
}

TEST_F(JobQueueTest, DropsWhatAnOlderHandOutSays) {
  submit("a");
  const StoredJob old = take("local");
  queue().recover("local", Recovery::restart);
  const StoredJob present = take("local");
  EXPECT_EQ(present.epoch, old.epoch + 1);
  EXPECT_FALSE(queue().tell_progress("a", old.epoch, "{}", {"1"}));
  EXPECT_FALSE(finish(old));
  EXPECT_EQ(state("a"), JobState::running);
  EXPECT_EQ(find("a").progress, "");
  EXPECT_EQ(queue().take_chunks("a"), Ids{});
  EXPECT_TRUE(finish(present));
}

TEST_F(JobQueueTest, DropsWhatIsSaidOfAJobThatWaits) {
  submit("a");
  EXPECT_FALSE(queue().finish("a", 0, JobState::completed, "1", ""));
  EXPECT_FALSE(queue().tell_progress("a", 0, "{}", {}));
  EXPECT_EQ(state("a"), JobState::queued);
}

TEST_F(JobQueueTest, ShowsTheLatestProgressUntilTheEnd) {
  submit("a");
  const StoredJob taken = take();
  EXPECT_TRUE(queue().tell_progress("a", taken.epoch, R"({"n":1})", {}));
  EXPECT_TRUE(queue().tell_progress("a", taken.epoch, R"({"n":2})", {}));
  EXPECT_TRUE(queue().tell_progress("a", taken.epoch, "", {"7"})) << "chunks alone";
  EXPECT_EQ(find("a").progress, R"({"n":2})");
  finish(taken);
  EXPECT_EQ(find("a").progress, "");
}

TEST_F(JobQueueTest, GivesEachChunkOnceAndInOrder) {
  submit("a");
  const StoredJob taken = take();
  queue().tell_progress("a", taken.epoch, "", {"1", "2"});
  queue().tell_progress("a", taken.epoch, "", {"3"});
  EXPECT_EQ(queue().take_chunks("a"), (Ids{"1", "2", "3"}));
  EXPECT_EQ(queue().take_chunks("a"), Ids{});
  queue().tell_progress("a", taken.epoch, "", {"4"});
  finish(taken);
  EXPECT_EQ(queue().take_chunks("a"), Ids{"4"}) << "what is left is still there at the end";
}

TEST_F(JobQueueTest, KeepsSoMuchOfAStreamThatNobodyTakesAndSaysWhereMoreWas) {
  submit("a");
  const StoredJob taken = take();
  const auto send = [&](const std::string& chunk) { queue().tell_progress("a", taken.epoch, "", {chunk}); };
  const std::string large((2 << 20) - 100 - kChunkRow, 'x');
  for (int i = 0; i < 12; ++i) send(large);
  send("1");
  send(large);
  const Ids kept = queue().take_chunks("a");
  ASSERT_EQ(kept.size(), 11u);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(kept[i].size(), large.size());
  EXPECT_EQ(kept[8], kChunksDropped);
  EXPECT_EQ(kept[9], "1") << "for which there is room";
  EXPECT_EQ(kept[10], kChunksDropped);
  send(large);
  EXPECT_EQ(queue().take_chunks("a"), Ids{large}) << "there is room again";
}

TEST_F(JobQueueTest, KeepsNoEndlessRowOfChunksOfAByte) {
  submit("a");
  const StoredJob taken = take();
  const std::int64_t room = 100 * (1 + kChunkRow);
  const std::string large(kMostUntaken - kChunkRow - room, 'x');
  EXPECT_EQ(queue().tell_progress("a", taken.epoch, "", {large}), 1);
  EXPECT_EQ(queue().tell_progress("a", taken.epoch, "", Ids(500, "1")), 100);
  EXPECT_EQ(queue().tell_progress("a", taken.epoch, "", {"1"}), 0);
  const Ids kept = queue().take_chunks("a");
  ASSERT_EQ(kept.size(), 102u);
  EXPECT_EQ(kept.back(), kChunksDropped);
}

TEST_F(JobQueueTest, SaysHowManyChunksItHasKept) {
  submit("a");
  const StoredJob taken = take();
  const std::string too_large(kMostUntaken, 'x');
  EXPECT_EQ(queue().tell_progress("a", taken.epoch, "", {"1", too_large, "2"}), 2);
  EXPECT_EQ(queue().take_chunks("a"), (Ids{"1", kChunksDropped, "2"}));
  EXPECT_EQ(queue().tell_progress("a", taken.epoch, "{}", {}), 0);
  EXPECT_EQ(queue().tell_progress("a", taken.epoch + 1, "", {"3"}), std::nullopt);
}

// ---- being told

TEST_F(JobQueueTest, CancelsWhatWaits) {
  submit("a");
  told_.clear();
  EXPECT_EQ(queue().cancel("a")->state, JobState::cancelled);
  EXPECT_EQ(find("a").ended, now_);
  EXPECT_TRUE(queue().take("", "local", 1).empty());
  EXPECT_EQ(told_, Ids{"a"});
}

TEST_F(JobQueueTest, TakesOnlyTheJobsOfOthersWhereThatIsAsked) {
  submit("a", "ann");
  submit("b", "ann");
  submit("c", "bob");
  submit("d", "cem");
  EXPECT_EQ(take("local").id, "a");
  EXPECT_EQ(queue().take("", "w1", 1).front().id, "c") << "of whom another worker has some";
  EXPECT_EQ(ids(queue().take("", "local", 5, Whose::others)), Ids{"d"});
  EXPECT_EQ(ids(queue().take("", "w1", 5, Whose::others)), Ids{"b"});
}

TEST_F(JobQueueTest, GetsAJobBackWithoutCountingThatAsARetry) {
  submit("a");
  const StoredJob taken = take();
  queue().tell_progress("a", taken.epoch, R"({"n":1})", {"1"});
  told_.clear();
  EXPECT_TRUE(queue().give_back("a", taken.epoch));
  EXPECT_EQ(told_, Ids{"a"});
  const StoredJob found = find("a");
  EXPECT_EQ(found.state, JobState::queued);
  EXPECT_EQ(found.retries, 0);
  EXPECT_EQ(found.worker, "");
  EXPECT_EQ(found.progress, "");
  EXPECT_EQ(queue().take_chunks("a"), Ids{});
  EXPECT_FALSE(queue().give_back("a", taken.epoch)) << "nobody has it";
  take();
  EXPECT_FALSE(queue().give_back("a", taken.epoch)) << "another has it";
}

TEST_F(JobQueueTest, DoesNotGetAJobBackForEver) {
  submit("a");
  for (int i = 0; i < limits_.give_backs; ++i) EXPECT_TRUE(queue().give_back("a", take().epoch));
  EXPECT_FALSE(queue().give_back("a", take().epoch));
  EXPECT_EQ(state("a"), JobState::running) << "it is for the worker to end it";
}

// ---- of a job that the server's own host could not run

class HostFailures : public StoreTest {
 protected:
  void fail_on(const StoredJob& taken) {
    EXPECT_TRUE(queue().give_back(taken.id, taken.epoch, GivenBack::host_failed));
  }
  Ids taken_by(const std::string& worker) { return ids(queue().take("", worker, 5)); }
};

TEST_F(HostFailures, KeepTheirJobFromTheOwnWorkerForAWhileAndNoOtherJob) {
  submit("a");
  submit("b");
  fail_on(take("local"));
  EXPECT_EQ(find("a").retries, 0);
  EXPECT_EQ(taken_by("local"), Ids{"b"});
  EXPECT_EQ(queue().next_pause_ends_in(), limits_.host_pause);
  now_ += limits_.host_pause - 1;
  EXPECT_EQ(taken_by("local"), Ids{});
  EXPECT_EQ(queue().next_pause_ends_in(), 1);
  now_ += 1;
  EXPECT_EQ(queue().next_pause_ends_in(), std::nullopt);
  EXPECT_EQ(taken_by("local"), Ids{"a"});
}

TEST_F(HostFailures, KeepItFromNoWorkerElsewhere) {
  submit("a");
  fail_on(take("local"));
  EXPECT_EQ(taken_by("w1"), Ids{"a"});
}

TEST_F(HostFailures, AreWaitedOutLongerEachTimeUpToABound) {
  limits_.longest_host_pause = 5'000;
  open();
  submit("a");
  for (const Milliseconds pause : {1'000, 2'000, 4'000, 5'000, 5'000}) {
    fail_on(take("local"));
    EXPECT_EQ(queue().next_pause_ends_in(), pause);
    now_ += pause;
  }
}

TEST_F(HostFailures, AreWaitedOutAlsoByTheNextProcess) {
  submit("a");
  fail_on(take("local"));
  open();
  EXPECT_EQ(taken_by("local"), Ids{});
  EXPECT_EQ(queue().next_pause_ends_in(), limits_.host_pause);
}

TEST_F(HostFailures, AreNoInterruptions) {
  submit("a");
  for (int i = 0; i < limits_.give_backs; ++i) EXPECT_TRUE(queue().give_back("a", take("local").epoch));
  fail_on(take("local"));
  EXPECT_EQ(queue().next_pause_ends_in(), limits_.host_pause) << "as the first of its kind";
}

TEST_F(HostFailures, DoNotBringAJobBackForEver) {
  submit("a");
  for (int i = 0; i < limits_.host_failures; ++i) {
    fail_on(take("local"));
    now_ += limits_.longest_host_pause;
  }
  EXPECT_FALSE(queue().give_back("a", take("local").epoch, GivenBack::host_failed));
  EXPECT_EQ(state("a"), JobState::running) << "it is for the worker to end it";
}

TEST_F(HostFailures, CountForNothingOnceSomebodyAsksForTheJobAgain) {
  limits_.host_failures = 1;
  open();
  submit("a");
  fail_on(take("local"));
  const StoredJob elsewhere = take("w1");
  finish(elsewhere, JobState::failed);
  ASSERT_TRUE(queue().retry("a"));
  fail_on(take("local"));
}

TEST_F(JobQueueTest, CancelsWhatRunsAndDropsItsResult) {
  submit("a");
  const StoredJob taken = take("w1");
  EXPECT_EQ(queue().cancel("a")->state, JobState::cancelled);
  EXPECT_FALSE(finish(taken));
  EXPECT_EQ(state("a"), JobState::cancelled);
  EXPECT_EQ(ids_to_stop("w1"), Ids{"a"});
  EXPECT_EQ(ids_to_stop("w2"), Ids{});
}

TEST_F(JobQueueTest, TellsAWorkerToStopOnlyWhatItHadAndNotForEver) {
  submit("a");
  queue().cancel("a");
  EXPECT_EQ(ids_to_stop(""), Ids{}) << "it never ran";
  submit("b");
  take("w1");
  queue().cancel("b");
  now_ += 600'000;
  EXPECT_EQ(ids_to_stop("w1"), Ids{});
}

TEST_F(JobQueueTest, LeavesWhatHasEndedAsItIs) {
  for (const JobState each : {JobState::completed, JobState::failed, JobState::timed_out}) {
    const std::string id(name(each));
    end(id, each);
    told_.clear();
    EXPECT_EQ(queue().cancel(id)->state, each);
    EXPECT_EQ(told_, Ids{});
  }
}

TEST_F(JobQueueTest, CannotCancelWhatItDoesNotKnow) { EXPECT_FALSE(queue().cancel("a")); }

TEST_F(JobQueueTest, RetriesWhatFailedOrTimedOut) {
  for (const JobState each : {JobState::failed, JobState::timed_out}) {
    const std::string id(name(each));
    end(id, each);
    now_ += 1'000;
    EXPECT_TRUE(queue().retry(id));
    const StoredJob found = find(id);
    EXPECT_EQ(found.state, JobState::queued);
    EXPECT_EQ(found.output, "");
    EXPECT_EQ(found.error, "");
    EXPECT_EQ(found.worker, "");
    EXPECT_EQ(found.started, 0);
    EXPECT_EQ(found.ended, 0);
    EXPECT_EQ(found.queued, now_);
    EXPECT_EQ(take().id, id);
  }
}

TEST_F(JobQueueTest, RetriesNothingElse) {
  submit("waits");
  EXPECT_FALSE(queue().retry("waits"));
  take();
  EXPECT_FALSE(queue().retry("waits")) << "it runs";
  end("done", JobState::completed);
  EXPECT_FALSE(queue().retry("done"));
  submit("unwanted");
  queue().cancel("unwanted");
  EXPECT_FALSE(queue().retry("unwanted"));
  EXPECT_FALSE(queue().retry("unknown"));
}

TEST_F(JobQueueTest, DoesNotRetryWhatWasRefusedAsItCameIn) {
  Submission said = job("a");
  said.error = "this folder is not one that the operator allows";
  queue().submit(said);
  EXPECT_FALSE(queue().retry("a")) << "it would be run after all";
  EXPECT_EQ(state("a"), JobState::failed);
}

TEST_F(JobQueueTest, KeepsTheChunksOfAJobThatCannotBeRetried) {
  submit("a");
  queue().tell_progress("a", take().epoch, "", {"1"});
  queue().retry("a");
  EXPECT_EQ(queue().take_chunks("a"), Ids{"1"});
}

TEST_F(JobQueueTest, ForgetsTheChunksOfTheRunBeforeARetry) {
  submit("a");
  const StoredJob taken = take();
  queue().tell_progress("a", taken.epoch, "", {"1"});
  finish(taken, JobState::failed);
  queue().retry("a");
  EXPECT_EQ(queue().take_chunks("a"), Ids{});
}

TEST_F(JobQueueTest, PurgesWhatWaitsAtOneEndpoint) {
  submit("a");
  take();
  submit("b");
  submit("c");
  Submission elsewhere = job("d");
  elsewhere.endpoint = "other";
  queue().submit(elsewhere);
  told_.clear();
  EXPECT_EQ(queue().purge("flaky", ""), 2);
  EXPECT_EQ(state("a"), JobState::running);
  EXPECT_EQ(state("b"), JobState::cancelled);
  EXPECT_EQ(state("c"), JobState::cancelled);
  EXPECT_EQ(state("d"), JobState::queued);
  EXPECT_EQ(told_, (Ids{"b", "c"}));
  EXPECT_EQ(queue().purge("flaky", ""), 0);
}

TEST_F(JobQueueTest, PurgesTheJobsOfOneClientWhereOneIsNamed) {
  submit("a", "ann");
  submit("b", "bob");
  EXPECT_EQ(queue().purge("flaky", "ann"), 1);
  EXPECT_EQ(state("a"), JobState::cancelled);
  EXPECT_EQ(state("b"), JobState::queued);
}

// ---- names

TEST(NewJobId, IsKnownForOne) {
  EXPECT_TRUE(is_job_id(new_job_id(true)));
  EXPECT_TRUE(is_job_id(new_job_id(false)));
  EXPECT_FALSE(is_job_id("backup"));
  EXPECT_FALSE(is_job_id(""));
}

TEST(NewJobId, SaysWhetherSomebodyWaitsForIt) {
  EXPECT_TRUE(new_job_id(true).starts_with("sync-"));
  EXPECT_FALSE(new_job_id(false).starts_with("sync-"));
}

TEST(NewJobId, IsAUuidAndANewOneEachTime) {
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) {
    const std::string id = new_job_id(false);
    ASSERT_EQ(id.size(), 39u) << id;
    ASSERT_EQ(id[14], '4') << id;
    ASSERT_NE(std::string("89ab").find(id[19]), std::string::npos) << id;
    ASSERT_TRUE(id.ends_with("-u1")) << id;
    seen.insert(id);
  }
  EXPECT_EQ(seen.size(), 1'000u);
}

TEST(JobStates, HaveAWordEachAndFourAreFinal) {
  std::set<std::string_view> words;
  int final_ones = 0;
  for (const JobState each : {JobState::queued, JobState::running, JobState::completed, JobState::failed,
                              JobState::cancelled, JobState::timed_out}) {
    words.insert(name(each));
    final_ones += is_final(each) ? 1 : 0;
  }
  EXPECT_EQ(words.size(), 6u);
  EXPECT_EQ(final_ones, 4);
}

}  // namespace
}  // namespace orchestrator
