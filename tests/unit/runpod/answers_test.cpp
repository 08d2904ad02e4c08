// What the queue answers, when to ask it again, and what a log line looks like.
#include "orchestrator/runpod/answers.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "orchestrator/runpod/local_test.h"
#include "orchestrator/runpod/log.h"
#include "orchestrator/runpod/policy.h"

namespace orchestrator::runpod {
namespace {

using Kind = TakeAnswer::Kind;
using std::chrono::minutes;
using std::chrono::seconds;

io::HttpResponse answer(long status, const std::string& body = "",
                        const std::string& type = "application/json") {
  return {status, {{"content-type", type}}, body};
}

TEST(RunpodTake, ReadsOneJob) {
  const auto taken =
      read_take_answer(answer(200, R"({"id":"j-u1","input":{"runs":3},"webhook":"w","delayTime":4})"));
  ASSERT_EQ(taken.kind, Kind::jobs);
  ASSERT_EQ(taken.jobs.size(), 1u);
  EXPECT_EQ(taken.jobs[0].id, "j-u1");
  EXPECT_EQ(taken.jobs[0].input, R"({"runs":3})");
}

TEST(RunpodTake, KnowsWhoseJobItIsWhereAServeSaysSo) {
  const auto told =
      read_take_answer(answer(200, R"({"id":"j","input":{"runs":3},"client":"ann","lowPriority":true})"));
  ASSERT_EQ(told.jobs.size(), 1u);
  EXPECT_EQ(told.jobs[0].client, "ann");
  EXPECT_TRUE(told.jobs[0].low_priority);
  const auto untold =
      read_take_answer(answer(200, R"({"id":"j","input":{"runs":3},"client":7,"lowPriority":"no"})"));
  ASSERT_EQ(untold.jobs.size(), 1u);
  EXPECT_EQ(untold.jobs[0].client, "");
  EXPECT_FALSE(untold.jobs[0].low_priority);
}

TEST(RunpodTake, GivesAJobWithoutInputAnEmptyOne) {
  for (const char* body : {R"({"id":"j"})", R"({"id":"j","input":null})", R"({"id":"j","input":{}})"}) {
    const auto taken = read_take_answer(answer(200, body));
    ASSERT_EQ(taken.jobs.size(), 1u) << body;
    EXPECT_EQ(taken.jobs[0].input, "{}") << body;
  }
}

TEST(RunpodTake, ChecksEachJobOfABatch) {
  const auto taken =
      read_take_answer(answer(200, R"([{"id":"a","input":{}},{"input":{}},7,{"id":"b"},{"id":"c\nd"}])"));
  ASSERT_EQ(taken.jobs.size(), 2u);
  EXPECT_EQ(taken.jobs[0].id, "a");
  EXPECT_EQ(taken.jobs[1].id, "b");
  EXPECT_NE(taken.problem, "");
}

TEST(RunpodTake, FailsTheJobThatIsNestedTooDeepAndNoOther) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  const auto taken =
      read_take_answer(answer(200, R"([{"id":"a","input":{}},{"id":"b","input":)" + deep + "}]"));
  ASSERT_EQ(taken.jobs.size(), 2u);
  EXPECT_EQ(taken.jobs[0].problem, "");
  EXPECT_NE(taken.jobs[1].problem, "");
}

TEST(RunpodTake, FindsNoJobInWhatIsNone) {
  EXPECT_EQ(read_take_answer(answer(204)).kind, Kind::nothing);
  EXPECT_EQ(read_take_answer(answer(200)).kind, Kind::not_now);
  EXPECT_EQ(read_take_answer(answer(200, "<html>")).kind, Kind::not_now);
  EXPECT_EQ(read_take_answer(answer(200, R"({"id":"j","input":{}})", "text/html")).kind, Kind::not_now);
  EXPECT_EQ(read_take_answer(answer(200, "null")).kind, Kind::not_now);
  EXPECT_EQ(read_take_answer(answer(200, "[]")).kind, Kind::not_now);
  EXPECT_EQ(read_take_answer(answer(400)).kind, Kind::not_now);
  EXPECT_EQ(read_take_answer(answer(429)).kind, Kind::too_many);
  for (const long status : {401, 403, 404}) EXPECT_EQ(read_take_answer(answer(status)).kind, Kind::refused);
  for (const long status : {500, 503, 302}) EXPECT_EQ(read_take_answer(answer(status)).kind, Kind::failed);
  EXPECT_EQ(read_take_answer(answer(200, R"({"id":"j"})", "application/json; charset=utf-8")).kind,
            Kind::jobs);
}

TEST(RunpodTake, ReadsTheJobsBucketAndKeepsItOutOfTheInput) {
  const auto taken = read_take_answer(
      answer(200, R"({"id":"j","input":{},"s3Config":{"accessId":"i","accessSecret":"s","bucketName":"b",
               "endpointUrl":"https://s3.example","objectPath":"p"}})"));
  ASSERT_TRUE(taken.jobs.at(0).bucket);
  EXPECT_EQ(taken.jobs[0].bucket->url, "https://s3.example/b");
  EXPECT_TRUE(taken.jobs[0].bucket->of_job);
  EXPECT_EQ(taken.jobs[0].input, "{}");
}

TEST(RunpodStop, TakesTheIdsThatAreIds) {
  const auto stop = read_stop_answer(answer(200, R"({"jobsToStop":["a",7,null,"b"]})"));
  EXPECT_EQ(stop.ids, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(read_stop_answer(answer(204)).kind, StopAnswer::Kind::nothing);
  EXPECT_EQ(read_stop_answer(answer(404)).kind, StopAnswer::Kind::absent);
  EXPECT_EQ(read_stop_answer(answer(200, "[]")).kind, StopAnswer::Kind::failed);
}

TEST(RunpodIds, MakePlainFileNames) {
  EXPECT_EQ(safe_name("sync-1_a.b-u1"), "sync-1_a.b-u1");
  EXPECT_EQ(safe_name("../../etc/passwd"), "job_.._.._etc_passwd");
  EXPECT_EQ(safe_name(".."), "job_..");
}

// ---- when to ask again

double never() { return 0; }
double always() { return 1; }

TEST(RunpodTakePolicy, WaitsLongerAfterEachFailureUpToHalfAMinute) {
  TakePolicy policy(never);
  const io::TimePoint now{};
  std::vector<long> waits;
  for (int i = 0; i < 7; ++i) waits.push_back(policy.after({Kind::failed, {}, "", {}}, now, now)->count());
  EXPECT_EQ(waits, (std::vector<long>{1'000, 2'000, 4'000, 8'000, 16'000, 30'000, 30'000}));
  policy.after({}, now, now);
  EXPECT_EQ(policy.after({Kind::failed, {}, "", {}}, now, now), Span(1'000)) << "an answer ends it";
}

TEST(RunpodTakePolicy, SpreadsWorkersThatWereRefusedTogether) {
  EXPECT_EQ(Backoff(Span(1'000), Span(30'000), never).next(), Span(1'000));
  EXPECT_EQ(Backoff(Span(1'000), Span(30'000), always).next(), Span(1'500));
}

TEST(RunpodTakePolicy, AsksAtOnceAfterAJobAndNeverInAHotLoop) {
  TakePolicy policy(never);
  const io::TimePoint asked{};
  EXPECT_EQ(policy.after({Kind::jobs, {}, "", {}}, asked, asked), Span(0));
  EXPECT_EQ(policy.after({}, asked, asked), Span(1'000)) << "a server that does not hold the poll";
  EXPECT_EQ(policy.after({}, asked, asked + seconds(5)), Span(0)) << "one that does";
  EXPECT_EQ(policy.after({Kind::not_now, {}, "", {}}, asked, asked), Span(1'000));
  EXPECT_EQ(policy.after({Kind::too_many, {}, "", {}}, asked, asked), Span(5'000));
  EXPECT_EQ(policy.after({Kind::too_many, {}, "", seconds(9)}, asked, asked), Span(9'000));
}

TEST(RunpodTakePolicy, GivesUpAfterMinutesOfRefusalOnly) {
  TakePolicy policy(never);
  const TakeAnswer refused{Kind::refused, {}, "", {}};
  const io::TimePoint start{};
  EXPECT_TRUE(policy.after(refused, start, start));
  EXPECT_TRUE(policy.after(refused, start + minutes(4), start + minutes(4)));
  EXPECT_TRUE(policy.after({}, start + minutes(4), start + minutes(4))) << "one answer in between counts";
  EXPECT_TRUE(policy.after(refused, start + minutes(6), start + minutes(6)));
  EXPECT_FALSE(policy.after(refused, start + minutes(11), start + minutes(11)));
}

TEST(RunpodStopPolicy, LeavesAServerWithoutTheChannelAlone) {
  StopPolicy policy(never);
  Span wait{0};
  for (int i = 0; i < 8; ++i) wait = policy.after({StopAnswer::Kind::absent, {}});
  EXPECT_EQ(wait, Span(300'000));
  EXPECT_EQ(policy.after({}), Span(1'000));
}

TEST(RunpodPostPolicy, KnowsWhatAnAnswerMeans) {
  for (const long status : {200, 201, 204}) EXPECT_EQ(fate_of_post(status), PostFate::delivered);
  for (const long status : {0, 408, 429, 500, 502, 503}) EXPECT_EQ(fate_of_post(status), PostFate::again);
  for (const long status : {400, 413}) EXPECT_EQ(fate_of_post(status), PostFate::shrink);
  for (const long status : {404, 410}) EXPECT_EQ(fate_of_post(status), PostFate::gone);
  for (const long status : {302, 405, 422}) EXPECT_EQ(fate_of_post(status), PostFate::lost);
}

// ---- the log

TEST(RunpodLog, WritesAnObjectALineOnAnEndpoint) {
  EXPECT_EQ(log_line(true, spdlog::level::info, "j-u1", "a \"word\"\nmore"),
            R"({"requestId":"j-u1","message":"a \"word\"\nmore","level":"INFO"})");
  EXPECT_EQ(log_line(true, spdlog::level::warn, "", "x"),
            R"({"requestId":null,"message":"x","level":"WARN"})");
  EXPECT_EQ(log_line(false, spdlog::level::err, "j", "two\nlines"), "ERROR  | j | two lines");
}

TEST(RunpodLog, LosesTheMiddleOfALongMessage) {
  const std::string line =
      log_line(true, spdlog::level::info, "", "start" + std::string(10'000, 'x') + "end");
  const std::string message = nlohmann::json::parse(line).at("message");
  EXPECT_LE(message.size(), 4'096u);
  EXPECT_TRUE(message.starts_with("start") && message.ends_with("end"));
}

TEST(RunpodLog, KnowsTheNamesOfLevels) {
  EXPECT_EQ(level_named("WARNING"), spdlog::level::warn);
  EXPECT_EQ(level_named("debug"), spdlog::level::debug);
  EXPECT_EQ(level_named("1"), spdlog::level::debug);
  EXPECT_EQ(level_named("loud"), std::nullopt);
}

// ---- one job without a queue

TEST(RunpodLocalTest, TakesAJobAndABareInput) {
  EXPECT_EQ(read_local_test(R"({"id":"x","input":{"runs":3}})").job.id, "x");
  EXPECT_EQ(read_local_test(R"({"input":{"runs":3}})").job.id, "local_test");
  EXPECT_EQ(read_local_test(R"({"input":{"runs":3}})").job.input, R"({"runs":3})");
  EXPECT_EQ(read_local_test(R"({"repo":".","runs":3})").job.input, R"({"repo":".","runs":3})");
}

TEST(RunpodLocalTest, SaysThatThereIsNoInput) {
  for (const char* text : {"{}", R"({"input":null})", R"({"id":"x"})", "[]", "7"})
    EXPECT_EQ(read_local_test(text).problem, "Job has no input parameter. Unable to run.") << text;
  EXPECT_NE(read_local_test("{").problem.find("not valid JSON"), std::string::npos);
}

}  // namespace
}  // namespace orchestrator::runpod
