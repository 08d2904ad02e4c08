// Events, and logs that are followed.
#include <thread>

#include "orchestrator/run/event.h"
#include "tests/unit/api/api_fixture.h"

namespace orchestrator {
namespace {

using namespace testing_support;

using EventRoutes = ApiFixture;

TEST_F(EventRoutes, TellsAllEventsToAReaderWhoTakesHisTime) {
  start();
  const std::string id = submitted();
  const std::string data = json{{"text", std::string(4'000, 'x')}}.dump();
  events_.append(std::vector<StoredEvent>(1'500, {0, id, 5, "layer_output", data}));
  Wire w(server_->port());
  w.send(request_text("GET", "/api/v1/events?after=0&job=" + id));
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  EXPECT_GE(w.until("id: 1500\n").size(), 6'000'000u);
}

TEST_F(EventRoutes, ShowsAWholeLogToAFollowerWhoTakesHisTime) {
  start();
  const std::string id = submitted();
  const StoredJob taken = take();
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

TEST_F(EventRoutes, ShowsAWholeLogToWhoAsksForNoPart) {
  start();
  const std::string id = submitted();
  const StoredJob taken = take();
  const std::string log = std::string(9u << 20, 'x') + "the end",
                    target = "/api/v1/jobs/" + id + "/attempts/0/stdout";
  write_file(folder_ / "reports/" + id + "/logs/attempt-0000.stdout", log);
  // Also while its job runs: as much as there was when it was asked for.
  for (const bool over : {false, true}) {
    if (over) queue_.finish(id, taken.epoch, JobState::completed, "{}", "");
    const HttpAnswer whole = get(target);
    EXPECT_EQ(whole.status, 200);
    EXPECT_EQ(whole.header("x-log-size"), std::to_string(log.size()));
    EXPECT_EQ(whole.header("x-next-offset"), std::to_string(log.size()));
    EXPECT_EQ(whole.body.size(), log.size());
    EXPECT_TRUE(whole.body == log);
  }
  EXPECT_EQ(get(target + "?offset=5").body.size(), log.size() - 5);
  const HttpAnswer part = get(target + "?limit=100");
  EXPECT_EQ(part.body, log.substr(0, 100));
  EXPECT_EQ(part.header("x-next-offset"), "100");
}

TEST_F(EventRoutes, ShowsAFollowerOfAJobThatWaitsNoLogOfAnEarlierHandOut) {
  start();
  const std::string id = submitted();
  const std::string log = folder_ / "reports/" + id + "/logs/attempt-0000.stdout";
  write_file(log, "what was old;");
  Wire w(server_->port());
  w.send(request_text("GET", "/api/v1/jobs/" + id + "/attempts/0/stdout?follow=1"));
  w.until("\r\n\r\n");
  EXPECT_EQ(get("/api/v1/jobs/" + id + "/attempts/0/stdout").status, 404);
  write_file(log, "this is new;");
  const StoredJob taken = take();
  const std::string shown = w.until("new;");
  EXPECT_EQ(shown.find("old"), std::string::npos) << shown;
  queue_.finish(id, taken.epoch, JobState::completed, "{}", "");
  w.until("0\r\n\r\n");
}

TEST_F(EventRoutes, ShowsTheAttemptsOfTheLastHandOutAlone) {
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

TEST_F(EventRoutes, TellsEventsFromWhereTheReaderWasAndThenAsTheyCome) {
  start();
  const std::string id = submitted(), other = submitted();
  events_.append(
      {{0, id, 5, "one", R"({"x":1})"}, {0, other, 6, "elsewhere", "{}"}, {0, id, 7, "two", "{}"}});
  Wire w(server_->port());
  w.send(request_text("GET", "/api/v1/events?job=" + id, "", {{"Last-Event-ID", "1"}}));
  EXPECT_NE(w.until("\r\n\r\n").find("text/event-stream"), std::string::npos);
  const std::string second = w.until("\"type\":\"two\"}");
  EXPECT_EQ(second.find("one"), std::string::npos) << "seen already";
  EXPECT_EQ(second.find("elsewhere"), std::string::npos) << "another job's";
  EXPECT_NE(second.find("id: 3\nevent: two\n"), std::string::npos) << second;
  events_.append({{0, id, 8, "three", R"({"y":1})"}});
  const std::string third = w.until("\"type\":\"three\"}");
  EXPECT_NE(third.find("\"data\":{\"y\":1}"), std::string::npos) << third;
  EXPECT_NE(third.find("event: three\n"), std::string::npos) << third;
}

TEST_F(EventRoutes, TellsWhatJsonLinesTell) {
  start();
  const std::string id = submitted();
  const auto time = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'764'000'000'123));
  json line = json::parse(Event{1, time, "attempt_finished", {{"attempt", 3}}}.to_json_line());
  events_.append({{0, id, 1'764'000'000'123, "attempt_finished", R"({"attempt":3})"}});
  Wire w(server_->port());
  w.send(request_text("GET", "/api/v1/events?after=0"));
  w.until("data: ");
  line["job"] = id;
  EXPECT_EQ(json::parse(w.until("\n")), line);
}

TEST_F(EventRoutes, TellsNewEventsOnlyToWhoAsksForNoOlder) {
  start();
  const std::string id = submitted();
  events_.append({{0, id, 5, "old", "{}"}});
  Wire w(server_->port());
  w.send(request_text("GET", "/api/v1/events"));
  w.until("retry");
  events_.append({{0, id, 6, "new", "{}"}});
  EXPECT_EQ(w.until("event: new").find("old"), std::string::npos);
}

TEST_F(EventRoutes, TellsAtOnceThatAJobHasEnded) {
  start();
  const std::string waits = submitted(), runs = submitted();
  Wire w(server_->port());
  w.send(request_text("GET", "/api/v1/events"));
  w.until("retry");
  const auto begin = std::chrono::steady_clock::now();
  post("/v2/flaky/cancel/" + waits);
  const std::string first = w.until("\"type\":\"job_ended\"}\n");
  EXPECT_NE(first.find("event: job_ended\n"), std::string::npos) << first;
  EXPECT_NE(first.find(R"("data":{"state":"cancelled"},"job":")" + waits), std::string::npos) << first;
  get("/v2/flaky/job-take/w1");
  post("/v2/flaky/job-done/w1/" + runs, R"({"error":"no"})");
  const std::string second = w.until("\"type\":\"job_ended\"}\n");
  EXPECT_NE(second.find(R"("data":{"worker":"w1"},"job":")" + runs), std::string::npos) << second;
  EXPECT_NE(second.find(R"("data":{"state":"failed","error":"no"},"job":")" + runs), std::string::npos)
      << second;
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10)) << "sooner than a heartbeat";
}

TEST_F(EventRoutes, EndsItsStreamsWhenTheServerStops) {
  start();
  Wire w(server_->port());
  w.send(request_text("GET", "/api/v1/events"));
  w.until("retry");
  const auto begin = std::chrono::steady_clock::now();
  std::thread stopping([&] { server_->stop(std::chrono::seconds(20)); });
  w.until("\r\n0\r\n\r\n");
  stopping.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10))
      << "nobody waits for a reader";
}

TEST_F(EventRoutes, TellsOfEveryJobOfManyThatEndAtOnce) {
  start();
  constexpr int kJobs = 300;
  for (int i = 0; i < kJobs; ++i)
    queue_.submit({.id = new_job_id(false), .endpoint = "flaky", .client = "local", .input = kInput});
  Wire w(server_->port());
  w.send(request_text("GET", "/api/v1/events"));
  w.until("retry");
  EXPECT_EQ(posted("/v2/flaky/purge-queue").at("removed"), kJobs);
  for (int i = 0; i < kJobs; ++i) w.until("\"type\":\"job_ended\"}\n");
}

TEST_F(EventRoutes, SaysThatLogsWereRemovedAlsoToAFollower) {
  start();
  const std::string id = submitted();
  const StoredJob taken = take();
  queue_.finish(id, taken.epoch, JobState::completed, "{}", "", 5'000, 5'000);
  Retention little;
  little.bytes = 2'000;
  ASSERT_EQ(queue_.expire(little).logs, std::vector<std::string>{id});
  for (const char* query : {"", "?follow=1", "?offset=5"}) {
    const HttpAnswer answer = get("/api/v1/jobs/" + id + "/attempts/0/stdout" + query);
    EXPECT_EQ(answer.status, 404) << query;
    EXPECT_NE(answer.body.find("were removed"), std::string::npos) << answer.body;
  }
}

TEST_F(EventRoutes, HasNotMoreReadersOfEventsThanItCanBear) {
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
