// `serve`, asked over HTTP as clients do: jobs from the queue to their reports, what is refused, and what a
// signal or a sudden death does to them.
#include <algorithm>
#include <regex>

#include "tests/functional/attempts.h"
#include "tests/support/companion.h"
#include "tests/support/serving.h"

namespace {

using namespace testing_support;
using nlohmann::json;

// Over the little programs.
class Serve : public testing::Test {
 protected:
  static json job(const std::string& line, int runs = 3) { return quick_job(programs(), line, runs); }
  static json endless() { return job("exec ./sleeps_forever", 1); }

  Serving serve_{programs()};

  // Until an attempt of the one job that runs is under way.
  void wait_for_container() {
    ASSERT_TRUE(eventually([&] { return !containers_of(serve_.pid()).empty(); })) << serve_.log();
  }
};

// Of Prometheus' text format, by their names with labels. Any other line is a failure.
std::map<std::string, double> samples(const std::string& text) {
  static const std::regex form(
      R"re(([a-z_]+(?:\{[a-z]+="[^"\\]*"(?:,[a-z]+="[^"\\]*")*\})?) (-?[0-9.]+(?:e[+-]?[0-9]+)?))re");
  std::map<std::string, double> all;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# ")) continue;
    std::smatch parts;
    if (!std::regex_match(line, parts, form))
      ADD_FAILURE() << "no sample: " << line;
    else
      EXPECT_TRUE(all.emplace(parts[1], std::stod(parts[2])).second) << "told twice: " << line;
  }
  return all;
}

// ---- a job

TEST_F(Serve, RunsAJobOfARunPodClient) {
  const std::string id = serve_.run(job("test $ATTEMPT != 1"));
  const json status = serve_.ended(id);
  EXPECT_EQ(status.at("status"), "COMPLETED") << status;
  EXPECT_EQ(status.at("output").at("total_runs"), 3);
  EXPECT_EQ(status.at("output").at("failures"), 1);
  EXPECT_EQ(status.at("workerId"), "local");
  EXPECT_GT(status.at("executionTime"), 0);
  EXPECT_EQ(containers_of(serve_.pid()), Strings{});
}

TEST_F(Serve, AnswersRunsyncWithTheReport) {
  const json answer = serve_.posted("/v2/flaky/runsync?wait=25000", {{"input", job("true")}});
  const json status = serve_.ended(answer.at("id"));
  EXPECT_EQ(status.at("status"), "COMPLETED");
  EXPECT_EQ(status.at("output").at("verdict"), "not_shown_flaky");
}

TEST_F(Serve, StreamsWhatEachAttemptCameTo) {
  const std::string id = serve_.run(job("true", 4));
  std::set<int> attempts;
  for (std::string word; word != "COMPLETED";) {
    const json answer = serve_.got("/v2/flaky/stream/" + id + "?wait=10000");
    word = answer.at("status");
    ASSERT_TRUE(word == "IN_QUEUE" || word == "IN_PROGRESS" || word == "COMPLETED") << answer;
    for (const auto& chunk : answer.at("stream")) {
      EXPECT_EQ(chunk.at("output").at("outcome"), "passed") << chunk;
      EXPECT_TRUE(attempts.insert(chunk.at("output").at("attempt").get<int>()).second) << "told twice";
    }
  }
  EXPECT_EQ(attempts, (std::set<int>{0, 1, 2, 3}));
}

TEST_F(Serve, TellsEventsOfAJobInTheirOrder) {
  json one_at_a_time = job("true", 2);
  one_at_a_time["parallelism"] = 1;
  const std::string id = serve_.run(one_at_a_time);
  serve_.ended(id);
  Wire w(serve_.port());
  w.send(request_text("GET", "/api/v1/events?after=0&job=" + id));
  const std::string told = w.until("event: run_finished\n");
  std::istringstream lines(told);
  Strings types;
  std::int64_t last = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("event: ")) types.push_back(line.substr(7));
    if (!line.starts_with("id: ")) continue;
    EXPECT_GT(std::stoll(line.substr(4)), last) << told;
    last = std::stoll(line.substr(4));
  }
  const Strings expected{"job_started",      "checkout_started", "checkout_finished", "image_finished",
                         "run_started",      "attempt_started",  "attempt_finished",  "attempt_started",
                         "attempt_finished", "run_finished"};
  std::erase_if(types, [&](const std::string& type) {
    return std::find(expected.begin(), expected.end(), type) == expected.end();
  });
  EXPECT_EQ(types, expected) << told;
}

TEST_F(Serve, KeepsAReportInEachFormat) {
  const json made = serve_.posted("/api/v1/jobs", job("test $ATTEMPT != 1"));
  const std::string target = "/api/v1/jobs/" + made.at("id").get<std::string>();
  ASSERT_TRUE(eventually([&] { return !serve_.got(target).at("ended_at").is_null(); }));
  EXPECT_EQ(serve_.got(target).at("state"), "completed") << serve_.got(target);
  EXPECT_EQ(json::parse(serve_.get(target + "/report.json").body).at("failures"), 1);
  for (const auto& [format, word] : std::map<std::string, std::string>{{"html", "<!DOCTYPE html>"},
                                                                       {"junit", "<testsuite"},
                                                                       {"ctrf", "\"results\""},
                                                                       {"markdown", "###"},
                                                                       {"code-quality", "["},
                                                                       {"step-summary", "#"}}) {
    const HttpAnswer answer = serve_.get(target + "/report." + format);
    EXPECT_EQ(answer.status, 200) << format << "\n" << answer.body;
    EXPECT_NE(answer.body.find(word), std::string::npos) << format << "\n" << answer.body.substr(0, 500);
  }
  EXPECT_EQ(serve_.get(target + "/report.pdf").status, 404);
}

TEST_F(Serve, SaysItsHealth) {
  const std::string id = serve_.run(job("true", 1));
  serve_.ended(id);
  const json health = serve_.got("/v2/flaky/health");
  EXPECT_EQ(health.at("jobs").at("completed"), 1);
  EXPECT_EQ(health.at("jobs").at("inQueue"), 0);
  EXPECT_EQ(health.at("workers").at("idle"), 1);
}

TEST_F(Serve, CountsJobsAndAttemptsForMonitors) {
  serve_.ended(serve_.run(job("test $ATTEMPT != 1")));
  serve_.ended(serve_.run(job("true", 1)));
  EXPECT_EQ(serve_.ended(serve_.run({{"repo", programs()}})).at("status"), "FAILED");
  const HttpAnswer answer = serve_.get("/metrics");
  EXPECT_EQ(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const auto counted = samples(answer.body);
  const std::map<std::string, double> expected{{"orchestrator_jobs_submitted_total", 3},
                                               {R"(orchestrator_jobs{state="queued"})", 0},
                                               {R"(orchestrator_jobs{state="running"})", 0},
                                               {R"(orchestrator_jobs{state="completed"})", 2},
                                               {R"(orchestrator_jobs{state="failed"})", 1},
                                               {R"(orchestrator_jobs{state="cancelled"})", 0},
                                               {R"(orchestrator_jobs{state="timed_out"})", 0},
                                               {R"(orchestrator_attempts_total{outcome="passed"})", 3},
                                               {R"(orchestrator_attempts_total{outcome="failed"})", 1},
                                               {"orchestrator_attempt_seconds_count", 4},
                                               {R"(orchestrator_attempt_seconds_bucket{le="+Inf"})", 4}};
  for (const auto& [name, value] : expected) {
    ASSERT_TRUE(counted.contains(name)) << name << "\n" << answer.body;
    EXPECT_EQ(counted.at(name), value) << name;
  }
  EXPECT_GT(counted.at("orchestrator_attempt_seconds_sum"), 0);
  EXPECT_GE(counted.at(R"(orchestrator_http_requests_total{status="2xx"})"), 6);
  EXPECT_GE(counted.at(R"(orchestrator_cpus{part="all"})"), 1);
}

// ---- stopped by somebody

TEST_F(Serve, LeavesNoContainerOfACancelledJob) {
  const std::string id = serve_.run(endless());
  wait_for_container();
  EXPECT_EQ(serve_.posted("/v2/flaky/cancel/" + id).at("status"), "CANCELLED");
  EXPECT_TRUE(eventually([&] { return containers_of(serve_.pid()).empty(); })) << serve_.log();
  EXPECT_EQ(serve_.status(id).at("status"), "CANCELLED");
  const std::string next = serve_.run(job("true", 1));
  EXPECT_EQ(serve_.ended(next).at("status"), "COMPLETED") << "its place is free again";
}

TEST_F(Serve, NeverStartsWhatWasCancelledBefore) {
  Serving one_at_a_time(programs(), {"--jobs", "1"});
  const std::string running = one_at_a_time.run(endless());
  ASSERT_TRUE(eventually([&] { return one_at_a_time.status(running).at("status") == "IN_PROGRESS"; }));
  const std::string waiting = one_at_a_time.run(job("true", 1)), purged = one_at_a_time.run(job("true", 1));
  EXPECT_EQ(one_at_a_time.posted("/v2/flaky/cancel/" + waiting).at("status"), "CANCELLED");
  EXPECT_EQ(one_at_a_time.posted("/v2/flaky/purge-queue").at("removed"), 1);
  EXPECT_EQ(one_at_a_time.status(purged).at("status"), "CANCELLED");
  EXPECT_EQ(one_at_a_time.status(running).at("status"), "IN_PROGRESS");
}

TEST_F(Serve, EndsAJobThatRunsPastItsExecutionTimeout) {
  const std::string id = serve_.run(endless(), {{"executionTimeout", 5'000}});
  const json status = serve_.ended(id);
  EXPECT_EQ(status.at("status"), "FAILED");
  EXPECT_EQ(status.at("error"), "executionTimeout exceeded");
  EXPECT_TRUE(eventually([&] { return containers_of(serve_.pid()).empty(); }));
}

// ---- what is refused

TEST_F(Serve, SaysWhatIsWrongWithAJob) {
  const HttpAnswer answer = serve_.post("/api/v1/jobs", {{"repo", programs()}, {"runs", 0}});
  EXPECT_EQ(answer.status, 422);
  EXPECT_NE(answer.body.find("Runs must be between 1 and 1000"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("Test command is required"), std::string::npos) << answer.body;
  // This one may be in the repository's own file.
  const json status = serve_.ended(serve_.run({{"repo", programs()}}));
  EXPECT_EQ(status.at("status"), "FAILED");
  EXPECT_NE(status.at("error").get<std::string>().find("Test command is required"), std::string::npos)
      << status;
}

TEST_F(Serve, NeverRunsAFolderThatTheOperatorHasNotAllowed) {
  const TemporaryFolder elsewhere;
  const std::string id = serve_.run(quick_job(elsewhere.path(), "true"));
  EXPECT_EQ(serve_.status(id).at("status"), "FAILED");
  EXPECT_EQ(serve_.post("/v2/flaky/retry/" + id).status, 400);
  EXPECT_EQ(serve_.post("/api/v1/jobs", quick_job(elsewhere.path(), "true")).status, 422);
}

TEST(ServeWithTokens, NeverRunsAFolderOfTheHostForACallerFromElsewhere) {
  const TemporaryFolder folder;
  const Token ann = new_token("ann", "submit,read");
  write_file(folder / "tokens", ann.line);
  Serving serve(programs(), {"--token-file", folder / "tokens"});
  EXPECT_EQ(serve.get("/v2/flaky/health").status, 401);
  EXPECT_EQ(serve.get("/v2/flaky/health", ann.headers()).status, 200);
  const HttpAnswer answer = serve.post("/api/v1/jobs", quick_job(programs(), "true"), ann.headers());
  EXPECT_EQ(answer.status, 422);
  EXPECT_NE(answer.body.find("cannot be named from elsewhere"), std::string::npos) << answer.body;
}

TEST(ServeWithSecrets, GivesAJobOnlyTheVariablesThatTheOperatorNamed) {
  setenv("SERVE_TEST_SECRET", "hush-hush-7", 1);
  Serving serve(programs(), {"--allow-secret", "SERVE_TEST_SECRET"});
  unsetenv("SERVE_TEST_SECRET");
  json job = quick_job(programs(), "test ${#SERVE_TEST_SECRET} = 11 && echo $SERVE_TEST_SECRET", 1);
  job["secret_env"] = {"SERVE_TEST_SECRET"};
  const json status = serve.ended(serve.run(job));
  EXPECT_EQ(status.at("output").at("failures"), 0) << status;
  EXPECT_EQ(status.dump().find("hush-hush-7"), std::string::npos);
  job["secret_env"] = {"PATH"};
  EXPECT_EQ(serve.status(serve.run(job)).at("status"), "FAILED");
}

TEST(ServeThatIsStartedAnew, FailsAWaitingJobThatItsOperatorNoLongerAllows) {
  const TemporaryFolder folder;
  const Strings same{"--state-dir", folder / "state"};
  const auto with = [&](Strings more) {
    more.insert(more.end(), same.begin(), same.end());
    return more;
  };
  json networked = quick_job(programs(), "true", 1);
  networked["network"] = "bridge";
  std::string id, plain;
  {
    const Serving before(programs(), with({"--jobs", "0", "--allow-network", "bridge"}));
    id = before.run(networked);
    plain = before.run(quick_job(programs(), "true", 1));
    EXPECT_EQ(before.status(id).at("status"), "IN_QUEUE");
  }
  const Serving after(programs(), same);
  const json status = after.ended(id);
  EXPECT_EQ(status.at("status"), "FAILED");
  EXPECT_NE(status.at("error").get<std::string>().find("the network 'bridge' is not one that the operator"),
            std::string::npos)
      << status;
  EXPECT_EQ(after.ended(plain).at("status"), "COMPLETED");
}

TEST(ServeAlone, RefusesASecondOneOverTheSameFolder) {
  Serving first(programs());
  const Finished second =
      orchestrator({"serve", "--listen", "127.0.0.1:0", "--state-dir", first.state_folder()});
  EXPECT_EQ(second.exit_code, 5) << told(second);
  EXPECT_NE(second.err.find("another orchestrator serves"), std::string::npos) << told(second);
}

TEST(ServeAlone, RefusesAPublicAddressWithoutTokens) {
  const TemporaryFolder folder;
  const Finished run = orchestrator({"serve", "--listen", "0.0.0.0:0", "--state-dir", folder / "state"});
  EXPECT_EQ(run.exit_code, 2) << told(run);
  EXPECT_NE(run.err.find("--token-file"), std::string::npos) << told(run);
}

TEST(ServeAlone, RefusesSettingsThatCouldNeverWorkBeforeItListens) {
  const TemporaryFolder folder;
  write_file(folder / "serve.yml", "jobs: many\nallow_folder: [/does/not/exist]\n");
  const Finished run =
      run_command({"env", "ORCHESTRATOR_SERVE_BOGUS=1", program_under_test(), "serve", "--listen",
                   "127.0.0.1:0", "--state-dir", folder / "state", "--config", folder / "serve.yml"});
  EXPECT_EQ(run.exit_code, 2) << told(run);
  for (const char* sentence :
       {"ORCHESTRATOR_SERVE_BOGUS: is no setting of serve", "serve.yml: jobs: must be a whole number",
        "serve.yml: allow_folder: must be a folder that exists, not '/does/not/exist'"})
    EXPECT_NE(run.err.find(sentence), std::string::npos) << told(run);
  EXPECT_FALSE(std::filesystem::exists(folder / "state"));
}

// ---- its engine

TEST(ServeForWorkersElsewhere, NeedsNoEngineAndBoundsNoAttempt) {
  Serving serve(programs(), {"--jobs", "0", "--host", "unix:///nonexistent.sock"});
  EXPECT_EQ(serve.get("/readyz").status, 200) << serve.log();
  json large = quick_job(programs(), "true");
  large["limits"] = {{"cpus", 64}, {"memory", "512g"}};
  const json made = serve.posted("/api/v1/jobs", large);
  ASSERT_TRUE(made.contains("id")) << made;
  EXPECT_EQ(serve.got("/api/v1/jobs/" + made.at("id").get<std::string>()).at("state"), "queued");
  EXPECT_EQ(samples(serve.get("/metrics").body).at(R"(orchestrator_cpus{part="all"})"), 0);
  serve.signal(SIGTERM);
  EXPECT_EQ(serve.finish(), 0);
}

TEST(ServeWhoseEngineGoesAway, TakesNoJobUntilItIsBack) {
  EngineSocket engine;
  Serving serve(programs(), {"--host", engine.url()});
  engine.cut();
  const std::string first = serve.run(quick_job(programs(), "true", 1));
  ASSERT_TRUE(eventually([&] { return serve.get("/readyz").status == 503; })) << serve.log();
  const std::string second = serve.run(quick_job(programs(), "true", 1));
  ASSERT_TRUE(eventually([&] { return serve.status(first).at("status") == "IN_QUEUE"; })) << serve.log();
  EXPECT_EQ(serve.status(second).at("status"), "IN_QUEUE");
  engine.mend();
  for (const std::string& id : {first, second}) EXPECT_EQ(serve.ended(id).at("status"), "COMPLETED");
  EXPECT_EQ(serve.get("/readyz").status, 200);
  EXPECT_FALSE(serve.status(first).contains("retries")) << "its host was to blame";
}

TEST(ServeWhoseDatabaseIsInOthersHands, IsNotReadyUntilItHasItBack) {
  const TemporaryFolder state;
  Serving serve(programs(), {"--jobs", "0", "--state-dir", state / "of serve"});
  {
    const Companion writer(
        {"python3", "-c",
         "import sqlite3, sys\n"
         "held = sqlite3.connect(sys.argv[1])\n"
         "held.execute('BEGIN IMMEDIATE')\n"
         "print('held', flush=True)\n"
         "sys.stdin.read()",
         state / "of serve/serve/jobs.db"});
    ASSERT_TRUE(eventually([&] { return serve.get("/readyz").status == 503; })) << serve.log();
    EXPECT_EQ(serve.get("/readyz").body.find(state / ""), std::string::npos) << "strangers read it";
  }
  EXPECT_TRUE(eventually([&] { return serve.get("/readyz").status == 200; })) << serve.log();
}

// ---- its log

// The texts of a log of which each line is an object.
Strings texts_of(const std::string& log) {
  Strings texts;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    const json entry = json::parse(line, nullptr, false);
    if (!entry.is_object() || entry.size() != 3 || !entry.contains("time") || !entry.contains("level"))
      ADD_FAILURE() << "no log line: " << line;
    else
      texts.push_back(entry.value("text", ""));
  }
  return texts;
}

TEST(ServeThatLogsJson, WritesNothingElseFromItsStartToItsEnd) {
  Serving serve(programs(), {"--log-format", "json", "-vv"});
  const std::string id = serve.run(quick_job(programs(), "test $ATTEMPT != 1"));
  EXPECT_EQ(serve.ended(id).at("status"), "COMPLETED");
  serve.signal(SIGTERM);
  EXPECT_EQ(serve.finish(), 0);
  const Strings texts = texts_of(serve.log());
  const auto says = [&](const std::string& start) {
    return std::any_of(texts.begin(), texts.end(),
                       [&](const std::string& text) { return text.starts_with(start); });
  };
  EXPECT_TRUE(says("orchestrator serves at " + serve.url())) << serve.log();
  EXPECT_TRUE(says("job " + id)) << serve.log();
  EXPECT_TRUE(says("signal 15: ")) << serve.log();
}

TEST(ServeThatLogsJson, SaysWhereItServesHoweverLittleIsLoggedAndWarnsOfNothingByThat) {
  const Serving serve(programs(), {"--log-format", "json", "--jobs", "0"});
  std::istringstream lines(serve.log());
  std::string level;
  for (std::string line; std::getline(lines, line);) {
    const json entry = json::parse(line);
    if (entry.at("text") == "orchestrator serves at " + serve.url()) level = entry.at("level");
  }
  EXPECT_EQ(level, "info") << serve.log();
}

TEST(ServeThatLogsJson, SaysWhyItCannotStartAsALineToo) {
  Serving first(programs());
  const Finished second = orchestrator(
      {"serve", "--listen", "127.0.0.1:0", "--state-dir", first.state_folder(), "--log-format", "json"});
  EXPECT_EQ(second.exit_code, 5) << told(second);
  const Strings texts = texts_of(second.err);
  ASSERT_EQ(texts.size(), 1u) << told(second);
  EXPECT_NE(texts[0].find("another orchestrator serves"), std::string::npos);
}

TEST(ServeThatLogsJson, SaysWhatIsWrongWithItsSettingsAsALineToo) {
  const TemporaryFolder folder;
  write_file(folder / "serve.yml", "log_format: json\nlisen: 80\n");
  for (const Strings& words : {Strings{"serve", "--log-format", "json", "--jobs", "many"},
                               Strings{"serve", "--config", folder / "serve.yml", "--jobs", "many"}}) {
    const Finished run = orchestrator(words);
    EXPECT_EQ(run.exit_code, 2) << told(run);
    const Strings texts = texts_of(run.err);
    ASSERT_EQ(texts.size(), 1u) << told(run);
    EXPECT_NE(texts[0].find("--jobs"), std::string::npos) << texts[0];
  }
}

TEST(ServeThatLogsJson, SaysWhereItIsHoweverLittleItLogs) {
  Serving serve(programs(), {"--log-format", "json"});
  const Strings texts = texts_of(serve.log());
  EXPECT_EQ(std::count(texts.begin(), texts.end(), "orchestrator serves at " + serve.url()), 1)
      << serve.log();
}

// ---- its end

TEST_F(Serve, RunsAJobOnceMoreAfterASuddenDeath) {
  const std::string id = serve_.run(job("exec sleep 5", 2));
  wait_for_container();
  const pid_t dead = serve_.pid();
  serve_.kill_now();
  serve_.start();
  const json status = serve_.ended(id);
  EXPECT_EQ(status.at("status"), "COMPLETED") << status << serve_.log();
  EXPECT_EQ(status.at("retries"), 1);
  EXPECT_EQ(status.at("output").at("total_runs"), 2);
  EXPECT_TRUE(eventually([&] { return containers_of(dead).empty(); })) << "what the dead one has left goes";
  EXPECT_EQ(serve_.got("/v2/flaky/health").at("jobs").at("retried"), 1);
}

TEST_F(Serve, FailsAJobThatHasLostTwoServers) {
  const std::string id = serve_.run(endless());
  for (int death = 0; death < 2; ++death) {
    wait_for_container();
    serve_.kill_now();
    serve_.start();
  }
  EXPECT_EQ(serve_.status(id).at("status"), "FAILED");
  EXPECT_EQ(serve_.status(id).at("error"), "job timed out after 1 retries") << "as RunPod says it";
  EXPECT_EQ(serve_.got("/api/v1/jobs/" + id).at("error"), "the server ended twice while it ran");
}

TEST(ServeThatFailsOnRestart, FailsWhatRanWhenItDied) {
  Serving serve(programs(), {"--on-restart", "fail"});
  const std::string id = serve.run(quick_job(programs(), "exec ./sleeps_forever", 1));
  ASSERT_TRUE(eventually([&] { return !containers_of(serve.pid()).empty(); }));
  serve.kill_now();
  serve.start();
  EXPECT_EQ(serve.status(id).at("status"), "FAILED");
}

TEST(ServeThatFailsOnRestart, FailsWhatTookLongerThanItCouldWait) {
  Serving serve(programs(), {"--on-restart", "fail", "--drain-timeout", "1s"});
  const std::string id = serve.run(quick_job(programs(), "exec ./sleeps_forever", 1));
  ASSERT_TRUE(eventually([&] { return !containers_of(serve.pid()).empty(); }));
  serve.signal(SIGTERM);
  EXPECT_EQ(serve.finish(), 0);
  serve.start();
  EXPECT_EQ(serve.status(id).at("status"), "FAILED");
}

TEST_F(Serve, LetsRunningJobsEndAtSigterm) {
  const std::string id = serve_.run(job(kUntilLetGo, 1));
  wait_for_container();
  const pid_t pid = serve_.pid();
  serve_.signal(SIGTERM);
  ASSERT_TRUE(eventually([&] { return serve_.get("/readyz").status == 503; }));
  EXPECT_EQ(serve_.post("/v2/flaky/run", {{"input", job("true")}}).status, 503);
  let_go(pid);
  EXPECT_EQ(serve_.finish(), 0);
  EXPECT_EQ(containers_of(pid), Strings{});
  serve_.start();
  EXPECT_EQ(serve_.status(id).at("status"), "COMPLETED");
  EXPECT_FALSE(serve_.status(id).contains("retries"));
}

TEST(ServeWithDefaults, TakesThemWhereAJobSaysNothingElse) {
  setenv("ORCHESTRATOR_RUNS", "4", 1);
  setenv("ORCHESTRATOR_TEST_COMMAND", "exit 1", 1);  // one repository's business
  Serving serve(programs());
  json job = quick_job(programs(), "true");
  job.erase("runs");
  EXPECT_EQ(serve.ended(serve.run(job)).at("output").at("total_runs"), 4);
  EXPECT_EQ(serve.ended(serve.run(quick_job(programs(), "true", 2))).at("output").at("total_runs"), 2);
  job["only_attempt"] = 7;
  const json one = serve.ended(serve.run(job));
  EXPECT_EQ(one.at("status"), "COMPLETED") << one;
  EXPECT_EQ(one.at("output").at("total_runs"), 1);
  EXPECT_EQ(one.at("output").at("failures"), 0);
}

TEST(ServeThatDrainsShortly, KeepsAJobThatTakesLongerForTheNextStart) {
  Serving serve(programs(), {"--drain-timeout", "1s"});
  const std::string id = serve.run(quick_job(programs(), "exec ./sleeps_forever", 1));
  ASSERT_TRUE(eventually([&] { return !containers_of(serve.pid()).empty(); }));
  const pid_t pid = serve.pid();
  serve.signal(SIGTERM);
  EXPECT_EQ(serve.finish(), 0);
  EXPECT_EQ(containers_of(pid), Strings{});
  serve.start();
  EXPECT_FALSE(serve.status(id).contains("retries")) << "its worker was not lost";
  EXPECT_TRUE(eventually([&] { return serve.status(id).at("status") == "IN_PROGRESS"; }));
}

TEST_F(Serve, EndsAtOnceAtASecondSignal) {
  serve_.run(endless());
  wait_for_container();
  const pid_t pid = serve_.pid();
  serve_.signal(SIGTERM);
  ASSERT_TRUE(eventually([&] { return serve_.get("/readyz").status == 503; }));
  serve_.signal(SIGTERM);
  EXPECT_EQ(serve_.finish(), 0);
  EXPECT_EQ(containers_of(pid), Strings{});
}

}  // namespace
