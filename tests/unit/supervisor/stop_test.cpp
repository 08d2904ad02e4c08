// Deadlines, requests to stop, background processes and readers that stall.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <cstdlib>

#include "supervised.h"

namespace {

using namespace std::chrono_literals;

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find_first_of(" \n", start), text.size());
    if (end > start) words.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return words;
}

TEST(Supervisor, StopsAtTheDeadlineAndKeepsWhatWasPrinted) {
  SupervisorOptions options;
  options.timeout = 1s;
  Supervised attempt(sh("echo before; sleep 100"), options);
  attempt.finish();
  EXPECT_EQ(attempt.out, "before\n");
  EXPECT_EQ(attempt.end["stop"], "timeout");
  EXPECT_EQ(attempt.end["signal"], std::to_string(SIGTERM));
  EXPECT_EQ(attempt.exit_code, 128 + SIGTERM);
}

TEST(Supervisor, KillsEveryProcessThatIgnoresTheDeadline) {
  SupervisorOptions options;
  options.timeout = 2s;
  const std::string stubborn = "trap \"\" TERM; echo $$; while :; do sleep 100; done";
  Supervised attempt(sh("trap '' TERM; echo $$; (setsid sh -c '" + stubborn + "' & exec sh -c '" + stubborn +
                        "') & while :; do sleep 100; done"),
                     options);
  attempt.finish();
  EXPECT_EQ(attempt.end["stop"], "timeout");
  EXPECT_EQ(attempt.exit_code, 128 + SIGKILL);
  const auto pids = words_of(attempt.out);
  ASSERT_EQ(pids.size(), 3u);
  for (const std::string& pid : pids) EXPECT_FALSE(is_alive(pid)) << pid;
}

TEST(Supervisor, GivesEveryProcessTheGraceToEnd) {
  SupervisorOptions options;
  options.timeout = 2s;
  options.grace = 15s;
  // The command ends only after its child, in another session, has had its say.
  Supervised attempt(sh("trap : TERM; setsid sh -c 'trap \"echo child cleaned up; exit\" TERM; while :; do "
                        "sleep 100 & wait; done' & wait; wait; echo command cleaned up; exit 0"),
                     options);
  attempt.finish();
  EXPECT_EQ(attempt.out, "child cleaned up\ncommand cleaned up\n");
  EXPECT_EQ(attempt.end["stop"], "timeout");
  EXPECT_EQ(attempt.end["code"], "0");
}

TEST(Supervisor, GivesTheGraceToChildrenOfAShellThatDiesAtOnce) {
  SupervisorOptions options;
  options.grace = 15s;
  // Not a shell, which sees a signal between its last look and its wait() only after the wait.
  const std::string child =
      "import os, signal, time\n"
      "signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b\"child cleaned up\\n\"), os._exit(0)))\n"
      "os.write(1, b\"ready\\n\")\n"
      "while True: time.sleep(0.01)";
  Supervised attempt(sh("python3 -c '" + child + "'; echo not reached"), options);
  ASSERT_TRUE(attempt.read_until([&] { return attempt.out == "ready\n"; }));
  attempt.signal(SIGTERM);
  attempt.finish();
  EXPECT_EQ(attempt.out, "ready\nchild cleaned up\n");
  EXPECT_EQ(attempt.end["stop"], "signal");
  EXPECT_EQ(attempt.end["signal"], std::to_string(SIGTERM));
}

TEST(Supervisor, KillsAtOnceWithoutAGrace) {
  SupervisorOptions options;
  options.timeout = 200ms;
  options.grace = 0ms;
  Supervised attempt(sh("trap 'echo caught' TERM; while :; do sleep 100 & wait; done"), options);
  attempt.finish();
  EXPECT_EQ(attempt.out, "");
  EXPECT_EQ(attempt.end["signal"], std::to_string(SIGKILL));
}

TEST(Supervisor, IsNotDelayedByABackgroundProcessAndDoesNotLeaveIt) {
  SupervisorOptions options;
  options.timeout = 15s;
  Supervised attempt(sh("sleep 100 & echo $!; setsid sleep 100 & echo $!; exit 7"), options);
  attempt.finish();
  EXPECT_EQ(attempt.exit_code, 7);
  EXPECT_EQ(attempt.end["stop"], "");
  const auto pids = words_of(attempt.out);
  ASSERT_EQ(pids.size(), 2u);
  for (const std::string& pid : pids) EXPECT_FALSE(is_alive(pid)) << pid;
}

TEST(Supervisor, KillsAnOrphanWhoseParentsAreGone) {
  Supervised attempt(
      sh("orphan=$(setsid sh -c 'sleep 100 >/dev/null & echo $!'); kill -0 $orphan && echo $orphan"));
  attempt.finish();
  const auto pids = words_of(attempt.out);
  ASSERT_EQ(pids.size(), 1u);
  EXPECT_FALSE(is_alive(pids[0]));
}

TEST(Supervisor, TouchesNothingButItsOwnProcesses) {
  Supervised other(sh("echo ready; exec sleep 100"));
  ASSERT_TRUE(other.read_until([&] { return other.out == "ready\n"; }));
  SupervisorOptions options;
  options.timeout = 100ms;
  options.grace = 0ms;
  Supervised attempt({"sleep", "100"}, options);
  attempt.finish();
  EXPECT_TRUE(is_alive(std::to_string(other.pid())));
  other.signal(SIGTERM);
  other.finish();
  EXPECT_EQ(other.end["stop"], "signal");
  EXPECT_EQ(other.end["signal"], std::to_string(SIGTERM));
}

TEST(Supervisor, PassesARequestToStopOn) {
  Supervised attempt(sh("trap 'echo caught; exit 9' TERM; echo ready; while :; do sleep 100 & wait; done"));
  ASSERT_TRUE(attempt.read_until([&] { return attempt.out == "ready\n"; }));
  attempt.signal(SIGTERM);
  attempt.finish();
  EXPECT_EQ(attempt.out, "ready\ncaught\n");
  EXPECT_EQ(attempt.end["stop"], "signal");
  EXPECT_EQ(attempt.end["code"], "9");
}

TEST(Supervisor, KillsAtTheSecondRequestToStop) {
  SupervisorOptions options;
  options.grace = 1h;
  Supervised attempt(sh("trap 'echo caught' TERM; echo ready; while :; do sleep 100 & wait; done"), options);
  ASSERT_TRUE(attempt.read_until([&] { return attempt.out == "ready\n"; }));
  attempt.signal(SIGTERM);
  ASSERT_TRUE(attempt.read_until([&] { return attempt.out == "ready\ncaught\n"; }));
  attempt.signal(SIGTERM);
  attempt.finish();
  EXPECT_EQ(attempt.end["stop"], "signal");
  EXPECT_EQ(attempt.exit_code, 128 + SIGKILL);
}

TEST(Supervisor, GivesTheFirstReasonOfAStop) {
  SupervisorOptions options;
  options.timeout = 2s;
  options.grace = 15s;
  Supervised attempt(sh("trap 'echo caught' TERM; while :; do sleep 100 & wait; done"), options);
  ASSERT_TRUE(attempt.read_until([&] { return attempt.out == "caught\n"; }));
  attempt.signal(SIGTERM);
  attempt.signal(SIGINT);
  attempt.finish();
  EXPECT_EQ(attempt.end["stop"], "timeout");
}

TEST(Supervisor, IsNotKeptAliveByAReaderThatStalls) {
  SupervisorOptions options;
  options.timeout = 200ms;
  options.grace = 100ms;
  Supervised attempt(sh("echo $$; exec yes"), options);
  attempt.wait_unread();
  EXPECT_EQ(attempt.exit_code, 128 + SIGTERM);
}

TEST(Supervisor, SupervisesOnWhenTheReaderIsGone) {
  char path[] = "/tmp/supervisor-test-XXXXXX";
  const io::Fd file(::mkstemp(path));
  ASSERT_TRUE(file);
  Supervised attempt(
      sh("echo ready; head -c 3000000 /dev/zero; echo reached >" + std::string(path) + "; exit 6"));
  ASSERT_TRUE(attempt.read_until([&] { return !attempt.out.empty(); }));
  attempt.close_reader();
  attempt.wait_unread();
  EXPECT_EQ(attempt.exit_code, 6);
  char text[16] = {};
  EXPECT_EQ(::read(file.get(), text, sizeof text), 8);
  ::unlink(path);
}

}  // namespace
