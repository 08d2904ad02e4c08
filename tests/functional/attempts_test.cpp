// What an attempt gets and what it sees: nothing of other attempts, nothing of the caller, its own seed; and
// how its output and its sources reach and leave it.
#include "tests/functional/attempts.h"

#include <algorithm>

namespace {

using namespace testing_support;

// Attempt 1 of this job fails, attempt 0 passes: see fails_by_seed.
const Strings kMixed = {"--seed", "1", "--runs", "3"};

// ---- attempts do not meet

TEST(Attempts, DoNotSeeTheLocksOfOthersThatRunBesideThem) {
  const auto run = run_attempts({"--runs", "6", "--parallelism", "5"}, {"./takes_lock_directory"});
  EXPECT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(run.report.at("total_runs"), 6);
  EXPECT_EQ(run.report.at("repro_rate"), 0.0);
}

TEST(Attempts, DoNotSeeTheFilesThatEarlierOnesLeft) {
  const auto run = run_attempts({"--runs", "3", "--parallelism", "1"}, {"./leaves_file"});
  EXPECT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(run.report.at("total_runs"), 3);
  EXPECT_EQ(run.report.at("repro_rate"), 0.0);
}

TEST(Attempts, ChangeOnlyTheirOwnCopyOfTheSources) {
  const auto run =
      run_line({"--runs", "2", "--parallelism", "1"}, "grep -c spoilt exits_3; echo spoilt >> exits_3");
  EXPECT_EQ(run.exit_code, 0) << told(run);
  for (const auto& attempt : run.report.at("results")) EXPECT_EQ(attempt.at("stdout"), "0\n");
  EXPECT_EQ(read_file(programs() + "/exits_3").find("spoilt"), std::string::npos);
}

// ---- seeds

TEST(Seeds, AreUniqueRecordedAndGivenToTheAttempt) {
  const auto run = run_attempts({"--runs", "5", "--env", "PLAIN=value"}, {"./prints_environment"});
  ASSERT_EQ(run.exit_code, 0) << told(run);
  std::set<std::int64_t> seeds;
  for (const auto& attempt : run.report.at("results")) {
    auto has = variables(attempt);
    const auto seed = attempt.at("seed").get<std::int64_t>();
    EXPECT_EQ(has["TEST_SEED"], std::to_string(seed));
    EXPECT_EQ(has["PYTHONHASHSEED"], std::to_string(seed));
    EXPECT_EQ(has["ATTEMPT"], std::to_string(attempt.at("attempt").get<int>()));
    EXPECT_EQ(has["PLAIN"], "value");
    seeds.insert(seed);
  }
  EXPECT_EQ(seeds.size(), 5u);
}

TEST(Seeds, ReplayAFailedAttemptAndNoOther) {
  const auto run = run_attempts(kMixed, {"./fails_by_seed"});
  ASSERT_EQ(run.exit_code, 1) << told(run);
  const auto& failed = run.report.at("results").at(1);
  ASSERT_EQ(failed.at("outcome"), "failed");
  const auto again =
      run_attempts({"--seed", run.report.at("job_seed").dump(), "--only-attempt", "1"}, {"./fails_by_seed"});
  EXPECT_EQ(again.exit_code, 3) << told(again);
  ASSERT_EQ(again.report.at("results").size(), 1u);
  const auto& replayed = again.report.at("results").at(0);
  for (const char* key : {"attempt", "seed", "outcome", "exit_code", "stdout", "stderr"})
    EXPECT_EQ(replayed.at(key), failed.at(key)) << key;
}

TEST(Seeds, AreThoseOfTheReportWhenItsOwnCommandLineIsRun) {
  const auto run = run_attempts({"--runs", "3"}, {"./fails_by_seed"});
  ASSERT_FALSE(run.report.is_null()) << told(run);
  const TemporaryFolder folder;
  std::string line = run.report.at("reproduce");
  ASSERT_TRUE(line.starts_with("orchestrator run ")) << line;
  line.replace(0, line.find(' '), program_under_test());
  line.insert(line.find(" run ") + 4, " --json " + folder / "again.json" + " --state-dir " + state_folder());
  const auto again = run_command({"/bin/sh", "-c", line});
  EXPECT_EQ(again.exit_code, run.exit_code) << told(again);
  const auto report = nlohmann::json::parse(read_file(folder / "again.json"));
  for (std::size_t i = 0; i < 3; ++i)
    for (const char* key : {"seed", "outcome", "stdout"})
      EXPECT_EQ(report.at("results").at(i).at(key), run.report.at("results").at(i).at(key));
}

// ---- output

TEST(Output, OfBothStreamsStaysApart) {
  const auto run = run_attempts({"--runs", "1"}, {"./exits_3"});
  ASSERT_EQ(run.report.at("results").size(), 1u) << told(run);
  const auto& attempt = run.report.at("results").at(0);
  EXPECT_EQ(attempt.at("stdout"), "to stdout\n");
  EXPECT_EQ(attempt.at("stderr"), "to stderr\n");
  EXPECT_EQ(attempt.at("exit_code"), 3);
  EXPECT_EQ(attempt.at("truncated"), nullptr);
  EXPECT_EQ(attempt.at("lossy"), false);
}

TEST(Output, ThatIsNoUtf8PassesAndIsMarked) {
  const TemporaryFolder logs;
  const auto run = run_attempts({"--runs", "1", "--logs", logs.path()}, {"./prints_non_utf8"});
  EXPECT_EQ(run.exit_code, 0) << told(run);
  const auto& attempt = run.report.at("results").at(0);
  EXPECT_EQ(attempt.at("passed"), true);
  EXPECT_EQ(attempt.at("lossy"), true);
  EXPECT_EQ(attempt.at("stdout"), "before \uFFFD\uFFFD after\n");
  EXPECT_EQ(attempt.at("stderr"), "half a letter: \uFFFD");
  EXPECT_EQ(read_file(logs / "attempt-0000.stdout"), "before \377\376 after\n");
  EXPECT_EQ(read_file(logs / "attempt-0000.stderr"), "half a letter: \303");
}

TEST(Output, OfAHundredMegabytesIsBoundedAndMarked) {
  const auto run = run_attempts({"--runs", "1"}, {"./floods_output", "100"});
  EXPECT_EQ(run.exit_code, 0) << told(run);
  const auto& attempt = run.report.at("results").at(0);
  const auto& cut = attempt.at("truncated").at("stdout");
  EXPECT_EQ(cut.at("total_bytes"), 100 << 20);
  EXPECT_EQ(cut.at("kept_bytes"), 64 << 10);
  EXPECT_LT(attempt.at("stdout").get<std::string>().size(), 70'000u);
  EXPECT_LT(run.report.dump().size(), 100'000u);
}

// ---- what of the caller is seen

TEST(Environment, HasNothingOfTheCallersButWhatWasAskedFor) {
  const ProgramOptions caller{.env = {"SECRET_XYZ=open-sesame-4711", "WANTED=wanted-4711"}};
  const auto run = run_attempts({"--runs", "1", "--env", "WANTED"}, {"./prints_environment"}, caller);
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(variables(run.report.at("results").at(0)).at("WANTED"), "wanted-4711");
  EXPECT_EQ((run.report.dump() + run.out + run.err).find("open-sesame-4711"), std::string::npos);
}

TEST(Environment, SecretReachesTheAttemptAndNoRecordOfIt) {
  const ProgramOptions caller{.env = {"SECRET_XYZ=open-sesame-4711"}};
  const TemporaryFolder logs;
  const auto run = run_line({"--runs", "1", "--secret-env", "SECRET_XYZ", "--logs", logs.path()},
                            "printf %s \"$SECRET_XYZ\" | md5sum; env; echo $SECRET_XYZ >&2", caller);
  ASSERT_EQ(run.exit_code, 0) << told(run);
  const std::string printed = run.report.at("results").at(0).at("stdout");
  EXPECT_EQ(printed.substr(0, 32), shell("printf %s open-sesame-4711 | md5sum").substr(0, 32)) << printed;
  const std::string kept = read_file(logs / "attempt-0000.stdout") + read_file(logs / "attempt-0000.stderr");
  EXPECT_EQ((run.report.dump() + run.out + run.err + kept).find("open-sesame"), std::string::npos);
}

// ---- where it runs

TEST(Isolation, HasAPlainUserWithoutAnyRight) {
  const auto run = run_line({"--runs", "1"},
                            "id -u; id -un; grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status; "
                            "cat /proc/1/environ || cat /proc/1/maps || ls /proc/1/fd || echo closed");
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(run.report.at("results").at(0).at("stdout"),
            "10001\nattempt\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nclosed\n");
}

TEST(Isolation, HasNoNetworkButLocalhostByName) {
  const auto run = run_line({"--runs", "1"},
                            "ls /sys/class/net; python3 -c \"import socket\n"
                            "for host in 'localhost', '127.0.0.1':\n"
                            "  server = socket.create_server((host, 0))\n"
                            "  socket.create_connection((host, server.getsockname()[1]))\n"
                            "  print(host)\n"
                            "print(socket.gethostbyname(socket.gethostname()))\"");
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(run.report.at("results").at(0).at("stdout"), "lo\nlocalhost\n127.0.0.1\n127.0.0.1\n");
}

TEST(Isolation, HasTheNetworkThatWasAskedForAndItGoesWithTheAttempt) {
  for (const char* network : {"internal", "bridge"}) {
    pid_t pid = -1;
    const ProgramOptions options{.on_start = [&](pid_t value) { pid = value; }};
    const auto run = run_attempts({"--runs", "2", "--network", network}, {"ls", "/sys/class/net"}, options);
    ASSERT_EQ(run.exit_code, 0) << told(run);
    EXPECT_EQ(run.report.at("results").at(0).at("stdout"), "eth0\nlo\n");
    EXPECT_EQ(run.report.at("environment").at("network"), network);
    EXPECT_EQ(containers_of(pid), Strings{});
    EXPECT_EQ(shell("docker network ls | grep -c 'orchestrator-" + std::to_string(pid) + "-' || true"),
              "0\n");
  }
}

TEST(Isolation, HasAHomeAndAWorkingCopyToWriteTo) {
  const auto run =
      run_line({"--runs", "1"},
               "echo $PWD $HOME $TMPDIR; for folder in . $HOME $TMPDIR /dev/shm; do "
               "mkdir $folder/made && echo x > $folder/made/file || exit 1; done; echo y >> exits_3");
  EXPECT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(run.report.at("results").at(0).at("stdout"), "/work /home/attempt /tmp\n");
}

TEST(Isolation, CannotDisturbWhatWatchesIt) {
  const auto run =
      run_line({"--runs", "1"},
               "kill -TERM 1; kill -INT 1; kill -KILL 1; printf '\\377\\000end' > /proc/1/fd/1; echo alive");
  EXPECT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(run.report.at("results").at(0).at("stdout"), "alive\n");
}

// ---- its sources

class TwoCommits : public testing::Test {
 protected:
  TwoCommits() {
    repository_.init();
    repository_.script("check", "#!/bin/sh\nexit 0\n");
    first_ = repository_.commit_all();
    repository_.git("tag sound");
    repository_.script("check", "#!/bin/sh\necho broken since; exit 1\n");
    second_ = repository_.commit_all();
  }
  RunResult run(Strings more, const Strings& command) const {
    more.insert(more.begin(), {"--no-install", "--runs", "1", "--state-dir", state_folder()});
    return repository_.remember(run_job(flags_for(repository_.path(), more), command));
  }

  Repository repository_;
  std::string first_, second_;
};

TEST_F(TwoCommits, AreTestedAsAskedFor) {
  const auto latest = run({}, {"./check"});
  EXPECT_EQ(latest.exit_code, 3) << told(latest);
  EXPECT_EQ(latest.report.at("environment").at("commit"), second_);
  for (const std::string& ref : {first_, std::string("sound")}) {
    const auto earlier = run({"--ref", ref}, {"./check"});
    EXPECT_EQ(earlier.exit_code, 0) << told(earlier);
    EXPECT_EQ(earlier.report.at("environment").at("commit"), first_);
  }
}

TEST_F(TwoCommits, AreOneInTheWorkingCopyWithItsTagAndWithoutRemote) {
  const auto inside =
      run({"--ref", "sound"}, {"git rev-list --all | sort -u; git tag; git remote; git status --porcelain; "
                               "ls .git/hooks 2>/dev/null || true"});
  EXPECT_EQ(inside.exit_code, 0) << told(inside);
  EXPECT_EQ(stdout_of(inside), first_ + "\nsound\n");
}

TEST(Subdirectory, IsWhereALineWithAllOfAShellRuns) {
  const Repository repository;
  repository.write("web/inner/marker", "");
  repository.write("web/.flaky-detector.yml", "runs: 2\n");
  const auto run = repository.remember(run_job(
      flags_for(repository.path(), {"--no-install", "--subdir", "web", "--state-dir", state_folder()}),
      {"cd inner && WORD=loud sh -c 'echo $WORD' | tr a-z A-Z && echo * && pwd"}));
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(run.report.at("total_runs"), 2);
  EXPECT_EQ(stdout_of(run), "LOUD\nmarker\n/work/web/inner\n");
}

TEST(Words, ReachTheCommandAsTheyAre) {
  const auto run = run_attempts({"--runs", "1"}, {"printf", "<%s>\n", "$HOME", "a b", "*", "", "'"});
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(run.report.at("results").at(0).at("stdout"), "<$HOME>\n<a b>\n<*>\n<>\n<'>\n");
}

}  // namespace
