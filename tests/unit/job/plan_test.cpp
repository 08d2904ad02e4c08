#include <gtest/gtest.h>

#include "tests/unit/job/errors_of.h"

namespace orchestrator {
namespace {

using testing::errors_of;
using testing::text_of;

const char* const kSaid = R"({"repo": "https://e.org/r", "test_command": "pytest"})";

JobRequest said(const std::string& json = kSaid) { return parse_job(json, UnknownFields::error, ""); }
// Said, with some fields more.
JobRequest also(const std::string& json) { return merge(said(json), said()); }
JobRequest file(const std::string& yaml) { return parse_repository_config(yaml, kRepositoryConfig); }
JobRequest user(const std::string& yaml) { return parse_user_config(yaml, "config.yml"); }

JobPlan plan(const JobRequest& request, const JobRequest& repository = {}, const JobRequest& config = {},
             int engine_cpus = 8) {
  return make_plan(request, repository, config, PlanContext{engine_cpus, 77});
}

TEST(Plan, HasTheDefaults) {
  const JobPlan p = plan(said());
  EXPECT_EQ(p.runs, 10);
  EXPECT_EQ(p.parallelism, 4);
  EXPECT_EQ(p.parallelism_requested, 4);
  EXPECT_EQ(p.job_seed, 77U);
  EXPECT_EQ(p.framework, "");
  EXPECT_EQ(p.subdir, "");
  EXPECT_EQ(p.deadline, std::nullopt);
  EXPECT_EQ(p.limits.timeout, std::chrono::seconds(300));
  EXPECT_EQ(p.limits.memory_bytes, 2LL << 30);
  EXPECT_EQ(p.network, sandbox::Network::none);
  EXPECT_TRUE(p.install_dependencies);
  EXPECT_EQ(p.install_timeout, std::chrono::minutes(15));
  EXPECT_EQ(p.max_error_length, 200);
  EXPECT_FALSE(p.keep);
  EXPECT_TRUE(p.warnings.empty());
}

TEST(Plan, LeavesDependenciesToTheDockerfileUnlessSomebodySaysOtherwise) {
  const auto request = also(R"({"dockerfile": "./docker//Dockerfile", "build_args": {"B": 2, "A": "1"}})");
  const JobPlan p = plan(request);
  EXPECT_EQ(p.dockerfile, "docker/Dockerfile");
  EXPECT_EQ(p.build_args, (sandbox::EnvList{{"A", "1"}, {"B", "2"}}));
  EXPECT_FALSE(p.install_dependencies);
  EXPECT_TRUE(plan(request, file("auto_install_dependencies: true")).install_dependencies);
}

TEST(Plan, PutsWhatWasSaidOverTheRepositoryOverTheUser) {
  const auto strong = also(R"({"runs": 1})");
  const auto repository = file("runs: 2\ntimeout: 20\nmax_error_length: 2");
  const auto config = user("runs: 3\ntimeout: 30\ndeadline: 33\nmax_error_length: 3");
  const JobPlan p = plan(strong, repository, config);
  EXPECT_EQ(p.runs, 1);
  EXPECT_EQ(p.limits.timeout, std::chrono::seconds(20));
  EXPECT_EQ(p.deadline, std::chrono::seconds(33));
  EXPECT_EQ(p.max_error_length, 2);
  EXPECT_EQ(plan(said(), {}, config).runs, 3);
}

TEST(Plan, WarnsOfVariablesThatReplaceThoseOfAnAttempt) {
  const JobPlan p = plan(also(R"({"env": {"PATH": "/x"}, "secret_env": ["HOME"]})"),
                         file("environment: {PATH: /y, PYTHONHASHSEED: 0, OTHER: 1}"));
  EXPECT_EQ(p.warnings,
            (std::vector<std::string>{
                "HOME is set by the request: it replaces the attempt's own folder",
                "PATH is set by the request: it replaces the image's, where installed programs are found",
                "PYTHONHASHSEED is set by .flaky-detector.yml: it replaces the attempt's own, so that hashes "
                "do not follow its seed"}));
  EXPECT_EQ(
      plan(said(), {}, user("env: {HOME: /x}")).warnings,
      (std::vector<std::string>{"HOME is set by the user's config: it replaces the attempt's own folder"}));
}

TEST(Plan, TakesEveryKeyOfTheRepositorysFile) {
  const JobPlan p = plan(said(), file("ignore_patterns: [a]\nseverity_thresholds: {critical: 0.7}\n"
                                      "auto_install_dependencies: false\npip_install_timeout: 60\n"
                                      "save_full_output: true\npreserve_temp_dir: true\n"
                                      "random_seed_range: {min: 1, max: 50}\nenvironment: {A: 1}"));
  EXPECT_EQ(p.ignore_patterns, (std::vector<std::string>{"a"}));
  EXPECT_EQ(p.severity_thresholds.critical, 0.7);
  EXPECT_FALSE(p.install_dependencies);
  EXPECT_EQ(p.install_timeout, std::chrono::seconds(60));
  EXPECT_TRUE(p.save_full_output);
  EXPECT_TRUE(p.keep);
  EXPECT_EQ(p.seed_range.max, 50);
  EXPECT_EQ(p.env, (sandbox::EnvList{{"A", "1"}}));
}

TEST(Plan, IgnoresWhatARepositoryMayNotSay) {
  JobRequest hostile;
  hostile.network = "bridge";
  hostile.memory_bytes = 1LL << 40;
  hostile.image = "evil";
  hostile.setup_commands = {"curl"};
  hostile.secret_env = {"TOKEN"};
  hostile.deadline_s = 1;
  hostile.repo = "https://elsewhere.org/";
  const JobPlan p = plan(said(), hostile);
  EXPECT_EQ(p.to_json(), plan(said()).to_json());
}

TEST(Plan, HoldsTheBoundsAgainstTheRepositorysFile) {
  JobRequest hostile;
  hostile.runs = 1500;
  hostile.parallelism = 60;
  EXPECT_EQ(text_of([&] { plan(said(), hostile); }),
            ".flaky-detector.yml: runs: Runs must be between 1 and 1000\n"
            ".flaky-detector.yml: parallelism: Parallelism must be between 1 and 50");
}

TEST(Plan, NeedsATestCommandFromSomewhere) {
  const auto bare = said(R"({"repo": "https://e.org/r"})");
  EXPECT_EQ(errors_of([&] { plan(bare); }), "/test_command: Test command is required\n");
  EXPECT_EQ(plan(bare, file("test_command: make check")).test_command.line, "make check");
  EXPECT_EQ(errors_of([] { plan({}); }),
            "/repo: Repository URL is required\n/test_command: Test command is required\n");
}

TEST(Parallelism, IsByDefaultWhatTheCpusAllow) {
  EXPECT_EQ(plan(said(), {}, {}, 1).parallelism, 1);
  EXPECT_EQ(plan(said(), {}, {}, 3).parallelism, 3);
  EXPECT_EQ(plan(said(), {}, {}, 64).parallelism, 4);
  EXPECT_EQ(plan(also(R"({"limits": {"cpus": 2}})"), {}, {}, 5).parallelism, 2);
  EXPECT_EQ(plan(also(R"({"limits": {"cpus": 0.5}})"), {}, {}, 1).parallelism, 2);
  EXPECT_EQ(plan(also(R"({"limits": {"cpus": 16}})"), {}, {}, 2).parallelism, 1);
  EXPECT_EQ(plan(said(), {}, {}, 1).parallelism_requested, 4);
  EXPECT_TRUE(plan(said(), {}, {}, 1).warnings.empty());
}

TEST(Parallelism, IsWhatAPersonAsksFor) {
  EXPECT_EQ(plan(also(R"({"parallelism": 50})"), {}, {}, 1).parallelism, 50);
  EXPECT_EQ(plan(said(), {}, user("parallelism: 20"), 1).parallelism, 20);
}

TEST(Parallelism, OfARepositoryIsCappedWithAWarning) {
  const JobPlan p = plan(said(), file("parallelism: 20"), user("parallelism: 30"), 2);
  EXPECT_EQ(p.parallelism, 2);
  EXPECT_EQ(p.parallelism_requested, 20);
  ASSERT_EQ(p.warnings.size(), 1U);
  EXPECT_EQ(p.warnings[0],
            ".flaky-detector.yml asks for a parallelism of 20; the CPUs here allow 2, unless --parallelism "
            "says more");
  EXPECT_EQ(plan(said(), file("parallelism: 20"), {}, 32).parallelism, 20);
}

const char* const kSuites =
    "runs: 5\ntest_command: all\ntest_suites:\n- {name: unit, test_command: u, runs: 50, parallelism: 2}\n"
    "- {name: slow, test_command: s}\n";

TEST(Suites, AreChosenByName) {
  const auto bare = said(R"({"repo": "r", "suite": "unit"})");
  const JobPlan unit = plan(bare, file(kSuites));
  EXPECT_EQ(unit.suite, "unit");
  EXPECT_EQ(unit.test_command.line, "u");
  EXPECT_EQ(unit.runs, 50);
  EXPECT_EQ(unit.parallelism, 2);
  const JobPlan slow = plan(said(R"({"repo": "r", "suite": "slow"})"), file(kSuites));
  EXPECT_EQ(slow.test_command.line, "s");
  EXPECT_EQ(slow.runs, 5);
  EXPECT_EQ(plan(said(R"({"repo": "r"})"), file(kSuites)).test_command.line, "all");
}

TEST(Suites, YieldToWhatWasSaid) {
  const JobPlan p = plan(also(R"({"suite": "unit", "runs": 3})"), file(kSuites));
  EXPECT_EQ(p.test_command.line, "pytest");
  EXPECT_EQ(p.runs, 3);
  ASSERT_EQ(p.warnings.size(), 1U);
}

TEST(Suites, ThatAreUnknownAreNamedWithTheKnownOnes) {
  EXPECT_EQ(
      errors_of([] { plan(said(R"({"repo": "r", "suite": "unti"})"), file(kSuites)); }),
      "/suite: suite 'unti' is not in .flaky-detector.yml (did you mean 'unit'?); it has 'unit', 'slow'\n");
  EXPECT_EQ(errors_of([] { plan(also(R"({"suite": "unit"})")); }),
            "/suite: suite 'unit' is not in .flaky-detector.yml, which holds no test_suites\n");
}

TEST(OnlyAttempt, MayExceedTheRunsThatNobodySaid) {
  auto request = said();
  request.only_attempt = 999;
  EXPECT_EQ(plan(request).only_attempt, 999);
  EXPECT_EQ(plan(request).runs, 1000) << "said together in the command that runs it again";
  EXPECT_EQ(plan(request, file("runs: 5")).only_attempt, 999);
  request.runs = 999;
  EXPECT_EQ(errors_of([&] { plan(request); }),
            "/only_attempt: Only attempt must be less than runs: attempts are counted from 0\n");
  request.runs.reset();
  request.only_attempt = 1000;
  EXPECT_EQ(errors_of([&] { plan(request); }), "/only_attempt: Only attempt must be between 0 and 999\n");
}

TEST(SeedRange, MustHoldASeedForEachRun) {
  EXPECT_EQ(text_of([] { plan(also(R"({"runs": 6})"), file("random_seed_range: {min: 1, max: 5}")); }),
            ".flaky-detector.yml: random_seed_range: random_seed_range holds 5 seeds, fewer than the 6 runs, "
            "each of "
            "which needs its own");
  EXPECT_EQ(plan(also(R"({"runs": 5})"), file("random_seed_range: {min: 1, max: 5}")).seed_range.size(), 5U);
  auto request = said();
  request.only_attempt = 20;
  EXPECT_NE(text_of([&] { plan(request, file("random_seed_range: {min: 1, max: 20}")); }), "");
}

TEST(Subdir, IsNormalised) {
  const std::pair<const char*, const char*> folders[] = {
      {"", ""}, {".", ""}, {"a", "a"}, {"./a//b/.", "a/b"}, {"a/", "a"}, {"a..b", "a..b"}, {"..a", "..a"}};
  for (const auto& [from, to] : folders) {
    auto request = said();
    request.subdir = from;
    EXPECT_EQ(plan(request).subdir, to) << from;
  }
}

TEST(Subdir, StaysInsideTheTree) {
  for (const char* path : {"..", "../x", "a/../..", "a/../b", "/", "/etc", "a/.."}) {
    auto request = said();
    request.subdir = path;
    EXPECT_EQ(errors_of([&] { plan(request); }).rfind("/subdir: subdir leaves the tree", 0), 0U) << path;
  }
}

TEST(Plan, TakesLimitsAndNetwork) {
  const JobPlan p = plan(also(R"({"network": "internal", "timeout": 0.5, "deadline": 90,
      "limits": {"memory": "64m", "cpus": 2, "pids": 5, "nofile": 99, "tmp": "1m", "shm": "2m", "disk": "3m"}})"));
  EXPECT_EQ(p.network, sandbox::Network::internal);
  EXPECT_EQ(p.limits.timeout, std::chrono::milliseconds(500));
  EXPECT_EQ(p.deadline, std::chrono::seconds(90));
  EXPECT_EQ(p.limits.memory_bytes, 64LL << 20);
  EXPECT_EQ(p.limits.cpus, 2);
  EXPECT_EQ(p.limits.pids, 5);
  EXPECT_EQ(p.limits.nofile, 99);
  EXPECT_EQ(p.limits.tmp_bytes, 1LL << 20);
  EXPECT_EQ(p.limits.shm_bytes, 2LL << 20);
  EXPECT_EQ(p.limits.disk_bytes, 3LL << 20);
}

TEST(Plan, ReportsAllMistakesAtOnce) {
  auto request = said();
  request.runs = 0;
  request.cpus = 0;
  request.suite = "x";
  EXPECT_EQ(errors_of([&] { plan(request, file("parallelism: 3")); }),
            "/runs: Runs must be between 1 and 1000\n/limits/cpus: CPUs must be between 0.01 and 1024\n"
            "/suite: suite 'x' is not in .flaky-detector.yml, which holds no test_suites\n");
}

TEST(Plan, FindsASecretThatTheRepositoryShows) {
  EXPECT_EQ(errors_of([] { plan(also(R"({"secret_env": ["T"]})"), file("environment: {T: x}")); }),
            "/secret_env: 'T' stands in env too, where its value would be shown\n");
}

TEST(PlanJson, HasUnitsInItsNamesAndNoCredential) {
  const auto json = plan(said(R"({"repo": "https://u:p@e.org/r", "test_command": "x", "timeout": 2.5,
                                  "secret_env": ["T"], "env": {"A": "b"}})"))
                        .to_json();
  EXPECT_EQ(json["repo"], "https://e.org/r");
  EXPECT_EQ(json["limits"]["memory_bytes"], 2LL << 30);
  EXPECT_EQ(json["limits"]["timeout_s"], 2.5);
  EXPECT_EQ(json["install_timeout_s"], 900.0);
  EXPECT_EQ(json["network"], "none");
  EXPECT_EQ(json["env"]["A"], "b");
  EXPECT_EQ(json["secret_env"], nlohmann::json({"T"}));
  EXPECT_TRUE(json["deadline_s"].is_null());
  EXPECT_EQ(json["job_seed"], 77);
}

TEST(Plan, TakesResultsFromARequestBeforeTheRepositorysFile) {
  const JobRequest repository = file("results: a.xml\n");
  EXPECT_EQ(plan(said(), repository).results, std::vector<std::string>{"a.xml"});
  EXPECT_EQ(plan(also(R"({"results": ["b.xml", "c/**"]})"), repository).results,
            (std::vector<std::string>{"b.xml", "c/**"}));
}

TEST(Plan, RefusesMoreOrLongerGlobsThanAreSent) {
  JobRequest repository = file("results: [" + std::string(16, 'a') + "]\n");
  repository.results.assign(17, "a.xml");
  EXPECT_EQ(errors_of([&] { plan(said(), repository); }), "/results: results holds more than 16 globs\n");
  EXPECT_EQ(errors_of([&] { also(R"({"results": [")" + std::string(1025, 'a') + "\"]}"); }),
            "/results: results holds a glob of more than 1024 bytes\n");
}

JobPlan in_pipeline(const JobRequest& request, const JobRequest& repository = {},
                    const JobRequest& config = {}) {
  return make_plan(request, repository, config, {.engine_cpus = 64, .random_seed = 77, .ci = true});
}

TEST(Plan, OfAPipelineHasDefaultsOfItsOwn) {
  EXPECT_EQ(in_pipeline(said()).runs, 20);
  EXPECT_EQ(in_pipeline(said()).parallelism, 5);
  EXPECT_EQ(plan(said()).runs, 10);
}

TEST(Plan, OfAPipelineTakesAutoTriggerBeforePlainFieldsOfTheSameFile) {
  const JobRequest repository = file("runs: 9\nauto_trigger_runs: 30\nauto_trigger_parallelism: 2\n");
  EXPECT_EQ(in_pipeline(said(), repository).runs, 30);
  EXPECT_EQ(in_pipeline(said(), repository).parallelism, 2);
  EXPECT_EQ(plan(said(), repository).runs, 9) << "nobody else reads it";
  EXPECT_EQ(in_pipeline(also(R"({"runs": 3})"), repository).runs, 3);
  EXPECT_EQ(in_pipeline(said(), file("runs: 9\n"), user("auto_trigger_runs: 30\n")).runs, 9);
  const JobRequest suites = file(
      "auto_trigger_runs: 30\ntest_suites: [{name: s, test_command: x, runs: 4}, {name: t, test_command: "
      "y}]\n");
  EXPECT_EQ(in_pipeline(said(R"({"repo": "r", "suite": "s"})"), suites).runs, 4)
      << "a suite is asked for by name";
  EXPECT_EQ(in_pipeline(said(R"({"repo": "r", "suite": "t"})"), suites).runs, 30);
  EXPECT_FALSE(in_pipeline(said(), file("auto_trigger_on_failure: false\n")).auto_trigger_on_failure);
  EXPECT_TRUE(in_pipeline(said()).auto_trigger_on_failure);
}

// The same of a folder, which has a history.
JobRequest local(const std::string& json) {
  return merge(said(json), said(R"({"repo": "/r", "test_command": "pytest"})"));
}

TEST(Plan, GivesChangedTestsAttemptsBesideTheOthers) {
  const JobPlan usual = plan(local(R"({"only_changed": "main"})"));
  EXPECT_EQ(usual.only_changed, "main");
  EXPECT_EQ(usual.changed_runs, 100);
  EXPECT_EQ(usual.attempts(), 110);
  EXPECT_EQ(plan(said()).attempts(), 10);
  const JobPlan one = plan(local(R"({"only_changed": "main", "changed_runs": 5})"));
  EXPECT_EQ(one.attempts(), 15);
}

TEST(Plan, RefusesMoreThanAThousandAttemptsInAll) {
  EXPECT_EQ(errors_of([] { plan(local(R"({"only_changed": "main", "runs": 901})")); }),
            "/changed_runs: runs and changed_runs must be at most 1000 together, not 1001\n");
  EXPECT_EQ(plan(local(R"({"only_changed": "main", "runs": 900})")).attempts(), 1000);
}

TEST(Plan, RefusesWhatDoesNotGoWithChangedTests) {
  EXPECT_EQ(errors_of([] { plan(local(R"({"changed_runs": 5})")); }),
            "/changed_runs: changed_runs needs only_changed\n");
  EXPECT_EQ(errors_of([] { plan(local(R"({"only_changed": "main", "until_sure": "5%"})")); }),
            "/only_changed: only_changed and until_sure exclude each other\n");
  EXPECT_NE(errors_of([] {
              plan(said(R"({"repo": "https://e.org/r", "test_command": "x", "only_changed": "main"})"));
            }).find("fetch-depth: 0"),
            std::string::npos);
  EXPECT_NE(errors_of([] { plan(local(R"({"only_changed": "two words"})")); }), "");
}

}  // namespace
}  // namespace orchestrator
