// `run --on` and `ci --on`: the same command line, run by another host's `serve` or an endpoint, with the
// same words, files and exit codes as here.
#include <filesystem>
#include <fstream>
#include <utility>

#include "tests/functional/attempts.h"
#include "tests/support/serving.h"

namespace {

using namespace testing_support;
using nlohmann::json;

class On : public testing::Test {
 protected:
  // What runs the job, and how often.
  Strings words(const std::string& mode, const std::string& where, const std::string& line,
                Strings more = {}) {
    Strings all{program_under_test(),
                mode,
                "--on",
                where,
                "--repo",
                programs(),
                "--framework",
                "unknown",
                "--no-install",
                "--image",
                kBase,
                "--state-dir",
                state_,
                "--progress",
                "plain"};
    if (mode == "run") all.insert(all.end(), {"--runs", "3"});
    all.insert(all.end(), more.begin(), more.end());
    all.insert(all.end(), {"--", line});
    return all;
  }
  Finished run(const std::string& where, const std::string& line, Strings more = {}) {
    return run_command(words("run", where, line, std::move(more)));
  }
  std::string endpoint() const { return serve_.url() + "/v2/flaky"; }
  json served(const std::string& what) const {
    const std::string id = serve_.got("/api/v1/jobs").at("jobs").at(0).at("id");
    return serve_.got("/api/v1/jobs/" + id + what);
  }

  TemporaryFolder folder_;
  std::string state_ = folder_ / "client";
  Serving serve_{programs()};
};

TEST_F(On, AServeIsTheSameJobAsHere) {
  const std::string report = folder_ / "report.json";
  const Finished there = run(serve_.url(), "test $ATTEMPT != 1",
                             {"--json", report, "--html", folder_ / "r.html", "--junit", folder_ / "r.xml"});
  EXPECT_EQ(there.exit_code, 1) << there.err;
  EXPECT_NE(there.out.find("FLAKY"), std::string::npos) << there.out;
  EXPECT_NE(there.err.find("attempt 1: failed (exit code 1"), std::string::npos) << there.err;
  EXPECT_NE(there.err.find("attempts 3/3 · 1 not passed"), std::string::npos) << there.err;
  EXPECT_EQ(json::parse(read_file(report)), served("/report.json"));
  EXPECT_NE(read_file(folder_ / "r.html").find("<!DOCTYPE html>"), std::string::npos);
  EXPECT_NE(read_file(folder_ / "r.xml").find("<testsuite"), std::string::npos);
}

TEST_F(On, AnEndpointIsTheSameJobAsHere) {
  const std::string report = folder_ / "report.json";
  const Finished there = run(endpoint(), "test $ATTEMPT != 1", {"--json", report});
  EXPECT_EQ(there.exit_code, 1) << there.err;
  EXPECT_NE(there.out.find("FLAKY"), std::string::npos) << there.out;
  EXPECT_NE(there.err.find("attempt 1: failed (exit code 1"), std::string::npos) << there.err;
  EXPECT_EQ(json::parse(read_file(report)).at("failures"), 1);
}

TEST_F(On, RunsOneAttemptOfTheJobAgain) {
  for (const std::string& where : {serve_.url(), endpoint()}) {
    const std::string report = folder_ / "one.json";
    const Finished again = run(where, "test $ATTEMPT != 1", {"--only-attempt", "1", "--json", report});
    EXPECT_EQ(again.exit_code, 3) << where << again.err;
    const json results = json::parse(read_file(report)).at("results");
    ASSERT_EQ(results.size(), 1u);
    EXPECT_EQ(results[0].at("attempt"), 1);
  }
}

TEST_F(On, EndsWithTheExitCodesOfARunHere) {
  EXPECT_EQ(run(serve_.url(), "true").exit_code, 0);
  EXPECT_EQ(run(serve_.url(), "false").exit_code, 3);
  EXPECT_EQ(run(endpoint(), "false").exit_code, 3);
  for (const std::string& where : {serve_.url(), endpoint()}) {
    const Finished broken = run(where, "true", {"--setup-command", "exit 7"});
    EXPECT_EQ(broken.exit_code, 4) << where << broken.err;
    EXPECT_NE(broken.err.find("exit 7"), std::string::npos) << broken.err;
    const Finished refused = run(where, "true", {"--network", "bridge"});
    EXPECT_EQ(refused.exit_code, 2) << where << refused.err;
    EXPECT_NE(refused.err.find("bridge"), std::string::npos) << refused.err;
  }
}

TEST_F(On, AUnixSocketIsTheSameJobAsHere) {
  const std::string socket = folder_ / "serve.sock", report = folder_ / "report.json";
  Serving serve(programs(), {"--socket", socket});
  for (const std::string line : {"echo $ATTEMPT; test $ATTEMPT != 1", "echo $ATTEMPT", "false"}) {
    const RunResult here = run_line({"--runs", "3"}, line);
    const Finished there = run("unix:" + socket, line, {"--json", report});
    EXPECT_EQ(there.exit_code, here.exit_code) << line << there.err;
    const json told = json::parse(read_file(report));
    for (const char* field : {"verdict", "severity", "end", "total_runs", "failures", "repro_rate"})
      EXPECT_EQ(told.at(field), here.report.at(field)) << line << " " << field;
    ASSERT_EQ(told.at("results").size(), here.report.at("results").size()) << line;
    for (std::size_t attempt = 0; attempt < 3; ++attempt)
      for (const char* field : {"attempt", "outcome", "exit_code", "stdout"})
        EXPECT_EQ(told.at("results").at(attempt).at(field), here.report.at("results").at(attempt).at(field))
            << line << " " << field;
    const std::string id = serve.got("/api/v1/jobs").at("jobs").at(0).at("id");
    EXPECT_EQ(told, serve.got("/api/v1/jobs/" + id + "/report.json")) << "it ran there";
  }
}

TEST_F(On, KeepsTheLogsOfAttempts) {
  const std::string logs = folder_ / "logs";
  const Finished there = run(serve_.url(), "seq 1 300000; echo $ATTEMPT >&2", {"--logs", logs});
  EXPECT_EQ(there.exit_code, 0) << there.err;
  const std::string out = read_file(logs + "/attempt-0002.stdout");
  EXPECT_EQ(out.size(), 1'988'895u);
  EXPECT_TRUE(out.ends_with("\n300000\n"));
  EXPECT_EQ(read_file(logs + "/attempt-0002.stderr"), "2\n");
  const Finished none = run(endpoint(), "true", {"--logs", logs});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_NE(none.err.find("keeps no logs"), std::string::npos) << none.err;
}

TEST_F(On, AServeWithoutTheLogsIsSaidToHaveNone) {
  const std::string made = folder_ / "made.json", logs = folder_ / "logs", line = "test $ATTEMPT != 1";
  run(serve_.url(), line, {"--json", made});
  for (const char* stream : {"stdout", "stderr"})
    write_file(logs + "/attempt-0001." + stream, "of an earlier run");
  // What a worker elsewhere hands in is a report alone.
  Serving elsewhere(programs(), {"--jobs", "0"});
  bool played = false;
  const Finished there = run_command(
      words("run", elsewhere.url(), line, {"--logs", logs}), {.on_output = [&](pid_t, const Finished&) {
        if (std::exchange(played, true)) return;
        const std::string id = elsewhere.got("/v2/jobs/job-take/w1").at("id");
        elsewhere.posted("/v2/jobs/job-done/w1/" + id, {{"output", json::parse(read_file(made))}});
      }});
  EXPECT_EQ(there.exit_code, 1) << there.err;
  EXPECT_TRUE(std::filesystem::is_empty(logs));
  const auto warning = there.err.find("--logs: of 3 of 3 attempts");
  ASSERT_NE(warning, std::string::npos) << there.err;
  EXPECT_NE(there.err.find("keeps no logs", warning), std::string::npos) << there.err;
  EXPECT_EQ(there.err.find("--logs", warning + 1), std::string::npos) << "once" << there.err;
  const std::string job = elsewhere.got("/api/v1/jobs").at("jobs").at(0).at("id");
  EXPECT_TRUE(elsewhere.get("/api/v1/jobs/" + job + "/report.html").body.starts_with("<!DOCTYPE html>"));
}

TEST_F(On, JudgesAsAPipelineDoesHere) {
  const std::string result = folder_ / "result.json";
  const Finished strict = run_command(words("ci", serve_.url(), "test $ATTEMPT != 1", {"--result", result}));
  EXPECT_EQ(strict.exit_code, 1) << strict.err;
  EXPECT_EQ(json::parse(read_file(result)).at("counts").at("attempts"), 20) << read_file(result);
  const Finished lenient = run_command(
      words("ci", endpoint(), "test $ATTEMPT != 1", {"--fail-on", "failing", "--json", folder_ / "ci.json"}));
  EXPECT_EQ(lenient.exit_code, 0) << lenient.err;
  EXPECT_EQ(json::parse(read_file(folder_ / "ci.json")).at("ci").at("fail_on"), "failing");
}

TEST_F(On, ASignalStopsTheJobThereAndShowsWhatWasKnown) {
  const std::string report = folder_ / "report.json";
  bool sent = false;
  const Finished stopped =
      run_command(words("run", serve_.url(), "test $ATTEMPT = 0 || exec ./sleeps_forever",
                        {"--parallelism", "1", "--json", report}),
                  {.on_output = [&](pid_t client, const Finished& so_far) {
                    if (sent || so_far.err.find("attempts 1/3") == std::string::npos) return;
                    sent = true;
                    kill(client, SIGINT);
                  }});
  EXPECT_EQ(stopped.exit_code, 130) << stopped.err;
  EXPECT_EQ(json::parse(read_file(report)).at("end"), "cancelled") << stopped.err;
  EXPECT_EQ(served("").at("state"), "cancelled");
  EXPECT_TRUE(eventually([&] { return containers_of(serve_.pid()).empty(); }));
}

TEST_F(On, AServerThatDiesAndComesBackIsWaitedFor) {
  bool killed = false;
  const Finished ended =
      run_command(words("run", serve_.url(), "sleep 1; test $ATTEMPT != 1", {"--parallelism", "1"}),
                  {.on_output = [&](pid_t, const Finished& so_far) {
                    if (killed || so_far.err.find("attempts 1/3") == std::string::npos) return;
                    killed = true;
                    serve_.kill_now();
                    serve_.start();
                  }});
  EXPECT_TRUE(killed) << ended.err;
  EXPECT_EQ(ended.exit_code, 1) << ended.err;
}

TEST_F(On, WhatCannotBeReachedOrDoesNotLetInIsSaid) {
  const Finished nobody = run("http://127.0.0.1:9", "true");
  EXPECT_EQ(nobody.exit_code, 5);
  EXPECT_NE(nobody.err.find("http://127.0.0.1:9: "), std::string::npos) << nobody.err;
  const Finished made = run_command({program_under_test(), "token", "ann", "--scopes", "submit"});
  const std::string token = made.err.substr(made.err.find("orch_"), 69);
  write_file(folder_ / "tokens", made.out);
  write_file(folder_ / "wrong", "some-wrong-token");
  write_file(folder_ / "right", token);
  Serving guarded(programs(), {"--token-file", folder_ / "tokens"});
  const Finished stranger = run(guarded.url(), "true", {"--on-token-file", folder_ / "wrong"});
  EXPECT_EQ(stranger.exit_code, 5) << stranger.err;
  EXPECT_NE(stranger.err.find("401"), std::string::npos) << stranger.err;
  EXPECT_EQ(stranger.err.find("some-wrong-token"), std::string::npos);
  // It is let in; what it may not name is told as a mistake of the flag.
  const Finished ann = run(guarded.url(), "true", {"--on-token-file", folder_ / "right"});
  EXPECT_EQ(ann.exit_code, 2) << ann.err;
  EXPECT_NE(ann.err.find("--repo"), std::string::npos) << ann.err;
  EXPECT_NE(ann.err.find("cannot be named from elsewhere"), std::string::npos) << ann.err;
}

TEST_F(On, WhatCannotBeSentIsRefusedBeforeAnythingIsAsked) {
  const auto complaint = [&](const std::string& where, Strings more) {
    const Finished refused = run(where, "true", std::move(more));
    EXPECT_EQ(refused.exit_code, 2) << refused.err;
    return refused.err;
  };
  EXPECT_NE(complaint("https://flaky.invalid", {}).find("needs the repository's URL"), std::string::npos);
  EXPECT_NE(complaint("nonsense", {}).find("--on"), std::string::npos);
  EXPECT_NE(complaint(serve_.url(), {"--keep"}).find("--keep"), std::string::npos);
  write_file(folder_ / "token", "x");
  const Finished clear =
      run_command({program_under_test(), "run", "--on", "http://flaky.invalid", "--repo",
                   "https://git.invalid/x", "--on-token-file", folder_ / "token", "--", "true"});
  EXPECT_EQ(clear.exit_code, 2);
  EXPECT_NE(clear.err.find("in the clear"), std::string::npos) << clear.err;
}

}  // namespace
