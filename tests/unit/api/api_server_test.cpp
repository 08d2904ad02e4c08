// Who gets in, and what the service says of itself.
#include "sandbox/io/error.h"
#include "tests/unit/api/api_fixture.h"

namespace orchestrator {
namespace {

using namespace testing_support;

using ApiServerTest = ApiFixture;

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

class WithTokens : public ApiFixture {
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
    EXPECT_NE(answer.body.find("a token is needed"), std::string::npos) << answer.body;
    const HttpAnswer wrong = get(target, {{"Authorization", "Bearer wrong"}});
    EXPECT_EQ(wrong.status, 401);
    EXPECT_NE(wrong.body.find("this token is not known here"), std::string::npos) << wrong.body;
  }
  EXPECT_EQ(post("/v2/flaky/run", kRun).status, 401);
  EXPECT_EQ(queue_.counts("").queued, 0);
}

TEST_F(WithTokens, LetsEverybodyKnowThatItLives) {
  for (const char* target : {"/livez", "/readyz", "/api/v1/version"}) EXPECT_EQ(get(target).status, 200);
}

TEST_F(WithTokens, LetsEachDoWhatItsTokenIsFor) {
  EXPECT_EQ(post("/v2/flaky/run", kRun, bearing(submitter_)).status, 200);
  const HttpAnswer refused = post("/v2/flaky/run", kRun, bearing(reader_));
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(refused.body.find("it needs submit"), std::string::npos) << refused.body;
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

TEST_F(WithTokens, LetsReadersSeeAStreamWithoutTakingOfIt) {
  const std::string id = json::parse(post("/v2/flaky/run", kRun, bearing(submitter_)).body).at("id");
  const StoredJob taken = take();
  queue_.tell_progress(id, taken.epoch, "", {"1"});
  const std::string target = "/v2/flaky/stream/" + id + "?wait=0";
  const auto chunks = [&](const NewToken& token) {
    return json::parse(get(target, bearing(token)).body).at("stream").size();
  };
  EXPECT_EQ(chunks(reader_), 1u);
  EXPECT_EQ(chunks(reader_), 1u);
  EXPECT_EQ(chunks(submitter_), 1u);
  EXPECT_EQ(chunks(submitter_), 0u);
  queue_.cancel(id);
  EXPECT_EQ(get(target, bearing(reader_)).status, 200);
  EXPECT_EQ(get(target, bearing(submitter_)).status, 200) << "that it was cancelled is told to each";
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
  for (const auto& [target, body] :
       std::map<std::string, std::string>{{"/v2/flaky/run", kRun}, {"/api/v1/jobs", kInput}}) {
    const HttpAnswer answer = post(target, body);
    EXPECT_EQ(answer.status, 429) << target;
    EXPECT_EQ(answer.header("retry-after"), "10") << target;
    EXPECT_NE(answer.body.find("2000 jobs of this client are waiting"), std::string::npos) << answer.body;
  }
  take();
  EXPECT_EQ(post("/v2/flaky/run", kRun).status, 200) << "there is a place again";
}

}  // namespace
}  // namespace orchestrator
