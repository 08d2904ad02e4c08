// Stopping a container and letting go of it, in each of its states, and the limits that stop it.
#include "sandbox/docker/container.h"
#include "tests/unit/docker/container_fixture.h"

namespace sandbox::docker {
namespace {

// ---- stop

TEST_F(TheContainer, StoppedWhileItIsCreatedIsAwaitedThenRemoved) {
  engine_.on(kCreate, created_as_c1().held("go"));
  create_and_start();
  until_asked(kCreate);
  container_->stop(StopReason::cancelled);
  until_heard();
  EXPECT_FALSE(result_);
  engine_.open("go");
  until_drained();
  EXPECT_EQ(asked(), (Lines{kCreate, kRemove}));
  EXPECT_EQ(classify(*result_), Outcome::cancelled);
}

TEST_F(TheContainer, StoppedBeforeItsStartIsRemoved) {
  create();
  loop_.until([&] { return told_ == Lines{"created"}; });
  container_->stop(StopReason::cancelled);
  until_drained();
  EXPECT_EQ(asked(), (Lines{kCreate, kRemove}));
  EXPECT_EQ(classify(*result_), Outcome::cancelled);
}

TEST_F(TheContainer, StoppedWhileItIsAttachedToIsNotStarted) {
  engine_.on(kAttach, raw_stream().wait("end").held("go"));
  create_and_start();
  until_asked(kAttach);
  container_->stop(StopReason::cancelled);
  engine_.open("go");
  until_drained();
  EXPECT_EQ(asked(), (Lines{kCreate, kAttach, kRemove}));
  EXPECT_EQ(classify(*result_), Outcome::cancelled);
}

TEST_F(TheContainer, StoppedWhileTheEngineDoesNotAnswerTheAttachIsRemovedAtOnce) {
  engine_.on(kAttach, raw_stream().held("never"));
  create_and_start();
  until_asked(kAttach);
  container_->stop(StopReason::cancelled);
  until_drained();
  EXPECT_EQ(asked(), (Lines{kCreate, kAttach, kRemove}));
  EXPECT_EQ(classify(*result_), Outcome::cancelled);
}

TEST_F(TheContainer, StoppedWhileItStartsIsSentTheSignalOnceItRuns) {
  engine_.on(kStart, answer(204).held("go"));
  create_and_start();
  until_asked(kStart);
  container_->stop(StopReason::cancelled);
  until_heard();
  EXPECT_EQ(engine_.asked(kKill), 0);
  engine_.open("go");
  until_asked(kKill);
  EXPECT_EQ(signal(0), "signal=TERM");
  let_it_end();
  until_drained();
  EXPECT_EQ(classify(*result_), Outcome::cancelled);
}

TEST_F(TheContainer, StoppedWhileItRunsIsSentTermAndAfterTheGraceKill) {
  request_.execution.limits.grace = 7s;
  run_until_it_is_waited_for();
  container_->stop(StopReason::timeout);
  until_asked(kKill);
  loop_.skip(8s);
  loop_.settle();
  until_heard();
  EXPECT_EQ(engine_.asked(kKill), 1);
  loop_.skip(2s);
  until_asked(kKill, 2);
  EXPECT_EQ(signal(0) + " " + signal(1), "signal=TERM signal=KILL");
  let_it_end();
  until_drained();
  EXPECT_EQ(classify(*result_), Outcome::timed_out);
}

TEST_F(TheContainer, KeepsTheFirstReasonToStop) {
  run_until_it_is_waited_for();
  container_->stop(StopReason::disk_limit);
  container_->stop(StopReason::cancelled);
  until_asked(kKill);
  let_it_end();
  until_drained();
  EXPECT_EQ(classify(*result_), Outcome::disk_limit);
  EXPECT_EQ(engine_.asked(kKill), 1);
}

TEST_F(TheContainer, KilledWhileItRunsIsGivenNoGrace) {
  run_until_it_is_waited_for();
  container_->kill();
  until_asked(kKill);
  EXPECT_EQ(signal(0), "signal=KILL");
  let_it_end();
  until_drained();
  EXPECT_EQ(classify(*result_), Outcome::cancelled);
}

TEST_F(TheContainer, IsNotWaitedForWhenTheEngineTellsNoEndEvenOfWhatWasKilled) {
  run_until_it_is_waited_for();
  container_->stop(StopReason::cancelled);
  until_asked(kKill);
  loop_.skip(10s);
  until_asked(kKill, 2);
  loop_.skip(61s);
  until_drained();
  EXPECT_TRUE(says(infrastructure(), "did not tell the end of what was killed")) << infrastructure();
  EXPECT_EQ(asked(), (Lines{kCreate, kAttach, kStart, kWait, kKill, kKill, kRemove}));
}

TEST_F(TheContainer, AnExitThatTheEngineStampedBeforeTheStopWins) {
  engine_.on(kInspect, inspection(0, kLongAgo));
  run_until_it_is_waited_for();
  container_->stop(StopReason::cancelled);
  until_asked(kKill);
  let_it_end();
  until_drained();
  EXPECT_TRUE(result_->exit_before_stop);
  EXPECT_EQ(classify(*result_), Outcome::passed);
}

TEST_F(TheContainer, AStopThatTheSupervisorHeardWinsOverTheEnginesStamp) {
  engine_.on(kInspect, inspection(1, kLongAgo));
  engine_.on(kAttach, raw_stream().wait("end").then(attached(beginning() + ending(1, "signal"))).close());
  run_until_it_is_waited_for();
  container_->stop(StopReason::cancelled);
  until_asked(kKill);
  let_it_end();
  until_drained();
  EXPECT_EQ(classify(*result_), Outcome::cancelled);
}

// Somebody else killed it just before we stopped it: neither a stop nor evidence about the test.
TEST_F(TheContainer, AnEndWithoutASupervisorBeforeTheStopSaysNothingAboutTheTest) {
  engine_.on(kInspect, inspection(137, kLongAgo));
  engine_.on(kWait, exited_with(137).held("end"));
  engine_.on(kAttach, raw_stream().then(attached(beginning())).wait("end").close());
  run_until_it_is_waited_for();
  container_->stop(StopReason::cancelled);
  until_asked(kKill);
  let_it_end();
  until_drained();
  EXPECT_TRUE(says(infrastructure(), "ended with 137 before its supervisor did")) << infrastructure();
}

TEST_F(TheContainer, TakesAKillThatComesTooLateForNoError) {
  engine_.on(kKill, answer(409, R"({"message":"the container is not running"})"));
  run_until_it_is_waited_for();
  container_->stop(StopReason::cancelled);
  until_asked(kKill);
  let_it_end();
  until_drained();
  EXPECT_EQ(infrastructure(), "");
  EXPECT_EQ(log_.str(), "");
}

TEST_F(TheContainer, ThatSomebodyElseStoppedSaysNothingAboutTheTest) {
  engine_.on(kAttach, raw_stream().wait("end").then(attached(beginning() + ending(143, "signal"))).close());
  run_to_the_end();
  EXPECT_TRUE(says(infrastructure(), "stopped by somebody else")) << infrastructure();
}

// ---- limits

TEST_F(TheContainer, ThatItsSupervisorDoesNotEndIsKilledAtTheOrchestratorsOwnDeadline) {
  request_.execution.limits.timeout = 100s;
  request_.execution.limits.grace = 5s;
  engine_.on(kAttach, raw_stream().then(attached(beginning())).wait("end").close());
  engine_.on(kWait, exited_with(137).held("end"));
  engine_.on(kInspect, inspection(137, kInFuture));
  run_until_it_is_waited_for();
  loop_.skip(105s);
  loop_.settle();
  until_heard();
  EXPECT_EQ(engine_.asked(kKill), 0);
  loop_.skip(10s);
  until_asked(kKill);
  EXPECT_EQ(signal(0), "signal=KILL");
  let_it_end();
  until_drained();
  EXPECT_EQ(classify(*result_), Outcome::timed_out);
  ASSERT_EQ(result_->notes.size(), 1u);
  EXPECT_TRUE(says(result_->notes[0], "the orchestrator's own deadline"));
}

TEST_F(TheContainer, IsStoppedByOutputPastTheLimit) {
  request_.execution.limits.output_keep_bytes = 4;
  request_.execution.limits.output_stop_bytes = 10;
  engine_.on(kAttach, raw_stream()
                          .then(attached(beginning() + frame(FrameType::out, "0123456789")))
                          .wait("more")
                          .then(attached(frame(FrameType::err, "x")))
                          .wait("end")
                          .then(attached(ending(143, "signal")))
                          .close());
  run_until_it_is_waited_for();
  until_heard();
  EXPECT_EQ(engine_.asked(kKill), 0);
  engine_.open("more");
  until_asked(kKill);
  EXPECT_EQ(signal(0), "signal=TERM");
  let_it_end();
  until_drained();
  EXPECT_EQ(classify(*result_), Outcome::output_limit);
  EXPECT_EQ(output_, "0123");
  EXPECT_EQ(result_->stdout_bytes, 10u);
  EXPECT_EQ(result_->stdout_dropped, 6u);
  EXPECT_EQ(result_->stderr_dropped, 1u);
}

TEST_F(TheContainer, IsStoppedWhenItHasWrittenMoreToDiskThanItMay) {
  engine_.on(kInspect, answer(200, R"({"SizeRw":1000})"));
  engine_.on(kInspect, answer(500));
  engine_.on(kInspect, answer(200, R"({"SizeRw":"many"})"));
  engine_.on(kInspect, answer(200, R"({"SizeRw":1001})"));
  run_until_it_is_waited_for();
  container_->sample_disk(1000, 5s);
  for (int sample = 1; sample <= 4; ++sample) {
    EXPECT_EQ(engine_.asked(kKill), 0) << sample;
    let_time_pass(2 + sample, 5s);
    until_asked(kInspect, sample);
  }
  EXPECT_EQ(engine_.request(kInspect).query, "size=1");
  until_asked(kKill);
  EXPECT_EQ(signal(0), "signal=TERM");
  let_it_end();
  until_drained();
  EXPECT_EQ(classify(*result_), Outcome::disk_limit);
}

// The supervisor may be heard before the engine has said that it started it.
TEST_F(TheContainer, GoesOnReadingTheDiskUseWhenTheStartWasAnsweredLate) {
  engine_.on(kStart, answer(204).held("go"));
  engine_.on(kInspect, answer(200, R"({"SizeRw":1001})"));
  create_and_start();
  until_asked(kStart);
  container_->sample_disk(1000, 5s);
  let_time_pass(2, 5s);
  loop_.settle();
  engine_.open("go");
  until_asked(kWait);
  loop_.skip(5s);
  until_asked(kKill);
  let_it_end();
  until_drained();
  EXPECT_EQ(classify(*result_), Outcome::disk_limit);
}

// ---- let go

class TheContainerLetGo : public TheContainer {
 protected:
  // Lets go where the script holds, then lets everything come.
  void let_go_at(const std::string& line) {
    until_asked(line);
    let_go();
  }
  void let_go() {
    told_.clear();
    container_->let_go();
    until_heard();
    engine_.open("go");
    let_it_end();
    until_drained();
    EXPECT_EQ(told_, Lines{}) << "told somebody who has let go";
  }
};

TEST_F(TheContainerLetGo, BeforeAnythingWasAskedAsksNothing) {
  container_ = containers_.add(client_, traits_, request_, "attempt 7");
  container_->let_go();
  until_drained();
  until_heard();
  EXPECT_EQ(asked(), Lines{});
}

TEST_F(TheContainerLetGo, WhileItsNetworkIsMadeRemovesTheNetwork) {
  request_.execution.network = Network::internal;
  engine_.on(kMakeNetwork, made_network().held("go"));
  create_and_start();
  let_go_at(kMakeNetwork);
  EXPECT_EQ(asked(), (Lines{kMakeNetwork, kRemoveNetwork}));
}

TEST_F(TheContainerLetGo, WhileItIsCreatedIsRemovedOnceItExists) {
  engine_.on(kCreate, created_as_c1().held("go"));
  create_and_start();
  let_go_at(kCreate);
  EXPECT_EQ(asked(), (Lines{kCreate, kRemove}));
}

TEST_F(TheContainerLetGo, WhileItWaitsForItsStartIsRemoved) {
  create();
  loop_.until([&] { return told_ == Lines{"created"}; });
  let_go();
  EXPECT_EQ(asked(), (Lines{kCreate, kRemove}));
}

TEST_F(TheContainerLetGo, WhileItIsAttachedToIsRemovedWithoutAStart) {
  engine_.on(kAttach, raw_stream().wait("end").held("go"));
  create_and_start();
  let_go_at(kAttach);
  EXPECT_EQ(asked(), (Lines{kCreate, kAttach, kRemove}));
}

TEST_F(TheContainerLetGo, WhileItStartsIsKilledAndRemoved) {
  engine_.on(kStart, answer(204).held("go"));
  create_and_start();
  let_go_at(kStart);
  EXPECT_EQ(engine_.asked(kKill), 1);
  EXPECT_EQ(signal(0), "signal=KILL");
  EXPECT_EQ(asked().back(), kRemove);
}

TEST_F(TheContainerLetGo, WhileItRunsIsKilledAndRemoved) {
  create_and_start();
  let_go_at(kWait);
  EXPECT_EQ(signal(0), "signal=KILL");
  EXPECT_EQ(asked().back(), kRemove);
}

TEST_F(TheContainerLetGo, WhileItsLastOutputIsAwaitedIsRemoved) {
  engine_.on(kAttach, raw_stream().then(attached(beginning())).wait("go").close());
  run_until_it_is_waited_for();
  let_it_end();
  let_time_pass(3, 0s);
  let_go();
  EXPECT_EQ(asked(), (Lines{kCreate, kAttach, kStart, kWait, kInspect, kRemove}));
}

TEST_F(TheContainerLetGo, WhileItsEndIsReadIsRemoved) {
  engine_.on(kInspect, inspection(0, kInFuture).held("go"));
  run_until_it_is_waited_for();
  let_it_end();
  let_go_at(kInspect);
  EXPECT_EQ(asked(), (Lines{kCreate, kAttach, kStart, kWait, kInspect, kRemove}));
}

TEST_F(TheContainerLetGo, WhileItIsRemovedIsRemovedOnce) {
  engine_.on(kRemove, answer(204).held("go"));
  run_until_it_is_waited_for();
  let_it_end();
  let_go_at(kRemove);
  EXPECT_EQ(engine_.asked(kRemove), 1);
}

TEST_F(TheContainerLetGo, WithAllOthersIsRemoved) {
  run_until_it_is_waited_for();
  containers_.let_go_all();
  let_it_end();
  until_drained();
  EXPECT_EQ(asked().back(), kRemove);
}

}  // namespace
}  // namespace sandbox::docker
