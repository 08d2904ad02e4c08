// A replayed attempt on the fakes: the same index, seed, condition and limits, as often as asked.
#include "orchestrator/run/replay.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "orchestrator/run/deal.h"
#include "orchestrator/run/job_execution.h"
#include "sandbox/io/error.h"
#include "tests/support/fake_image_store.h"
#include "tests/support/fake_loop.h"
#include "tests/support/fake_sandbox.h"
#include "tests/support/temporary_folder.h"

namespace orchestrator {
namespace {

using namespace std::chrono_literals;
using sandbox::Outcome;
using testing_support::FakeLoop;
using testing_support::FakeProgram;
using testing_support::FakeSandbox;
using testing_support::value_in;

class Replayed : public ::testing::Test {
 protected:
  Replayed() {
    sandbox::Image& image =
        images_.add_image("sealed", {{"PATH", "/venv/bin:/bin"}, {"HOME", "/root"}, {"OF_IMAGE", "yes"}});
    image.labels = {{"orchestrator.kind", "seal"}};
    SavedRun& saved = replay_.saved;
    saved.plan.repo = "https://e.org/r";
    saved.plan.test_command.line = "pytest";
    saved.plan.job_seed = 4242;
    saved.plan.runs = 30;
    saved.plan.until_sure = 0.05;
    saved.plan.deadline = 1s;
    saved.plan.env = {{"MODE", "x"}};
    saved.plan.limits.memory_bytes = 77 << 20;
    saved.plan.limits.timeout = 2s;
    saved.plan.network = sandbox::Network::internal;
    saved.plan.subdir = "web";
    saved.framework = "python";
    saved.environment.packages = {"pytest==8.3.4"};
    saved.conditions = {Condition{}, {.name = "shuffle", .order = TestOrder::shuffled}};
    saved.environment.image.id = image.id;
    saved.environment.commit = "c0ffee";
    replay_.record.attempt.index = replay_.record.attempt.number = 17;
    replay_.record.attempt.seed = attempt_seed(4242, 17, {});
    replay_.record.attempt.outcome = Outcome::failed;
    replay_.record.attempt.exit_code = 1;
    replay_.record.attempt.condition = 1;
    replay_.record.times = 5;
  }

  JobExecution& execution() {
    JobInputs inputs;
    inputs.said.repo = replay_.saved.plan.repo;
    inputs.run_id = "id";
    inputs.scratch = folder_ + "/" + std::to_string(++executions_);
    std::filesystem::create_directory(inputs.scratch);
    inputs.replay = replay_;
    inputs.secret_values = {{"TOKEN", "s3cr3t"}};
    host_.engine.cpus = 2;
    execution_ = std::make_unique<JobExecution>(loop_, sandbox_, images_, host_, std::move(inputs), events_);
    return *execution_;
  }
  Report run() {
    std::optional<io::Result<Report>> result;
    execution().start([&](auto value) { result = std::move(value); });
    loop_.run_until([&] { return result.has_value(); });
    return result->value();
  }

  const testing_support::TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
  int executions_ = 0;
  FakeLoop loop_;
  sandbox::FakeImageStore images_{loop_};
  FakeProgram program_{.exit_code = 1};
  FakeSandbox sandbox_{loop_, [this](const auto&) { return program_; }};
  JobHost host_;
  EventLog events_;
  Replay replay_;
  std::unique_ptr<JobExecution> execution_;
};

TEST_F(Replayed, AttemptIsTheSameEachTime) {
  const Report report = run();
  ASSERT_EQ(sandbox_.started.size(), 5u);
  const std::string seed = std::to_string(replay_.record.attempt.seed);
  for (const auto& spec : sandbox_.started) {
    const auto& execution = spec.execution;
    EXPECT_EQ(spec.image, replay_.saved.environment.image.id);
    EXPECT_EQ(spec.labels.at("orchestrator.attempt"), "17");
    EXPECT_EQ(value_in(execution.env, "ATTEMPT"), "17");
    EXPECT_EQ(value_in(execution.env, "TEST_SEED"), seed);
    EXPECT_EQ(value_in(execution.env, "PYTHONHASHSEED"), seed);
    EXPECT_EQ(value_in(execution.env, "MODE"), "x");
    EXPECT_EQ(value_in(execution.env, "OF_IMAGE"), "yes");
    EXPECT_EQ(value_in(execution.env, "PATH"), "/venv/bin:/bin");
    EXPECT_EQ(value_in(execution.env, "HOME"), sandbox::kHomeDir);
    EXPECT_EQ(execution.secret_env, (sandbox::EnvList{{"TOKEN", "s3cr3t"}}));
    EXPECT_EQ(execution.workdir, "/work/web");
    EXPECT_EQ(execution.network, sandbox::Network::internal);
    EXPECT_EQ(execution.limits.memory_bytes, 77 << 20);
    EXPECT_EQ(execution.limits.timeout, 2s);
    EXPECT_EQ(execution.env, sandbox_.started[0].execution.env);
  }
  EXPECT_EQ(report.end, RunEnd::complete);
  EXPECT_EQ(sandbox_.left, 0);
}

TEST_F(Replayed, AttemptsAreNumberedFromZeroAndShareTheSeed) {
  const Report report = run();
  ASSERT_EQ(report.attempts.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(report.attempts[i].index, static_cast<int>(i));
    EXPECT_EQ(report.attempts[i].seed, replay_.record.attempt.seed);
  }
  EXPECT_EQ(replay_result(report).same, 5);
  EXPECT_EQ(exit_code(report), 3);
}

TEST_F(Replayed, AttemptHasTheConditionThatItHad) {
  const auto order_of = [&](std::optional<std::size_t> condition, const Condition& its) {
    replay_.record.attempt.condition = condition;
    replay_.saved.conditions[1] = its;
    sandbox_.started.clear();
    run();
    sandbox::EnvList env = sandbox_.started.at(0).execution.env;
    return env;
  };
  const Condition shuffled{.name = "shuffle", .order = TestOrder::shuffled};
  const Condition twice{.name = "repeat", .repeat = 2};
  const auto plain = order_of(0, shuffled), shuffle = order_of(1, shuffled), repeat = order_of(1, twice);
  EXPECT_NE(plain, shuffle);
  EXPECT_NE(shuffle, repeat);
  EXPECT_NE(plain, repeat);
}

TEST_F(Replayed, AttemptThatWasNoEvidenceHasTheConditionThatItsPlanDeals) {
  std::vector<std::string> ignored;
  const Deal deal = make_deal(replay_.saved.plan, images::kAllAbilities, ignored);
  ASSERT_EQ(deal.conditions.size(), 3u);
  replay_.saved.conditions = deal.conditions;
  for (const int index : {0, 1, 2, 3}) {
    replay_.record.attempt.index = index;
    replay_.record.attempt.condition.reset();
    run();
    replay_.record.attempt.condition = static_cast<std::size_t>(deal.condition_of(index));
    run();
    EXPECT_EQ(sandbox_.started.front().execution.env, sandbox_.started.back().execution.env) << index;
    sandbox_.started.clear();
  }
}

TEST_F(Replayed, AttemptIsHandedOutInsteadOfBeingRun) {
  std::optional<io::Result<sandbox::AttemptSpec>> spec;
  execution().prepare([&](auto value) { spec = std::move(value); });
  loop_.run_until([&] { return spec.has_value(); });
  EXPECT_EQ(value_in(spec->value().execution.env, "ATTEMPT"), "17");
  EXPECT_EQ(spec->value().execution.argv, (std::vector<std::string>{"/bin/sh", "-c", "pytest"}));
  loop_.settle();
  EXPECT_TRUE(sandbox_.started.empty());
}

TEST_F(Replayed, AttemptRunsOnNoOtherImageThanOneOfARun) {
  replay_.saved.environment.image.id = images_.add_image("mysql:8").id;
  EXPECT_THROW(run(), io::RequestError);
  EXPECT_TRUE(sandbox_.started.empty());
}

TEST_F(Replayed, AttemptsDoNotOverloadASmallerHost) {
  replay_.saved.plan.parallelism = 40;
  program_.takes = 100ms;
  run();
  EXPECT_EQ(sandbox_.most_running, 2);
}

TEST_F(Replayed, EndsAsAnInterruptedJobDoesWhileTheImageIsLookedFor) {
  std::optional<io::Result<Report>> result;
  execution().start([&](auto value) { result = std::move(value); });
  execution_->stop(RunEnd::cancelled, "stopped by SIGINT");
  ASSERT_TRUE(result.has_value());
  EXPECT_THROW(result->value(), JobExecution::Interrupted);
  execution_.reset();
  loop_.settle();  // the engine's answer finds nobody
}

TEST(ReplayedPlan, LeavesOutWhatIsAboutAWholeRun) {
  Replay replay;
  replay.saved.plan.until_sure = 0.05;
  replay.saved.plan.deadline = 3s;
  replay.saved.plan.keep = replay.saved.plan.save_full_output = true;
  replay.saved.plan.runs = 10;
  replay.record.attempt.index = 17;
  const JobPlan plan = replayed_plan(replay, 8);
  EXPECT_FALSE(plan.until_sure || plan.deadline || plan.keep || plan.save_full_output);
  EXPECT_EQ(plan.only_attempt, 17);
  EXPECT_EQ(plan.runs, 18);
  EXPECT_EQ(plan.parallelism, 1);
}

std::string complaint(const Replay& replay, const std::string& tree) {
  images::Source source;
  source.tree_hash = tree;
  try {
    check_same_sources(replay, source);
  } catch (const io::RequestError& error) {
    return error.what();
  }
  return "";
}

TEST(SameSources, OfAFolderThatHadChangesMustBeTheSameTree) {
  Replay replay;
  replay.saved.plan.repo = "/home/me/project";
  replay.saved.environment.commit = "c0ffee";
  replay.saved.environment.dirty = true;
  replay.saved.environment.tree_hash = "1111111aaa";
  replay.saved.environment.image.id = "sha256:0123";
  replay.record.attempt.number = 4;
  EXPECT_EQ(complaint(replay, "1111111aaa"), "");
  EXPECT_EQ(
      complaint(replay, "2222222bbb"),
      "attempt 4 cannot be run again: the folder /home/me/project has changed since (its tree was 1111111, "
      "it is 2222222 now), and the engine no longer has the image sha256:0123");
  replay.saved.environment.dirty = false;
  EXPECT_EQ(complaint(replay, "2222222bbb"), "") << "a commit is asked for by its name";
  replay.saved.plan.include = {"*.bin"};
  EXPECT_NE(complaint(replay, "2222222bbb"), "");
  replay.saved.plan.repo = "https://e.org/r";
  EXPECT_EQ(complaint(replay, "2222222bbb"), "");
}

// ---- the base of an image that has to be made again

TEST(PinnedBase, IsTheSameImageByItsDigest) {
  const std::string digest = "sha256:" + std::string(64, 'a');
  const std::pair<const char*, std::string> bases[] = {
      {"python:3.12-slim", "python@" + digest},
      {"python", "python@" + digest},
      {"localhost:5000/team/app", "localhost:5000/team/app@" + digest},
      {"localhost:5000/team/app:1", "localhost:5000/team/app@" + digest}};
  for (const auto& [reference, by_digest] : bases) {
    SavedRun saved;
    saved.environment.image.base_reference = reference;
    saved.environment.image.base_digest = digest;
    const auto pinned = pinned_base(saved);
    ASSERT_TRUE(pinned) << reference;
    EXPECT_EQ(pinned->reference, reference);
    EXPECT_EQ(pinned->by_digest, by_digest);
  }
}

TEST(PinnedBase, IsNoneWithoutADigestThatAnEngineWouldTake) {
  const std::string digest = "sha256:" + std::string(64, 'a');
  const std::pair<std::string, std::string> bases[] = {
      {"orchestrator/python:trixie", ""}, {"", digest},        {"python@" + digest, digest},
      {"python:3.12", "sha256:short"},    {"../../x", digest}, {"python:3.12", digest + "&repo=x"}};
  for (const auto& [reference, known] : bases) {
    SavedRun saved;
    saved.environment.image.base_reference = reference;
    saved.environment.image.base_digest = known;
    EXPECT_FALSE(pinned_base(saved)) << reference << " " << known;
  }
}

TEST(ReplayedPlan, DoesNotFollowATagThatHasMoved) {
  Replay replay;
  replay.saved.plan.pull = "always";
  EXPECT_EQ(replayed_plan(replay, 4).pull, "missing");
  replay.saved.plan.pull = "never";
  EXPECT_EQ(replayed_plan(replay, 4).pull, "never");
}

}  // namespace
}  // namespace orchestrator
