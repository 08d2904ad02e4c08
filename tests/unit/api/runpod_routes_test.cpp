// RunPod's clients.
#include <thread>

#include "tests/unit/api/api_fixture.h"

namespace orchestrator {
namespace {

using namespace testing_support;

using RunpodRoutes = ApiFixture;

TEST_F(RunpodRoutes, TakesAJobAndSaysItsState) {
  start();
  const HttpAnswer answer = post("/v2/flaky/run", kRun);
  EXPECT_EQ(answer.status, 200);
  const json run = json::parse(answer.body);
  EXPECT_EQ(run.at("status"), "IN_QUEUE");
  const std::string target = "/v2/flaky/status/" + run.at("id").get<std::string>();
  EXPECT_EQ(got(target), (json{{"id", run.at("id")}, {"status", "IN_QUEUE"}}));
  EXPECT_EQ(posted(target), got(target)) << "some clients ask by POST";

  now_ += 40;
  const StoredJob taken = take();
  queue_.tell_progress(taken.id, taken.epoch, R"({"n":1})", {});
  EXPECT_EQ(got(target), (json{{"id", taken.id},
                               {"status", "IN_PROGRESS"},
                               {"delayTime", 40},
                               {"workerId", "local"},
                               {"output", {{"n", 1}}}}));
  now_ += 2;
  queue_.finish(taken.id, taken.epoch, JobState::completed, R"({"x":1})", "");
  EXPECT_EQ(got(target), (json{{"id", taken.id},
                               {"status", "COMPLETED"},
                               {"delayTime", 40},
                               {"executionTime", 2},
                               {"workerId", "local"},
                               {"output", {{"x", 1}}}}));
}

TEST_F(RunpodRoutes, SaysByRunPodsSentenceThatTheServerEndedTwice) {
  start();
  const std::string id = submitted();
  for (int end = 0; end < 2; ++end) {
    take();
    queue_.recover("local", Recovery::restart);
  }
  EXPECT_EQ(got("/v2/flaky/status/" + id).at("error"), "job timed out after 1 retries");
  EXPECT_EQ(got("/api/v1/jobs/" + id).at("error"), "the server ended twice while it ran");
}

TEST_F(RunpodRoutes, UnwrapsAnInputThatAClientHasWrappedTwice) {
  start();
  posted("/v2/flaky/run", R"({"input":{"input":)" + kInput + "}}");
  EXPECT_EQ(json::parse(take().input), json::parse(kInput));
}

TEST_F(RunpodRoutes, FailsAWrongInputAtOnceAsAWorkerWould) {
  start();
  const std::string id = posted("/v2/flaky/run", R"({"input":{"runs":0}})").at("id");
  const json status = got("/v2/flaky/status/" + id);
  EXPECT_EQ(status.at("status"), "FAILED");
  EXPECT_EQ(status.at("workerId"), "none");
  EXPECT_EQ(status.at("executionTime"), 0);
  EXPECT_EQ(status.at("delayTime"), 0);
  const json error = json::parse(status.at("error").get<std::string>());
  EXPECT_NE(error.at("error_message").get<std::string>().find("Repository URL is required"),
            std::string::npos);
  const HttpAnswer again = post("/v2/flaky/retry/" + id);
  EXPECT_EQ(again.status, 400);
  EXPECT_NE(again.body.find("refused as it came in"), std::string::npos) << again.body;
}

TEST_F(RunpodRoutes, KeepsLittleOfAnInputThatIsWrongInManyPlaces) {
  start();
  json input = json::parse(kInput);
  input["include"] = std::vector<int>(200'000, 1);
  input["env"] = {{std::string(1'000'000, '-'), "1"}};
  const std::string id = posted("/v2/flaky/run", json{{"input", input}}.dump()).at("id");
  const std::string answer = get("/v2/flaky/status/" + id).body;
  EXPECT_EQ(json::parse(answer).at("status"), "FAILED");
  EXPECT_LT(answer.size(), 100'000u);
}

TEST_F(RunpodRoutes, ReadsEveryInputThatItTakes) {
  start();
  json input = json::parse(kInput);
  input["note"] = std::string(9'500'000, 'x');
  const std::string id = posted("/v2/flaky/run", json{{"input", input}}.dump()).at("id");
  EXPECT_EQ(got("/v2/flaky/status/" + id).at("status"), "IN_QUEUE");
}

TEST_F(RunpodRoutes, FailsAJobThatAsksForMoreThanTheOperatorAllows) {
  start();
  const std::string id =
      posted("/v2/flaky/run", R"({"input":{"repo":"/etc","test_command":"true"}})").at("id");
  EXPECT_EQ(got("/v2/flaky/status/" + id).at("status"), "FAILED");
  EXPECT_TRUE(queue_.take("", "local", 1).empty());
}

TEST_F(RunpodRoutes, RefusesWhatIsNoJobAtAll) {
  start();
  for (const char* body :
       {"", "{", "[]", "7", "{}", R"({"input":null})", R"({"input":{},"policy":7})",
        R"({"input":{},"policy":{"ttl":9999}})", R"({"input":{},"policy":{"ttl":604800001}})",
        R"({"input":{},"policy":{"executionTimeout":4999}})",
        R"({"input":{},"policy":{"executionTimeout":"soon"}})", R"({"input":{},"s3Config":7})"}) {
    const HttpAnswer answer = post("/v2/flaky/run", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_TRUE(json::parse(answer.body).at("error").is_string()) << body;
  }
  EXPECT_EQ(queue_.counts("").queued + queue_.counts("").failed, 0);
}

TEST_F(RunpodRoutes, KeepsAJobsPolicy) {
  start();
  const std::string id =
      posted("/v2/flaky/run", R"({"input":)" + kInput +
                                  R"(,"policy":{"executionTimeout":5000,"ttl":10000,"lowPriority":true}})")
          .at("id");
  const auto job = queue_.find(id);
  EXPECT_EQ(job->execution_timeout, 5'000);
  EXPECT_EQ(job->ttl, 10'000);
  EXPECT_TRUE(job->low_priority);
}

TEST_F(RunpodRoutes, SaysThatAJobWhichItTookIsLost) {
  start();
  database_.with([](SQLite::Database& connection) {
    connection.exec(
        "CREATE TRIGGER thief AFTER INSERT ON jobs BEGIN DELETE FROM jobs WHERE id = NEW.id; END");
  });
  for (const char* route : {"run", "runsync"}) {
    const HttpAnswer answer = post("/v2/flaky/" + std::string(route), kRun);
    EXPECT_EQ(answer.status, 503) << route;
    EXPECT_NE(answer.body.find("is no more"), std::string::npos) << answer.body;
  }
}

TEST_F(RunpodRoutes, AnswersRunsyncWhenTheJobEnds) {
  start();
  Wire w(server_->port());
  w.send(request_text("POST", "/v2/flaky/runsync", kRun));
  std::vector<StoredJob> taken;
  while (taken.empty()) taken = queue_.take("", "local", 1);
  EXPECT_TRUE(taken[0].id.starts_with("sync-"));
  queue_.finish(taken[0].id, taken[0].epoch, JobState::completed, "7", "");
  const json answer = json::parse(w.answer().body);
  EXPECT_EQ(answer.at("status"), "COMPLETED");
  EXPECT_EQ(answer.at("output"), 7);
}

TEST_F(RunpodRoutes, AnswersRunsyncWithTheStateWhenTheTimeIsOver) {
  start();
  const json answer = posted("/v2/flaky/runsync?wait=1", kRun);  // brought up to a second
  EXPECT_EQ(answer.at("status"), "IN_QUEUE");
  EXPECT_EQ(posted("/v2/flaky/cancel/" + answer.at("id").get<std::string>()).at("status"), "CANCELLED");
  EXPECT_EQ(got("/v2/flaky/status-sync/" + answer.at("id").get<std::string>()).at("status"), "CANCELLED");
}

TEST_F(RunpodRoutes, StreamsEachChunkOnceAndTheRestWithTheEnd) {
  start();
  const std::string target = "/v2/flaky/stream/" + submitted();
  EXPECT_EQ(got(target + "?wait=0"), (json{{"status", "IN_QUEUE"}, {"stream", json::array()}}));
  const StoredJob taken = take();
  queue_.tell_progress(taken.id, taken.epoch, "", {"1", R"({"x":2})"});
  EXPECT_EQ(got(target),
            (json{{"status", "IN_PROGRESS"}, {"stream", {{{"output", 1}}, {{"output", {{"x", 2}}}}}}}));
  queue_.tell_progress(taken.id, taken.epoch, "", {"3"});
  queue_.finish(taken.id, taken.epoch, JobState::completed, "7", "");
  EXPECT_EQ(got(target), (json{{"status", "COMPLETED"}, {"stream", {{{"output", 3}}}}}));
  EXPECT_EQ(got(target), (json{{"status", "COMPLETED"}, {"stream", json::array()}}));
}

TEST_F(RunpodRoutes, StreamsAChunkAsSoonAsItIsThere) {
  start();
  const std::string id = submitted();
  const StoredJob taken = take();
  Wire w(server_->port());
  w.send(request_text("GET", "/v2/flaky/stream/" + id + "?wait=90000"));
  queue_.tell_progress(id, taken.epoch, "", {"1"});
  EXPECT_EQ(json::parse(w.answer().body).at("stream").at(0).at("output"), 1);
}

TEST_F(RunpodRoutes, AnswersWhoHasEndedItsSide) {
  start();
  const std::string id = submitted();
  const StoredJob taken = take();
  queue_.tell_progress(id, taken.epoch, "", {"1"});
  Wire runs(server_->port()), waits(server_->port()), streams(server_->port());
  runs.send_last(request_text("POST", "/v2/flaky/runsync?wait=1000", kRun));
  EXPECT_EQ(runs.answer("POST").status, 200);
  waits.send_last(request_text("GET", "/v2/flaky/status-sync/" + id + "?wait=90000"));
  streams.send_last(request_text("GET", "/v2/flaky/stream/" + id + "?wait=1000"));
  EXPECT_EQ(streams.answer().status, 200);
  queue_.finish(id, taken.epoch, JobState::completed, "2", "");
  EXPECT_EQ(json::parse(waits.answer().body).at("output"), 2);
}

TEST_F(RunpodRoutes, AnswersWhoStillWaitsWhenTheServerStops) {
  start();
  Wire waits(server_->port());
  waits.send(request_text("POST", "/v2/flaky/runsync?wait=90000", kRun));
  while (queue_.counts("flaky").queued == 0) std::this_thread::yield();
  server_->stop(std::chrono::seconds(30));
  EXPECT_EQ(json::parse(waits.answer("POST").body).at("status"), "IN_QUEUE");
}

TEST_F(RunpodRoutes, EndsTheStreamOfACancelledJobWithAnError) {
  start();
  const std::string id = submitted();
  post("/v2/flaky/cancel/" + id);
  EXPECT_EQ(got("/v2/flaky/stream/" + id).at("status"), "CANCELLED");
  EXPECT_EQ(get("/v2/flaky/stream/" + id).status, 404) << "one client would ask for ever";
}

TEST_F(RunpodRoutes, KnowsJobsByTheirEndpoint) {
  start();
  const std::string id = submitted();
  for (const char* what : {"status/", "stream/", "status-sync/"})
    EXPECT_EQ(get(std::string("/v2/other/") + what + id).status, 404) << what;
  for (const char* what : {"cancel/", "retry/"})
    EXPECT_EQ(post(std::string("/v2/other/") + what + id).status, 404) << what;
  EXPECT_EQ(get("/v2/flaky/status/unknown").status, 404);
}

TEST_F(RunpodRoutes, PurgesAndRetries) {
  start();
  submitted();
  submitted();
  EXPECT_EQ(posted("/v2/flaky/purge-queue"), (json{{"removed", 2}, {"status", "completed"}}));
  const std::string id = submitted();
  const HttpAnswer waits = post("/v2/flaky/retry/" + id);
  EXPECT_EQ(waits.status, 400);
  EXPECT_NE(waits.body.find("not one that is IN_QUEUE"), std::string::npos) << waits.body;
  const StoredJob taken = take();
  queue_.finish(id, taken.epoch, JobState::failed, "", "no");
  EXPECT_EQ(posted("/v2/flaky/retry/" + id), (json{{"id", id}, {"status", "IN_QUEUE"}}));
}

TEST_F(RunpodRoutes, ListsItsJobsAPageAtATimeTheNewestFirst) {
  start();
  const std::string first = submitted(), second = submitted(), third = submitted();
  posted("/v2/other/run", kRun);
  const json page = got("/v2/flaky/requests?limit=2");
  EXPECT_EQ(page.at("requests"),
            (json{{{"id", third}, {"status", "IN_QUEUE"}}, {{"id", second}, {"status", "IN_QUEUE"}}}));
  const json rest = got("/v2/flaky/requests?limit=2&before=" + page.at("next_before").dump());
  EXPECT_EQ(rest, (json{{"requests", {{{"id", first}, {"status", "IN_QUEUE"}}}}, {"next_before", nullptr}}));
}

TEST_F(RunpodRoutes, KnowsNoPageBehindTheLastJob) {
  start();
  submitted();
  submitted();
  const json page = got("/v2/flaky/requests?limit=2");
  EXPECT_EQ(page.at("requests").size(), 2u);
  EXPECT_TRUE(page.at("next_before").is_null()) << page;
}

TEST_F(RunpodRoutes, SaysItsHealth) {
  start();
  submitted();
  submitted();
  take();
  EXPECT_EQ(
      got("/v2/flaky/health"),
      (json{{"jobs", {{"completed", 0}, {"failed", 0}, {"inProgress", 1}, {"inQueue", 1}, {"retried", 0}}},
            {"workers",
             {{"idle", 0},
              {"initializing", 0},
              {"ready", 0},
              {"running", 1},
              {"throttled", 0},
              {"unhealthy", 0}}}}));
}

TEST_F(RunpodRoutes, CountsTheOwnWorkerAsBusyWithItsOwnJobsAlone) {
  start();
  for (int i = 0; i < 3; ++i) submitted();
  const auto workers = [&] { return got("/v2/flaky/health").at("workers"); };
  EXPECT_EQ(got("/v2/flaky/job-take-batch/w1?batch_size=2").size(), 2u);
  EXPECT_EQ(workers().at("running"), 1) << "w1, with two jobs";
  EXPECT_EQ(workers().at("idle"), 1);
  take();
  EXPECT_EQ(workers().at("running"), 2);
  EXPECT_EQ(workers().at("idle"), 0);
}

TEST_F(RunpodRoutes, CountsNoWorkerThatHasLeft) {
  start();
  submitted();
  get("/v2/flaky/ping/w1");
  get("/v2/flaky/job-take/w2");
  now_ += 60'000;
  queue_.expire({});
  const json workers = got("/v2/flaky/health").at("workers");
  EXPECT_EQ(workers.at("unhealthy"), 1) << "w2 had a job";
  EXPECT_EQ(workers.at("idle"), 1) << "this host's own";
}

TEST_F(RunpodRoutes, CountsOnlyOtherWorkersWhereItWorksOnNoJobItself) {
  settings_.works_itself = false;
  start();
  EXPECT_EQ(got("/v2/flaky/health").at("workers").at("idle"), 0);
  EXPECT_EQ(got("/v2/flaky/health").at("workers").at("unhealthy"), 0);
  get("/v2/flaky/ping/w1");
  EXPECT_EQ(got("/v2/flaky/health").at("workers").at("idle"), 1);
}

}  // namespace
}  // namespace orchestrator
