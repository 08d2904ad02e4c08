// `orchestrator worker` at the queue of our own `serve`, which works on nothing itself.
#include "tests/functional/worker.h"
#include "tests/support/serving.h"

namespace {

using namespace testing_support;

class ServeWorkers : public testing::Test {
 protected:
  ServeWorkers() { serve_.call_as(client_); }

  Strings env(const std::string& worker) const {
    return runpod_environment(serve_.url() + "/v2", "flaky", worker, worker_.secret);
  }
  std::string submit(const std::string& line, const Json& more = Json::object(),
                     const Json& policy = Json::object()) const {
    return serve_.run(job_input(line, more), policy);
  }
  // As `submit` has it, once it has ended.
  Json ended(const std::string& id) const {
    Json status = serve_.ended(id);
    Json output = status.value("output", Json());
    ServedRepository::get().remember(output.is_array() ? output.at(0) : output);
    return status;
  }
  bool starts(const std::string& attempt, const RunningWorker& worker) {
    return account_.wait_for(worker.pid(), "start", attempt).has_value();
  }
  bool is_gone(const std::string& attempt, const RunningWorker& worker) {
    return account_.wait_for(worker.pid(), "destroy", attempt).has_value();
  }
  bool is_with(const std::string& id, const std::string& worker) const {
    return eventually([&] {
      const Json status = serve_.status(id);
      return status.at("status") == "IN_PROGRESS" && status.at("workerId") == worker;
    });
  }
  // Runs of the history that came from this job.
  int times_in_history(const std::string& id) const {
    const Json history = serve_.got("/api/v1/history/runs");
    int times = 0;
    for (const auto& run : history.at("runs")) times += run.at("job") == id ? 1 : 0;
    return times;
  }
  // That it came through once, from its first hand-out.
  void expect_one_result(const std::string& id, const RunningWorker& worker) {
    const Json status = ended(id);
    EXPECT_EQ(status.at("status"), "COMPLETED") << status << worker.said();
    EXPECT_EQ(status.at("workerId"), "w1");
    EXPECT_FALSE(status.contains("retries")) << status;
    EXPECT_EQ(status.at("output").at("total_runs"), 1);
    EXPECT_EQ(times_in_history(id), 1);
    const Json jobs = serve_.got("/v2/flaky/health").at("jobs");
    EXPECT_EQ(jobs.at("completed"), 1) << jobs;
    EXPECT_EQ(jobs.at("failed"), 0) << jobs;
    EXPECT_EQ(jobs.at("retried"), 0) << jobs;
  }
  static void expect_clean_end(RunningWorker& worker) {
    const Finished run = worker.stop();
    EXPECT_EQ(run.exit_code, 0) << told(run);
    EXPECT_EQ(containers_of(worker.pid()), Strings{});
  }

  const Token client_ = new_token("client", "submit,read"), worker_ = new_token("worker", "worker");
  TemporaryFolder folder_;
  Serving serve_{programs(), flags()};
  EngineAccount account_;

 private:
  Strings flags() const {
    write_file(folder_ / "tokens", client_.line + worker_.line);
    return {"--jobs", "0", "--token-file", folder_ / "tokens", "--allow-repo-host", "127.0.0.1"};
  }
};

TEST_F(ServeWorkers, DoTheJobsOfTheQueue) {
  const std::string first = submit("test $ATTEMPT != 1", {{"runs", 3}});
  const Strings others{submit("true"), submit("true")};
  EXPECT_EQ(serve_.status(first).at("status"), "IN_QUEUE") << "nobody works here";
  RunningWorker worker(env("w1"), {"--jobs", "2"});
  const Json status = ended(first);
  ASSERT_EQ(status.at("status"), "COMPLETED") << status << worker.said();
  EXPECT_EQ(status.at("workerId"), "w1");
  EXPECT_EQ(status.at("output").at("total_runs"), 3);
  EXPECT_EQ(status.at("output").at("failures"), 1);
  EXPECT_FALSE(status.contains("retries"));
  for (const auto& id : others) EXPECT_EQ(ended(id).at("status"), "COMPLETED");

  const std::string job = "/api/v1/jobs/" + first;
  EXPECT_EQ(serve_.got(job + "/report.json"), status.at("output"));
  EXPECT_EQ(serve_.got(job + "/attempts").at("attempts").size(), 3u);
  EXPECT_EQ(serve_.got(job + "/tests").at("verdict"), "flaky");
  EXPECT_EQ(times_in_history(first), 1);
  const Json health = serve_.got("/v2/flaky/health");
  EXPECT_EQ(health.at("jobs").at("completed"), 3);
  EXPECT_EQ(health.at("workers").at("idle"), 1);
  expect_clean_end(worker);
}

TEST_F(ServeWorkers, GetTheBucketOfTheJobsClient) {
  RunningWorker worker(env("w1"), {"--jobs", "1"});
  const Json bucket = {
      {"endpointUrl", serve_.url()}, {"bucketName", "b"}, {"accessId", "i"}, {"accessSecret", "hush"}};
  const HttpAnswer answer =
      serve_.post("/v2/flaky/run", {{"input", job_input("true")}, {"s3Config", bucket}});
  const Json status = ended(Json::parse(answer.body).at("id"));
  ASSERT_EQ(status.at("status"), "COMPLETED") << status;
  // It lies in the worker's own network, where no client may send it.
  EXPECT_TRUE(status.at("output").contains("full_report_problem")) << status;
  EXPECT_EQ((status.dump() + worker.said()).find("hush"), std::string::npos);
  expect_clean_end(worker);
}

TEST_F(ServeWorkers, NeedATokenForIt) {
  const std::string target = "/v2/flaky/job-take/w1";
  EXPECT_EQ(serve_.get(target, {{"Authorization", "none"}}).status, 401);
  EXPECT_EQ(serve_.get(target, client_.headers()).status, 403);
  EXPECT_EQ(serve_.post("/v2/flaky/run", {{"input", job_input("true")}}, worker_.headers()).status, 403);
}

TEST_F(ServeWorkers, TellEachAttemptWhenItHasEnded) {
  RunningWorker worker(env("w1"));
  const std::string id = submit("test $ATTEMPT = 0 || exec sleep 1000");
  const std::string attempts = "/api/v1/jobs/" + id + "/attempts";
  ASSERT_TRUE(eventually([&] { return serve_.got(attempts).at("attempts").size() == 1; })) << worker.said();
  EXPECT_EQ(serve_.got(attempts).at("attempts").at(0).at("passed"), true);
  const Json streamed = serve_.got("/v2/flaky/stream/" + id);
  EXPECT_EQ(streamed.at("stream").at(0).at("output").at("attempt"), 0);
  serve_.posted("/v2/flaky/cancel/" + id);
  EXPECT_EQ(ended(submit("true")).at("output").at("total_runs"), 2) << "no list: it was not asked for";
  expect_clean_end(worker);
}

TEST_F(ServeWorkers, StreamEachAttempt) {
  RunningWorker worker(env("w1"), {"--stream"});
  const std::string id = submit("true", {{"runs", 3}});
  std::multiset<int> attempts;
  std::string word;
  const bool over = eventually([&] {
    const Json answer = serve_.got("/v2/flaky/stream/" + id + "?wait=10000");
    for (const auto& chunk : answer.at("stream"))
      attempts.insert(chunk.at("output").at("attempt").get<int>());
    word = answer.at("status");
    return word != "IN_QUEUE" && word != "IN_PROGRESS";
  });
  ASSERT_TRUE(over) << worker.said();
  EXPECT_EQ(word, "COMPLETED");
  EXPECT_EQ(attempts, (std::multiset<int>{0, 1, 2}));
  const Json output = ended(id).at("output");
  EXPECT_EQ(output.at(0).at("total_runs"), 3) << "a list, as RunPod has it of what streams";
  EXPECT_EQ(serve_.got("/api/v1/jobs/" + id + "/report.json"), output.at(0));
  EXPECT_EQ(serve_.got("/api/v1/jobs/" + id + "/attempts").at("attempts").size(), 3u);
  EXPECT_EQ(times_in_history(id), 1);
  expect_clean_end(worker);
}

TEST_F(ServeWorkers, DoWhatACommandLineElsewhereAsksFor) {
  RunningWorker worker(env("w1"));
  RunningWorker of_jobs(runpod_environment(serve_.url() + "/v2", "jobs", "w2", worker_.secret));
  for (const std::string& where : {serve_.url(), serve_.url() + "/v2/flaky"}) {
    const std::string report = folder_ / "report.json";
    ProgramOptions options;
    options.env = {"ORCHESTRATOR_TOKEN=" + client_.secret};
    const Finished run =
        orchestrator({"run", "--on", where, "--repo", ServedRepository::get().url(), "--image", kBase,
                      "--no-install", "--runs", "3", "--progress", "plain", "--json", report, "--state-dir",
                      folder_ / "client", "--", "test $ATTEMPT != 1"},
                     options);
    EXPECT_EQ(run.exit_code, 1) << where << told(run) << worker.said() << of_jobs.said();
    EXPECT_NE(run.err.find("attempt 1: failed (exit code 1"), std::string::npos) << where << run.err;
    const Json told_of = Json::parse(read_file(report));
    ServedRepository::get().remember(told_of);
    EXPECT_EQ(told_of.at("failures"), 1) << where;
    EXPECT_EQ(told_of.at("results").size(), 3u) << where;
  }
  expect_clean_end(worker);
  expect_clean_end(of_jobs);
}

TEST_F(ServeWorkers, TellHowFarTheyAreAndStopWhatIsCancelled) {
  RunningWorker worker(env("w1"));
  const std::string id = submit("test $ATTEMPT = 0 || exec sleep 1000");
  ASSERT_TRUE(eventually([&] {
    const Json status = serve_.status(id);
    return status.value("output", Json::object()).value("attempts", 0) == 1;
  })) << worker.said();
  EXPECT_EQ(serve_.status(id).at("output").at("runs"), 2);
  ASSERT_TRUE(starts("1", worker));

  EXPECT_EQ(serve_.posted("/v2/flaky/cancel/" + id).at("status"), "CANCELLED");
  ASSERT_TRUE(is_gone("1", worker)) << worker.said();
  EXPECT_EQ(ended(submit("true")).at("status"), "COMPLETED") << "its place is free again";
  EXPECT_EQ(serve_.status(id).at("status"), "CANCELLED");
  EXPECT_EQ(times_in_history(id), 0);
  expect_clean_end(worker);
}

TEST_F(ServeWorkers, StopWhatRunsPastItsExecutionTimeout) {
  RunningWorker worker(env("w1"));
  ASSERT_EQ(ended(submit("true")).at("status"), "COMPLETED");  // so that the time is not the image's
  const std::string id = submit("exec sleep 1000", Json::object(), {{"executionTimeout", 10'000}});
  ASSERT_TRUE(starts("0", worker));
  const Json status = ended(id);
  EXPECT_EQ(status.at("status"), "FAILED");
  EXPECT_EQ(status.at("error"), "executionTimeout exceeded");
  EXPECT_LT(status.at("executionTime"), 30'000);
  ASSERT_TRUE(is_gone("0", worker)) << worker.said();
  expect_clean_end(worker);
}

TEST_F(ServeWorkers, DeliverWhatIsKnownWhenTheyAreStopped) {
  RunningWorker worker(env("w1"), {"--drain-timeout", "1s"});
  const std::string id = submit("test $ATTEMPT = 0 || exec sleep 1000", {{"runs", 3}});
  ASSERT_TRUE(starts("1", worker));
  expect_clean_end(worker);
  const Json status = ended(id);
  EXPECT_EQ(status.at("status"), "COMPLETED");
  EXPECT_EQ(status.at("output").at("interrupted"), true);
  EXPECT_EQ(status.at("output").at("total_runs"), 1);
}

// A death of the server costs no job that somebody else has.
TEST_F(ServeWorkers, GoOnWithTheirJobWhenTheServerDiesAndIsThereAgain) {
  RunningWorker worker(env("w1"), {"--jobs", "1"});
  const std::string id = submit(kUntilLetGo, {{"runs", 1}});
  ASSERT_TRUE(starts("0", worker)) << worker.said();
  serve_.kill_now();
  serve_.start();
  EXPECT_TRUE(is_with(id, "w1"));
  let_go(worker.pid());
  expect_one_result(id, worker);
  expect_clean_end(worker);
}

TEST_F(ServeWorkers, DeliverWhatEndedWhileThereWasNoServer) {
  RunningWorker worker(env("w1"), {"--jobs", "1"});
  const std::string id = submit(kUntilLetGo, {{"runs", 1}});
  ASSERT_TRUE(starts("0", worker)) << worker.said();
  serve_.kill_now();
  let_go(worker.pid());
  EXPECT_TRUE(eventually([&] {
    return worker.said().find("the result was not delivered") != std::string::npos;
  })) << worker.said();
  serve_.start();
  expect_one_result(id, worker);
  expect_clean_end(worker);
}

// Where the name is a host's, nobody misses the one that died.
TEST_F(ServeWorkers, DoTheirJobOnceMoreWhenTheyAreStartedAnewUnderTheirName) {
  const std::string id = submit("sleep 2");
  RunningWorker dead(env("w1"));
  ASSERT_TRUE(starts("0", dead));
  dead.signal(SIGKILL);
  dead.finish();
  RunningWorker worker(env("w1"));
  const Json status = ended(id);
  EXPECT_EQ(status.at("status"), "COMPLETED") << status;
  EXPECT_EQ(status.at("retries"), 1);
  EXPECT_LT(status.at("delayTime").get<int>() + status.at("executionTime").get<int>(), 45'000);
  EXPECT_EQ(times_in_history(id), 1);
  EXPECT_EQ(containers_of(dead.pid()), Strings{});
  expect_clean_end(worker);
}

// One dies, and one comes back when its job is another's: each job has one result, the second's.
TEST_F(ServeWorkers, LeaveTheirJobsToOthersWhenNobodyHearsOfThem) {
  const std::string job_of_dead = submit("sleep 6");
  RunningWorker dead(env("dead"), {"--jobs", "1"});
  ASSERT_TRUE(starts("0", dead));
  dead.signal(SIGKILL);
  dead.finish();
  const std::string job_of_frozen = submit("exec sleep 1000");
  RunningWorker frozen(env("frozen"), {"--jobs", "1"});
  ASSERT_TRUE(starts("0", frozen));
  frozen.signal(SIGSTOP);

  RunningWorker second(env("second"), {"--jobs", "2"});
  ASSERT_TRUE(is_with(job_of_dead, "second")) << second.said();
  EXPECT_EQ(containers_of(dead.pid()), Strings{}) << "the second one's start has removed them";
  const Json late = {{"output", {{"total_runs", 99}}}};
  EXPECT_EQ(serve_.post("/v2/flaky/job-done/dead/" + job_of_dead, late, worker_.headers()).status, 200);
  EXPECT_EQ(serve_.status(job_of_dead).at("status"), "IN_PROGRESS");

  ASSERT_TRUE(is_with(job_of_frozen, "second")) << second.said();
  frozen.signal(SIGCONT);
  EXPECT_TRUE(is_gone("0", frozen)) << "it is told that the job is another's: " << frozen.said();
  EXPECT_EQ(serve_.status(job_of_frozen).at("status"), "IN_PROGRESS");
  EXPECT_EQ(serve_.status(job_of_frozen).at("workerId"), "second");
  serve_.post("/v2/flaky/cancel/" + job_of_frozen, Json::object());

  const Json status = ended(job_of_dead);
  EXPECT_EQ(status.at("status"), "COMPLETED") << status;
  EXPECT_EQ(status.at("workerId"), "second");
  EXPECT_EQ(status.at("retries"), 1);
  EXPECT_EQ(status.at("output").at("total_runs"), 2);
  EXPECT_EQ(times_in_history(job_of_dead), 1);
  expect_clean_end(frozen);
  expect_clean_end(second);
}

// One that works itself, on one job at once.
TEST(ServeForTwo, KeepsNobodyOutForLongJobsOfOthers) {
  const TemporaryFolder folder;
  const Token ann = new_token("ann", "submit,read"), bob = new_token("bob", "submit,read");
  write_file(folder / "tokens", ann.line + bob.line);
  Strings flags = ServedRepository::get().flags();
  flags.resize(flags.size() - 2);  // the state folder is its own
  flags.insert(flags.end(), {"--jobs", "1", "--token-file", folder / "tokens"});
  Serving serve(programs(), flags);
  serve.call_as(ann);
  const std::string runs = serve.run(job_input("exec sleep 1000"));
  const std::string waits = serve.run(job_input("true"));
  ASSERT_TRUE(eventually([&] { return serve.status(runs).at("status") == "IN_PROGRESS"; }));
  serve.call_as(bob);
  const Json of_bob = serve.ended(serve.run(job_input("true")));
  EXPECT_EQ(of_bob.at("status"), "COMPLETED") << of_bob;
  ServedRepository::get().remember(of_bob.value("output", Json()));
  EXPECT_EQ(serve.status(runs).at("status"), "IN_PROGRESS");
  EXPECT_EQ(serve.status(waits).at("status"), "IN_QUEUE");
}

}  // namespace
