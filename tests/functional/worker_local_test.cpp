// `orchestrator worker` without RunPod: one job from a flag or a file, and the API of its SDK.
#include "tests/functional/worker.h"
#include "tests/support/post_server.h"

namespace {

using namespace testing_support;

// Not at a queue, whatever the caller's environment says.
Finished worker(Strings more, const std::string& cwd = "") {
  Strings argv{"worker", "--state-dir", state_folder()};
  argv.insert(argv.end(), more.begin(), more.end());
  ProgramOptions options;
  options.cwd = cwd;
  const Finished ended = orchestrator(argv, options);
  const Json body = Json::parse(ended.out, nullptr, false);
  if (body.is_object() && body.contains("output")) ServedRepository::get().remember(body.at("output"));
  return ended;
}

// Of a folder of this host, as a person has it.
Json local_input(const std::string& line) {
  return job_input(line, {{"repo", ServedRepository::get().folder()}});
}

TEST(WorkerTestInput, OfAFlagIsOneJobWithItsResultOnStdout) {
  const auto ended = worker({"--test_input", Json{{"input", local_input("echo here")}}.dump()});
  ASSERT_EQ(ended.exit_code, 0) << told(ended);
  EXPECT_EQ(Json::parse(ended.out).at("output").at("results").at(0).at("stdout"), "here\n");
}

TEST(WorkerTestInput, OfAFileMayBeBareOrWrapped) {
  const TemporaryFolder folder;
  for (const Json& content : {local_input("true"), Json{{"input", local_input("true")}}}) {
    write_file(folder / "test_input.json", content.dump());
    const auto ended =
        worker({"--rp_log_level", "ERROR", "--rp_debugger", "--unknown", "word"}, folder.path());
    ASSERT_EQ(ended.exit_code, 0) << told(ended);
    EXPECT_EQ(Json::parse(ended.out).at("output").at("total_runs"), 2);
  }
}

TEST(WorkerTestInput, OfTheFlagWinsOverTheFile) {
  const TemporaryFolder folder;
  write_file(folder / "test_input.json", "{}");
  const auto ended = worker({"--test_input", local_input("true").dump()}, folder.path());
  EXPECT_EQ(ended.exit_code, 0) << told(ended);
}

TEST(WorkerTestInput, TakesAFolderFromWhereTheCallerSits) {
  const auto ended = worker({"--test_input", job_input("test -f README", {{"repo", "."}}).dump()},
                            ServedRepository::get().folder());
  ASSERT_EQ(ended.exit_code, 0) << told(ended);
  EXPECT_EQ(Json::parse(ended.out).at("output").at("failures"), 0);
}

TEST(WorkerTestInput, ThatIsMissingOrWrongEndsWithOne) {
  const TemporaryFolder folder;
  auto ended = worker({}, folder.path());
  EXPECT_EQ(ended.exit_code, 1) << told(ended);
  EXPECT_NE(ended.err.find("test_input.json not found, exiting."), std::string::npos) << ended.err;
  ended = worker({"--test_input", R"({"id": "x"})"});
  EXPECT_EQ(ended.exit_code, 1) << told(ended);
  EXPECT_NE(ended.err.find("Job has no input parameter. Unable to run."), std::string::npos) << ended.err;
  ended = worker({"--test_input", "{"});
  EXPECT_EQ(ended.exit_code, 1) << told(ended);
  ended = worker({"--test_input", R"({"input": {"runs": 0}})"});
  EXPECT_EQ(ended.exit_code, 1) << told(ended);
  EXPECT_NE(Json::parse(ended.out).at("error").get<std::string>().find("Runs must be between 1 and 1000"),
            std::string::npos);
}

// ---- --rp_serve_api

class WorkerApi : public testing::Test {
 protected:
  explicit WorkerApi(Strings more = {}) : worker_({"RUNPOD_ENDPOINT_ID=ep"}, flags(std::move(more))) {}
  void SetUp() override {
    ASSERT_TRUE(eventually([&] { return worker_.said().find("serves at ") != std::string::npos; }))
        << worker_.said();
    const std::string said = worker_.said();
    const auto start = said.find("http://", said.find("serves at "));
    url_ = said.substr(start, said.find('\n', start) - start);
  }

  struct Answer {
    int status = 0;
    Json body;
  };
  Answer ask(const std::string& method, const std::string& path, const std::string& body = "") const {
    Strings argv{"curl", "-sS", "--noproxy", "*", "-X", method, "-w", "\n%{http_code}"};
    if (!body.empty()) argv.insert(argv.end(), {"-H", "Content-Type: application/json", "-d", body});
    argv.push_back(url_ + path);
    const auto told = run_command(argv);
    const auto end = told.out.rfind('\n');
    return {std::atoi(told.out.substr(end + 1).c_str()),
            Json::parse(told.out.substr(0, end), nullptr, false)};
  }
  static std::string job_of(const std::string& line) { return Json{{"input", job_input(line)}}.dump(); }
  // A job that calls this receiver at its end; its id.
  template <class Receiver>
  std::string run_and_tell(const Receiver& receiver) const {
    const auto answer =
        ask("POST", "/runsync",
            Json{{"input", job_input("echo there")}, {"webhook", receiver.url() + "/hook"}}.dump());
    EXPECT_EQ(answer.body.value("status", ""), "COMPLETED") << answer.body;
    ServedRepository::get().remember(answer.body.value("output", Json()));
    return answer.body.value("id", "");
  }

  RunningWorker worker_;
  std::string url_;

 private:
  static Strings flags(Strings more) {
    more.insert(more.begin(), {"--rp_serve_api", "--rp_api_port", "0", "--rp_api_host", "localhost"});
    return more;
  }
};

class WorkerApiThatMayCallItsOwnNetwork : public WorkerApi {
 protected:
  WorkerApiThatMayCallItsOwnNetwork() : WorkerApi({"--allow-private-urls"}) {}
};

TEST_F(WorkerApi, RunsAJobAndWaitsForIt) {
  const auto answer = ask("POST", "/runsync", job_of("echo there"));
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body.at("status"), "COMPLETED");
  EXPECT_TRUE(answer.body.at("id").get<std::string>().starts_with("test-"));
  EXPECT_EQ(answer.body.at("output").at("results").at(0).at("stdout"), "there\n");
  ServedRepository::get().remember(answer.body.at("output"));
  EXPECT_EQ(worker_.stop().exit_code, 0);
}

TEST_F(WorkerApi, TellsOfAJobByBothMethods) {
  const auto submitted = ask("POST", "/run", job_of("true"));
  ASSERT_EQ(submitted.status, 200);
  EXPECT_EQ(submitted.body.at("status"), "IN_PROGRESS");
  const std::string id = submitted.body.at("id");
  EXPECT_EQ(ask("POST", "/status/" + id).body.at("status"), "COMPLETED") << "it waits for the end";
  EXPECT_EQ(ask("GET", "/status/" + id).body.at("output").at("total_runs"), 2);
  const auto stream = ask("GET", "/stream/" + id);
  EXPECT_EQ(stream.body.at("stream").size(), 2u);
  EXPECT_EQ(stream.body.at("stream").at(0).at("output").at("outcome"), "passed");
  EXPECT_EQ(ask("POST", "/stream/" + id).body.at("stream"), Json::array()) << "each is told once";
  const auto realtime = ask("POST", "/ep/realtime", job_of("true"));
  EXPECT_EQ(realtime.body.at("output").at("total_runs"), 2);
}

TEST_F(WorkerApi, CallsNoWebhookInItsOwnNetwork) {
  const PostServer receiver;
  const std::string id = run_and_tell(receiver);
  EXPECT_TRUE(eventually([&] {
    return worker_.said().find("the webhook of " + id + " was not told") != std::string::npos;
  })) << worker_.said();
  EXPECT_TRUE(receiver.requests().empty());
}

TEST_F(WorkerApiThatMayCallItsOwnNetwork, CallsAWebhookThere) {
  const PostServer receiver;
  run_and_tell(receiver);
  ASSERT_TRUE(eventually([&] { return !receiver.requests().empty(); })) << worker_.said();
  const Json told = Json::parse(receiver.requests().at(0).at("body").get<std::string>());
  EXPECT_EQ(told.at("output").at("results").at(0).at("stdout"), "there\n");
  EXPECT_EQ(worker_.stop().exit_code, 0);
  EXPECT_EQ(receiver.requests().size(), 1u);
}

TEST_F(WorkerApiThatMayCallItsOwnNetwork, TrustsAWebhookByTheCertificatesThatItIsGiven) {
  const RunpodServer secure(ServedRepository::get().certificate());  // it notes whatever it is asked
  run_and_tell(secure);
  EXPECT_TRUE(eventually([&] { return !secure.requests("/hook").empty(); })) << worker_.said();
}

TEST_F(WorkerApi, SaysWhatIsWrong) {
  const auto unknown = ask("GET", "/status/nobody");
  EXPECT_EQ(unknown.status, 200);
  EXPECT_EQ(unknown.body, (Json{{"id", "nobody"}, {"status", "FAILED"}, {"error", "Job ID not found"}}));
  const auto bad = ask("POST", "/run", R"({"inputs": {}})");
  EXPECT_EQ(bad.status, 422);
  EXPECT_EQ(bad.body.at("detail").at(0).at("loc"), (Json{"body", "input"}));
  EXPECT_EQ(ask("POST", "/runsync", "[").status, 422);
  const auto failed = ask("POST", "/runsync", R"({"input": {"repo": "/etc", "test_command": "true"}})");
  EXPECT_EQ(failed.status, 200);
  EXPECT_EQ(failed.body.at("status"), "FAILED");
  EXPECT_NE(failed.body.at("error").get<std::string>().find("a folder of the host"), std::string::npos);
  EXPECT_EQ(ask("GET", "/nothing").status, 404);
}

}  // namespace
