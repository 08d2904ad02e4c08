// How attempts end: their outcomes and what is counted, the limits that end them, and the question whether it
// was the sandbox.
#include "tests/functional/attempts.h"

namespace {

using namespace testing_support;

// The only attempt of a run.
const nlohmann::json& only(const RunResult& run) {
  EXPECT_EQ(run.report.at("results").size(), 1u) << told(run);
  return run.report.at("results").at(0);
}

// ---- outcomes and exit codes

TEST(ExitCode, Is0WhenAllPass) {
  const auto run = run_attempts({"--runs", "3"}, {"true"});
  EXPECT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(run.report.at("verdict"), "not_shown_flaky");
  EXPECT_EQ(run.report.at("failures"), 0);
  for (const auto& attempt : run.report.at("results")) {
    EXPECT_EQ(attempt.at("outcome"), "passed");
    EXPECT_GE(attempt.at("duration_ms"), 0);
  }
}

TEST(ExitCode, Is1WhenSomeFail) {
  const auto run = run_attempts({"--runs", "6", "--seed", "1"}, {"./fails_by_seed"});
  EXPECT_EQ(run.exit_code, 1) << told(run);
  EXPECT_EQ(run.report.at("verdict"), "flaky");
  EXPECT_EQ(run.report.at("total_runs"), 6);
  EXPECT_EQ(run.report.at("failures"), 2);
  EXPECT_EQ(run.report.at("repro_rate"), 0.333);
  EXPECT_EQ(run.report.at("requested_runs"), 6);
  EXPECT_EQ(run.report.at("not_counted").size(), 0u);
  int index = 0;
  for (const auto& attempt : run.report.at("results")) {
    EXPECT_EQ(attempt.at("attempt"), index++);
    EXPECT_EQ(attempt.at("passed"), attempt.at("exit_code") == 0);
  }
}

TEST(ExitCode, Is3WhenAllFail) {
  const auto run = run_attempts({"--runs", "2"}, {"./exits_3"});
  EXPECT_EQ(run.exit_code, 3) << told(run);
  EXPECT_EQ(run.report.at("verdict"), "fails_every_time");
  EXPECT_EQ(run.report.at("repro_rate"), 1.0);
}

// A command that is not there, as words and as a line, is a mistake of the set-up and no failed test.
class NotRunnable : public testing::TestWithParam<Strings> {};

TEST_P(NotRunnable, Is4AndNoAttemptCounts) {
  const auto run = run_attempts({"--runs", "30", "--parallelism", "2"}, GetParam());
  EXPECT_EQ(run.exit_code, 4) << told(run);
  EXPECT_NE((run.out + run.err).find("cannot be run"), std::string::npos) << told(run);
  EXPECT_EQ(run.report.at("results").size(), 0u);
  EXPECT_EQ(run.report.at("total_runs"), 0);
  EXPECT_EQ(run.report.at("repro_rate"), 0.0);
  EXPECT_EQ(run.report.at("verdict"), "not_runnable");
  EXPECT_LT(run.report.at("not_counted").size(), 10u) << "it goes on although no attempt can be run";
}

INSTANTIATE_TEST_SUITE_P(Commands, NotRunnable,
                         testing::Values(Strings{"no-such-command", "tests/"},
                                         Strings{"no-such-command tests/"},
                                         Strings{"NAME=value no-such-command tests/"}, Strings{"/etc/passwd"},
                                         Strings{"/etc/passwd tests/"}, Strings{"./no-such-file"}));

TEST(ExitCode, Of127FromWithinTheTestIsAFailure) {
  const auto run = run_line({"--runs", "1"}, "true && no-such-command");
  EXPECT_EQ(run.exit_code, 3) << told(run);
  EXPECT_EQ(only(run).at("outcome"), "failed");
  EXPECT_EQ(only(run).at("exit_code"), 127);
}

TEST(Signal, OfItsOwnDoingIsAFailureAndNamed) {
  const auto run = run_line({"--runs", "1"}, "kill -SEGV $$");
  EXPECT_EQ(run.exit_code, 3) << told(run);
  EXPECT_EQ(only(run).at("outcome"), "failed");
  EXPECT_EQ(only(run).at("signal"), 11);
  EXPECT_EQ(only(run).at("exit_code"), 139);
  EXPECT_NE(run.out.find("SIGSEGV"), std::string::npos) << run.out;
}

// ---- limits

TEST(Timeout, KeepsWhatWasPrintedAndHasNoExitCode) {
  const auto run =
      run_line({"--runs", "1", "--timeout", "2"}, "echo before; echo trouble >&2; ./sleeps_forever");
  EXPECT_EQ(run.exit_code, 3) << told(run);
  EXPECT_EQ(only(run).at("outcome"), "timed_out");
  EXPECT_EQ(only(run).at("exit_code"), nullptr);
  EXPECT_EQ(only(run).at("stdout"), "before\nasleep\n");
  EXPECT_EQ(only(run).at("stderr"), "trouble\nTIMEOUT");
  EXPECT_EQ(only(run).at("passed"), false);
  EXPECT_GE(only(run).at("duration_ms"), 1900);
}

TEST(Timeout, AloneIsAllThatStderrSaysWhenNothingWasPrinted) {
  const auto run = run_attempts({"--runs", "1", "--timeout", "1"}, {"./sleeps_forever"});
  EXPECT_EQ(only(run).at("stderr"), "TIMEOUT");
}

TEST(Timeout, LeavesNoProcess) {
  const std::string token = "70" + std::to_string(getpid()) + "." + std::to_string(std::time(nullptr));
  BackgroundJob job(program_flags({"--runs", "1", "--timeout", "4"}),
                    {"setsid sleep " + token + " & (sleep " + token + " &) ; sleep " + token});
  EXPECT_TRUE(eventually([&] { return some_process_says("sleep" + std::string(1, '\0') + token); }));
  const auto run = job.finish();
  EXPECT_EQ(only(run).at("outcome"), "timed_out") << told(run);
  EXPECT_FALSE(some_process_says("sleep" + std::string(1, '\0') + token));
  EXPECT_EQ(containers_of(job.pid()), Strings{});
}

TEST(Children, InTheBackgroundNeitherDelayNorOutliveTheirAttempt) {
  const auto run = run_attempts({"--runs", "1", "--timeout", "100"}, {"./leaves_background_child"});
  EXPECT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(only(run).at("stdout"), "children left behind\n");
  EXPECT_LT(only(run).at("duration_ms"), 50'000);
}

TEST(Memory, PastItsLimitIsAnOutcomeOfItsOwn) {
  const auto run = run_attempts({"--runs", "1", "--memory", "64m"}, {"./eats_memory"});
  EXPECT_EQ(run.exit_code, 3) << told(run);
  EXPECT_EQ(only(run).at("outcome"), "out_of_memory");
  EXPECT_EQ(kinds_of_hints(only(run)), std::set<std::string>{"memory"});
  EXPECT_NE(run.out.find("--memory"), std::string::npos) << run.out;
  EXPECT_EQ(run.report.at("environment").at("limits").at("memory").at("value"), 64 << 20);
  EXPECT_EQ(run.report.at("environment").at("limits").at("memory").at("enforcement"), "enforced");
}

TEST(Memory, OfAChildThatTheTestSurvivesDoesNotCount) {
  const auto run = run_line({"--runs", "1", "--memory", "64m"}, "./eats_memory || echo survived");
  EXPECT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(only(run).at("outcome"), "passed");
}

TEST(Processes, PastTheirLimitAreAnOutcomeOfTheirOwn) {
  const auto run = run_line({"--runs", "1", "--pids", "20"}, "for i in $(seq 30); do sleep 1000 & done");
  EXPECT_EQ(run.exit_code, 3) << told(run);
  EXPECT_EQ(only(run).at("outcome"), "pids_limit");
  EXPECT_EQ(kinds_of_hints(only(run)), std::set<std::string>{"pids"});
}

TEST(Processes, ThatForkWithoutEndAreEnded) {
  const auto run = run_attempts({"--runs", "1", "--pids", "30", "--timeout", "4"}, {"./forks_without_end"});
  EXPECT_EQ(only(run).at("outcome"), "timed_out") << told(run);
  EXPECT_EQ(only(run).at("stdout"), "forking\n");
}

TEST(Disk, PastItsLimitIsAnOutcomeOfItsOwn) {
  const auto run =
      run_line({"--runs", "1", "--disk", "50m"}, "head -c 100M /dev/zero > filler; ./sleeps_forever");
  EXPECT_EQ(run.exit_code, 3) << told(run);
  EXPECT_EQ(only(run).at("outcome"), "disk_limit");
  EXPECT_EQ(kinds_of_hints(only(run)), std::set<std::string>{"disk"});
}

TEST(Tmp, HasTheSizeThatWasAskedFor) {
  const auto run = run_attempts({"--runs", "1", "--tmp", "10m"}, {"./fills_disk", "/tmp"});
  EXPECT_EQ(only(run).at("outcome"), "failed") << told(run);
  EXPECT_EQ(kinds_of_hints(only(run)), std::set<std::string>{"disk"});
  EXPECT_NE(run.out.find("--tmp"), std::string::npos) << run.out;
}

TEST(OutputLimit, EndsAFloodWithoutEnd) {
  const auto run = run_line({"--runs", "1"}, "exec cat /dev/zero");
  EXPECT_EQ(run.exit_code, 3) << told(run);
  EXPECT_EQ(only(run).at("outcome"), "output_limit");
  EXPECT_EQ(only(run).at("signal"), 15) << "it was asked to end, not killed";
  EXPECT_GT(only(run).at("truncated").at("stdout").at("total_bytes"), 1 << 30);
}

TEST(Limits, AreSeenInside) {
  const auto run = run_line({"--runs", "1", "--nofile", "100", "--shm", "1m"},
                            "ulimit -n; ulimit -c; df -k --output=size /dev/shm | tail -1");
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(only(run).at("stdout"), "100\n0\n     1024\n");
}

// ---- was it the sandbox?

TEST(WasItTheSandbox, NamesAConnectionThatHadNoWay) {
  const auto run = run_attempts({"--runs", "2"}, {"./connects_outside"});
  EXPECT_EQ(run.exit_code, 3) << told(run);
  for (const auto& attempt : run.report.at("results"))
    EXPECT_EQ(kinds_of_hints(attempt), std::set<std::string>{"network"});
  EXPECT_NE(run.out.find("2 of 2 failures look like the sandbox"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("--network bridge"), std::string::npos) << run.out;
}

TEST(WasItTheSandbox, NamesANameThatWasNotResolved) {
  const auto run = run_attempts({"--runs", "1"}, {"./resolves_a_name"});
  EXPECT_TRUE(kinds_of_hints(only(run)).contains("name-resolution")) << told(run);
  EXPECT_NE(run.out.find("--network bridge"), std::string::npos) << run.out;
}

TEST(WasItTheSandbox, KnowsEvenWhenTheTestSaysNothing) {
  const auto run = run_line({"--runs", "1"}, "./connects_outside > /dev/null 2>&1");
  EXPECT_EQ(kinds_of_hints(only(run)), std::set<std::string>{"network"}) << told(run);
}

TEST(WasItTheSandbox, NamesAWriteThatWasRefused) {
  const auto run = run_attempts({"--runs", "1"}, {"./writes_read_only"});
  EXPECT_EQ(kinds_of_hints(only(run)).size(), 1u) << told(run);
  EXPECT_NE(run.out.find("sandbox?"), std::string::npos) << run.out;
}

TEST(WasItTheSandbox, IsNotAskedWhenAnAttemptPassesOrFailsForItself) {
  const auto passed = run_line({"--runs", "1"}, "./connects_outside || true");
  EXPECT_EQ(kinds_of_hints(only(passed)), std::set<std::string>{}) << told(passed);
  const auto failed = run_attempts({"--runs", "1"}, {"./exits_3"});
  EXPECT_EQ(kinds_of_hints(only(failed)), std::set<std::string>{}) << told(failed);
  EXPECT_EQ(failed.out.find("sandbox?"), std::string::npos);
}

// ---- the repository's own file cannot loosen anything

class LooseningFile : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(LooseningFile, Is2AndNothingIsStarted) {
  const auto [content, key] = GetParam();
  const Repository repository;
  repository.write(".flaky-detector.yml", content);
  EngineAccount account;
  pid_t pid = -1;
  const auto run = run_job(flags_for(repository.path(), {"--no-install", "--state-dir", state_folder()}),
                           {"true"}, {.on_start = [&](pid_t value) { pid = value; }});
  EXPECT_EQ(run.exit_code, 2) << told(run);
  EXPECT_NE(run.err.find(".flaky-detector.yml"), std::string::npos) << run.err;
  EXPECT_NE(run.err.find(key), std::string::npos) << run.err;
  EXPECT_EQ(run.report.at("error").at("exit_code"), 2);
  EXPECT_EQ(containers_of(pid), Strings{});
}

INSTANTIATE_TEST_SUITE_P(Keys, LooseningFile,
                         testing::Values(std::pair("runs: 1500\n", "runs"),
                                         std::pair("parallelism: 60\n", "parallelism"),
                                         std::pair("runs: \"many\"\n", "runs"),
                                         std::pair("network: bridge\n", "network"),
                                         std::pair("limits: {memory: 64g}\n", "limits"),
                                         std::pair("setup_commands: [id]\n", "setup_commands")));

}  // namespace
