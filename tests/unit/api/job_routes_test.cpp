// Jobs and their reports in the API of its own.
#include <set>

#include "orchestrator/run/runpod_error.h"
#include "tests/unit/api/api_fixture.h"

namespace orchestrator {
namespace {

using namespace testing_support;

using JobRoutes = ApiFixture;

TEST_F(JobRoutes, TakesAJobOfItsOwnAndSaysWhereItIs) {
  start();
  const HttpAnswer answer = post("/api/v1/jobs", kInput);
  EXPECT_EQ(answer.status, 202);
  const json job = json::parse(answer.body);
  const std::string target = "/api/v1/jobs/" + job.at("id").get<std::string>();
  EXPECT_EQ(answer.header("location"), target);
  EXPECT_EQ(job.at("state"), "queued");
  EXPECT_EQ(got(target).at("request").at("repo"), "https://github.com/a/b");
  EXPECT_EQ(posted(target + "/cancel").at("state"), "cancelled");
  EXPECT_EQ(get("/api/v1/jobs/unknown").status, 404);
}

TEST_F(JobRoutes, SaysAllMistakesOfAJobAtOnce) {
  start();
  const HttpAnswer answer = post("/api/v1/jobs", R"({"repo":"/etc","runs":0,"parralelism":3})");
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.header("content-type"), "application/problem+json");
  const json problem = json::parse(answer.body);
  std::set<std::string> pointers;
  for (const auto& error : problem.at("errors")) pointers.insert(error.at("pointer"));
  for (const char* pointer : {"/repo", "/runs", "/parralelism"})
    EXPECT_TRUE(pointers.contains(pointer)) << pointer << "\n" << answer.body;
}

TEST_F(JobRoutes, GivesTheSameJobForTheSameIdempotencyKey) {
  start();
  const Headers key = {{"Idempotency-Key", "k"}};
  const json first = json::parse(post("/api/v1/jobs", kInput, key).body);
  EXPECT_EQ(json::parse(post("/api/v1/jobs", kInput, key).body).at("id"), first.at("id"));
  EXPECT_EQ(post("/api/v1/jobs", R"({"repo":"https://github.com/a/c","test_command":"true"})", key).status,
            422);
  EXPECT_EQ(post("/api/v1/jobs", kInput, {{"Idempotency-Key", std::string(256, 'x')}}).status, 400);
}

TEST_F(JobRoutes, ListsJobsAPageAtATime) {
  start();
  for (int i = 0; i < 3; ++i) post("/api/v1/jobs", kInput);
  const HttpAnswer answer = get("/api/v1/jobs?limit=2");
  const json first = json::parse(answer.body);
  EXPECT_EQ(first.at("jobs").size(), 2u);
  const std::string cursor = first.at("next_cursor");
  EXPECT_NE(answer.header("link").find("cursor=" + cursor), std::string::npos);
  const json second = got("/api/v1/jobs?limit=2&cursor=" + cursor);
  EXPECT_EQ(second.at("jobs").size(), 1u);
  EXPECT_TRUE(second.at("next_cursor").is_null());
  EXPECT_EQ(got("/api/v1/jobs?state=running").at("jobs").size(), 0u);
  EXPECT_EQ(get("/api/v1/jobs?state=flying").status, 400);
}

TEST_F(JobRoutes, KnowsNoPageBehindTheLastJob) {
  start();
  for (int i = 0; i < 2; ++i) post("/api/v1/jobs", kInput);
  const HttpAnswer answer = get("/api/v1/jobs?limit=2");
  EXPECT_EQ(json::parse(answer.body).at("jobs").size(), 2u);
  EXPECT_TRUE(json::parse(answer.body).at("next_cursor").is_null());
  EXPECT_EQ(answer.header("link"), "");
}

TEST_F(JobRoutes, ShowsTheReportsThatAJobHasLeft) {
  start();
  const std::string id = json::parse(post("/api/v1/jobs", kInput).body).at("id");
  queue_.finish(id, take().epoch, JobState::completed, "", "");
  const std::string target = "/api/v1/jobs/" + id + "/report.";
  EXPECT_EQ(get(target + "html").status, 404);
  write_file(folder_ / "reports/" + id + "/report.html", "<p>");
  const HttpAnswer page = get(target + "html");
  EXPECT_EQ(page.body, "<p>");
  EXPECT_NE(page.header("content-security-policy").find("sandbox"), std::string::npos);
  EXPECT_EQ(get(target + "exe").status, 404);
  EXPECT_EQ(get("/api/v1/jobs/..%2f..%2fjobs.db/report.json").status, 404);
  EXPECT_EQ(get(target + "json%2f..%2f..%2f..%2fjobs.db").status, 404);
}

TEST_F(JobRoutes, LinksToTheNextPageOfTheSameJobs) {
  start();
  for (int i = 0; i < 3; ++i) post("/api/v1/jobs", kInput);
  const HttpAnswer answer = get("/api/v1/jobs?state=queued&limit=2");
  const std::string cursor = json::parse(answer.body).at("next_cursor");
  EXPECT_EQ(answer.header("link"), "</api/v1/jobs?limit=2&state=queued&cursor=" + cursor + ">; rel=\"next\"");
}

TEST_F(JobRoutes, ShowsTheSummaryOfAJobThatSomebodyElseHasRun) {
  start();
  const std::string id = json::parse(post("/api/v1/jobs", kInput).body).at("id");
  const StoredJob taken = queue_.take("", "w1", 1).at(0);
  queue_.finish(id, taken.epoch, JobState::completed, R"({"verdict":"flaky"})", "");
  EXPECT_EQ(got("/api/v1/jobs/" + id + "/report.json").at("verdict"), "flaky");
}

TEST_F(JobRoutes, TellsHowAJobEndedAtAGlance) {
  start();
  const std::string id = json::parse(post("/api/v1/jobs", kInput).body).at("id");
  EXPECT_TRUE(got("/api/v1/jobs/" + id).at("result").is_null());
  queue_.finish(
      id, take().epoch, JobState::completed,
      R"({"verdict":"flaky","severity":"LOW","total_runs":20,"failures":1,"repro_rate":0.05,"results":[]})",
      "");
  const json job = got("/api/v1/jobs/" + id);
  EXPECT_EQ(
      job.at("result"),
      json::parse(R"({"verdict":"flaky","severity":"LOW","total_runs":20,"failures":1,"repro_rate":0.05})"));
  EXPECT_EQ(get(job.at("links").at("self")).status, 200);
  EXPECT_EQ(get(job.at("links").at("attempts")).status, 200);
  EXPECT_EQ(job.at("links").at("report_html"), "/api/v1/jobs/" + id + "/report.html");
}

TEST_F(JobRoutes, TellsAnErrorAsASentenceAndItsKind) {
  start();
  const auto ended_with = [&](const std::string& error) {
    const std::string id = json::parse(post("/api/v1/jobs", kInput).body).at("id");
    queue_.finish(id, take().epoch, JobState::failed, "", error);
    const json job = got("/api/v1/jobs/" + id);
    return std::pair(job.at("error"), job.at("error_kind"));
  };
  EXPECT_EQ(ended_with(runpod_error({"setup", "pip: no such package", 4}, "1", "", "")),
            (std::pair<json, json>{"pip: no such package", "setup"}));
  EXPECT_EQ(ended_with("a stranger's"), (std::pair<json, json>{"a stranger's", nullptr}));
  EXPECT_EQ(ended_with(R"({"error_message":3})"), (std::pair<json, json>{R"({"error_message":3})", nullptr}));
}

TEST_F(JobRoutes, TakesNothingBesideAnInputThatNobodyWouldHeed) {
  start();
  const HttpAnswer answer =
      post("/api/v1/jobs", R"({"id":"x","webhook":"https://a.example/","a/b":1,"input":)" + kInput + "}");
  EXPECT_EQ(answer.status, 422);
  std::set<std::string> pointers;
  const json problem = json::parse(answer.body);
  for (const auto& error : problem.at("errors")) pointers.insert(error.at("pointer"));
  EXPECT_EQ(pointers, (std::set<std::string>{"/webhook", "/a~1b"})) << answer.body;
  EXPECT_EQ(post("/api/v1/jobs", kRun).status, 202);
}

TEST_F(JobRoutes, SaysThatAQueryIsNoNumber) {
  start();
  const std::string id = submitted();
  for (const std::string& target :
       {std::string("/api/v1/jobs?cursor=abc"), std::string("/api/v1/jobs?limit=1x"),
        "/api/v1/jobs/" + id + "/attempts/0/stdout?offset=-", std::string("/api/v1/history/trend?days=abc"),
        std::string("/api/v1/events?after=abc"), std::string("/v2/flaky/requests?limit=many")}) {
    const HttpAnswer answer = get(target);
    EXPECT_EQ(answer.status, 400) << target;
    EXPECT_NE(answer.body.find("must be a whole number, not "), std::string::npos) << answer.body;
  }
  EXPECT_EQ(get("/api/v1/events", {{"Last-Event-ID", "abc"}}).status, 400);
  EXPECT_EQ(get("/api/v1/jobs?limit=99999999999999999999").status, 200) << "brought into its bounds";
  EXPECT_EQ(get("/api/v1/jobs?limit=").status, 200);
  EXPECT_EQ(get("/api/v1/events?job=unknown").status, 404);
}

TEST_F(JobRoutes, TellsItsOwnErrorsAsProblems) {
  start();
  for (const char* target : {"/api/v1/nothing", "/api/v1/jobs/unknown"}) {
    const HttpAnswer answer = get(target);
    EXPECT_EQ(answer.header("content-type"), "application/problem+json") << target;
    EXPECT_EQ(json::parse(answer.body).at("status"), 404);
  }
  EXPECT_EQ(post("/api/v1/events", "{}").header("content-type"), "application/problem+json");
  for (const auto& [target, type] :
       {std::pair{"/api/v1/jobs", "application/problem+json"}, {"/v2/flaky/run", "application/json"}}) {
    const HttpAnswer encoded = post(target, "x", {{"Content-Encoding", "gzip"}});
    EXPECT_EQ(encoded.status, 415);
    EXPECT_EQ(encoded.header("content-type"), type) << "also what is refused before it is read as a whole";
    EXPECT_EQ(json::parse(encoded.body).contains("title"), type == std::string("application/problem+json"));
  }
  EXPECT_EQ(get("/v2/flaky/status/unknown").header("content-type"), "application/json");
}

TEST_F(JobRoutes, TakesBodiesAsLargeAsItSays) {
  start();
  const std::string text(9u << 20, 'x');
  const json large = {{"input", {{"repo", text}, {"test_command", "true"}}}};
  EXPECT_EQ(post("/v2/flaky/run", large.dump()).status, 200);
  const std::string id = submitted();
  get("/v2/flaky/job-take/w1");
  EXPECT_EQ(post("/v2/flaky/job-done/w1/" + id, json{{"output", text}}.dump()).status, 200);
  EXPECT_EQ(got("/v2/flaky/status/" + id).at("status"), "COMPLETED");
}

TEST_F(JobRoutes, TakesNoWebhookThatNobodyCouldCall) {
  start();
  for (const std::string& webhook :
       {"https://a.example/" + std::string(2'000, 'x'), std::string("ftp://a.example/"),
        std::string("https://a.example/a b"), std::string("x")}) {
    const json body = {{"input", json::object()}, {"webhook", webhook}};
    EXPECT_EQ(post("/v2/flaky/run", body.dump()).status, 400) << webhook.substr(0, 40);
  }
}

}  // namespace
}  // namespace orchestrator
