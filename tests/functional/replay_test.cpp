// An attempt of a saved report, run again: the same each time, from the engine's image or from one that is
// built again; and a person in the place of its test.
#include <sys/wait.h>

#include "tests/functional/attempts.h"
#include "tests/support/pty_program.h"

namespace {

using namespace testing_support;
using nlohmann::json;

// Attempt 1 of this job fails, attempt 0 passes: see fails_by_seed.
const Strings kMixedRun = {"--seed", "1", "--runs", "3"};

// The report of a run in a file.
struct Saved {
  explicit Saved(RunResult its_run) : run(std::move(its_run)) {
    EXPECT_TRUE(run.report.contains("results")) << told(run);
    write_file(file, run.report.dump());
  }
  const json& attempt(std::size_t number) const { return run.report.at("results").at(number); }

  TemporaryFolder folder;
  const std::string file = folder / "report.json";
  RunResult run;
};

RunResult replay(const std::string& file, Strings more, ProgramOptions options = {}) {
  const TemporaryFolder folder;
  const std::string written = folder / "again.json";
  Strings words = {"replay", file, "--json", written, "--progress", "plain", "--state-dir", state_folder()};
  words.insert(words.end(), more.begin(), more.end());
  RunResult result;
  static_cast<Finished&>(result) = orchestrator(words, options);
  if (std::filesystem::exists(written)) result.report = json::parse(read_file(written));
  return result;
}

bool has_text(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

// ---- the same again

TEST(Replay, OfAFailedAttemptFailsTheSameWayEveryTime) {
  const Saved saved(run_attempts(kMixedRun, {"./fails_by_seed"}));
  ASSERT_EQ(saved.attempt(1).at("outcome"), "failed");
  const auto again = replay(saved.file, {"--attempt", "1", "--times", "5"});
  ASSERT_EQ(again.exit_code, 3) << told(again);
  ASSERT_EQ(again.report.at("results").size(), 5u);
  for (const auto& attempt : again.report.at("results"))
    for (const char* key : {"seed", "outcome", "exit_code", "stdout", "stderr", "condition"})
      EXPECT_EQ(attempt.at(key), saved.attempt(1).at(key)) << key;
  const json& result = again.report.at("replay");
  EXPECT_EQ(result.at("same"), 5);
  EXPECT_EQ(result.at("attempt"), 1);
  EXPECT_EQ(result.at("image_rebuilt"), false);
  EXPECT_EQ(result.at("differences"), json::array());
  EXPECT_EQ(again.report.at("environment").at("image").at("id"),
            saved.run.report.at("environment").at("image").at("id"));
  EXPECT_TRUE(has_text(again.out, "REPRODUCED")) << again.out;
  EXPECT_TRUE(has_text(again.out, "5 of 5 times")) << again.out;
}

TEST(Replay, OfAPassingAttemptPasses) {
  const Saved saved(run_attempts(kMixedRun, {"./fails_by_seed"}));
  const auto again = replay(saved.file, {"--attempt", "0"});
  EXPECT_EQ(again.exit_code, 0) << told(again);
  EXPECT_TRUE(has_text(again.out, "PASSED AGAIN")) << again.out;
}

TEST(Replay, WithoutAWordTakesTheFirstThatFailedAndSaysWhatItWillRun) {
  const Saved saved(run_attempts(kMixedRun, {"./fails_by_seed"}));
  const auto again = replay(saved.file, {});
  EXPECT_EQ(again.exit_code, 3) << told(again);
  EXPECT_EQ(again.report.at("replay").at("attempt"), 1);
  for (const std::string& part : {std::string("replaying attempt 1 of "), programs(),
                                  std::string("./fails_by_seed"), std::string("network  none")})
    EXPECT_TRUE(has_text(again.err, part)) << part << "\n" << again.err;
}

TEST(Replay, HasAllVariablesThatTheAttemptHad) {
  const ProgramOptions caller{.env = {"SECRET_XYZ=open-sesame-4711"}};
  const Saved saved(run_attempts(
      {"--runs", "3", "--env", "PLAIN=value", "--secret-env", "SECRET_XYZ", "--parallelism", "1"},
      {"./prints_environment"}, caller));
  const auto missing = replay(saved.file, {"--attempt", "2"});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_TRUE(has_text(missing.err, "secret variables that are not set here: SECRET_XYZ")) << missing.err;
  const auto again = replay(saved.file, {"--attempt", "2", "--times", "2"}, caller);
  ASSERT_EQ(again.exit_code, 0) << told(again);
  for (const auto& attempt : again.report.at("results"))
    EXPECT_EQ(variables(attempt), variables(saved.attempt(2)));
  EXPECT_EQ(variables(saved.attempt(2)).at("ATTEMPT"), "2");
  EXPECT_FALSE(has_text(again.report.dump() + again.out + again.err, "open-sesame"));
}

TEST(Replay, OfAReplayIsOfTheSameAttempt) {
  const Saved saved(run_attempts({"--runs", "3"}, {"./prints_environment"}));
  const Saved again(replay(saved.file, {"--attempt", "2", "--times", "2"}));
  const auto once_more = replay(again.file, {"--attempt", "1"});
  ASSERT_EQ(once_more.exit_code, 0) << told(once_more);
  EXPECT_EQ(variables(once_more.report.at("results").at(0)), variables(saved.attempt(2)));
}

TEST(Replay, KeepsTheLimitsOfTheAttempt) {
  const Saved saved(run_line({"--runs", "1", "--timeout", "1"}, "sleep 60"));
  ASSERT_EQ(saved.attempt(0).at("outcome"), "timed_out");
  const auto again = replay(saved.file, {});
  EXPECT_EQ(again.report.at("results").at(0).at("outcome"), "timed_out") << told(again);
  EXPECT_EQ(again.report.at("replay").at("same"), 1);
}

// ---- an image that is gone

void remove_image(const RunResult& run) {
  Strings words{"docker", "rmi", "-f"};
  const json& all = run.report.at("environment").at("image").at("layers");
  for (auto layer = all.rbegin(); layer != all.rend(); ++layer)
    if (layer->at("kind") == "seal" || layer->at("kind") == "sources") words.push_back(layer->at("image"));
  run_command(words);
}

TEST(ReplayedImage, ThatIsGoneIsBuiltAgainAndWhatDiffersIsSaid) {
  const Repository repository;
  repository.script("check", "#!/bin/sh\necho as it was; exit 3\n");
  const Saved saved(repository.remember(
      run_job(flags_for(repository.path(), {"--no-install", "--runs", "1", "--state-dir", state_folder()}),
              {"./check"})));
  remove_image(saved.run);
  const auto again = repository.remember(replay(saved.file, {}));
  ASSERT_EQ(again.exit_code, 3) << told(again);
  EXPECT_EQ(again.report.at("results").at(0).at("stdout"), "as it was\n");
  EXPECT_EQ(again.report.at("replay").at("image_rebuilt"), true);
  EXPECT_EQ(again.report.at("replay").at("differences"), json::array());
  EXPECT_TRUE(has_text(again.out, "built again; nothing that is known differs")) << again.out;

  json edited = saved.run.report;
  edited["environment"]["packages"] = {"ghost==1.0"};
  edited["environment"]["engine_version"] = "1.2.3";
  const std::string other = saved.folder / "other.json";
  write_file(other, edited.dump());
  remove_image(again);
  const auto differs = repository.remember(replay(other, {}));
  EXPECT_TRUE(has_text(differs.out, "package ghost 1.0 is not there now")) << differs.out;
  EXPECT_TRUE(has_text(differs.out, "engine's version: 1.2.3 then")) << differs.out;
}

TEST(ReplayedImage, IsUsedThoughTheFolderHasChangedAndMissedWhenItIsGone) {
  const Repository repository;
  repository.script("check", "#!/bin/sh\necho as it was; exit 3\n");
  const Saved saved(repository.remember(
      run_job(flags_for(repository.path(), {"--no-install", "--runs", "1", "--state-dir", state_folder()}),
              {"./check"})));
  repository.script("check", "#!/bin/sh\nexit 0\n");
  const auto again = replay(saved.file, {});
  EXPECT_EQ(again.exit_code, 3) << told(again);
  remove_image(saved.run);
  const auto gone = replay(saved.file, {});
  EXPECT_EQ(gone.exit_code, 2) << told(gone);
  EXPECT_TRUE(has_text(gone.err, "has changed since")) << gone.err;
  EXPECT_TRUE(has_text(gone.err, repository.path())) << gone.err;
}

TEST(ReplayedImage, IsAllThatIsNeededWhenTheFolderIsGone) {
  const Repository repository;
  repository.script("inner/check", "#!/bin/sh\necho as it was inside; exit 3\n");
  const std::string folder = repository.path() + "/inner";
  const Saved saved(repository.remember(run_job(
      flags_for(folder, {"--no-install", "--runs", "1", "--state-dir", state_folder()}), {"./check"})));
  repository.remove("inner");
  const auto again = replay(saved.file, {});
  EXPECT_EQ(again.exit_code, 3) << told(again);
  remove_image(saved.run);
  const auto gone = replay(saved.file, {});
  EXPECT_EQ(gone.exit_code, 2) << told(gone);
  EXPECT_TRUE(has_text(gone.err, "there is no such folder")) << gone.err;
}

TEST(ReplayedImage, OfACommitIsBuiltOfThatCommit) {
  const Repository repository;
  repository.init();
  repository.script("check", "#!/bin/sh\necho first; exit 3\n");
  repository.commit_all();
  const Saved saved(repository.remember(
      run_job(flags_for(repository.path(), {"--no-install", "--runs", "1", "--state-dir", state_folder()}),
              {"./check"})));
  repository.script("check", "#!/bin/sh\necho second; exit 0\n");
  repository.commit_all();
  remove_image(saved.run);
  const auto again = repository.remember(replay(saved.file, {}));
  EXPECT_EQ(again.exit_code, 3) << told(again);
  EXPECT_EQ(again.report.at("results").at(0).at("stdout"), "first\n");
  EXPECT_EQ(again.report.at("environment").at("commit"), saved.run.report.at("environment").at("commit"));
}

// ---- wrong requests

TEST(ReplayRequest, ThatIsWrongIsRefusedInOneSentence) {
  const TemporaryFolder folder;
  const std::string file = folder / "report.json";
  const auto complaint = [&](const std::string& content) {
    write_file(file, content);
    const auto refused = orchestrator({"replay", file, "--state-dir", state_folder()});
    EXPECT_EQ(refused.exit_code, 2) << told(refused);
    EXPECT_EQ(std::count(refused.err.begin(), refused.err.end(), '\n'), 1) << refused.err;
    EXPECT_EQ(refused.out, "");
    return refused.err;
  };
  EXPECT_TRUE(has_text(complaint("{"), "is no JSON"));
  EXPECT_TRUE(has_text(complaint(R"({"schema_version":1,"results":[]})"), "/job is missing"));
  EXPECT_EQ(orchestrator({"replay", folder / "none.json"}).exit_code, 2);
}

// ---- a shell in the place of the test

class ReplayShell : public ::testing::Test {
 protected:
  static const Saved& saved() {
    static const Saved one(
        run_attempts({"--runs", "3", "--seed", "1", "--memory", "300m"}, {"./fails_by_seed"}));
    return one;
  }
  void SetUp() override {
    program_ = std::make_unique<PtyProgram>(Strings{program_under_test(), "replay", saved().file, "--attempt",
                                                    "1", "--shell", "--state-dir", state_folder()},
                                            31, 101);
  }
  // Until the shell inside waits for a line at its own prompt: what is a key there, as Ctrl-D, may be another
  // thing while the shell still starts or runs a command.
  bool prompted() {
    if (!program_->wait_for("which `again` runs here")) return false;
    program_->type("echo re''ady\n");
    return program_->wait_for("ready") && program_->wait_for("$ ");
  }
  void expect_all_as_before() {
    EXPECT_TRUE(program_->is_as_before()) << "the terminal is not as it was";
    EXPECT_EQ(containers_of(owner_), Strings{});
  }
  int finish() {
    owner_ = program_->pid();
    return program_->finish();
  }

  std::unique_ptr<PtyProgram> program_;
  pid_t owner_ = -1;
};

TEST_F(ReplayShell, IsRightWhereTheTestWouldStart) {
  ASSERT_TRUE(prompted());
  EXPECT_TRUE(program_->is_raw());
  program_->type("tty; stty size; echo seed=$TEST_SEED attempt=$ATTEMPT; id -u; pwd; ls /sys/class/net\n");
  EXPECT_TRUE(program_->wait_for("/dev/pts/"));
  EXPECT_TRUE(program_->wait_for("31 101"));
  EXPECT_TRUE(program_->wait_for("seed=" + saved().attempt(1).at("seed").dump() + " attempt=1"));
  EXPECT_TRUE(program_->wait_for("10001"));
  EXPECT_TRUE(program_->wait_for("/work"));
  EXPECT_TRUE(program_->wait_for("lo"));
  program_->resize(17, 66);
  // The size goes its own way, beside what is typed: asked until it is there.
  program_->type("until [ \"$(stty size)\" = '17 66' ]; do :; done; echo re''sized\n");
  EXPECT_TRUE(program_->wait_for("resized"));
  program_->type("again; echo ended with $?\n");
  EXPECT_TRUE(program_->wait_for("drew less than 0.3"));
  EXPECT_TRUE(program_->wait_for("ended with 1"));
  program_->type("exit 7\n");
  EXPECT_EQ(finish(), 7);
  expect_all_as_before();
}

TEST_F(ReplayShell, LeavesItAllAsItWasAtCtrlD) {
  ASSERT_TRUE(prompted());
  program_->type("\x04");
  EXPECT_EQ(finish(), 0);
  expect_all_as_before();
}

TEST_F(ReplayShell, GetsCtrlCItself) {
  ASSERT_TRUE(prompted());
  // What is printed by the program itself: a Ctrl-C while the shell is still starting it would be the
  // shell's.
  program_->type("sh -c 'echo at''work; exec sleep 600'; echo after=$?\n");
  ASSERT_TRUE(program_->wait_for("atwork"));
  program_->type("\x03");
  program_->type("echo status=$?\n");
  EXPECT_TRUE(program_->wait_for("status=130"));
  program_->type("exit 0\n");
  EXPECT_EQ(finish(), 0);
  expect_all_as_before();
}

class ReplayShellAtASignal : public ReplayShell, public ::testing::WithParamInterface<int> {};

TEST_P(ReplayShellAtASignal, EndsWithNothingLeft) {
  ASSERT_TRUE(prompted());
  program_->signal(GetParam());
  EXPECT_EQ(finish(), 128 + GetParam());
  expect_all_as_before();
}

INSTANTIATE_TEST_SUITE_P(Signals, ReplayShellAtASignal, ::testing::Values(SIGINT, SIGTERM, SIGHUP),
                         [](const auto& each) { return sigabbrev_np(each.param); });

// The container ends by itself once nobody is there.
TEST_F(ReplayShell, PutsTheTerminalBackEvenAtASignalThatItDoesNotHeed) {
  ASSERT_TRUE(prompted());
  const Strings ids = containers_of(program_->pid());
  program_->signal(SIGUSR1);
  EXPECT_EQ(finish(), 128 + SIGUSR1);
  EXPECT_TRUE(program_->is_as_before());
  for (const std::string& id : ids) run_command({"docker", "rm", "-f", id});
}

TEST_F(ReplayShell, EndsWhenItsTerminalGoesAway) {
  ASSERT_TRUE(prompted());
  program_->hang_up();
  EXPECT_EQ(finish(), 128 + SIGHUP);
  EXPECT_EQ(containers_of(owner_), Strings{});
}

TEST_F(ReplayShell, EndsWhenItsContainerIsKilled) {
  ASSERT_TRUE(prompted());
  const Strings ids = containers_of(program_->pid());
  ASSERT_EQ(ids.size(), 1u);
  run_command({"docker", "kill", ids[0]});
  EXPECT_EQ(finish(), 5);
  EXPECT_TRUE(has_text(program_->seen, "the shell is gone")) << program_->seen;
  expect_all_as_before();
}

TEST_F(ReplayShell, EndsWhenTheShellIsKilled) {
  ASSERT_TRUE(prompted());
  program_->type("kill -KILL $$\n");
  EXPECT_EQ(finish(), 137);
  expect_all_as_before();
}

TEST_F(ReplayShell, IsPutAsideByAStopAndTakenUpAgain) {
  ASSERT_TRUE(prompted());
  program_->signal(SIGTSTP);
  ASSERT_TRUE(program_->wait_until_stopped());
  EXPECT_TRUE(program_->is_as_before());
  program_->resize(19, 77);
  program_->signal(SIGCONT);
  program_->type("until [ \"$(stty size)\" = '19 77' ]; do :; done; echo re''sized\n");
  EXPECT_TRUE(program_->wait_for("resized"));
  EXPECT_TRUE(program_->is_raw());
  program_->type("exit 0\n");
  EXPECT_EQ(finish(), 0);
  expect_all_as_before();
}

TEST_F(ReplayShell, OutlivesNobody) {
  ASSERT_TRUE(prompted());
  const Strings ids = containers_of(program_->pid());
  ASSERT_EQ(ids.size(), 1u);
  program_->signal(SIGKILL);
  program_->finish();
  // Anybody's start may have removed it by then.
  EXPECT_TRUE(eventually([&] {
    return !has_text(run_command({"docker", "inspect", "-f", "{{.State.Running}}", ids[0]}).out, "true");
  }));
  run_command({"docker", "rm", "-f", ids[0]});
}

TEST(ReplayShellRequest, WithoutATerminalIsRefusedInASentence) {
  const Saved saved(run_attempts({"--runs", "1"}, {"true"}));
  const auto refused = orchestrator({"replay", saved.file, "--attempt", "0", "--shell"});
  EXPECT_EQ(refused.exit_code, 2) << told(refused);
  EXPECT_TRUE(has_text(refused.err, "--shell needs a terminal")) << refused.err;
}

}  // namespace
