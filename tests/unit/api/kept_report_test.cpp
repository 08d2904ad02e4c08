// Reports in every format, whoever has run the job: files of this host's own worker, and what is made of the
// result of a worker elsewhere.
#include <filesystem>

#include "orchestrator/report/report_formats.h"
#include "tests/unit/api/api_fixture.h"

namespace orchestrator {
namespace {

using namespace testing_support;

class KeptReport : public ApiFixture {
 protected:
  // A report of thirteen tests, of a run that was made long ago.
  static json saved() {
    return json::parse(read_file(source_path("tests/fuzz/seeds/saved_run_fuzz/tests.json")));
  }
  // Has ended with this output; its address.
  std::string ended(const std::string& worker, const std::string& output) {
    const std::string id = submitted();
    const StoredJob taken = queue_.take("", worker, 1).at(0);
    queue_.finish(id, taken.epoch, JobState::completed, output, "");
    return "/api/v1/jobs/" + id;
  }
  std::string file(const std::string& job, const std::string& format) const {
    return folder_ / "reports/" + job.substr(job.rfind('/') + 1) + "/report." + format;
  }
  std::string logs(const std::string& job) const {
    return folder_ / "reports/" + job.substr(job.rfind('/') + 1) + "/logs";
  }
  std::string complaint(const json& report, const std::string& format = "html") {
    const HttpAnswer answer = get(ended("w1", report.dump()) + "/report." + format);
    EXPECT_EQ(answer.status, 409) << answer.body.substr(0, 300);
    EXPECT_EQ(answer.header("content-type"), "application/problem+json");
    return json::parse(answer.body).at("title");
  }
};

TEST_F(KeptReport, OfAWorkerElsewhereIsThereInEveryFormat) {
  start();
  const std::string job = ended("w1", saved().dump());
  EXPECT_EQ(got(job + "/report.json"), saved());
  for (const auto& format : report_formats()) {
    const HttpAnswer answer = get(job + "/report." + (format.flag + 2));
    EXPECT_EQ(answer.status, 200) << format.flag << answer.body;
    EXPECT_EQ(answer.header("content-type"), format.media_type);
    EXPECT_NE(answer.body.find("test_leaves_a_file"), std::string::npos) << format.flag;
  }
  const HttpAnswer page = get(job + "/report.html");
  EXPECT_TRUE(page.body.starts_with("<!DOCTYPE html>"));
  EXPECT_NE(page.header("content-security-policy").find("sandbox"), std::string::npos);
  EXPECT_NE(get(job + "/report.junit").body.find("<testsuite"), std::string::npos);
  EXPECT_EQ(json::parse(get(job + "/report.ctrf").body).at("results").at("summary").at("tests"), 13);
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "reports")) << "nothing is left of the making";
}

TEST_F(KeptReport, OfAWorkerThatStreamsIsTheOneInItsList) {
  start();
  const std::string job = ended("w1", json::array({saved()}).dump());
  EXPECT_NE(get(job + "/report.junit").body.find("<testsuite"), std::string::npos);
}

TEST_F(KeptReport, ThatCannotBeReadIsSaidToBeSo) {
  start();
  for (const json& output : {json("done"), json(7), json::array({1, 2}), json{{"schema_version", 1}}}) {
    const std::string why = complaint(output);
    EXPECT_NE(why.find("cannot be shown as html: its result is"), std::string::npos) << why;
  }
  json other = saved();
  other["schema_version"] = 99;
  EXPECT_NE(complaint(other, "junit").find("schema_version 99"), std::string::npos);
  other = saved();
  other["results"][0]["condition"] = std::string(5'000, 'x');
  EXPECT_NE(complaint(other).find("/results/0/condition"), std::string::npos);
  other = saved();
  other["job"]["plan"] = {{"runs", "many"}};
  EXPECT_LT(complaint(other).size(), 700u);
}

TEST_F(KeptReport, OfAStrangerCannotStandForMoreThanThereIsRoomFor) {
  start();
  json many = saved();
  const json first = many["tests"][0];
  for (int i = 0; i < 2'000; ++i) many["tests"].push_back(first);
  EXPECT_NE(complaint(many).find("too large"), std::string::npos) << "they are told apart one by one";
  many = saved();
  for (int i = 0; i < 3'000; ++i) many["outcome_attempts"].push_back(i);
  for (int i = 0; i < 3'000; ++i) many["tests"].push_back({{"id", std::to_string(i)}});
  EXPECT_NE(complaint(many).find("too large"), std::string::npos);
  many = saved();
  const json result = many["results"][0];
  for (int i = 0; i < 1'001; ++i) {
    many["results"].push_back(result);
    many["results"].back().update({{"attempt", 1'000 + i}, {"outcome", "failed"}, {"exit_code", i}});
  }
  EXPECT_NE(complaint(many).find("too large"), std::string::npos) << "each fails in a way of its own";
}

TEST_F(KeptReport, ThatWasNeverMadeIsNotThere) {
  start();
  const std::string waits = "/api/v1/jobs/" + submitted();
  EXPECT_NE(got(waits + "/report.html").at("title").get<std::string>().find("no report yet"),
            std::string::npos);
  const StoredJob taken = queue_.take("", "w1", 1).at(0);
  queue_.finish(taken.id, taken.epoch, JobState::failed, "", "no");
  for (const char* format : {"json", "html"}) {
    EXPECT_EQ(get(waits + "/report." + format).status, 404);
    EXPECT_NE(got(waits + "/report." + format).at("title").get<std::string>().find("left no report"),
              std::string::npos);
  }
}

// Files are not whole when the machine dies as they are written; the end of the job is in the database.
TEST_F(KeptReport, IsWhatTheQueueKnowsWhereItsFileIsCut) {
  start();
  const std::string whole = saved().dump();
  for (const std::string& left :
       {std::string(), whole.substr(0, whole.size() / 2), std::string(whole.size(), '\0')}) {
    const std::string job = ended("local", whole);
    write_file(file(job, "json"), left);
    write_file(file(job, "html"), "");
    EXPECT_EQ(got(job + "/report.json"), saved());
    EXPECT_EQ(got(job + "/attempts").at("attempts").size(), saved().at("results").size());
    EXPECT_EQ(got(job + "/tests").at("verdict"), "flaky");
    EXPECT_TRUE(get(job + "/report.html").body.starts_with("<!DOCTYPE html>"));
  }
}

TEST_F(KeptReport, IsNotTheOneOfAnEarlierHandOutHere) {
  start();
  const std::string job = ended("w1", saved().dump());
  write_file(file(job, "json"), R"({"verdict":"old"})");
  write_file(file(job, "html"), "old");
  EXPECT_EQ(got(job + "/report.json").at("verdict"), "flaky");
  EXPECT_NE(get(job + "/report.html").body, "old");
}

TEST_F(KeptReport, HasNoLogsOfAnEarlierHandOutHere) {
  start();
  const std::string job = ended("w1", "1");
  write_file(logs(job) + "/attempt-0000.stdout", "old");
  for (const char* query : {"", "?follow=1", "?offset=1"}) {
    const HttpAnswer answer = get(job + "/attempts/0/stdout" + query);
    EXPECT_EQ(answer.status, 404) << query;
    EXPECT_NE(answer.body.find("keeps no logs"), std::string::npos) << answer.body;
  }
}

TEST_F(KeptReport, IsNoneUntilTheJobHasEndedOnceMore) {
  start();
  const std::string id = submitted(), job = "/api/v1/jobs/" + id;
  const StoredJob first = take();
  events_.append({{0, id, now_, "attempt_finished", R"({"attempt":0,"outcome":"failed"})"}});
  write_file(file(job, "json"), saved().dump());
  write_file(file(job, "html"), "old");
  write_file(logs(job) + "/attempt-0000.stdout", "old");
  queue_.finish(id, first.epoch, JobState::failed, "", "no");
  EXPECT_EQ(get(job + "/report.html").body, "old");
  ASSERT_TRUE(queue_.retry(id));
  const auto expect_no_report = [&](const std::string& why) {
    for (const char* format : {"/report.json", "/report.html", "/report.junit"})
      EXPECT_NE(get(job + format).body.find(why), std::string::npos) << format << get(job + format).body;
    EXPECT_EQ(get(job + "/tests").status, 404);
  };
  expect_no_report("no report yet");
  EXPECT_EQ(got(job + "/attempts").at("attempts"), json::array());
  EXPECT_EQ(get(job + "/attempts/0/stdout").status, 404);
  const StoredJob second = take();
  expect_no_report("no report yet");
  ASSERT_TRUE(queue_.give_back(id, second.epoch));
  queue_.cancel(id);
  expect_no_report("left no report");
  EXPECT_EQ(got(job + "/attempts").at("attempts"), json::array());
}

TEST_F(KeptReport, LeavesNothingOfWhatAnEarlierProcessDiedOver) {
  write_file(folder_ / "reports/.made-a1B2c3/attempts", "x");
  write_file(folder_ / "reports/other/report.json", "{}");
  start();
  EXPECT_FALSE(std::filesystem::exists(folder_ / "reports/.made-a1B2c3"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "reports/other/report.json"));
}

TEST_F(KeptReport, OfAnythingAtAllShowsTheAttemptsThatAreInIt) {
  start();
  const json odd = {{"results", {1, "two", {{"attempt", 3}, {"stdout", "x"}}}}};
  EXPECT_EQ(got(ended("w1", odd.dump()) + "/attempts").at("attempts"),
            (json::array({1, "two", {{"attempt", 3}}})));
  EXPECT_EQ(got(ended("w1", R"({"results":7})") + "/attempts").at("attempts"), json::array());
}

TEST_F(KeptReport, SaysWhyThereAreNoLogs) {
  start();
  const std::string log = "/attempts/0/stdout";
  EXPECT_NE(got(ended("w1", "1") + log).at("title").get<std::string>().find("keeps no logs"),
            std::string::npos);
  EXPECT_EQ(got(ended("local", "1") + log).at("title"), "there is no such log");
}

}  // namespace
}  // namespace orchestrator
