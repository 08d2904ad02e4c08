// `orchestrator worker` at a queue like RunPod's: what it takes, what it delivers, and how it ends.
#include "tests/functional/worker.h"

#include <algorithm>

namespace {

using namespace testing_support;

class Worker : public testing::Test {
 protected:
  Strings env() const { return server_.environment(); }

  // The body of the result of this job, once it is there.
  Json result(const std::string& id, std::size_t number = 0) {
    EXPECT_TRUE(eventually([&] { return server_.finals(id).size() > number; })) << id << " has no result";
    const auto all = server_.finals(id);
    if (all.size() <= number) return {{"output", nullptr}, {"error", "no result"}};
    const Json body = all[number].at("json");
    if (body.contains("output")) ServedRepository::get().remember(body.at("output"));
    return body;
  }
  Json report_of(const std::string& id, std::size_t number = 0) {
    const Json body = result(id, number);
    EXPECT_TRUE(body.contains("output")) << body;
    return body.value("output", Json());
  }
  Json error_of(const std::string& id) { return Json::parse(result(id).at("error").get<std::string>()); }
  // Its log, whose lines are all JSON.
  static Strings messages(const Finished& ended) {
    Strings all;
    std::istringstream lines(ended.out);
    for (std::string line; std::getline(lines, line);)
      all.push_back(Json::parse(line).at("message").get<std::string>());
    return all;
  }
  bool starts(const std::string& attempt, pid_t worker) {
    return account_.wait_for(worker, "start", attempt).has_value();
  }

  RunpodServer server_;
  EngineAccount account_;
};

TEST_F(Worker, DoesAJobFromEndToEnd) {
  RunningWorker worker(env());
  ASSERT_TRUE(eventually([&] { return !server_.requests("/job-take/").empty(); }));
  server_.hand_out(job("job-1", "sleep 1; echo said; exit $((TEST_SEED % 2))",
                       {{"runs", 4}, {"seed", 7}, {"colour", "red"}}));
  const Json output = report_of("job-1");
  EXPECT_EQ(output.at("total_runs"), 4);
  EXPECT_EQ(output.at("results").at(0).at("stdout"), "said\n");
  EXPECT_NE(output.at("warnings").dump().find("colour"), std::string::npos) << output.at("warnings");
  EXPECT_FALSE(output.contains("interrupted"));
  EXPECT_FALSE(result("job-1").contains("error"));

  const auto final = server_.finals("job-1").at(0);
  EXPECT_EQ(final.at("path"), "/v2/ep/job-done/pod1/job-1?gpu=x&isStream=false");
  EXPECT_EQ(final.at("headers").at("authorization"), "rpa_the_key");
  EXPECT_EQ(final.at("headers").at("x-request-id"), "job-1");
  const auto progress = server_.progress("job-1");
  ASSERT_GE(progress.size(), 2u);
  EXPECT_LT(progress.back().at("time"), final.at("time"));
  EXPECT_EQ(progress.back().at("json").at("output").at("runs"), 4);

  const auto first_ping = server_.requests("/ping/").at(0);
  EXPECT_EQ(first_ping.at("path").get<std::string>().find("job_id"), std::string::npos);
  EXPECT_NE(first_ping.at("path").get<std::string>().find("runpod_version=orchestrator%2F"),
            std::string::npos);
  const auto pings = server_.requests("/ping/pod1?job_id=job-1&");
  EXPECT_GE(pings.size(), 3u) << "a job of more than 4 s";
  EXPECT_EQ(server_.requests("/job-take/").at(0).at("path"), "/v2/ep/job-take/pod1?gpu=x&job_in_progress=0");

  const auto ended = worker.stop();
  EXPECT_EQ(ended.exit_code, 0) << told(ended);
  EXPECT_EQ(containers_of(worker.pid()), Strings{});
  bool of_job = false;
  std::istringstream lines(ended.out);
  for (std::string line; std::getline(lines, line);)
    of_job = Json::parse(line).at("requestId") == "job-1" || of_job;  // each line is an object
  EXPECT_TRUE(of_job) << ended.out;
}

TEST_F(Worker, ShowsNothingOfItsEnvironmentToTests) {
  Strings variables = env();
  variables.insert(variables.end(),
                   {"BUCKET_ACCESS_KEY_ID=bucket-id", "RUNPOD_ENDPOINT_SECRET=endpoint-secret",
                    "MINE=a-value", "ORCHESTRATOR_ALLOW_SECRETS=MINE,RUNPOD_AI_API_KEY"});
  RunningWorker worker(variables);
  server_.hand_out(job("env", "env; cat /proc/1/environ | tr '\\0' '\\n'", {{"runs", 1}}));
  const std::string seen = report_of("env").at("results").at(0).at("stdout");
  EXPECT_NE(seen.find("TEST_SEED="), std::string::npos) << seen;
  for (const char* word : {"RUNPOD_", "BUCKET_", "rpa_the_key", "bucket-id", "endpoint-secret", "a-value"})
    EXPECT_EQ(seen.find(word), std::string::npos) << word;
  server_.hand_out(job("own", "test \"$MINE\" = a-value", {{"runs", 1}, {"secret_env", {"MINE"}}}));
  EXPECT_EQ(report_of("own").at("failures"), 0);
  server_.hand_out(job("key", "env", {{"secret_env", {"RUNPOD_AI_API_KEY"}}}));
  EXPECT_NE(error_of("key").at("error_message").get<std::string>().find("worker's own"), std::string::npos);
}

// ---- what is wrong with a job is said, never passed over

TEST_F(Worker, AnswersJobsWithoutInput) {
  RunningWorker worker(env());
  server_.control(
      {{"take", {{{"job", {{"id", "none"}}}}, {{"job", {{"id", "empty"}, {"input", Json::object()}}}}}}});
  for (const char* id : {"none", "empty"}) {
    const Json error = error_of(id);
    EXPECT_EQ(error.at("error_message"), "Repository URL is required\nTest command is required") << id;
    EXPECT_EQ(error.at("error_type"), "<class 'ValueError'>");
    EXPECT_EQ(error.at("worker_id"), "pod1");
    EXPECT_EQ(error.at("hostname"), "host-of-the-pod");
    EXPECT_EQ(error.size(), 6u);
  }
}

TEST_F(Worker, SaysAllMistakesInPlainSentences) {
  RunningWorker worker(env());
  server_.hand_out(job("wrong", "true", {{"runs", 0}, {"parallelism", 99}}));
  const std::string message = error_of("wrong").at("error_message");
  EXPECT_NE(message.find("Runs must be between 1 and 1000"), std::string::npos) << message;
  EXPECT_NE(message.find("\n"), std::string::npos) << message;
  EXPECT_EQ(message.find("/runs"), std::string::npos) << message;
}

TEST_F(Worker, DoesNotLetOthersNameAFolderOrAnImageOfTheHost) {
  RunningWorker worker(env());
  server_.hand_out(job("folder", "true", {{"repo", "/etc"}, {"image", "debian:12"}}));
  const std::string message = error_of("folder").at("error_message");
  EXPECT_NE(message.find("a folder of the host"), std::string::npos) << message;
  EXPECT_NE(message.find("debian:12"), std::string::npos) << message;
}

// What a repository asks for would stay on the worker's disk, and its path would go to whoever sent the job.
TEST_F(Worker, KeepsNoLogsThatARepositoryAsksFor) {
  RunningWorker worker(env());
  server_.hand_out(job("logs", "echo printed", {{"subdir", "keeps_logs"}}));
  const Json output = report_of("logs");
  EXPECT_EQ(output.at("total_runs"), 2);
  const std::string warnings = output.at("warnings").dump();
  EXPECT_NE(warnings.find("save_full_output has no effect here"), std::string::npos) << warnings;
  EXPECT_EQ(warnings.find(state_folder()), std::string::npos) << warnings;
  EXPECT_FALSE(std::filesystem::exists(state_folder() + "/logs"));
}

// ---- the result gets there

TEST_F(Worker, ShortensAResultThatIsOverTheCap) {
  RunningWorker worker(env(), {"--result-size", "64k"});
  server_.hand_out(job("large", "head -c 20000 /dev/zero | tr '\\0' x; echo end", {{"runs", 8}}));
  const Json output = report_of("large");
  EXPECT_LE(server_.finals("large").at(0).at("body").get<std::string>().size(), 65'536u);
  EXPECT_EQ(output.at("total_runs"), 8);
  EXPECT_EQ(output.at("results").size(), 8u);
  EXPECT_NE(output.at("warnings").dump().find("shortened"), std::string::npos) << output.at("warnings");
}

TEST_F(Worker, DeliversAfterAnErrorOfTheQueue) {
  server_.control({{"done", {500}}});
  RunningWorker worker(env());
  server_.hand_out(job("again", "true"));
  EXPECT_EQ(report_of("again", 1).at("total_runs"), 2);
  const auto sent = server_.finals("again");
  EXPECT_EQ(sent[0].at("body"), sent[1].at("body"));
  EXPECT_GE(sent[1].at("time").get<double>() - sent[0].at("time").get<double>(), 0.9);
  EXPECT_FALSE(server_.requests("job_id=again").empty());
}

TEST_F(Worker, SendsLessWhenTheResultIsRefused) {
  server_.control({{"done", {400}}});
  RunningWorker worker(env());
  server_.hand_out(job("less", "head -c 40000 /dev/zero | tr '\\0' x", {{"runs", 4}}));
  const Json output = report_of("less", 1);
  EXPECT_EQ(output.at("total_runs"), 4);
  EXPECT_NE(output.at("warnings").dump().find("shortened"), std::string::npos);
  const auto sent = server_.finals("less");
  EXPECT_LT(sent[1].at("body").get<std::string>().size() * 3, sent[0].at("body").get<std::string>().size());
}

TEST_F(Worker, PutsTheWholeReportIntoABucket) {
  RunpodServer bucket({"--secret", "the secret"});
  Strings variables = env();
  variables.insert(variables.end(), {"BUCKET_ENDPOINT_URL=" + bucket.url() + "/bucket",
                                     "BUCKET_ACCESS_KEY_ID=id", "BUCKET_SECRET_ACCESS_KEY=the secret"});
  RunningWorker worker(variables);
  server_.hand_out(job("kept", "echo whole"));
  const Json output = report_of("kept");
  EXPECT_EQ(output.at("full_report"), bucket.url() + "/bucket/kept/report.json");
  const auto put = bucket.requests("/bucket/");
  ASSERT_EQ(put.size(), 2u);
  EXPECT_EQ(put[0].at("signature"), "good");
  EXPECT_EQ(Json::parse(put[0].at("body").get<std::string>()).at("total_runs"), 2);
  EXPECT_EQ(put[1].at("path"), "/bucket/kept/report.html");

  // The job's own bucket wins, but must not lie in the worker's network.
  Json own = job("inside", "true");
  own["s3Config"] = {
      {"endpointUrl", bucket.url()}, {"bucketName", "bucket"}, {"accessId", "i"}, {"accessSecret", "hush"}};
  server_.hand_out(own);
  EXPECT_TRUE(report_of("inside").contains("full_report_problem"));
  EXPECT_EQ(bucket.requests("/bucket/").size(), 2u);
  const auto ended = worker.stop();
  EXPECT_EQ((ended.out + ended.err).find("hush"), std::string::npos);
}

TEST_F(Worker, TrustsAQueueAndABucketByTheCertificatesThatItIsGiven) {
  Strings flags = ServedRepository::get().certificate();
  flags.insert(flags.end(), {"--secret", "the secret"});
  RunpodServer secure(flags);
  Strings variables = secure.environment();
  variables.insert(variables.end(), {"BUCKET_ENDPOINT_URL=" + secure.url() + "/bucket",
                                     "BUCKET_ACCESS_KEY_ID=id", "BUCKET_SECRET_ACCESS_KEY=the secret"});
  RunningWorker worker(variables);
  secure.hand_out(job("trusted", "true"));
  ASSERT_TRUE(eventually([&] { return secure.finals("trusted").size() == 1; })) << worker.said();
  const Json output = secure.finals("trusted").at(0).at("json").at("output");
  ServedRepository::get().remember(output);
  EXPECT_EQ(output.value("full_report", ""), secure.url() + "/bucket/trusted/report.json") << output;
  EXPECT_EQ(secure.requests("/bucket/trusted/").size(), 2u);
  EXPECT_FALSE(secure.requests("/ping/").empty());
}

TEST_F(Worker, PutsAReportIntoAJobsBucketInItsOwnNetworkWhereItMay) {
  RunpodServer bucket({"--secret", "hush"});
  RunningWorker worker(env(), {"--allow-private-urls"});
  Json own = job("inside", "true");
  own["s3Config"] = {
      {"endpointUrl", bucket.url()}, {"bucketName", "bucket"}, {"accessId", "i"}, {"accessSecret", "hush"}};
  server_.hand_out(own);
  const Json output = report_of("inside");
  EXPECT_FALSE(output.contains("full_report_problem")) << output;
  EXPECT_EQ(output.value("full_report", ""), bucket.url() + "/bucket/inside/report.json");
  const auto put = bucket.requests("/bucket/inside/");
  ASSERT_EQ(put.size(), 2u);
  EXPECT_EQ(put[0].at("signature"), "good");
}

TEST_F(Worker, PutsTheWholeReportOnAVolume) {
  const TemporaryFolder volume;
  RunningWorker worker(env(), {"--volume", volume.path()});
  server_.hand_out(job("kept", "echo whole"));
  const std::string file = report_of("kept").at("full_report");
  EXPECT_EQ(file, volume.path() + "/orchestrator/kept/report.json");
  EXPECT_EQ(Json::parse(read_file(file)).at("total_runs"), 2);
}

TEST_F(Worker, PutsOnTheVolumeWhatABucketDoesNotTake) {
  RunpodServer bucket({"--secret", "the secret"});
  bucket.control({{"put", {403, 403, 403, 403}}});
  const TemporaryFolder volume;
  Strings variables = env();
  variables.insert(variables.end(), {"BUCKET_ENDPOINT_URL=" + bucket.url() + "/bucket",
                                     "BUCKET_ACCESS_KEY_ID=id", "BUCKET_SECRET_ACCESS_KEY=the secret"});
  RunningWorker worker(variables, {"--volume", volume.path()});
  server_.hand_out(job("kept", "echo whole"));
  const Json output = report_of("kept");
  EXPECT_FALSE(bucket.requests("/bucket/").empty());
  EXPECT_FALSE(output.value("full_report_problem", "").empty()) << output;
  const std::string file = output.at("full_report");
  EXPECT_EQ(file, volume / "orchestrator/kept/report.json");
  EXPECT_EQ(Json::parse(read_file(file)).at("total_runs"), 2);
}

TEST_F(Worker, StreamsAttemptsWhereItIsAskedTo) {
  RunningWorker worker(env(), {"--stream"});
  server_.hand_out(job("flow", "true", {{"runs", 3}}));
  const Json output = report_of("flow");
  EXPECT_EQ(output.at(0).at("total_runs"), 3);
  EXPECT_NE(server_.finals("flow").at(0).at("path").get<std::string>().find("isStream=true"),
            std::string::npos);
  EXPECT_EQ(server_.requests("/job-stream/pod1/flow?gpu=x&isStream=false").size(), 3u);
}

// ---- several at once, and those that nobody wants

TEST_F(Worker, TakesABatchAndWorksOnAllOfIt) {
  server_.control({{"take", {{{"job", job("a", "true")}}, {{"job", job("b", "true")}}}}});
  RunningWorker worker(env(), {"--jobs", "2"});
  EXPECT_EQ(report_of("a").at("total_runs"), 2);
  EXPECT_EQ(report_of("b").at("total_runs"), 2);
  EXPECT_EQ(server_.requests("/job-take").at(0).at("path"),
            "/v2/ep/job-take-batch/pod1?gpu=x&batch_size=2&job_in_progress=0");
  EXPECT_FALSE(server_.requests("/ping/pod1?job_id=a%2Cb&").empty());
  // A request is one job's, or nobody's.
  for (const std::string id : {"a", "b"})
    for (const auto& sent : server_.finals(id)) EXPECT_EQ(sent.at("headers").at("x-request-id"), id);
  for (const char* of_none : {"/job-take", "/ping/"})
    for (const auto& sent : server_.requests(of_none))
      EXPECT_FALSE(sent.at("headers").contains("x-request-id")) << sent;
}

TEST_F(Worker, StopsAJobThatTheQueueNames) {
  RunningWorker worker(env());
  server_.hand_out(job("unwanted", "exec sleep 1000"));
  ASSERT_TRUE(starts("0", worker.pid()));
  server_.control({{"stop", {"unwanted"}}});
  ASSERT_TRUE(account_.wait_for(worker.pid(), "destroy", "0"));
  server_.hand_out(job("next", "true"));
  EXPECT_EQ(report_of("next").at("total_runs"), 2);
  EXPECT_EQ(server_.finals("unwanted").size(), 0u);
}

TEST_F(Worker, RunsAJobOnceMoreThatComesBackWhileItIsStillEnding) {
  RunningWorker worker(env(), {"--jobs", "2"});
  server_.hand_out(job("again", "trap '' TERM; while :; do sleep 1; done"));
  ASSERT_TRUE(starts("0", worker.pid()));
  server_.control({{"stop", {"again"}}});
  ASSERT_TRUE(
      eventually([&] { return worker.said().find("stopped: the queue says so") != std::string::npos; }));
  server_.hand_out(job("again", "true"));
  EXPECT_EQ(report_of("again").at("total_runs"), 2);
  EXPECT_EQ(server_.finals("again").size(), 1u);
}

TEST_F(Worker, StopsAJobThatTheQueueHasForgotten) {
  server_.control({{"progress", {404}}});
  RunningWorker worker(env());
  server_.hand_out(job("forgotten", "test $ATTEMPT = 0 || exec sleep 1000"));
  server_.hand_out(job("next", "true"));
  EXPECT_EQ(report_of("next").at("total_runs"), 2);
  EXPECT_EQ(server_.finals("forgotten").size(), 0u);
}

// ---- a queue that fails

TEST_F(Worker, AsksMoreAndMoreRarelyWhereTheQueueFails) {
  server_.control({{"take",
                    {{{"status", 500}},
                     {{"status", 404}},
                     {{"status", 502}},
                     {{"status", 200}, {"body", "{\"id\":"}},
                     {{"status", 200}, {"body", "<html>"}, {"type", "text/html"}},
                     {{"status", 400}},
                     {{"job", job("late", "true")}}}}});
  RunningWorker worker(env());
  EXPECT_EQ(report_of("late").at("total_runs"), 2);
  const auto asked = server_.requests("/job-take/");
  ASSERT_GE(asked.size(), 7u);
  const double least[] = {0.9, 1.9, 3.9, 0.9, 0.9, 0.9};
  for (std::size_t i = 0; i < 6; ++i)
    EXPECT_GE(asked[i + 1].at("time").get<double>() - asked[i].at("time").get<double>(), least[i]) << i;
}

// ---- how it ends

TEST_F(Worker, EndsAtOnceWhenItIsIdle) {
  RunpodServer patient({"--hold", "600"});
  RunningWorker worker(patient.environment());
  ASSERT_TRUE(eventually([&] { return !patient.requests("/job-take/").empty(); }));
  const auto start = std::chrono::steady_clock::now();
  const auto ended = worker.stop();
  EXPECT_EQ(ended.exit_code, 0) << told(ended);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST_F(Worker, DeliversWhatIsKnownWhenItIsStopped) {
  RunningWorker worker(env(), {"--drain-timeout", "1s"});
  server_.hand_out(job("partial", "test $ATTEMPT = 0 || exec sleep 1000", {{"runs", 3}}));
  ASSERT_TRUE(starts("1", worker.pid()));
  const auto ended = worker.stop();
  EXPECT_EQ(ended.exit_code, 0) << told(ended);
  EXPECT_EQ(containers_of(worker.pid()), Strings{});
  const Json output = report_of("partial");
  EXPECT_EQ(output.at("interrupted"), true);
  EXPECT_EQ(output.at("total_runs"), 1);
  EXPECT_EQ(output.at("requested_runs"), 3);
}

TEST_F(Worker, DoesNotWaitForASlowBucketWhenItIsStopped) {
  RunpodServer bucket;
  bucket.control({{"put", {"hold", "hold", "hold"}}});
  Strings variables = env();
  variables.insert(variables.end(), {"BUCKET_ENDPOINT_URL=" + bucket.url() + "/bucket",
                                     "BUCKET_ACCESS_KEY_ID=id", "BUCKET_SECRET_ACCESS_KEY=secret"});
  RunningWorker worker(variables, {"--drain-timeout", "1s"});
  server_.hand_out(job("slow", "true"));
  ASSERT_TRUE(eventually([&] { return !bucket.requests("/bucket/").empty(); }));
  const auto start = std::chrono::steady_clock::now();
  const auto ended = worker.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
  EXPECT_EQ(ended.exit_code, 0) << told(ended);
  const Json output = report_of("slow");
  EXPECT_EQ(output.at("total_runs"), 2);
  EXPECT_EQ(output.at("full_report_problem"), "the worker was stopped");
}

TEST_F(Worker, LetsARunningAttemptEndButStartsNoOther) {
  RunningWorker worker(env(), {"--drain-timeout", "60s"});
  server_.hand_out(job("last", kUntilLetGo, {{"runs", 3}}));
  ASSERT_TRUE(starts("0", worker.pid()));
  worker.signal(SIGTERM);
  ASSERT_TRUE(eventually([&] { return worker.said().find("signal 15") != std::string::npos; }))
      << worker.said();
  let_go(worker.pid());
  const auto ended = worker.finish();
  EXPECT_EQ(ended.exit_code, 0) << told(ended);
  const Json output = report_of("last");
  EXPECT_EQ(output.at("total_runs"), 1);
  EXPECT_EQ(output.at("failures"), 0);
  EXPECT_EQ(output.at("interrupted"), true);
}

TEST_F(Worker, SaysThatAJobWasInterruptedBeforeItsFirstAttempt) {
  RunningWorker worker(env());
  server_.hand_out(job("early", "true", {{"setup_commands", {"sleep 1000." + std::to_string(getpid())}}}));
  ASSERT_TRUE(eventually([&] { return !server_.progress("early").empty(); }));
  ASSERT_TRUE(eventually([&] { return !containers_of(worker.pid()).empty(); }));
  const auto ended = worker.stop();
  EXPECT_EQ(ended.exit_code, 0) << told(ended);
  EXPECT_EQ(report_of("early").at("interrupted"), true);
  EXPECT_NE(error_of("early").at("error_message").get<std::string>().find("before the first attempt"),
            std::string::npos);
  EXPECT_EQ(containers_of(worker.pid()), Strings{});
}

TEST_F(Worker, LeavesAtOnceAtTheSecondSignal) {
  RunningWorker worker(env(), {"--drain-timeout", "600s"});
  server_.hand_out(job("left", "trap '' TERM; while :; do sleep 1; done", {{"runs", 3}}));
  ASSERT_TRUE(starts("0", worker.pid()));
  worker.signal(SIGTERM);
  ASSERT_TRUE(eventually([&] { return worker.said().find("signal 15") != std::string::npos; }));
  worker.signal(SIGINT);
  const auto ended = worker.finish();
  EXPECT_EQ(ended.exit_code, 130) << told(ended);
  EXPECT_EQ(containers_of(worker.pid()), Strings{});
}

TEST_F(Worker, AsksForAnotherWorkerAfterAJob) {
  RunningWorker worker(env(), {"--refresh"});
  server_.hand_out(job("only", "true"));
  const auto ended = worker.finish();
  EXPECT_EQ(ended.exit_code, 0) << told(ended);
  EXPECT_EQ(result("only").at("stopPod"), true);
}

// ---- where it takes nothing

TEST_F(Worker, TakesNoJobWhoseResultWouldGoNowhere) {
  Strings variables = env();
  std::erase_if(variables,
                [](const auto& entry) { return entry.starts_with("RUNPOD_WEBHOOK_POST_OUTPUT="); });
  RunningWorker worker(variables);
  const auto ended = worker.finish();
  EXPECT_EQ(ended.exit_code, 2) << told(ended);
  EXPECT_NE(ended.err.find("RUNPOD_WEBHOOK_POST_OUTPUT is not set"), std::string::npos) << told(ended);
  EXPECT_EQ(server_.requests().size(), 0u);
}

TEST_F(Worker, TakesNoJobWithoutTheCertificatesThatItIsToTrust) {
  ProgramOptions options;
  options.env = env();
  const auto ended =
      orchestrator({"worker", "--ca-file", "/nowhere/ca.pem", "--state-dir", state_folder()}, options);
  EXPECT_EQ(ended.exit_code, 2) << told(ended);
  EXPECT_NE(ended.err.find("--ca-file: the file '/nowhere/ca.pem' cannot be read"), std::string::npos)
      << told(ended);
  EXPECT_EQ(server_.requests().size(), 0u);
}

TEST_F(Worker, DoesNotFailTheQueueWhenItsEngineIsGone) {
  auto engine = std::make_unique<EngineSocket>();
  Strings variables = env();
  variables.push_back("DOCKER_HOST=" + engine->url());
  RunningWorker worker(variables);
  server_.hand_out(job("broken", "exec sleep 1000"));
  ASSERT_TRUE(starts("0", worker.pid()));
  engine.reset();
  const auto ended = worker.finish();
  for (const auto& id : containers_of(worker.pid())) run_command({"docker", "rm", "-f", id});
  EXPECT_EQ(ended.exit_code, 1) << told(ended);
  EXPECT_EQ(report_of("broken").at("not_counted").at(0).at("outcome"), "infrastructure_error");
  EXPECT_EQ(server_.requests("/ping/pod1?status=unhealthy&check=engine").size(), 1u);
}

TEST_F(Worker, OnAHostWithoutAnEngineSaysThatItIsUnhealthy) {
  Strings variables = env();
  variables.push_back("DOCKER_HOST=unix:///nowhere/docker.sock");
  RunningWorker worker(variables);
  const auto ended = worker.finish();
  EXPECT_EQ(ended.exit_code, 1) << told(ended);
  const Strings lines = messages(ended);
  ASSERT_EQ(lines.size(), 2u) << told(ended);
  EXPECT_TRUE(lines[0].starts_with("missing: engine: no container engine: the socket /nowhere/docker.sock"))
      << lines[0];
  EXPECT_NE(lines[0].find(" → "), std::string::npos) << lines[0];
  EXPECT_NE(lines[0].find("DOCKER_HOST"), std::string::npos) << lines[0];
  EXPECT_TRUE(lines[1].starts_with("this host is not fit: ")) << lines[1];
  const auto pings = server_.requests("/ping/");
  ASSERT_EQ(pings.size(), 1u);
  EXPECT_NE(pings[0].at("path").get<std::string>().find("status=unhealthy&check=engine&reason="),
            std::string::npos);
  EXPECT_EQ(server_.requests("/job-take/").size(), 0u);
}

TEST_F(Worker, OnAHostThatIsTooSmallSaysAllThatDoctorSays) {
  Strings variables = env();
  variables.push_back("RUNPOD_MIN_MEMORY_GB=1000000");
  RunningWorker worker(variables);
  const auto ended = worker.finish();
  EXPECT_EQ(ended.exit_code, 1) << told(ended);
  const Strings lines = messages(ended);
  const auto says = [&](const std::string& start) {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return line.starts_with(start); });
  };
  EXPECT_TRUE(says("ok: engine: docker ")) << told(ended);
  EXPECT_TRUE(says("ok: limit of timeout: enforced")) << told(ended);
  EXPECT_TRUE(says("missing: memory: the host has ")) << told(ended);
  EXPECT_NE(ended.out.find("RUNPOD_MIN_MEMORY_GB"), std::string::npos) << told(ended);
  EXPECT_EQ(server_.requests("/ping/pod1?status=unhealthy&check=memory").size(), 1u);
}

}  // namespace
