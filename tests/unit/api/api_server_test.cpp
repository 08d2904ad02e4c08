#include "orchestrator/api/api_server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "sandbox/io/error.h"
#include "tests/support/program.h"
#include "tests/support/wire.h"

namespace orchestrator {
namespace {

using namespace testing_support;
using nlohmann::json;

const std::string kInput = R"({"repo":"https://github.com/a/b","test_command":"true"})";
const std::string kRun = R"({"input":)" + kInput + "}";

// The whole server but for a worker: the test plays that.
class ApiServerTest : public testing::Test {
 protected:
  void start() {
    settings_.version = "9.9";
    settings_.reports = folder_ / "reports";
    server_ = std::make_unique<ApiServer>(
        settings_, ApiHost{queue_, events_, history_, metrics_, [this] { return not_ready_; },
                           [this] { return metrics_.text(queue_.counts(""), 0, 0, 2); }});
    queue_.on_change([this](const std::string& id) { server_->job_changed(id); });
    events_.on_append([this](const auto&) { server_->events_came(); });
    server_->start();
  }
  ~ApiServerTest() override {
    if (server_) server_->stop(std::chrono::milliseconds(0));
  }

  HttpAnswer get(const std::string& target, const Headers& headers = {}) const {
    return ask(server_->port(), "GET", target, "", headers);
  }
  HttpAnswer post(const std::string& target, const std::string& body = "",
                  const Headers& headers = {}) const {
    return ask(server_->port(), "POST", target, body, headers);
  }
  json got(const std::string& target) const { return json::parse(get(target).body); }
  json posted(const std::string& target, const std::string& body = "") const {
    return json::parse(post(target, body).body);
  }
  // A job of the endpoint "flaky".
  std::string submitted() const { return posted("/v2/flaky/run", kRun).at("id"); }
  StoredJob take() { return queue_.take("", "local", 1).at(0); }

  TemporaryFolder folder_;
  Database database_{folder_ / "jobs.db"};
  std::atomic<Milliseconds> now_{1'764'000'000'000};
  JobQueue queue_{database_, {}, [this] { return now_.load(); }};
  EventStore events_{database_};
  History history_{database_};
  Metrics metrics_;
  std::optional<std::string> not_ready_;
  ApiSettings settings_;
  std::unique_ptr<ApiServer> server_;
};

// ---- the door

TEST_F(ApiServerTest, FindsNothingAtOtherAddresses) {
  start();
  for (const char* target :
       {"/", "/v2", "/v2/flaky", "/v2/flaky/run/more", "/livez/x", "/api/v1/jobs/x/report.", "/api/v2/jobs"})
    EXPECT_EQ(get(target).status, 404) << target;
}

TEST_F(ApiServerTest, SaysWhichMethodsAnAddressKnows) {
  start();
  const HttpAnswer answer = get("/v2/flaky/run");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.header("allow"), "POST");
  EXPECT_EQ(ask(server_->port(), "DELETE", "/v2/flaky/status/x").header("allow"), "GET, POST");
  EXPECT_EQ(ask(server_->port(), "DELETE", "/api/v1/jobs").header("allow"), "POST, GET");
}

TEST_F(ApiServerTest, TellsMonitorsThatAskForTheHeadAlone) {
  start();
  for (const char* target : {"/livez", "/readyz"}) {
    Wire w(server_->port());
    w.send(request_text("HEAD", target));
    EXPECT_EQ(w.answer("HEAD").status, 200) << target;
    w.send(request_text("GET", target));  // a body would be taken for the next answer's head
    EXPECT_EQ(w.answer().body, "ok\n") << target;
  }
  not_ready_ = "the disk is full";
  EXPECT_EQ(ask(server_->port(), "HEAD", "/readyz").status, 503);
}

TEST_F(ApiServerTest, BearsDoubledSlashes) {
  start();
  EXPECT_EQ(get("//livez").status, 200);
  EXPECT_EQ(get("/v2//flaky/health/").status, 200);
}

TEST_F(ApiServerTest, AsksNobodyOnThisHostForATokenWhereThereAreNone) {
  start();
  EXPECT_EQ(get("/v2/flaky/health").status, 200);
}

TEST_F(ApiServerTest, RefusesAPublicAddressWithoutTokens) {
  settings_.http.address = "0.0.0.0";
  EXPECT_THROW(start(), io::RequestError);
  settings_.http.address = "127.evil.example";
  EXPECT_THROW(start(), std::exception);
}

TEST_F(ApiServerTest, KnowsItselfByTheNamesOfLoopback) {
  start();
  for (const char* host : {"localhost", "localhost:8080", "127.0.0.1", "127.0.0.1:1", "[::1]:8080", "[::1]"})
    EXPECT_EQ(get("/livez", {{"Host", host}}).status, 200) << host;
}

TEST_F(ApiServerTest, RefusesANameThatWasMadeToPointHere) {
  start();
  for (const char* host : {"evil.example", "evil.example:8080", "127.evil.example", "127.0.0.1.evil.example",
                           "localhost.evil.example", ""})
    EXPECT_EQ(get("/livez", {{"Host", host}}).status, 403) << host;
}

TEST_F(ApiServerTest, KnowsItselfByTheNamesThatTheOperatorGave) {
  settings_.hosts = {"ci.example"};
  start();
  EXPECT_EQ(get("/livez", {{"Host", "ci.example:8080"}}).status, 200);
  EXPECT_EQ(get("/livez", {{"Host", "other.example"}}).status, 403);
}

TEST_F(ApiServerTest, RefusesWhatAPageOfAnotherSiteLoads) {
  start();
  const std::string id = submitted();
  for (const char* site : {"cross-site", "same-site"})
    EXPECT_EQ(get("/v2/flaky/job-take/x", {{"Sec-Fetch-Site", site}}).status, 403) << site;
  EXPECT_EQ(got("/v2/flaky/status/" + id).at("status"), "IN_QUEUE");
  for (const char* site : {"none", "same-origin"})
    EXPECT_EQ(get("/v2/flaky/status/" + id, {{"Sec-Fetch-Site", site}}).status, 200) << site;
}

TEST_F(ApiServerTest, RefusesPagesOfOtherSites) {
  start();
  for (const char* origin :
       {"https://evil.example", "null", "http://localhost:3000", "http://localhost.evil.example"})
    EXPECT_EQ(post("/v2/flaky/run", kRun, {{"Host", "localhost:8080"}, {"Origin", origin}}).status, 403)
        << origin;
  EXPECT_EQ(queue_.counts("").queued, 0);
  EXPECT_EQ(
      post("/v2/flaky/run", kRun, {{"Host", "localhost:8080"}, {"Origin", "http://localhost:8080"}}).status,
      200);
}

class WithTokens : public ApiServerTest {
 protected:
  WithTokens() {
    write_file(folder_ / "tokens",
               submitter_.line + "\n" + reader_.line + "\n" + worker_.line + "\n" + admin_.line + "\n");
    settings_.tokens = Tokens::read(folder_ / "tokens");
    start();
  }
  static Headers bearing(const NewToken& token) { return {{"Authorization", "Bearer " + token.token}}; }

  NewToken submitter_ = make_token("submitter", "submit"), reader_ = make_token("reader", "read"),
           worker_ = make_token("worker", "worker"), admin_ = make_token("admin", "admin");
};

TEST_F(WithTokens, AsksForOneWhereSomethingIsToBeKnownOrDone) {
  for (const char* target :
       {"/v2/flaky/health", "/v2/flaky/status/x", "/api/v1/jobs", "/api/v1/events", "/v2/flaky/job-take/w"}) {
    const HttpAnswer answer = get(target);
    EXPECT_EQ(answer.status, 401) << target;
    EXPECT_EQ(answer.header("www-authenticate"), "Bearer");
    EXPECT_EQ(get(target, {{"Authorization", "Bearer wrong"}}).status, 401);
  }
  EXPECT_EQ(post("/v2/flaky/run", kRun).status, 401);
  EXPECT_EQ(queue_.counts("").queued, 0);
}

TEST_F(WithTokens, LetsEverybodyKnowThatItLives) {
  for (const char* target : {"/livez", "/readyz", "/api/v1/version"}) EXPECT_EQ(get(target).status, 200);
}

TEST_F(WithTokens, LetsEachDoWhatItsTokenIsFor) {
  EXPECT_EQ(post("/v2/flaky/run", kRun, bearing(submitter_)).status, 200);
  EXPECT_EQ(post("/v2/flaky/run", kRun, bearing(reader_)).status, 403);
  EXPECT_EQ(post("/v2/flaky/run", kRun, bearing(worker_)).status, 403);
  EXPECT_EQ(get("/v2/flaky/ping/w", bearing(worker_)).status, 200);
  EXPECT_EQ(get("/v2/flaky/ping/w", bearing(submitter_)).status, 403);
  EXPECT_EQ(get("/api/v1/jobs", bearing(reader_)).status, 200);
  EXPECT_EQ(get("/api/v1/jobs", bearing(submitter_)).status, 403);
  for (const char* target : {"/api/v1/jobs", "/v2/flaky/ping/w", "/v2/flaky/health"})
    EXPECT_EQ(get(target, bearing(admin_)).status, 200);
}

TEST_F(WithTokens, TakesTheTokenAlone) {
  EXPECT_EQ(get("/v2/flaky/health", {{"Authorization", reader_.token}}).status, 200);
  EXPECT_EQ(get("/v2/flaky/health", {{"authorization", "bearer " + reader_.token}}).status, 200);
}

TEST_F(WithTokens, PutsAJobDownToItsClient) {
  const std::string id = json::parse(post("/v2/flaky/run", kRun, bearing(submitter_)).body).at("id");
  EXPECT_EQ(queue_.find(id)->client, "submitter");
}

TEST_F(WithTokens, LetsNobodyChangeAnotherClientsJobs) {
  const NewToken other = make_token("other", "submit,read");
  write_file(folder_ / "tokens", submitter_.line + "\n" + other.line + "\n" + admin_.line + "\n");
  server_->stop(std::chrono::milliseconds(0));
  settings_.tokens = Tokens::read(folder_ / "tokens");
  start();
  const auto submit = [&] {
    return json::parse(post("/v2/flaky/run", kRun, bearing(submitter_)).body).at("id").get<std::string>();
  };
  const std::string id = submit();
  EXPECT_EQ(post("/v2/flaky/cancel/" + id, "", bearing(other)).status, 403);
  EXPECT_EQ(post("/v2/flaky/retry/" + id, "", bearing(other)).status, 403);
  EXPECT_EQ(post("/api/v1/jobs/" + id + "/cancel", "", bearing(other)).status, 403);
  EXPECT_EQ(json::parse(post("/v2/flaky/purge-queue", "", bearing(other)).body).at("removed"), 0);
  EXPECT_EQ(queue_.find(id)->state, JobState::queued);
  EXPECT_EQ(json::parse(post("/v2/flaky/cancel/" + id, "", bearing(submitter_)).body).at("status"),
            "CANCELLED");
  EXPECT_EQ(json::parse(post("/api/v1/jobs/" + submit() + "/cancel", "", bearing(admin_)).body).at("state"),
            "cancelled");
  submit();
  EXPECT_EQ(json::parse(post("/v2/flaky/purge-queue", "", bearing(submitter_)).body).at("removed"), 1);
}

TEST_F(WithTokens, ShowsAJobToItsClientAndToReadersAlone) {
  const NewToken other = make_token("other", "submit");
  write_file(folder_ / "tokens", submitter_.line + "\n" + other.line + "\n" + reader_.line + "\n");
  server_->stop(std::chrono::milliseconds(0));
  settings_.tokens = Tokens::read(folder_ / "tokens");
  start();
  const std::string id = json::parse(post("/v2/flaky/run", kRun, bearing(submitter_)).body).at("id");
  for (const std::string& target : {"/v2/flaky/status/" + id, "/v2/flaky/stream/" + id + "?wait=0",
                                    "/api/v1/jobs/" + id, "/api/v1/jobs/" + id + "/attempts"}) {
    EXPECT_EQ(get(target, bearing(submitter_)).status, 200) << target;
    EXPECT_EQ(get(target, bearing(reader_)).status, 200) << target;
    EXPECT_EQ(get(target, bearing(other)).status, 404) << target;
  }
  EXPECT_EQ(get("/api/v1/events?job=" + id, bearing(other)).status, 403);
  EXPECT_EQ(get("/api/v1/events", bearing(submitter_)).status, 403);
}

TEST_F(WithTokens, MayBeCalledByAnyName) { EXPECT_EQ(get("/livez", {{"Host", "ci.example"}}).status, 200); }

TEST_F(WithTokens, DoesNotReadALargeBodyOfAStranger) {
  const std::string large(1 << 20, 'x');
  EXPECT_EQ(post("/v2/flaky/run", large).status, 413);
  EXPECT_EQ(post("/v2/flaky/run", large, bearing(submitter_)).status, 400);
}

TEST_F(WithTokens, NeverTakesACallerForOneWhoSitsHere) {
  settings_.admission.folders = {folder_.path()};
  const std::string body = R"({"repo":")" + folder_.path() + R"(","test_command":"true"})";
  EXPECT_EQ(post("/api/v1/jobs", body, bearing(submitter_)).status, 422);
}

TEST_F(ApiServerTest, IsForThisHostOnAUnixSocket) {
  settings_.http.unix_socket = folder_ / "serve.sock";
  settings_.admission.folders = {folder_.path()};
  start();
  EXPECT_EQ(ask(settings_.http.unix_socket, "GET", "/livez", "", {{"Host", "whatever"}}).status, 200);
  const std::string body = R"({"repo":")" + folder_.path() + R"(","test_command":"true"})";
  EXPECT_EQ(ask(settings_.http.unix_socket, "POST", "/api/v1/jobs", body).status, 202);
}

// ---- the service

TEST_F(ApiServerTest, SaysWhetherItLivesAndCanWork) {
  start();
  EXPECT_EQ(get("/livez").status, 200);
  EXPECT_EQ(get("/readyz").status, 200);
  EXPECT_EQ(got("/api/v1/version").at("version"), "9.9");
  not_ready_ = "no engine";
  EXPECT_EQ(get("/readyz").status, 503);
  EXPECT_EQ(get("/readyz").body, "no engine\n");
  EXPECT_EQ(get("/livez").status, 200);
}

TEST_F(ApiServerTest, TakesNoMoreJobsBeforeItStops) {
  start();
  const std::string id = submitted();
  server_->drain();
  EXPECT_EQ(post("/v2/flaky/run", kRun).status, 503);
  EXPECT_EQ(post("/v2/flaky/runsync", kRun).status, 503);
  EXPECT_EQ(post("/api/v1/jobs", kInput).status, 503);
  EXPECT_NE(post("/api/v1/jobs", kInput).header("retry-after"), "");
  EXPECT_EQ(get("/readyz").status, 503);
  const auto asked = std::chrono::steady_clock::now();
  EXPECT_EQ(get("/v2/flaky/job-take/w").status, 204);
  EXPECT_GT(std::chrono::steady_clock::now() - asked, std::chrono::seconds(1))
      << "it would ask at once again";
  EXPECT_EQ(get("/v2/flaky/status/" + id).status, 200) << "what was taken can be asked for";
}

TEST_F(ApiServerTest, SaysThatTheQueueIsFull) {
  start();
  for (int i = 0; i < 2'000; ++i) {
    Submission said;
    said.id = std::to_string(i);
    said.client = "local";
    if (i == 0)
      database_.with([](SQLite::Database& connection) { connection.exec("PRAGMA synchronous = OFF"); });
    queue_.submit(said);
  }
  const HttpAnswer answer = post("/v2/flaky/run", kRun);
  EXPECT_EQ(answer.status, 429);
  EXPECT_NE(answer.header("retry-after"), "");
}

// ---- RunPod's clients

TEST_F(ApiServerTest, TakesAJobAndSaysItsState) {
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

TEST_F(ApiServerTest, UnwrapsAnInputThatAClientHasWrappedTwice) {
  start();
  posted("/v2/flaky/run", R"({"input":{"input":)" + kInput + "}}");
  EXPECT_EQ(json::parse(take().input), json::parse(kInput));
}

TEST_F(ApiServerTest, FailsAWrongInputAtOnceAsAWorkerWould) {
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
  EXPECT_EQ(post("/v2/flaky/retry/" + id).status, 400);
}

TEST_F(ApiServerTest, FailsAJobThatAsksForMoreThanTheOperatorAllows) {
  start();
  const std::string id =
      posted("/v2/flaky/run", R"({"input":{"repo":"/etc","test_command":"true"}})").at("id");
  EXPECT_EQ(got("/v2/flaky/status/" + id).at("status"), "FAILED");
  EXPECT_TRUE(queue_.take("", "local", 1).empty());
}

TEST_F(ApiServerTest, RefusesWhatIsNoJobAtAll) {
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

TEST_F(ApiServerTest, KeepsAJobsPolicy) {
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

TEST_F(ApiServerTest, AnswersRunsyncWhenTheJobEnds) {
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

TEST_F(ApiServerTest, AnswersRunsyncWithTheStateWhenTheTimeIsOver) {
  start();
  const json answer = posted("/v2/flaky/runsync?wait=1", kRun);  // brought up to a second
  EXPECT_EQ(answer.at("status"), "IN_QUEUE");
  EXPECT_EQ(posted("/v2/flaky/cancel/" + answer.at("id").get<std::string>()).at("status"), "CANCELLED");
  EXPECT_EQ(got("/v2/flaky/status-sync/" + answer.at("id").get<std::string>()).at("status"), "CANCELLED");
}

TEST_F(ApiServerTest, StreamsEachChunkOnceAndTheRestWithTheEnd) {
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

TEST_F(ApiServerTest, StreamsAChunkAsSoonAsItIsThere) {
  start();
  const std::string id = submitted();
  const StoredJob taken = take();
  Wire w(server_->port());
  w.send(request_text("GET", "/v2/flaky/stream/" + id + "?wait=90000"));
  queue_.tell_progress(id, taken.epoch, "", {"1"});
  EXPECT_EQ(json::parse(w.answer().body).at("stream").at(0).at("output"), 1);
}

TEST_F(ApiServerTest, EndsTheStreamOfACancelledJobWithAnError) {
  start();
  const std::string id = submitted();
  post("/v2/flaky/cancel/" + id);
  EXPECT_EQ(got("/v2/flaky/stream/" + id).at("status"), "CANCELLED");
  EXPECT_EQ(get("/v2/flaky/stream/" + id).status, 404) << "one client would ask for ever";
}

TEST_F(ApiServerTest, KnowsJobsByTheirEndpoint) {
  start();
  const std::string id = submitted();
  for (const char* what : {"status/", "stream/", "status-sync/"})
    EXPECT_EQ(get(std::string("/v2/other/") + what + id).status, 404) << what;
  for (const char* what : {"cancel/", "retry/"})
    EXPECT_EQ(post(std::string("/v2/other/") + what + id).status, 404) << what;
  EXPECT_EQ(get("/v2/flaky/status/unknown").status, 404);
}

TEST_F(ApiServerTest, PurgesAndRetries) {
  start();
  submitted();
  submitted();
  EXPECT_EQ(posted("/v2/flaky/purge-queue"), (json{{"removed", 2}, {"status", "completed"}}));
  const std::string id = submitted();
  EXPECT_EQ(post("/v2/flaky/retry/" + id).status, 400);
  const StoredJob taken = take();
  queue_.finish(id, taken.epoch, JobState::failed, "", "no");
  EXPECT_EQ(posted("/v2/flaky/retry/" + id), (json{{"id", id}, {"status", "IN_QUEUE"}}));
}

TEST_F(ApiServerTest, SaysItsHealth) {
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

TEST_F(ApiServerTest, CountsOnlyOtherWorkersWhereItWorksOnNoJobItself) {
  settings_.works_itself = false;
  start();
  EXPECT_EQ(got("/v2/flaky/health").at("workers").at("idle"), 0);
  EXPECT_EQ(got("/v2/flaky/health").at("workers").at("unhealthy"), 0);
  get("/v2/flaky/ping/w1");
  EXPECT_EQ(got("/v2/flaky/health").at("workers").at("idle"), 1);
}

// ---- RunPod's workers

TEST_F(ApiServerTest, GivesABucketToTheJobsWorkerAndToNobodyElse) {
  start();
  const std::string bucket = R"({"accessId":"i","accessSecret":"hush","endpointUrl":"https://b.example/b"})";
  const std::string id =
      posted("/v2/flaky/run", R"({"input":)" + kInput + R"(,"s3Config":)" + bucket + "}").at("id");
  const std::string job = "/api/v1/jobs/" + id;
  for (const std::string& target : {"/v2/flaky/status/" + id, job, job + "/events", std::string("/metrics")})
    EXPECT_EQ(get(target).body.find("hush"), std::string::npos) << target;
  const json taken = got("/v2/flaky/job-take/w1");
  EXPECT_EQ(taken.at("s3Config"), json::parse(bucket));
  EXPECT_FALSE(json::parse(queue_.find(id)->input).contains("s3Config"));
  for (const char* file : {"jobs.db", "jobs.db-wal"})
    EXPECT_EQ(read_file(folder_ / file).find("hush"), std::string::npos) << file;

  post("/v2/flaky/job-done/w1/" + id, R"({"error":"once more"})");
  EXPECT_EQ(posted("/v2/flaky/retry/" + id).at("id"), id);
  EXPECT_FALSE(got("/v2/flaky/job-take/w1").contains("s3Config")) << "it was forgotten at the end";
}

TEST_F(ApiServerTest, HandsAJobToAWorkerAndTakesItsResult) {
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

TEST_F(ApiServerTest, ReadsWhatAWorkerHasAppendedToThePath) {
  start();
  const std::string id = submitted();
  EXPECT_EQ(got("/v2/flaky/job-take-batch/w1&batch_size=5&job_in_progress=0").at(0).at("id"), id);
  EXPECT_EQ(post("/v2/flaky/job-done/w1/" + id + "&gpu=x", R"({"error":"no"})").status, 200);
  EXPECT_EQ(got("/v2/flaky/status/" + id).at("error"), "no");
}

TEST_F(ApiServerTest, HoldsAWorkerUntilThereIsAJob) {
  start();
  Wire w(server_->port());
  w.send(request_text("GET", "/v2/flaky/job-take/w1"));
  const std::string id = submitted();
  EXPECT_EQ(json::parse(w.answer().body).at("id"), id);
}

TEST_F(ApiServerTest, GivesNoJobToAWorkerThatHasHungUp) {
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

TEST_F(ApiServerTest, DropsTheResultOfAWorkerThatHasTheJobNoMore) {
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

TEST_F(ApiServerTest, DropsTheResultOfAnEarlierHandOutToTheSameWorker) {
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

TEST_F(ApiServerTest, StopsTheHandOutThatAWorkerHas) {
  start();
  const std::string id = submitted();
  get("/v2/flaky/job-take/w1");
  post("/v2/flaky/job-done/w1/" + id, R"({"error":"no"})");
  post("/v2/flaky/retry/" + id);
  const std::string again = got("/v2/flaky/job-take/w1").at("id");
  post("/v2/flaky/cancel/" + id);
  EXPECT_EQ(got("/v2/flaky/job-stop/w1"), (json{{"jobsToStop", {again}}}));
}

TEST_F(ApiServerTest, HoldsAWorkerUntilThereIsAJobToStop) {
  start();
  const std::string id = submitted();
  get("/v2/flaky/job-take/w1");
  Wire w(server_->port());
  w.send(request_text("GET", "/v2/flaky/job-stop/w1"));
  post("/v2/flaky/cancel/" + id);
  EXPECT_EQ(json::parse(w.answer().body), (json{{"jobsToStop", {id}}}));
}

TEST_F(ApiServerTest, TakesAJobFromAWorkerThatDoesNotHaveIt) {
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

TEST_F(ApiServerTest, HandsAJobOutAnewWhoseAnswerWasLost) {
  start();
  const std::string id = submitted();
  get("/v2/flaky/job-take/w1?job_in_progress=0");
  now_ += 15'000;
  get("/v2/flaky/ping/w1?runpod_version=1");
  EXPECT_EQ(got("/v2/flaky/job-take/w1?job_in_progress=0").at("id"), id + "~2");
}

TEST_F(ApiServerTest, RefusesAWorkerThatIsCalledLikeItsOwn) {
  start();
  const std::string id = submitted();
  for (const char* route : {"job-take", "job-take-batch", "job-stop", "ping"})
    EXPECT_EQ(get("/v2/flaky/" + std::string(route) + "/local").status, 400) << route;
  take();
  EXPECT_EQ(post("/v2/flaky/job-done/local/" + id, R"({"output":1})").status, 400);
  EXPECT_EQ(post("/v2/flaky/job-stream/local/" + id, R"({"output":1})").status, 400);
  EXPECT_EQ(got("/v2/flaky/status/" + id).at("status"), "IN_PROGRESS");
}

TEST_F(ApiServerTest, TakesAResultWithAnUnknownStatus) {
  start();
  const std::string id = submitted();
  get("/v2/flaky/job-take/w1");
  EXPECT_EQ(post("/v2/flaky/job-done/w1/" + id, R"({"status":5,"output":1})").status, 200);
  EXPECT_EQ(got("/v2/flaky/status/" + id).at("status"), "COMPLETED");
}

TEST_F(ApiServerTest, TellsAWorkerWhatItDoesNotUnderstand) {
  start();
  const std::string id = submitted();
  get("/v2/flaky/job-take/w1");
  EXPECT_EQ(post("/v2/flaky/job-done/w1/unknown", R"({"output":1})").status, 404);
  for (const char* body : {"", "no", "[1]"})
    EXPECT_EQ(post("/v2/flaky/job-done/w1/" + id, body).status, 400) << body;
  EXPECT_EQ(got("/v2/flaky/status/" + id).at("status"), "IN_PROGRESS");
}

// ---- our own

TEST_F(ApiServerTest, TakesAJobOfItsOwnAndSaysWhereItIs) {
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

TEST_F(ApiServerTest, SaysAllMistakesOfAJobAtOnce) {
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

TEST_F(ApiServerTest, GivesTheSameJobForTheSameIdempotencyKey) {
  start();
  const Headers key = {{"Idempotency-Key", "k"}};
  const json first = json::parse(post("/api/v1/jobs", kInput, key).body);
  EXPECT_EQ(json::parse(post("/api/v1/jobs", kInput, key).body).at("id"), first.at("id"));
  EXPECT_EQ(post("/api/v1/jobs", R"({"repo":"https://github.com/a/c","test_command":"true"})", key).status,
            422);
  EXPECT_EQ(post("/api/v1/jobs", kInput, {{"Idempotency-Key", std::string(256, 'x')}}).status, 400);
}

TEST_F(ApiServerTest, ListsJobsAPageAtATime) {
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

TEST_F(ApiServerTest, ShowsTheReportsThatAJobHasLeft) {
  start();
  const std::string id = json::parse(post("/api/v1/jobs", kInput).body).at("id");
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

TEST_F(ApiServerTest, ShowsTheSummaryOfAJobThatSomebodyElseHasRun) {
  start();
  const std::string id = json::parse(post("/api/v1/jobs", kInput).body).at("id");
  const StoredJob taken = queue_.take("", "w1", 1).at(0);
  queue_.finish(id, taken.epoch, JobState::completed, R"({"verdict":"flaky"})", "");
  EXPECT_EQ(got("/api/v1/jobs/" + id + "/report.json").at("verdict"), "flaky");
}

TEST_F(ApiServerTest, TellsItsOwnErrorsAsProblems) {
  start();
  for (const char* target : {"/api/v1/nothing", "/api/v1/jobs/unknown"}) {
    const HttpAnswer answer = get(target);
    EXPECT_EQ(answer.header("content-type"), "application/problem+json") << target;
    EXPECT_EQ(json::parse(answer.body).at("status"), 404);
  }
  EXPECT_EQ(post("/api/v1/events", "{}").header("content-type"), "application/problem+json");
  EXPECT_EQ(get("/v2/flaky/status/unknown").header("content-type"), "application/json");
}

TEST_F(ApiServerTest, TakesBodiesAsLargeAsItSays) {
  start();
  const std::string text(9u << 20, 'x');
  const json large = {{"input", {{"repo", text}, {"test_command", "true"}}}};
  EXPECT_EQ(post("/v2/flaky/run", large.dump()).status, 200);
  const std::string id = submitted();
  get("/v2/flaky/job-take/w1");
  EXPECT_EQ(post("/v2/flaky/job-done/w1/" + id, json{{"output", text}}.dump()).status, 200);
  EXPECT_EQ(got("/v2/flaky/status/" + id).at("status"), "COMPLETED");
}

TEST_F(ApiServerTest, TakesNoWebhookThatNobodyCouldCall) {
  start();
  for (const std::string& webhook :
       {"https://a.example/" + std::string(2'000, 'x'), std::string("ftp://a.example/"),
        std::string("https://a.example/a b"), std::string("x")}) {
    const json body = {{"input", json::object()}, {"webhook", webhook}};
    EXPECT_EQ(post("/v2/flaky/run", body.dump()).status, 400) << webhook.substr(0, 40);
  }
}

// ---- events, and logs that are followed

TEST_F(ApiServerTest, TellsAllEventsToAReaderWhoTakesHisTime) {
  start();
  const std::string id = submitted();
  const std::string data = json{{"text", std::string(4'000, 'x')}}.dump();
  events_.append(std::vector<StoredEvent>(1'500, {0, id, 5, "layer_output", data}));
  Wire w(server_->port());
  w.send(request_text("GET", "/api/v1/events?after=0&job=" + id));
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  EXPECT_GE(w.until("id: 1500\n").size(), 6'000'000u);
}

TEST_F(ApiServerTest, ShowsAWholeLogToAFollowerWhoTakesHisTime) {
  start();
  const std::string id = submitted();
  const StoredJob taken = queue_.take("", "w1", 1).at(0);
  std::string log(6u << 20, 'x');
  log += "the end";
  write_file(folder_ / "reports/" + id + "/logs/attempt-0000.stdout", log);
  Wire w(server_->port());
  w.send(request_text("GET", "/api/v1/jobs/" + id + "/attempts/0/stdout?follow=1"));
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  EXPECT_GE(w.until("the end").size(), log.size());
  queue_.finish(id, taken.epoch, JobState::completed, "{}", "");
  w.until("0\r\n\r\n");
}

TEST_F(ApiServerTest, ShowsTheAttemptsOfTheLastHandOutAlone) {
  start();
  const std::string id = submitted();
  take();
  const auto finished = [&](int attempt) {
    return StoredEvent{0, id, now_, "attempt_finished",
                       json{{"attempt", attempt}, {"outcome", "passed"}}.dump()};
  };
  events_.append({{0, id, now_, "job_started", "{}"}, finished(0), finished(1)});
  EXPECT_EQ(got("/api/v1/jobs/" + id + "/attempts").at("attempts").size(), 2u);
  events_.append({{0, id, now_, "job_started", "{}"}, finished(7)});
  const json attempts = got("/api/v1/jobs/" + id + "/attempts").at("attempts");
  ASSERT_EQ(attempts.size(), 1u);
  EXPECT_EQ(attempts[0].at("attempt"), 7);
}

TEST_F(ApiServerTest, TellsEventsFromWhereTheReaderWasAndThenAsTheyCome) {
  start();
  const std::string id = submitted(), other = submitted();
  events_.append(
      {{0, id, 5, "one", R"({"x":1})"}, {0, other, 6, "elsewhere", "{}"}, {0, id, 7, "two", "{}"}});
  Wire w(server_->port());
  w.send(request_text("GET", "/api/v1/events?job=" + id, "", {{"Last-Event-ID", "1"}}));
  EXPECT_NE(w.until("\r\n\r\n").find("text/event-stream"), std::string::npos);
  const std::string second = w.until("\"data\":{}}");
  EXPECT_EQ(second.find("one"), std::string::npos) << "seen already";
  EXPECT_EQ(second.find("elsewhere"), std::string::npos) << "another job's";
  EXPECT_NE(second.find("id: 3\nevent: two\n"), std::string::npos) << second;
  events_.append({{0, id, 8, "three", R"({"y":1})"}});
  const std::string third = w.until("\"data\":{\"y\":1}}");
  EXPECT_NE(third.find("event: three\n"), std::string::npos) << third;
}

TEST_F(ApiServerTest, TellsNewEventsOnlyToWhoAsksForNoOlder) {
  start();
  const std::string id = submitted();
  events_.append({{0, id, 5, "old", "{}"}});
  Wire w(server_->port());
  w.send(request_text("GET", "/api/v1/events"));
  w.until("retry");
  events_.append({{0, id, 6, "new", "{}"}});
  EXPECT_EQ(w.until("event: new").find("old"), std::string::npos);
}

TEST_F(ApiServerTest, HasNotMoreReadersOfEventsThanItCanBear) {
  settings_.streams = 1;
  start();
  Wire first(server_->port());
  first.send(request_text("GET", "/api/v1/events"));
  first.until("retry");
  const HttpAnswer full = get("/api/v1/events");
  EXPECT_EQ(full.status, 503);
  EXPECT_NE(full.header("retry-after"), "");
}

}  // namespace
}  // namespace orchestrator
