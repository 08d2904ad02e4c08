// How the command starts, what it says and how it ends.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "supervised.h"

namespace {

TEST(Supervisor, GivesTheExitCodeOfTheCommand) {
  Supervised attempt(sh("exit 3"));
  attempt.finish();
  EXPECT_TRUE(attempt.started);
  EXPECT_EQ(attempt.exit_code, 3);
  EXPECT_EQ(attempt.end["code"], "3");
  EXPECT_EQ(attempt.end["signal"], "0");
  EXPECT_EQ(attempt.end["stop"], "");
  EXPECT_TRUE(attempt.ended());
}

TEST(Supervisor, GivesTheSignalThatEndedTheCommand) {
  Supervised attempt(sh("kill -SEGV $$"));
  attempt.finish();
  EXPECT_EQ(attempt.exit_code, 128 + SIGSEGV);
  EXPECT_EQ(attempt.end["code"], std::to_string(128 + SIGSEGV));
  EXPECT_EQ(attempt.end["signal"], std::to_string(SIGSEGV));
}

TEST(Supervisor, KeepsBothOutputsApart) {
  Supervised attempt(sh("echo to stdout; echo to stderr >&2; printf 'no newline'"));
  attempt.finish();
  EXPECT_EQ(attempt.out, "to stdout\nno newline");
  EXPECT_EQ(attempt.err, "to stderr\n");
}

TEST(Supervisor, CarriesEveryByte) {
  Supervised attempt(sh("printf '\\000\\377\\001\\012\\015'"));
  attempt.finish();
  EXPECT_EQ(attempt.out, std::string("\0\xff\1\n\r", 5));
}

TEST(Supervisor, CarriesAFloodWhole) {
  Supervised attempt(sh("head -c 20000000 /dev/zero; head -c 10000000 /dev/zero >&2; exit 5"));
  attempt.finish();
  EXPECT_EQ(attempt.out.size(), 20'000'000u);
  EXPECT_EQ(attempt.err.size(), 10'000'000u);
  EXPECT_EQ(attempt.exit_code, 5);
}

TEST(Supervisor, PassesArgumentsOnExactly) {
  Supervised attempt({"printf", "[%s]", "a b", "", "--", "$HOME", "*"});
  attempt.finish();
  EXPECT_EQ(attempt.out, "[a b][][--][$HOME][*]");
}

TEST(Supervisor, GivesTheCommandAnEmptyStdin) {
  SupervisorOptions options;
  options.stdin_bytes = "not for the command";
  Supervised attempt({"cat"}, options);
  attempt.finish();
  EXPECT_EQ(attempt.out, "");
  EXPECT_EQ(attempt.exit_code, 0);
}

TEST(Supervisor, LeavesTheCommandNoDescriptorOfItsOwn) {
  Supervised attempt(sh("for fd in $(seq 0 200); do test -e /proc/$$/fd/$fd && echo $fd; done; true"));
  attempt.finish();
  EXPECT_EQ(attempt.out, "0\n1\n2\n8\n");
}

TEST(Supervisor, StartsTheCommandInASessionOfItsOwnWithDefaultSignals) {
  Supervised attempt(
      sh("read pid name state parent group session rest </proc/$$/stat; "
         "test $session = $$ && grep -E 'Sig(Blk|Ign)' /proc/self/status"));
  attempt.finish();
  EXPECT_EQ(attempt.out, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST(Supervisor, SaysWhyACommandCannotBeFound) {
  Supervised attempt({"no-such-command", "x"});
  attempt.finish();
  EXPECT_FALSE(attempt.started);
  EXPECT_EQ(attempt.start_failure["errno"], "2");
  EXPECT_EQ(attempt.start_failure["message"], "no-such-command: No such file or directory");
  EXPECT_EQ(attempt.end["code"], "127");
  EXPECT_EQ(attempt.exit_code, 127);
}

TEST(Supervisor, SaysWhyACommandCannotBeExecuted) {
  Supervised attempt({"/etc/passwd"});
  attempt.finish();
  EXPECT_FALSE(attempt.started);
  EXPECT_EQ(attempt.start_failure["errno"], "13");
  EXPECT_EQ(attempt.start_failure["message"], "/etc/passwd: Permission denied");
  EXPECT_EQ(attempt.exit_code, 126);
}

TEST(Supervisor, KeepsAStartFailureInItsLine) {
  Supervised attempt({"no\nerrno=0"});
  attempt.finish();
  EXPECT_EQ(attempt.start_failure["errno"], "2");
  EXPECT_EQ(attempt.start_failure["message"], "no?errno=0: No such file or directory");
}

TEST(Supervisor, FindsTheCommandInThePathOfItsEnvironment) {
  SupervisorOptions options;
  options.env = {{"PATH", "/nowhere"}};
  Supervised attempt({"true"}, options);
  attempt.finish();
  EXPECT_EQ(attempt.exit_code, 127);
}

TEST(Supervisor, RunsAScriptWithoutAShebangByTheShell) {
  const auto path =
      std::filesystem::temp_directory_path() / ("supervisor-test-" + std::to_string(::getpid()));
  std::ofstream(path) << "echo from the script; exit 4\n";
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  Supervised attempt({path});
  attempt.finish();
  std::filesystem::remove(path);
  EXPECT_EQ(attempt.out, "from the script\n");
  EXPECT_EQ(attempt.exit_code, 4);
}

TEST(Supervisor, ReportsWhatTheCommandUsed) {
  Supervised attempt(sh("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"));
  attempt.finish();
  EXPECT_GT(std::stoll(attempt.usage["cpu_us"]), 0);
  EXPECT_GT(std::stoll(attempt.usage["peak_memory"]), 0);
  EXPECT_EQ(attempt.usage["peak_source"], "rusage maxrss");
  EXPECT_EQ(attempt.usage.count("no_route"), 1u);
  EXPECT_EQ(attempt.usage.count("dns_refused"), 1u);
}

// The inner shell shows that the test can fail: the command may look at its own children and parents.
TEST(Supervisor, IsClosedToTheCommand) {
  SupervisorOptions options;
  options.as_nobody = true;
  Supervised attempt(
      sh("sh -c 'ls /proc/$PPID/fd >/dev/null && echo the parent is open; true'; "
         "for file in fd environ mem; do "
         "(cat /proc/$PPID/$file || ls /proc/$PPID/$file/) >/dev/null 2>&1 && echo $file is open; "
         "done; true"),
      options);
  attempt.finish();
  EXPECT_EQ(attempt.out, "the parent is open\n");
  EXPECT_EQ(attempt.exit_code, 0);
}

TEST(Supervisor, RefusesAWrongCommandLine) {
  for (const char* line :
       {"run -- true", "run --timeout-ms 0 --grace-ms 1 -- true", "run --timeout-ms 1x --grace-ms 1 -- true",
        "run --timeout-ms 5 -- true", "run --timeout-ms 5 --grace-ms 1 --", "run --timeout-ms",
        "run --timeout-ms 5 --grace-ms 1 --what -- true", "", "prepare now", "sleep"}) {
    const int status = std::system((std::string(SUPERVISOR_BINARY " ") + line + " >/dev/null 2>&1").c_str());
    EXPECT_EQ(WEXITSTATUS(status), 125) << line;
  }
}

}  // namespace
