#include "orchestrator/report/saved_run.h"

#include <gtest/gtest.h>

#include "made_report.h"
#include "orchestrator/report/saved_report.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

using nlohmann::json;
using sandbox::Outcome;
using Words = std::vector<std::string>;

// Two conditions, two tests: b fails in attempts 1 and 3.
struct Written {
  Written() {
    Report& report = made.report;
    report.conditions = {
        Condition{}, {.name = "shuffle", .order = TestOrder::shuffled, .tests = {"t::a"}, .files = {"t.py"}}};
    report.image.id = "sha256:0123";
    report.plan.seed_range = {1, 1000};
    report.plan.runs = 4;
    for (int i = 0; i < 4; ++i) {
      AttemptRecord& attempt = made.add(i % 2 ? Outcome::failed : Outcome::passed);
      attempt.condition = i % 2;
      attempt.seed =
          attempt_seed(report.plan.job_seed, static_cast<std::uint64_t>(i), report.plan.seed_range);
      AttemptTests tests{.attempt = i, .condition = i % 2, .session = true};
      tests.runs.push_back({.test = report.tests.intern_test("t::a"), .outcome = TestOutcome::passed});
      TestRun run{.test = report.tests.intern_test("t::b"),
                  .outcome = i % 2 ? TestOutcome::failed : TestOutcome::passed};
      if (i % 2)
        run.failure = report.tests.add_failure(
            {.attempt = i, .test = run.test, .signature = report.tests.intern_signature("call · Oops")});
      tests.runs.push_back(run);
      report.tests.add(std::move(tests));
    }
    report.verdicts = judge(report.tests, report.conditions, {});
    report.findings = find_findings(report, made.spool);
  }

  json document() const { return made.json(); }

  MadeReport made;
};

std::string complaint_about(const std::function<void(json&)>& edit) {
  json document = Written().document();
  edit(document);
  try {
    read_saved_run(document, "old.json");
  } catch (const io::RequestError& error) {
    return error.what();
  } catch (const InvalidJob& error) {
    return error.what();
  }
  return "";
}

TEST(SavedRun, HoldsWhatAReplayNeeds) {
  const Written written;
  const SavedRun run = read_saved_run(written.document(), "old.json");
  const Report& report = written.made.report;
  EXPECT_EQ(run.plan.to_json(), report.plan.to_json());
  EXPECT_EQ(run.framework, "python");
  EXPECT_EQ(run.environment.image.id, "sha256:0123");
  EXPECT_EQ(run.environment.image.base_reference, "python:3.12-slim");
  EXPECT_EQ(run.environment.commit, report.source.commit);
  EXPECT_EQ(run.environment.tree_hash, report.source.tree_hash);
  EXPECT_EQ(run.environment.packages, Words{"pytest==8.3.4"});
  EXPECT_EQ(run.environment.engine.engine_version, "20.10.24");
  EXPECT_EQ(run.environment.engine.limits.at("disk"), sandbox::Enforcement::sampled);
  ASSERT_EQ(run.attempts.size(), 4u);
  const SavedAttempt& attempt = *run.find(3);
  EXPECT_EQ(attempt.seed, report.attempts[3].seed);
  EXPECT_EQ(attempt.exit_code, 1);
  EXPECT_EQ(attempt.how(), "failed with exit code 1");
  const Condition& condition = run.conditions.at(attempt.condition.value());
  EXPECT_EQ(condition.name, "shuffle");
  EXPECT_EQ(condition.order, TestOrder::shuffled);
  EXPECT_EQ(condition.tests, Words{"t::a"});
  EXPECT_EQ(condition.files, Words{"t.py"});
  EXPECT_EQ(run.failed_tests_of(3), Words{"t::b"});
  EXPECT_EQ(run.failed_tests_of(2), Words{});
  EXPECT_EQ(run.signatures_of(1), Words{"call · Oops"});
  EXPECT_EQ(run.find(4), nullptr);
}

TEST(SavedRun, HasAttemptsThatAreNoEvidenceWithoutACondition) {
  Written written;
  AttemptRecord& broken = written.made.add(Outcome::infrastructure_error);
  broken.seed = attempt_seed(written.made.report.plan.job_seed, 4, {1, 1000});
  const SavedRun run = read_saved_run(written.document(), "old.json");
  ASSERT_NE(run.find(4), nullptr);
  EXPECT_FALSE(run.find(4)->condition);
  EXPECT_EQ(run.find(4)->how(), "infrastructure error");
  EXPECT_EQ(run.failed_tests_of(3), Words{}) << "the letters have no column for attempt 4";
}

TEST(SavedRun, OfAReplayHasTheIndexOfTheReplayedAttempt) {
  Written written;
  Report& report = written.made.report;
  report.replay.emplace();
  report.replay->attempt.index = 17;
  for (auto& attempt : report.attempts) attempt.seed = attempt_seed(report.plan.job_seed, 17, {1, 1000});
  const SavedRun run = read_saved_run(written.document(), "old.json");
  EXPECT_EQ(run.find(2)->index, 17);
  EXPECT_EQ(run.find(2)->number, 2);
}

TEST(SavedRun, RefusesSeedsThatAreNotThoseOfItsJob) {
  EXPECT_NE(
      complaint_about([](json& report) { report["results"][1]["seed"] = 1; }).find("does not fit together"),
      std::string::npos);
  EXPECT_NE(complaint_about([](json& report) { report["job"]["plan"]["job_seed"] = 1; }), "");
}

TEST(SavedRun, RefusesWhatIsWrongInOneSentenceThatNamesThePlace) {
  const std::pair<const char*, json> wrong[] = {
      {"/results/0/condition", "other"},
      {"/results/0/outcome", "exploded"},
      {"/results/0/outcome", "cancelled"},
      {"/results/0/attempt", -1},
      {"/results/0/attempt", 1},
      {"/results/0/attempt", 1e30},
      {"/results/0/seed", "1"},
      {"/results/0/exit_code", 1e15},
      {"/conditions/1/order", "random"},
      {"/conditions/1/repeat", 1'000'000},
      {"/conditions/1/tests", {1}},
      {"/environment/image/id", "busybox"},
      {"/environment/image", 3},
      {"/environment/packages", "pytest"},
      {"/environment/limits", json::array()},
      {"/environment/limits/memory", json::object()},
      {"/environment/kernel", nullptr},
      {"/environment/dirty", "no"},
      {"/tests/0/outcomes", "????"},
      {"/tests/0/id", std::string(5000, 'x')},
      {"/tests/0/conditions/0/failed", -4},
      {"/findings/failure_groups/list/0/attempts", {"1"}},
      {"/framework", 1},
      {"/job", nullptr},
      {"/job/plan/network", "host"},
  };
  for (const auto& [pointer, value] : wrong) {
    const std::string sentence = complaint_about(
        [&, at = pointer, now = value](json& report) { report[json::json_pointer(at)] = now; });
    EXPECT_EQ(sentence.rfind("old.json: /", 0), 0u) << pointer << ": " << sentence;
    EXPECT_EQ(sentence.find('\n'), std::string::npos) << sentence;
  }
  for (const char* key : {"job", "framework", "conditions", "environment", "results", "not_counted", "tests",
                          "findings", "program_version"})
    EXPECT_NE(complaint_about([&](json& report) { report.erase(key); }).find("is missing"), std::string::npos)
        << key;
}

}  // namespace
}  // namespace orchestrator
