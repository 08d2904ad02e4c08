// RunPod's workers.
#include <thread>

#include "tests/unit/api/api_fixture.h"

namespace orchestrator {
namespace {

using namespace testing_support;

using RunpodWorkerRoutes = ApiFixture;

TEST_F(RunpodWorkerRoutes, GivesABucketToTheJobsWorkerAndToNobodyElse) {
  start();
  const std::string bucket = R"({"accessId":"i","accessSecret":"hush","endpointUrl":"https://b.example/b"})";
  const std::string id =
      posted("/v2/flaky/run", R"({"input":)" + kInput + R"(,"s3Config":)" + bucket + "}").at("id");
  const std::string job = "/api/v1/jobs/" + id;
  for (const std::string& target : {"/v2/flaky/status/" + id, job, std::string("/metrics")}) {
    const HttpAnswer answer = get(target);
    EXPECT_EQ(answer.status, 200) << target;
    EXPECT_EQ(answer.body.find("hush"), std::string::npos) << target;
  }
  events_.append({{0, id, now_, "job_started", json{{"request", queue_.find(id)->request}}.dump()}});
  Wire events(server_->port());
  events.send(request_text("GET", "/api/v1/events?after=0&job=" + id));
  const std::string told = events.until("}}\n");
  EXPECT_NE(told.find("event: job_started\n"), std::string::npos) << told;
  EXPECT_EQ(told.find("hush"), std::string::npos) << told;
  const json taken = got("/v2/flaky/job-take/w1");
  EXPECT_EQ(taken.at("s3Config"), json::parse(bucket));
  EXPECT_FALSE(json::parse(queue_.find(id)->input).contains("s3Config"));
  for (const char* file : {"jobs.db", "jobs.db-wal"})
    EXPECT_EQ(read_file(folder_ / file).find("hush"), std::string::npos) << file;

  post("/v2/flaky/job-done/w1/" + id, R"({"error":"once more"})");
  EXPECT_EQ(posted("/v2/flaky/retry/" + id).at("id"), id);
  EXPECT_FALSE(got("/v2/flaky/job-take/w1").contains("s3Config")) << "it was forgotten at the end";
}

TEST_F(RunpodWorkerRoutes, HandsAJobToAWorkerAndTakesItsResult) {
  start();
  const std::string id = submitted();
  const json taken = got("/v2/flaky/job-take/w1?&job_in_progress=0");
  EXPECT_EQ(taken.at("id"), id);
  EXPECT_EQ(taken.at("input"), json::parse(kInput));
  EXPECT_EQ(post("/v2/flaky/job-stream/w1/" + id + "?&isStream=true", R"({"output":1})").status, 200);
  EXPECT_EQ(
      post("/v2/flaky/job-done/w1/" + id + "?&gpu=x", R"({"status":"IN_PROGRESS","output":"half"})").status,
      200);
  EXPECT_EQ(got("/v2/flaky/status/" + id).at("output"), "half");
  EXPECT_EQ(post("/v2/flaky/job-done/w1/" + id, R"({"output":{"x":1}})").status, 200);
  const json status = got("/v2/flaky/status/" + id);
  EXPECT_EQ(status.at("status"), "COMPLETED");
  EXPECT_EQ(status.at("workerId"), "w1");
  EXPECT_EQ(got("/v2/flaky/stream/" + id).at("stream").at(0).at("output"), 1);
}

TEST_F(RunpodWorkerRoutes, LeavesAWorkerNoConnectionThatCouldBeClosedBehindItsBack) {
  start();
  const std::string id = submitted();
  for (const std::string& target : {std::string("/v2/flaky/ping/w1"), std::string("/v2/flaky/job-take/w1"),
                                    "/v2/flaky/job-done/w1/" + id}) {
    Wire w(server_->port());
    w.send(
        request_text(target.find("done") == std::string::npos ? "GET" : "POST", target, R"({"output":1})"));
    const HttpAnswer answer = w.answer();
    EXPECT_EQ(answer.status, 200) << target;
    EXPECT_EQ(answer.header("connection"), "close") << target;
    EXPECT_TRUE(w.ends()) << target;
  }
}

TEST_F(RunpodWorkerRoutes, TellsEverybodyTheAttemptsThatAWorkerTellsOf) {
  start();
  const std::string id = submitted();
  const json order = got("/v2/flaky/job-take/w1");
  EXPECT_EQ(order.at("wantsAttempts"), true);
  EXPECT_EQ(order.at("lowPriority"), false);
  EXPECT_TRUE(order.at("client").is_string());
  const auto chunk = [&](const json& output) {
    EXPECT_EQ(post("/v2/flaky/job-stream/w1/" + id, json{{"output", output}}.dump()).status, 200);
  };
  const json told = {
      {"attempt", 2}, {"seed", 5}, {"outcome", "failed"}, {"exit_code", 1}, {"duration_ms", 40}};
  chunk(told);
  chunk(told);  // its answer was lost
  json shown = told;
  shown["passed"] = false;
  EXPECT_EQ(got("/api/v1/jobs/" + id + "/attempts").at("attempts"), json::array({shown}));
  EXPECT_EQ(got("/v2/flaky/stream/" + id).at("stream").size(), 2u) << "as it was sent";
}

TEST_F(RunpodWorkerRoutes, KeepsWhatIsNoAttemptOutOfEvents) {
  start();
  const std::string id = submitted();
  got("/v2/flaky/job-take/w1");
  const json good = {{"attempt", 0}, {"outcome", "passed"}, {"duration_ms", 1}};
  for (const auto& [name, value] : std::vector<std::pair<std::string, json>>{{"attempt", 1e300},
                                                                             {"attempt", -1},
                                                                             {"outcome", "invented"},
                                                                             {"outcome", 7},
                                                                             {"duration_ms", "long"},
                                                                             {"duration_ms", -5}}) {
    json bad = good;
    bad[name] = value;
    EXPECT_EQ(post("/v2/flaky/job-stream/w1/" + id, json{{"output", bad}}.dump()).status, 200);
  }
  for (const json& output : {json("text"), json(5), json::array({good}), json()})
    EXPECT_EQ(post("/v2/flaky/job-stream/w1/" + id, json{{"output", output}}.dump()).status, 200);
  EXPECT_EQ(got("/api/v1/jobs/" + id + "/attempts").at("attempts").size(), 0u);
  json large = good;
  large["reason"] = std::string(1 << 20, 'x');
  EXPECT_EQ(post("/v2/flaky/job-stream/w1/" + id, json{{"output", large}}.dump()).status, 200);
  EXPECT_EQ(got("/api/v1/jobs/" + id + "/attempts").at("attempts").size(), 1u);
  for (const auto& event : events_.read(0, id, 100)) EXPECT_LT(event.data.size(), 1000u);
}

TEST_F(RunpodWorkerRoutes, ReadsWhatAWorkerHasAppendedToThePath) {
  start();
  const std::string id = submitted();
  EXPECT_EQ(got("/v2/flaky/job-take-batch/w1&batch_size=5&job_in_progress=0").at(0).at("id"), id);
  EXPECT_EQ(post("/v2/flaky/job-done/w1/" + id + "&gpu=x", R"({"error":"no"})").status, 200);
  EXPECT_EQ(got("/v2/flaky/status/" + id).at("error"), "no");
}

TEST_F(RunpodWorkerRoutes, HoldsAWorkerUntilThereIsAJob) {
  start();
  Wire w(server_->port());
  w.send(request_text("GET", "/v2/flaky/job-take/w1"));
  const std::string id = submitted();
  EXPECT_EQ(json::parse(w.answer().body).at("id"), id);
}

TEST_F(RunpodWorkerRoutes, GivesNoJobToAWorkerThatHasHungUp) {
  start();
  {
    Wire w(server_->port());
    w.send(request_text("GET", "/v2/flaky/job-take/w1"));
    while (queue_.workers("flaky").idle == 0) std::this_thread::yield();
  }
  get("/livez");  // it has been seen by then
  const std::string id = submitted();
  EXPECT_EQ(got("/v2/flaky/status/" + id).at("status"), "IN_QUEUE") << "it would be lost for a minute";
}

TEST_F(RunpodWorkerRoutes, DropsTheResultOfAWorkerThatHasTheJobNoMore) {
  start();
  const std::string id = submitted();
  get("/v2/flaky/job-take/w1");
  EXPECT_EQ(post("/v2/flaky/job-done/w2/" + id, R"({"output":1})").status, 200);
  EXPECT_EQ(got("/v2/flaky/status/" + id).at("status"), "IN_PROGRESS");
  post("/v2/flaky/cancel/" + id);
  EXPECT_EQ(got("/v2/flaky/job-stop/w1"), (json{{"jobsToStop", {id}}}));
  EXPECT_EQ(post("/v2/flaky/job-done/w1/" + id, R"({"output":1})").status, 200) << "it would try again";
  EXPECT_EQ(got("/v2/flaky/status/" + id).at("status"), "CANCELLED");
  EXPECT_EQ(get("/v2/flaky/job-stop/w2").status, 204);
}

TEST_F(RunpodWorkerRoutes, DropsTheResultOfAnEarlierHandOutToTheSameWorker) {
  start();
  const std::string id = submitted();
  EXPECT_EQ(got("/v2/flaky/job-take/w1").at("id"), id);
  post("/v2/flaky/job-done/w1/" + id, R"({"error":"no"})");
  post("/v2/flaky/retry/" + id);
  const std::string again = got("/v2/flaky/job-take/w1").at("id");
  EXPECT_NE(again, id);
  post("/v2/flaky/job-stream/w1/" + id, R"({"output":"old"})");
  EXPECT_EQ(post("/v2/flaky/job-done/w1/" + id, R"({"output":"old"})").status, 200);
  EXPECT_EQ(got("/v2/flaky/status/" + id).at("status"), "IN_PROGRESS");
  post("/v2/flaky/job-done/w1/" + again + "?&gpu=x", R"({"output":"new"})");
  EXPECT_EQ(got("/v2/flaky/status/" + id).at("output"), "new");
  EXPECT_EQ(got("/v2/flaky/stream/" + id).at("stream"), json::array());
}

TEST_F(RunpodWorkerRoutes, StopsTheHandOutThatAWorkerHas) {
  start();
  const std::string id = submitted();
  get("/v2/flaky/job-take/w1");
  post("/v2/flaky/job-done/w1/" + id, R"({"error":"no"})");
  post("/v2/flaky/retry/" + id);
  const std::string again = got("/v2/flaky/job-take/w1").at("id");
  post("/v2/flaky/cancel/" + id);
  EXPECT_EQ(got("/v2/flaky/job-stop/w1"), (json{{"jobsToStop", {again}}}));
}

TEST_F(RunpodWorkerRoutes, HoldsAWorkerUntilThereIsAJobToStop) {
  start();
  const std::string id = submitted();
  get("/v2/flaky/job-take/w1");
  Wire w(server_->port());
  w.send(request_text("GET", "/v2/flaky/job-stop/w1"));
  post("/v2/flaky/cancel/" + id);
  EXPECT_EQ(json::parse(w.answer().body), (json{{"jobsToStop", {id}}}));
}

TEST_F(RunpodWorkerRoutes, TakesAJobFromAWorkerThatDoesNotHaveIt) {
  start();
  const std::string id = submitted();
  get("/v2/flaky/job-take/w1");
  const auto status = [&] { return got("/v2/flaky/status/" + id).at("status"); };
  now_ += 15'000;
  const std::string no_word, names_it = "?job_id=x," + id + "&runpod_version=1",
                             has_none = "?runpod_version=1";
  for (const auto& ping : {no_word, no_word, names_it, names_it, has_none, has_none}) {
    EXPECT_EQ(status(), "IN_PROGRESS") << ping;
    get("/v2/flaky/ping/w1" + ping);
  }
  EXPECT_EQ(status(), "IN_QUEUE");
}

TEST_F(RunpodWorkerRoutes, CountsAWorkerThatIsUnhealthyAndLogsWhy) {
  settings_.works_itself = false;
  start();
  const auto workers = [&] { return got("/v2/flaky/health").at("workers"); };
  testing::internal::CaptureStdout();
  get("/v2/flaky/ping/w1?status=unhealthy&check=disk&reason=full%0A%1b[31mforged" + std::string(5'000, 'x') +
      "&runpod_version=1");
  const std::string log = testing::internal::GetCapturedStdout();
  EXPECT_EQ(workers().at("unhealthy"), 1);
  EXPECT_EQ(workers().at("idle"), 0);
  EXPECT_EQ(workers().at("ready"), 0);
  EXPECT_NE(log.find("worker w1 of flaky says that it is unhealthy: disk: full[31mforgedxxx"),
            std::string::npos)
      << log;
  EXPECT_LT(log.size(), 500u);
  get("/v2/flaky/ping/w1?runpod_version=1");
  EXPECT_EQ(workers().at("unhealthy"), 0) << "its host is well again";
  EXPECT_EQ(workers().at("idle"), 1);
}

// As its SDK names it in a header of every post.
TEST_F(RunpodWorkerRoutes, FindsTheJobByAHeaderWhereThePathNamesNone) {
  start();
  for (const std::string tail : {"", "/", "?&isStream=false", "&isStream=false", "/&isStream=false"}) {
    const std::string id = submitted();
    EXPECT_EQ(got("/v2/flaky/job-take/w1").at("id"), id);
    const Headers header = {{"X-Request-ID", id}};
    EXPECT_EQ(post("/v2/flaky/job-stream/w1" + tail, R"({"output":1})", header).status, 200) << tail;
    EXPECT_EQ(post("/v2/flaky/job-done/w1" + tail, R"({"output":2})", header).status, 200) << tail;
    EXPECT_EQ(got("/v2/flaky/status/" + id).at("output"), 2) << tail;
    EXPECT_EQ(got("/v2/flaky/stream/" + id).at("stream").at(0).at("output"), 1) << tail;
  }
}

TEST_F(RunpodWorkerRoutes, BelievesThePathBeforeTheHeader) {
  start();
  const std::string first = submitted(), second = submitted();
  got("/v2/flaky/job-take-batch/w1?batch_size=2");
  post("/v2/flaky/job-done/w1/" + first, R"({"output":1})", {{"X-Request-ID", second}});
  EXPECT_EQ(got("/v2/flaky/status/" + first).at("status"), "COMPLETED");
  EXPECT_EQ(got("/v2/flaky/status/" + second).at("status"), "IN_PROGRESS");
}

TEST_F(RunpodWorkerRoutes, TellsAWorkerThatNamesNoJob) {
  start();
  for (const char* route : {"job-done", "job-stream"}) {
    const std::string target = "/v2/flaky/" + std::string(route) + "/w1";
    EXPECT_EQ(post(target, R"({"output":1})").status, 400) << route;
    EXPECT_EQ(post(target, R"({"output":1})", {{"X-Request-ID", "unknown"}}).status, 404) << route;
  }
}

TEST_F(RunpodWorkerRoutes, HandsAJobOutAnewWhoseAnswerWasLost) {
  start();
  const std::string id = submitted();
  get("/v2/flaky/job-take/w1?job_in_progress=0");
  now_ += 15'000;
  get("/v2/flaky/ping/w1?runpod_version=1");
  EXPECT_EQ(got("/v2/flaky/job-take/w1?job_in_progress=0").at("id"), id + "~2");
}

TEST_F(RunpodWorkerRoutes, RefusesAWorkerThatIsCalledLikeItsOwn) {
  start();
  const std::string id = submitted();
  for (const char* route : {"job-take", "job-take-batch", "job-stop", "ping"})
    EXPECT_EQ(get("/v2/flaky/" + std::string(route) + "/local").status, 400) << route;
  take();
  EXPECT_EQ(post("/v2/flaky/job-done/local/" + id, R"({"output":1})").status, 400);
  EXPECT_EQ(post("/v2/flaky/job-stream/local/" + id, R"({"output":1})").status, 400);
  EXPECT_EQ(got("/v2/flaky/status/" + id).at("status"), "IN_PROGRESS");
}

TEST_F(RunpodWorkerRoutes, TakesAResultWithAnUnknownStatus) {
  start();
  const std::string id = submitted();
  get("/v2/flaky/job-take/w1");
  EXPECT_EQ(post("/v2/flaky/job-done/w1/" + id, R"({"status":5,"output":1})").status, 200);
  EXPECT_EQ(got("/v2/flaky/status/" + id).at("status"), "COMPLETED");
}

TEST_F(RunpodWorkerRoutes, TellsAWorkerWhatItDoesNotUnderstand) {
  start();
  const std::string id = submitted();
  get("/v2/flaky/job-take/w1");
  EXPECT_EQ(post("/v2/flaky/job-done/w1/unknown", R"({"output":1})").status, 404);
  for (const char* body : {"", "no", "[1]"})
    EXPECT_EQ(post("/v2/flaky/job-done/w1/" + id, body).status, 400) << body;
  EXPECT_EQ(got("/v2/flaky/status/" + id).at("status"), "IN_PROGRESS");
}

}  // namespace
}  // namespace orchestrator
