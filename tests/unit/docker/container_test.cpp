// A container's life from create to removal, and engines that break, lie or cut it short.
#include "sandbox/docker/container.h"

#include "tests/unit/docker/container_fixture.h"

namespace sandbox::docker {
namespace {

// ---- an ordinary life

TEST_F(TheContainer, AsksTheEngineForOneThingAfterTheOther) {
  run_to_the_end();
  EXPECT_EQ(asked(), (Lines{kCreate, kAttach, kStart, kWait, kInspect, kRemove}));
  EXPECT_EQ(told_, (Lines{"created", "started", "finished", "drained"}));
  EXPECT_EQ(engine_.request(kRemove).query, "force=1&v=1");
}

TEST_F(TheContainer, WaitsForEachAnswerBeforeItAsksForMore) {
  engine_.on(kCreate, created_as_c1().held("created"));
  engine_.on(kAttach,
             raw_stream().wait("end").then(attached(beginning() + ending(0))).close().held("attached"));
  engine_.on(kStart, answer(204).held("started"));
  create_and_start();
  Lines expected;
  for (const auto& [line, gate] :
       {std::pair{kCreate, "created"}, std::pair{kAttach, "attached"}, std::pair{kStart, "started"}}) {
    expected.push_back(line);
    until_asked(line);
    until_heard();
    EXPECT_EQ(asked(), expected);
    engine_.open(gate);
  }
  until_asked(kWait);
  let_it_end();
  until_drained();
  EXPECT_EQ(classify(*result_), Outcome::passed);
}

TEST_F(TheContainer, TellsWhatTheCommandWroteAndHowItEnded) {
  run_to_the_end();
  EXPECT_EQ(output_, "hello");
  EXPECT_EQ(result_->stdout_bytes, 5u);
  EXPECT_EQ(result_->exit->code, 0);
  EXPECT_EQ(result_->duration, 1500ms);
  EXPECT_TRUE(result_->exit_before_stop);
  EXPECT_FALSE(result_->frames_broken);
  EXPECT_EQ(classify(*result_), Outcome::passed);
}

TEST_F(TheContainer, AtATerminalSendsWhatIsTypedBehindTheGifts) {
  request_.terminal = TerminalSize{31, 101};
  request_.execution.secret_env = {{"TOKEN", "s3cr3t"}};
  create();
  container_->send("<early>");
  container_->start();
  until_asked(kWait);
  container_->send("<late>");
  loop_.until([&] { return says(engine_.request(kAttach).body, "<early><late>"); });
  const Request attach = engine_.request(kAttach);
  EXPECT_TRUE(attach.body.starts_with("ORG1")) << attach.body;
  EXPECT_LT(attach.body.find("s3cr3t"), attach.body.find("<early>"));
  EXPECT_TRUE(says(attach.query, "stdin=1"));
  const Json config = Json::parse(engine_.request(kCreate).body);
  EXPECT_TRUE(says(config.at("Entrypoint").dump(), R"("--terminal","31x101")")) << config.at("Entrypoint");
  EXPECT_EQ(config.at("OpenStdin"), true);
  EXPECT_EQ(config.at("StdinOnce"), true) << "our end must be that of the typing";
  EXPECT_FALSE(says(config.dump(), "s3cr3t"));
  let_it_end();
  until_drained();
  EXPECT_EQ(classify(*result_), Outcome::passed);
  EXPECT_EQ(result_->notes, Lines{});
}

TEST_F(TheContainer, StaysCreatedUntilItIsStarted) {
  create();
  loop_.until([&] { return told_ == Lines{"created"}; });
  until_heard();
  EXPECT_EQ(asked(), Lines{kCreate});
  container_->start();
  until_asked(kWait);
  let_it_end();
  until_drained();
  EXPECT_EQ(classify(*result_), Outcome::passed);
}

TEST_F(TheContainer, IsKeptForACommitUntilItIsLetGo) {
  run_until_it_is_waited_for();
  container_->keep();
  let_it_end();
  until_finished();
  until_heard();
  EXPECT_EQ(engine_.asked(kRemove), 0);
  container_->let_go();
  until_drained();
  EXPECT_EQ(engine_.asked(kRemove), 1);
}

// Out of memory: kept although its supervisor has not told an end, so that more frames could follow.
TEST_F(TheContainer, TellsNothingMoreOnceItsEndWasTold) {
  engine_.on(kInspect, inspection(137, kInFuture, true));
  engine_.on(kAttach, raw_stream()
                          .then(attached(beginning()))
                          .wait("late")
                          .then(attached(frame(FrameType::out, "late")))
                          .wait("never"));
  run_until_it_is_waited_for();
  container_->keep();
  let_it_end();
  let_time_pass(3, 5s);
  until_finished();
  engine_.open("late");
  until_heard();
  loop_.settle();
  EXPECT_EQ(output_, "");
  container_->let_go();
  until_drained();
}

TEST_F(TheContainer, HasAnInternalNetworkOfItsOwnThatGoesAfterIt) {
  request_.execution.network = Network::internal;
  run_to_the_end();
  EXPECT_EQ(asked(),
            (Lines{kMakeNetwork, kCreate, kAttach, kStart, kWait, kInspect, kRemove, kRemoveNetwork}));
  const Json network = Json::parse(engine_.request(kMakeNetwork).body);
  EXPECT_EQ(network["Internal"], true);
  EXPECT_EQ(network["Labels"][kProcessLabel], "12:34");
  EXPECT_EQ(network["Name"].get<std::string>().find(':'), std::string::npos);
  EXPECT_TRUE(says(engine_.request(kCreate).body, network["Name"].get<std::string>()));
}

TEST_F(TheContainer, GivesSecretsOverTheAttachedStreamOnly) {
  request_.execution.secret_env = {{"TOKEN", "hush-hush"}};
  run_to_the_end();
  EXPECT_TRUE(says(engine_.request(kAttach).query, "stdin=1"));
  loop_.until([&] { return says(engine_.request(kAttach).body, "TOKEN=hush-hush"); });
  for (const auto& request : engine_.requests())
    EXPECT_TRUE(request.line == kAttach || !says(request.head + request.body, "hush")) << request.line;
}

// ---- its end, in whatever order it is told

TEST_F(TheContainer, ReadsTheStreamToItsEndAlthoughTheExitIsKnown) {
  engine_.on(kAttach, raw_stream()
                          .then(attached(beginning()))
                          .wait("later")
                          .then(attached(frame(FrameType::out, "last words") + ending(3)))
                          .close());
  run_until_it_is_waited_for();
  let_it_end();
  let_time_pass(3, 0s);  // the exit was told: the stream has some time left
  until_heard();
  EXPECT_EQ(engine_.asked(kInspect), 0);
  engine_.open("later");
  until_drained();
  EXPECT_EQ(output_, "last words");
  EXPECT_EQ(result_->exit->code, 3);
  EXPECT_TRUE(result_->notes.empty());
}

TEST_F(TheContainer, DoesNotWaitForeverForAStreamThatStaysOpen) {
  engine_.on(kAttach, raw_stream().then(attached(beginning() + ending(0))).wait("never"));
  run_until_it_is_waited_for();
  let_it_end();
  let_time_pass(3, 5s);
  until_drained();
  ASSERT_EQ(result_->notes.size(), 1u);
  EXPECT_TRUE(says(result_->notes[0], "did not close the output stream"));
  EXPECT_EQ(classify(*result_), Outcome::passed);
}

TEST_F(TheContainer, TakesTheEnginesWordThatMemoryRanOut) {
  engine_.on(kAttach, raw_stream().then(attached(beginning())).wait("end").close());
  engine_.on(kWait, exited_with(137).held("end"));
  engine_.on(kInspect, inspection(137, kInFuture, true));
  run_to_the_end();
  EXPECT_EQ(infrastructure(), "");
  EXPECT_EQ(classify(*result_), Outcome::out_of_memory);
}

TEST_F(TheContainer, IsGoneWhenTheEngineDoesNotKnowItAnyMore) {
  engine_.on(kRemove, answer(404, R"({"message":"No such container"})"));
  run_to_the_end();
  EXPECT_EQ(log_.str(), "");
  EXPECT_EQ(told_.back(), "drained");
}

TEST_F(TheContainer, WarnsWhenItCannotBeRemovedAndIsDoneAllTheSame) {
  engine_.always(kRemove, answer(500, R"({"message":"device or resource busy"})"));
  run_until_it_is_waited_for();
  let_it_end();
  until_finished();
  const int before = loop_.timers_made();
  let_time_pass(before + 1, 1s);
  let_time_pass(before + 2, 1s);
  until_drained();
  EXPECT_TRUE(says(log_.str(), "attempt 7 could not be removed")) << log_.str();
  EXPECT_TRUE(says(log_.str(), "device or resource busy")) << log_.str();
  EXPECT_EQ(told_.back(), "drained");
}

TEST_F(TheContainer, WarnsWhenItsNetworkCannotBeRemoved) {
  request_.execution.network = Network::internal;
  engine_.on(kRemoveNetwork, answer(403, R"({"message":"has active endpoints"})"));
  run_to_the_end();
  EXPECT_TRUE(says(log_.str(), "has active endpoints")) << log_.str();
  EXPECT_EQ(told_.back(), "drained");
}

// ---- engines that refuse

TEST_F(TheContainer, SaysWhyItCouldNotBeCreated) {
  engine_.on(kCreate, answer(404, R"({"message":"No such image: sha256:1"})"));
  create_and_start();
  until_drained();
  EXPECT_TRUE(says(infrastructure(), "No such image")) << infrastructure();
  EXPECT_EQ(asked(), Lines{kCreate});
}

TEST_F(TheContainer, TakesNoAnswerForACreatedContainerThatNamesNone) {
  const auto nonsense = {"", "<html>", "[]", "{}", R"({"Id":7})", "null"};
  for (const char* text : nonsense) engine_.on(kCreate, answer(201, text));
  for (const char* text : nonsense) {
    result_.reset();
    create_and_start();
    until_drained();
    EXPECT_TRUE(says(infrastructure(), "while creating the container of attempt 7")) << text;
  }
}

TEST_F(TheContainer, SaysWhyItHasNoNetwork) {
  request_.execution.network = Network::internal;
  engine_.on(kMakeNetwork, answer(500, R"({"message":"address pools exhausted"})"));
  create_and_start();
  until_drained();
  EXPECT_TRUE(says(infrastructure(), "address pools exhausted")) << infrastructure();
  EXPECT_EQ(asked(), Lines{kMakeNetwork});
}

TEST_F(TheContainer, TakesNoNetworkThatHasNoId) {
  request_.execution.network = Network::internal;
  engine_.on(kMakeNetwork, answer(201, "{}"));
  create_and_start();
  until_drained();
  EXPECT_TRUE(says(infrastructure(), "while making the network")) << infrastructure();
  EXPECT_EQ(asked(), Lines{kMakeNetwork});
}

TEST_F(TheContainer, SaysWhyItCouldNotBeAttachedTo) {
  engine_.on(kAttach, answer(409, R"({"message":"the container is being removed"})"));
  create_and_start();
  until_drained();
  EXPECT_TRUE(says(infrastructure(), "while attaching to attempt 7")) << infrastructure();
  EXPECT_TRUE(says(infrastructure(), "409: the container is being removed")) << infrastructure();
  EXPECT_EQ(asked(), (Lines{kCreate, kAttach, kRemove}));
}

TEST_F(TheContainer, IsRemovedWhenTheAttachIsNotAnswered) {
  engine_.on(kAttach, raw_stream().held("never"));
  create_and_start();
  let_time_pass(1, 59s);
  until_heard();
  EXPECT_FALSE(result_);
  loop_.skip(2s);
  until_drained();
  EXPECT_TRUE(says(infrastructure(), "while attaching to attempt 7: the engine does not answer"));
  EXPECT_EQ(asked(), (Lines{kCreate, kAttach, kRemove}));
}

TEST_F(TheContainer, IsRemovedWhenTheAttachHangsUp) {
  engine_.on(kAttach, hang_up());
  create_and_start();
  until_drained();
  EXPECT_TRUE(says(infrastructure(), "while attaching to attempt 7")) << infrastructure();
  EXPECT_EQ(asked(), (Lines{kCreate, kAttach, kRemove}));
}

TEST_F(TheContainer, IsRemovedWhenTheStreamIsClosedBeforeAnythingRan) {
  engine_.on(kAttach, raw_stream().close());
  engine_.on(kStart, answer(409, R"({"message":"nobody is attached"})"));
  create_and_start();
  until_drained();
  EXPECT_NE(infrastructure(), "");
  EXPECT_EQ(asked().back(), kRemove);
}

TEST_F(TheContainer, SaysWhyItCouldNotBeStarted) {
  engine_.on(kStart, answer(400, R"({"message":"exec format error"})"));
  create_and_start();
  until_drained();
  EXPECT_TRUE(says(infrastructure(), "exec format error")) << infrastructure();
  EXPECT_EQ(asked(), (Lines{kCreate, kAttach, kStart, kRemove}));
}

TEST_F(TheContainer, KnowsNoEndWithoutTheEnginesInspection) {
  engine_.on(kInspect, answer(200, R"({"State":[]})"));
  run_to_the_end();
  EXPECT_TRUE(says(infrastructure(), "while reading the end of attempt 7")) << infrastructure();
  EXPECT_EQ(engine_.asked(kRemove), 1);
}

TEST_F(TheContainer, ThatRanWhenTheEngineWasLostSaysNothingAboutTheTest) {
  run_until_it_is_waited_for();
  engine_.die();
  until_finished();
  EXPECT_TRUE(says(infrastructure(), "the engine was lost while attempt 7 ran")) << infrastructure();
  EXPECT_EQ(classify(*result_), Outcome::infrastructure_error);
  const int before = loop_.timers_made();
  let_time_pass(before + 1, 1s);
  let_time_pass(before + 2, 1s);
  until_drained();
  EXPECT_TRUE(says(log_.str(), "the next start sweeps it")) << log_.str();
}

// ---- hostile bytes

TEST_F(TheContainer, PutsFramesTogetherThatComeInPieces) {
  const std::string all = attached(beginning() + frame(FrameType::out, "hello world") + ending(0));
  const auto cut = all.find("world") - 2;
  engine_.on(kAttach, raw_stream().then(all.substr(0, cut)).wait("end").then(all.substr(cut)).close());
  create_and_start();
  loop_.until([&] { return output_ == "hell"; });
  let_it_end();
  until_drained();
  EXPECT_EQ(output_, "hello world");
  EXPECT_EQ(classify(*result_), Outcome::passed);
}

struct Bytes {
  const char* name;
  std::string stream;
};

class TheContainerTold : public TheContainer, public ::testing::WithParamInterface<Bytes> {};

// All of them end with exit code 0 by the engine's word, and none of them is a pass.
TEST_P(TheContainerTold, NoWholeLifeSaysNothingAboutTheTest) {
  engine_.on(kAttach, raw_stream().wait("end").then(GetParam().stream).close());
  run_to_the_end();
  EXPECT_TRUE(result_->frames_broken);
  EXPECT_TRUE(says(infrastructure(), "ended with 0 before its supervisor did")) << infrastructure();
  EXPECT_EQ(classify(*result_), Outcome::infrastructure_error);
}

std::string life() { return attached(beginning() + frame(FrameType::out, "hello") + ending(0)); }

INSTANTIATE_TEST_SUITE_P(
    Bytes, TheContainerTold,
    ::testing::Values(Bytes{"Nothing", ""}, Bytes{"HalfAHeader", life().substr(0, 5)},
                      Bytes{"HalfAFrame", life().substr(0, 20)},
                      Bytes{"AllButTheLastByte", life().substr(0, life().size() - 1)},
                      Bytes{"NoFrames", attached("hello world\n")}, Bytes{"NoStream", "hello world\n"},
                      Bytes{"MoreAfterTheEnd", life() + attached("x")},
                      Bytes{"AnUnknownFrame",
                            attached(beginning() + frame(static_cast<FrameType>(99)) + ending(0))}),
    [](const auto& tried) { return tried.param.name; });

// ---- result files

using Files = std::vector<std::pair<std::string, std::string>>;

std::string result_file(const std::string& path, const std::string& bytes) {
  return frame(FrameType::result_file, path) + frame(FrameType::result_data, bytes);
}

TEST_F(TheContainer, HandsOnResultFilesBeforeItsEnd) {
  request_.execution.results = {"a/*.xml", "-x"};
  engine_.on(kAttach, raw_stream()
                          .then(attached(beginning() + result_file("a/1.xml", "one ")))
                          .wait("end")
                          .then(attached(frame(FrameType::result_data, "more") +
                                         frame(FrameType::result_file, "a/empty.xml") + ending(0)))
                          .close());
  run_to_the_end();
  EXPECT_EQ(result_files_, (Files{{"a/1.xml", "one more"}, {"a/empty.xml", ""}}));
  EXPECT_EQ(told_, (Lines{"created", "started", "result file", "result file", "finished", "drained"}));
  const Json entrypoint = Json::parse(engine_.request(kCreate).body)["Entrypoint"];
  EXPECT_TRUE(says(entrypoint.dump(), R"("--results","a/*.xml","--results","-x","--")")) << entrypoint;
}

TEST_F(TheContainer, HandsOnAResultFileWhoseEndDidNotCome) {
  engine_.on(kAttach,
             raw_stream().then(attached(beginning() + result_file("a.xml", "half"))).wait("end").close());
  run_to_the_end();
  EXPECT_EQ(result_files_, (Files{{"a.xml", "half"}}));
  EXPECT_EQ(told_.back(), "drained");
}

TEST_F(TheContainer, TakesNoMoreResultFilesThanASupervisorOfOursSends) {
  std::string much = beginning() + frame(FrameType::result_file, std::string(kMaxResultPath + 1, 'p'));
  for (int i = 0; i < 1100; ++i) much += frame(FrameType::result_file, "a.xml");
  engine_.on(kAttach, raw_stream().then(attached(much)).wait("end").then(attached(ending(0))).close());
  run_to_the_end();
  EXPECT_EQ(result_files_.size(), kMaxResultFiles);
}

TEST_F(TheContainer, KeepsNoMoreOfAResultFileThanItsBound) {
  std::string much = beginning() + frame(FrameType::result_file, "a.xml");
  const std::string piece = frame(FrameType::result_data, std::string(kMaxFramePayload, 'x'));
  for (std::size_t sum = 0; sum < kMaxResultFile + 100'000; sum += kMaxFramePayload) much += piece;
  engine_.on(kAttach, raw_stream().then(attached(much)).wait("end").then(attached(ending(0))).close());
  run_to_the_end();
  ASSERT_EQ(result_files_.size(), 1u);
  EXPECT_EQ(result_files_[0].second.size(), kMaxResultFile);
}

TEST_F(TheContainer, PassesOnWhatTheRuntimeSaidInsteadOfTheSupervisor) {
  engine_.on(kAttach, raw_stream().wait("end").then(attached("runc: out of luck", 2)).close());
  run_to_the_end();
  EXPECT_TRUE(says(infrastructure(), "runc: out of luck")) << infrastructure();
}

}  // namespace
}  // namespace sandbox::docker
