#include "orchestrator/job/read_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "tests/unit/job/errors_of.h"

namespace orchestrator {
namespace {

using nlohmann::json;

JobPlan usual() {
  JobPlan plan;
  plan.repo = "https://e.org/r";
  plan.test_command.line = "pytest -x";
  plan.job_seed = 77;
  return plan;
}

// No field as it is by default.
JobPlan unusual() {
  JobPlan plan;
  plan.repo = "/home/me/project";
  plan.test_command.words = {"pytest", "a b", "$HOME"};
  plan.suite = "slow";
  plan.runs = 321;
  plan.parallelism = 3;
  plan.parallelism_requested = 9;
  plan.framework = "python";
  plan.ref = "main";
  plan.subdir = "web/inner";
  plan.deadline = std::chrono::milliseconds(90'500);
  plan.job_seed = 18'446'744'073'709'551'615u;
  plan.seed_range = {5, 4'000};
  plan.only_attempt = 17;
  plan.vary = "written=2,shuffle=1";
  plan.order = "shuffled";
  plan.repeat_in_process = 3;
  plan.until_sure = 0.0125;
  plan.image = "python:3.12-slim";
  plan.pull = "never";
  plan.setup_commands = {"apt-get install -y x", "true"};
  plan.install_dependencies = false;
  plan.install_timeout = std::chrono::milliseconds(1'234'567);
  plan.network = sandbox::Network::internal;
  plan.env = {{"A", "1"}, {"B", "two words"}};
  plan.secret_env = {"TOKEN"};
  plan.limits.memory_bytes = 123 << 20;
  plan.limits.cpus = 0.5;
  plan.limits.pids = 65;
  plan.limits.nofile = 99;
  plan.limits.tmp_bytes = 3 << 20;
  plan.limits.shm_bytes = 5 << 20;
  plan.limits.disk_bytes = 7 << 20;
  plan.limits.timeout = std::chrono::milliseconds(1'001);
  plan.limits.grace = std::chrono::milliseconds(250);
  plan.limits.output_keep_bytes = 11;
  plan.limits.output_stop_bytes = 13;
  plan.include = {"*.bin"};
  plan.results = {"**/TEST-*.xml"};
  plan.only_changed = "main";
  plan.changed_runs = 50;
  plan.ignore_patterns = {"test_x*"};
  plan.severity_thresholds = {0.8, 0.4, 0.2, 0.1};
  plan.max_error_length = 77;
  plan.save_full_output = true;
  plan.keep = true;
  plan.warnings = {"one", "two"};
  return plan;
}

// What a hand-edited plan is told; "" when nothing is wrong.
std::string complaint(const std::function<void(json&)>& edit) {
  json plan = unusual().to_json();
  edit(plan);
  try {
    read_plan(plan, "report.json");
  } catch (const InvalidJob& error) {
    return error.what();
  }
  return "";
}

TEST(ReadPlan, IsTheReverseOfWriting) {
  for (const JobPlan& plan : {usual(), unusual()}) {
    const json written = plan.to_json();
    EXPECT_EQ(read_plan(written, "").to_json(), written);
  }
}

TEST(ReadPlan, ReadsEveryFieldThatIsWritten) {
  const json written = unusual().to_json(), other = usual().to_json();
  for (const auto& [key, value] : written.items()) {
    if (key == "dockerfile" || key == "build_args") continue;  // exclude image
    EXPECT_NE(value, other.at(key)) << key << " must be unusual for the test above to mean something";
  }
  for (const auto& [key, value] : written.at("limits").items())
    EXPECT_NE(value, other.at("limits").at(key)) << key;
}

TEST(ReadPlan, ReadsADockerfile) {
  JobPlan plan = usual();
  plan.dockerfile = "docker/Dockerfile";
  plan.build_args = {{"A", "1"}, {"B", ""}};
  const JobPlan read = read_plan(plan.to_json(), "");
  EXPECT_EQ(read.dockerfile, "docker/Dockerfile");
  EXPECT_EQ(read.build_args, plan.build_args);
}

TEST(ReadPlan, WantsEveryFieldThere) {
  const json written = unusual().to_json();
  for (const auto& [key, value] : written.items()) {
    if (key == "pull" || key == "build_args") continue;
    EXPECT_NE(complaint([key = key](json& plan) { plan.erase(key); }).find("/job/plan/" + key),
              std::string::npos)
        << key;
  }
  for (const auto& [key, value] : written.at("limits").items())
    EXPECT_NE(
        complaint([key = key](json& plan) { plan["limits"].erase(key); }).find("/job/plan/limits/" + key),
        std::string::npos)
        << key;
}

TEST(ReadPlan, ReadsAPlanFromBeforeThereWasPull) {
  json written = unusual().to_json();
  written.erase("pull");
  EXPECT_EQ(read_plan(written, "").pull, "missing");
}

TEST(ReadPlan, RefusesEveryFieldOfAnotherType) {
  const json written = unusual().to_json();
  for (const auto& [key, value] : written.items()) {
    const json wrong = value.is_array() ? json(7) : json::array({1, 2});
    EXPECT_NE(complaint([&, key = key](json& plan) { plan[key] = wrong; }), "") << key;
  }
  for (const auto& [key, value] : written.at("limits").items())
    EXPECT_NE(complaint([key = key](json& plan) { plan["limits"][key] = "\x1b[31m much"; }), "") << key;
}

TEST(ReadPlan, KeepsTheBoundsOfAJob) {
  const std::pair<const char*, json> wrong[] = {
      {"runs", 1001},       {"parallelism", 51},
      {"only_attempt", -1}, {"repeat_in_process", 0},
      {"network", "host"},  {"repo", "--upload-pack=x"},
      {"until_sure", 1.5},  {"env", {{"TEST_SEED", "1"}}},
      {"job_seed", -1},     {"random_seed_range", {{"min", 9}, {"max", 3}}},
      {"subdir", "../up"},  {"parallelism_requested", 1e9},
      {"order", "random"},  {"warnings", {1}},
      {"pull", "sometimes"}};
  for (const auto& [key, value] : wrong)
    EXPECT_NE(complaint([&, k = key, v = value](json& plan) { plan[k] = v; }), "") << key;
  for (const char* key : {"memory_bytes", "cpus", "pids", "nofile", "tmp_bytes", "shm_bytes", "disk_bytes",
                          "timeout_s", "grace_s", "output_keep_bytes", "output_stop_bytes"})
    for (const json& value : {json(-1), json(1e30), json(nullptr)})
      EXPECT_NE(complaint([&](json& plan) { plan["limits"][key] = value; }), "") << key << value;
}

TEST(ReadPlan, RefusesWhatItDoesNotKnow) {
  const std::string sentence = complaint([](json& plan) { plan["privileged"] = true; });
  EXPECT_EQ(sentence, "report.json: /job/plan: unknown field 'privileged'");
  EXPECT_NE(complaint([](json& plan) { plan["limits"]["memory"] = 1; }), "");
}

TEST(ReadPlan, TellsAllMistakesAtOnce) {
  json plan = unusual().to_json();
  plan["runs"] = 0;
  plan["network"] = "host";
  const std::string told = testing::errors_of([&] { read_plan(plan, "report.json"); });
  EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 2) << told;
  EXPECT_NE(complaint([](json& each) { each = json::array(); }), "");
}

}  // namespace
}  // namespace orchestrator
