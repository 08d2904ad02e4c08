#include <gtest/gtest.h>

#include <set>

#include "made_report.h"
#include "orchestrator/report/report.h"

namespace orchestrator {
namespace {

using sandbox::Network;
using sandbox::Outcome;

std::vector<SandboxHint> hints(const std::string& err, Network network = Network::none,
                               Outcome outcome = Outcome::failed, const sandbox::Refusals& refusals = {}) {
  sandbox::ExecutionResult result;
  result.refusals = refusals;
  return find_sandbox_hints(result, outcome, {}, {err, ""}, network);
}

TEST(SandboxHints, RecogniseTheWordsOfLanguagesAndLibraries) {
  struct Case {
    const char* line;
    const char* kind;
    const char* remedy;
  };
  const std::vector<Case> cases{
      {"socket.gaierror: [Errno -3] Temporary failure in name resolution", "name-resolution",
       "--network bridge"},
      {"Error: getaddrinfo EAI_AGAIN api.example.com", "name-resolution", "--network bridge"},
      {"dial tcp: lookup api.example.com on 127.0.0.11:53: refused", "name-resolution", "--network bridge"},
      {"OSError: [Errno 101] Network is unreachable", "network", "--network bridge"},
      {"Error: connect ENETUNREACH 192.0.2.1:443", "network", "--network bridge"},
      {"OSError: [Errno 30] Read-only file system: '/proc/sys/x'", "read-only", ""},
      {"PermissionError: [Errno 13] Permission denied: '/etc/hosts'", "privilege", ""},
      {"Error: EACCES: permission denied, open '/usr/lib/x.js'", "privilege", ""},
      {"sh: 1: cannot create /etc/x: Permission denied", "privilege", ""},
      {"mount: Operation not permitted", "privilege", ""},
      {"fork: Cannot allocate memory", "memory", "--memory SIZE"},
      {"MemoryError", "memory", "--memory SIZE"},
      {"RuntimeError: can't start new thread", "pids", "--pids N"},
      {"sh: fork: Resource temporarily unavailable", "pids", "--pids N"},
      {"OSError: [Errno 28] No space left on device: '/tmp/x'", "disk", "--tmp SIZE"},
      {"write /dev/shm/x: no space left on device", "disk", "--shm SIZE"},
      {"OSError: [Errno 27] File too large", "file-size", ""},
      {"OSError: [Errno 24] Too many open files", "nofile", "--nofile N"},
  };
  std::set<std::string_view> kinds;
  for (const auto& one : cases) {
    kinds.insert(one.kind);
    const auto found = hints(std::string("before\n") + one.line + "\nafter\n");
    ASSERT_EQ(found.size(), 1u) << one.line;
    EXPECT_EQ(found[0].kind, one.kind) << one.line;
    EXPECT_EQ(found[0].remedy, one.remedy) << one.line;
    EXPECT_EQ(found[0].evidence, std::string("stderr: ") + one.line);
  }
  const auto listed = sandbox_hint_kinds();
  EXPECT_EQ(kinds, std::set<std::string_view>(listed.begin(), listed.end())) << "each kind has its words";
}

TEST(SandboxHints, AreSilentAboutOrdinaryFailures) {
  EXPECT_TRUE(hints("AssertionError: 1 != 2\nConnection refused\n").empty());
}

TEST(SandboxHints, DoNotBlameTheSandboxForTheTestsOwnFiles) {
  EXPECT_TRUE(hints("PermissionError: [Errno 13] Permission denied: '/work/locked'").empty());
  EXPECT_TRUE(hints("/usr/bin/tool: cannot open /tmp/locked: Permission denied").empty());
  EXPECT_TRUE(hints("PermissionError: Permission denied").empty());
  EXPECT_EQ(hints("Permission denied: '/work/x'\nPermission denied: '/workshop'\n").size(), 1u);
}

TEST(SandboxHints, DoNotBlameANetworkWithAWayOut) {
  const std::string text = "Network is unreachable\nTemporary failure in name resolution\n";
  EXPECT_TRUE(hints(text, Network::bridge, Outcome::failed, {.no_route = 2, .dns_refused = 1}).empty());
  EXPECT_EQ(hints(text, Network::internal).size(), 2u);
}

TEST(SandboxHints, AreOnlyForAttemptsThatSayTheTestDidNotPass) {
  for (const Outcome outcome : {Outcome::passed, Outcome::cancelled, Outcome::infrastructure_error})
    EXPECT_TRUE(hints("MemoryError", Network::none, outcome, {.no_route = 1}).empty());
}

TEST(SandboxHints, PreferTheKernelsEvidenceAndAddTheWords) {
  const auto found =
      hints("connect: Network is unreachable", Network::none, Outcome::failed, {.no_route = 3});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].evidence,
            "kernel counter: 3 packets without a route; stderr: connect: Network is unreachable");
}

TEST(SandboxHints, TakeTheKernelsWordAlone) {
  const auto found = hints("", Network::none, Outcome::failed, {.dns_refused = 1, .pids = 2, .tmp_full = 1});
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].kind, "name-resolution");
  EXPECT_EQ(found[1].kind, "pids");
  EXPECT_EQ(found[2].remedy, "--tmp SIZE");
}

TEST(SandboxHints, NameTheMemoryLimitWhenItEndedTheAttempt) {
  EXPECT_TRUE(hints("", Network::none, Outcome::failed, {.memory = 5}).empty());
  EXPECT_EQ(hints("", Network::none, Outcome::out_of_memory, {.memory = 5}).at(0).evidence,
            "kernel counter: memory limit hit 5 times");
  EXPECT_EQ(hints("", Network::none, Outcome::out_of_memory).at(0).remedy, "--memory SIZE");
}

TEST(SandboxHints, NameTheDiskLimitWhenItEndedTheAttempt) {
  EXPECT_EQ(hints("", Network::none, Outcome::disk_limit).at(0).remedy, "--disk SIZE");
}

TEST(SandboxHints, QuoteLittleAndHarmlessly) {
  const std::string line = repeated(1000, 'x') + "\x1b[31m MemoryError \x1b[0m" + repeated(1000, 'y');
  const auto found = hints(line);
  ASSERT_EQ(found.size(), 1u);
  const std::string quote = found[0].evidence.substr(std::string("stderr: ").size());
  EXPECT_LE(quote.size(), 120u);
  EXPECT_NE(quote.find("MemoryError"), std::string::npos);
  EXPECT_EQ(quote.find('\x1b'), std::string::npos);
}

TEST(SandboxHints, LookAtTheTailsAndAtStdoutToo) {
  const auto found = find_sandbox_hints({}, Outcome::failed, {"", "MemoryError"}, {}, Network::none);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].evidence, "stdout: MemoryError");
}

}  // namespace
}  // namespace orchestrator
