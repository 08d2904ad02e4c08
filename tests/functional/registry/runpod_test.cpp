// RunPod's own SDKs, from their registries, against `serve`: its clients, and its workers fed by our queue.
#include "tests/functional/attempts.h"
#include "tests/support/serving.h"

namespace {

using namespace testing_support;

// Where they are, put there by the first who asks.
const std::string& sdks() {
  static const std::string folder = [] {
    const std::string path = std::string(TOOLS_FOLDER) + "/runpod_sdks";
    ProgramOptions options;
    options.deadline = std::chrono::minutes(14);
    const Finished run = run_command({source_path("tests/support/runpod_sdks"), path}, options);
    EXPECT_EQ(run.exit_code, 0) << told(run);
    return path;
  }();
  return folder;
}

void expect_done(Strings argv) {
  ProgramOptions options;
  options.deadline = std::chrono::minutes(5);
  const Finished run = run_command(std::move(argv), options);
  EXPECT_EQ(run.exit_code, 0) << told(run);
  EXPECT_TRUE(run.out.ends_with("done\n")) << told(run);
}

void expect_done_in_python(const std::string& script, Strings words) {
  words.insert(words.begin(), {sdks() + "/venv/bin/python", source_path("tests/support/" + script)});
  expect_done(std::move(words));
}

class RunPodClients : public testing::Test {
 protected:
  std::string base() const { return serve_.url() + "/v2"; }
  static std::string job() { return quick_job(programs(), "test $ATTEMPT != 1").dump(); }
  static std::string endless() { return quick_job(programs(), "exec ./sleeps_forever", 1).dump(); }

  Serving serve_{programs(), {"--jobs", "1"}};
};

TEST_F(RunPodClients, WorkInPython) {
  expect_done_in_python("runpod_client.py", {"sync", base(), job(), endless()});
}

TEST_F(RunPodClients, WorkInPythonsAsyncio) {
  expect_done_in_python("runpod_client.py", {"async", base(), job(), endless()});
}

TEST_F(RunPodClients, WorkInJavaScript) {
  expect_done({"node", source_path("tests/support/runpod_client.mjs"), sdks(), base(), job(), endless()});
}

TEST(RunPodKeys, AreTokens) {
  const TemporaryFolder folder;
  const Token ann = new_token("ann", "submit,read");
  write_file(folder / "tokens", ann.line);
  Serving serve(programs(), {"--token-file", folder / "tokens"});
  expect_done_in_python("runpod_client.py", {"keys", serve.url() + "/v2", ann.secret});
}

TEST(RunPodWorkers, TakeTheirJobsFromOurQueue) {
  Serving serve(programs(), {"--jobs", "0"});
  expect_done_in_python("runpod_workers.py", {serve.url() + "/v2"});
}

}  // namespace
