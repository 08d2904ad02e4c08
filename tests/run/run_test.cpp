#include "orchestrator/run/run.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <set>

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

class RunTest : public ::testing::Test {
 protected:
  RunTest() {
    spool_ = std::make_unique<Spool>(folder_, "");
    events_.subscribe([this](const Event& event) { seen_.push_back(event); });
  }

  // The index travels in the attempt's name, as in the real program.
  static int index_of(const sandbox::AttemptSpec& spec) { return std::stoi(spec.name); }

  orchestrator::Run& make(FakeSandbox::Script script, int runs, int parallelism) {
    sandbox_ = std::make_unique<FakeSandbox>(loop_, std::move(script));
    RunSpec spec;
    spec.parallelism = parallelism;
    spec.test_command.line = "pytest tests";
    spec.timeout = 1s;
    spec.attempt = [](int index) {
      sandbox::AttemptSpec attempt;
      attempt.name = std::to_string(index);
      attempt.execution.limits.timeout = 1s;
      return attempt;
    };
    spec.seed = [](int index) { return 1000 + index; };
    spec.obstacle = [this] { return obstacle_; };
    run_ = std::make_unique<orchestrator::Run>(loop_, *sandbox_, std::move(spec), fixed_number(runs), events_,
                                               *spool_);
    return *run_;
  }

  void to_the_end() {
    run_->start([this] { done_ = true; });
    loop_.run_until([this] { return done_; });
  }

  std::vector<Outcome> outcomes() const {
    std::vector<Outcome> result;
    for (const auto& record : run_->records()) result.push_back(record.outcome);
    return result;
  }

  const testing_support::TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
  FakeLoop loop_;
  std::unique_ptr<FakeSandbox> sandbox_;
  std::unique_ptr<Spool> spool_;
  EventLog events_;
  std::vector<Event> seen_;
  std::unique_ptr<orchestrator::Run> run_;
  std::optional<std::string> obstacle_;
  bool done_ = false;
};

TEST_F(RunTest, RunsEveryAttemptOnceAndLeavesNothing) {
  make([](const auto&) { return FakeProgram{}; }, 20, 3);
  to_the_end();
  EXPECT_EQ(outcomes(), std::vector<Outcome>(20, Outcome::passed));
  EXPECT_EQ(sandbox_->started.size(), 20u);
  EXPECT_EQ(sandbox_->left, 0);
  EXPECT_EQ(run_->end(), RunEnd::complete);
}

TEST_F(RunTest, NeverRunsMoreAtOnceThanAsked) {
  make(
      [](const auto& spec) {
        return FakeProgram{.takes = std::chrono::milliseconds(5 + 7 * (index_of(spec) % 5))};
      },
      50, 4);
  to_the_end();
  EXPECT_EQ(sandbox_->most_running, 4);
}

TEST_F(RunTest, SortsRecordsByIndexWhateverEndsFirst) {
  make([](const auto& spec) { return FakeProgram{.takes = std::chrono::milliseconds(100 - index_of(spec))}; },
       10, 10);
  to_the_end();
  const auto records = run_->records();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(records[static_cast<std::size_t>(i)].index, i);
}

TEST_F(RunTest, KeepsExitCodeSeedAndOutput) {
  make([](const auto&) { return FakeProgram{.exit_code = 3, .out = "to out", .err = "to err"}; }, 1, 1);
  to_the_end();
  const AttemptRecord record = run_->records().at(0);
  EXPECT_EQ(record.outcome, Outcome::failed);
  EXPECT_EQ(record.exit_code, 3);
  EXPECT_EQ(record.seed, 1000);
  EXPECT_EQ(spool_->read(record.out).head, "to out");
  EXPECT_EQ(spool_->read(record.err).head, "to err");
}

TEST_F(RunTest, ATimeOutIsEvidenceWithoutAnExitCode) {
  make([](const auto&) { return FakeProgram{.takes = 10s}; }, 2, 1);
  to_the_end();
  const AttemptRecord record = run_->records().at(0);
  EXPECT_EQ(record.outcome, Outcome::timed_out);
  EXPECT_FALSE(record.exit_code);
  EXPECT_TRUE(record.counted());
}

TEST_F(RunTest, TriesAnInfrastructureErrorOnceMoreWithTheSameIndex) {
  std::set<int> broken_once;
  make(
      [&](const auto& spec) {
        FakeProgram program;
        if (index_of(spec) == 2 && broken_once.insert(2).second)
          program.infrastructure = "the engine hiccuped";
        return program;
      },
      5, 2);
  to_the_end();
  const auto records = run_->records();
  ASSERT_EQ(records.size(), 5u);
  EXPECT_EQ(records[2].outcome, Outcome::passed);
  ASSERT_EQ(records[2].earlier_tries.size(), 1u);
  EXPECT_EQ(records[2].earlier_tries[0].reason, "the engine hiccuped");
  EXPECT_EQ(sandbox_->started.size(), 6u);
}

TEST_F(RunTest, NeverRetriesWhatATestDid) {
  make([](const auto&) { return FakeProgram{.exit_code = 1}; }, 4, 2);
  to_the_end();
  EXPECT_EQ(sandbox_->started.size(), 4u);
}

TEST_F(RunTest, StopsWhenInfrastructureErrorsAreTooMany) {
  make([](const auto&) { return FakeProgram{.infrastructure = "no engine"}; }, 20, 1);
  to_the_end();
  EXPECT_EQ(run_->end(), RunEnd::infrastructure);
  EXPECT_EQ(run_->records().size(), 4u) << "more than three end it";
}

TEST_F(RunTest, ThreeBrokenAttemptsOfAHundredDoNotStopIt) {
  make(
      [](const auto& spec) {
        return index_of(spec) < 3 ? FakeProgram{.infrastructure = "x"} : FakeProgram{};
      },
      100, 4);
  to_the_end();
  EXPECT_EQ(run_->end(), RunEnd::complete);
  EXPECT_EQ(run_->records().size(), 100u);
}

TEST_F(RunTest, ACommandThatCannotBeStartedStopsTheRun) {
  make(
      [](const auto&) {
        return FakeProgram{.exit_code = 127,
                           .start_failure = sandbox::StartFailure{2, "pytest: No such file or directory"}};
      },
      50, 2);
  to_the_end();
  EXPECT_EQ(run_->end(), RunEnd::not_runnable);
  EXPECT_LE(sandbox_->started.size(), 3u);
  EXPECT_NE(run_->end_reason().find("pytest"), std::string::npos);
}

TEST_F(RunTest, AShellThatCannotFindTheFirstWordStopsTheRun) {
  make([](const auto&) { return FakeProgram{.exit_code = 127, .err = "/bin/sh: 1: pytest: not found\n"}; },
       50, 1);
  to_the_end();
  EXPECT_EQ(run_->end(), RunEnd::not_runnable);
}

TEST_F(RunTest, A127OfTheTestsOwnIsAFailure) {
  make(
      [](const auto&) { return FakeProgram{.exit_code = 127, .err = "/bin/sh: 1: other-tool: not found\n"}; },
      3, 1);
  to_the_end();
  EXPECT_EQ(outcomes(), std::vector<Outcome>(3, Outcome::failed));
}

TEST_F(RunTest, StopEndsWhatRunsAndKeepsWhatIsKnown) {
  make([](const auto& spec) { return FakeProgram{.takes = index_of(spec) < 2 ? 10ms : 900ms}; }, 100, 2);
  run_->start([this] { done_ = true; });
  loop_.advance(100ms);
  run_->stop(RunEnd::cancelled, "stopped by SIGINT");
  loop_.run_until([this] { return done_; });
  const auto records = run_->records();
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[0].outcome, Outcome::passed);
  EXPECT_EQ(records[3].outcome, Outcome::cancelled);
  EXPECT_EQ(records[3].reason, "stopped by SIGINT");
  EXPECT_EQ(sandbox_->left, 0);
  EXPECT_EQ(seen_.back().data["outcome"], "cancelled");
  EXPECT_EQ(seen_.back().data["done"], 2) << "what was cancelled is not done";
}

TEST_F(RunTest, StartsNoMoreAndLetsWhatRunsGoOn) {
  make([](const auto&) { return FakeProgram{.takes = 500ms}; }, 100, 2);
  run_->start([this] { done_ = true; });
  loop_.advance(100ms);
  run_->start_no_more(RunEnd::cancelled, "it is late");
  loop_.run_until([this] { return done_; });
  EXPECT_EQ(outcomes(), (std::vector<Outcome>{Outcome::passed, Outcome::passed}));
  EXPECT_EQ(run_->end(), RunEnd::cancelled);
  EXPECT_EQ(run_->end_reason(), "it is late");
}

TEST_F(RunTest, AStopAfterThatEndsWhatRuns) {
  make([](const auto&) { return FakeProgram{.takes = 500ms}; }, 100, 2);
  run_->start([this] { done_ = true; });
  loop_.advance(100ms);
  run_->start_no_more(RunEnd::cancelled, "it is late");
  run_->stop(RunEnd::cancelled, "it is too late");
  loop_.run_until([this] { return done_; });
  EXPECT_EQ(outcomes(), (std::vector<Outcome>{Outcome::cancelled, Outcome::cancelled}));
  EXPECT_EQ(run_->end_reason(), "it is late") << "the first reason stays";
}

TEST_F(RunTest, ThatHasStartedAllIsCompleteAllTheSame) {
  make([](const auto&) { return FakeProgram{.takes = 500ms}; }, 2, 2);
  run_->start([this] { done_ = true; });
  loop_.advance(100ms);
  run_->start_no_more(RunEnd::cancelled, "it is late");
  loop_.run_until([this] { return done_; });
  EXPECT_EQ(run_->end(), RunEnd::complete);
  EXPECT_EQ(outcomes().size(), 2u);
}

TEST_F(RunTest, KillDoesNotWaitForTheGrace) {
  make([](const auto&) { return FakeProgram{.takes = 900ms, .ignores_term = true}; }, 10, 2);
  run_->start([this] { done_ = true; });
  loop_.advance(10ms);
  run_->stop(RunEnd::cancelled, "stopped by SIGINT");
  run_->kill();
  loop_.advance(50ms);
  EXPECT_TRUE(done_);
}

TEST_F(RunTest, AFullDiskStopsTheRunBeforeTheNextStart) {
  make(
      [this](const auto& spec) {
        if (index_of(spec) == 3) obstacle_ = "the disk is too full";
        return FakeProgram{};
      },
      10, 1);
  to_the_end();
  EXPECT_EQ(run_->end(), RunEnd::infrastructure);
  EXPECT_EQ(run_->end_reason(), "the disk is too full");
  EXPECT_EQ(run_->records().size(), 4u);
}

TEST_F(RunTest, AnnouncesEachAttemptWithRunningTotals) {
  make([](const auto& spec) { return FakeProgram{.exit_code = index_of(spec) == 1 ? 1 : 0}; }, 3, 1);
  to_the_end();
  ASSERT_EQ(seen_.size(), 6u);
  EXPECT_EQ(seen_.back().type, "attempt_finished");
  EXPECT_EQ(seen_.back().data["done"], 3);
  EXPECT_EQ(seen_.back().data["not_passed"], 1);
  for (std::size_t i = 0; i < seen_.size(); ++i) EXPECT_EQ(seen_[i].sequence, i + 1);
}

}  // namespace
}  // namespace orchestrator
