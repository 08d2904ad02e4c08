// One suite that every engine passes: the fake, so that tests of the run may believe it, and each real one
// that ORCHESTRATOR_TEST_ENGINES names.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/docker_fixture.h"
#include "tests/support/fake_loop.h"
#include "tests/support/fake_sandbox.h"
#include "tests/support/test_engines.h"

namespace {

using namespace std::chrono_literals;
using sandbox::Outcome;
using testing_support::DockerFixture;
using testing_support::engines_and_the_fake;
using testing_support::FakeLoop;
using testing_support::FakeProgram;
using testing_support::FakeSandbox;
using testing_support::kFake;
using testing_support::TestEngine;

// The same behaviour in both worlds.
struct Behaviour {
  std::vector<std::string> argv;
  FakeProgram fake;
};

class Recorder : public sandbox::AttemptObserver {
 public:
  void started() override { ++starts; }
  void output(sandbox::Stream stream, std::string_view bytes) override {
    (stream == sandbox::Stream::out ? out : err).append(bytes);
  }
  void result_file(std::string_view path, std::string_view bytes) override {
    EXPECT_EQ(ends, 0);
    result_files.emplace_back(path, bytes);
  }
  void finished(const sandbox::ExecutionResult& value) override {
    ++ends;
    result = value;
  }
  void drained() override {
    EXPECT_EQ(ends, 1);
    ++drains;
  }
  int starts = 0, ends = 0, drains = 0;
  std::string out, err;
  std::vector<std::pair<std::string, std::string>> result_files;
  sandbox::ExecutionResult result;
};

class World {
 public:
  virtual ~World() = default;
  virtual io::Loop& loop() = 0;
  virtual sandbox::Sandbox& sandbox() = 0;
  virtual sandbox::AttemptSpec spec(const Behaviour& behaviour) = 0;
};

class FakeWorld : public World {
 public:
  io::Loop& loop() override { return loop_; }
  sandbox::Sandbox& sandbox() override { return sandbox_; }
  sandbox::AttemptSpec spec(const Behaviour& behaviour) override {
    program_ = behaviour.fake;
    sandbox::AttemptSpec spec;
    spec.name = "attempt";
    return spec;
  }

 private:
  FakeProgram program_;
  FakeLoop loop_;
  FakeSandbox sandbox_{loop_, [this](const auto&) { return program_; }};
};

class DockerWorld : public World {
 public:
  explicit DockerWorld(const TestEngine& engine) : fixture_(DockerFixture::shared(engine)) {}
  io::Loop& loop() override { return fixture_.loop(); }
  sandbox::Sandbox& sandbox() override { return fixture_.engine().sandbox(); }
  const sandbox::Capabilities& capabilities() const { return fixture_.capabilities(); }
  sandbox::AttemptSpec spec(const Behaviour& behaviour) override {
    sandbox::AttemptSpec spec;
    spec.image = fixture_.image();
    spec.name = "attempt";
    spec.execution.argv = behaviour.argv;
    spec.execution.env = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}};
    return spec;
  }

 private:
  DockerFixture& fixture_;
};

class SandboxContract : public ::testing::TestWithParam<TestEngine> {
 protected:
  SandboxContract() {
    if (GetParam().name == kFake)
      world_ = std::make_unique<FakeWorld>();
    else
      world_ = std::make_unique<DockerWorld>(GetParam());
  }

  Outcome run(sandbox::AttemptSpec spec) {
    auto handle = world_->sandbox().start(world_->sandbox().prepare(std::move(spec)), seen_);
    world_->loop().run_until([&] { return seen_.drains == 1; });
    return classify(seen_.result);
  }

  static Behaviour shell(std::string line, FakeProgram fake) {
    return {{"/bin/sh", "-c", std::move(line)}, std::move(fake)};
  }

  std::unique_ptr<World> world_;
  Recorder seen_;
};

TEST_P(SandboxContract, AnExitOfZeroPasses) {
  EXPECT_EQ(run(world_->spec({{"true"}, {}})), Outcome::passed);
  EXPECT_EQ(seen_.ends, 1);
}

TEST_P(SandboxContract, AnotherExitCodeFailsAndIsReported) {
  EXPECT_EQ(run(world_->spec(shell("exit 3", {.exit_code = 3}))), Outcome::failed);
  EXPECT_EQ(seen_.result.exit->code, 3);
}

TEST_P(SandboxContract, BothStreamsArriveApartAndWhole) {
  run(world_->spec(shell("printf to-out; printf to-err >&2", {.out = "to-out", .err = "to-err"})));
  EXPECT_EQ(seen_.out, "to-out");
  EXPECT_EQ(seen_.err, "to-err");
}

TEST_P(SandboxContract, TheTimeoutEndsIt) {
  auto spec = world_->spec(shell("echo before; sleep 60", {.takes = 60s, .out = "before\n"}));
  spec.execution.limits.timeout = 1s;
  spec.execution.limits.grace = 1s;
  EXPECT_EQ(run(std::move(spec)), Outcome::timed_out);
  EXPECT_EQ(seen_.out, "before\n");
  EXPECT_LT(seen_.result.duration, 5s);
}

TEST_P(SandboxContract, AStopIsCancelledAndTheFirstReasonStays) {
  auto spec = world_->spec(shell("sleep 60", {.takes = 60s}));
  auto handle = world_->sandbox().start(world_->sandbox().prepare(std::move(spec)), seen_);
  const auto later = world_->loop().call_after(800ms, [&] {
    handle->stop(sandbox::StopReason::cancelled);
    handle->stop(sandbox::StopReason::disk_limit);
  });
  world_->loop().run_until([&] { return seen_.drains == 1; });
  EXPECT_EQ(classify(seen_.result), Outcome::cancelled);
}

TEST_P(SandboxContract, AStopAtOnceIsLegal) {
  auto handle =
      world_->sandbox().start(world_->sandbox().prepare(world_->spec({{"true"}, {.takes = 1s}})), seen_);
  handle->stop(sandbox::StopReason::cancelled);
  world_->loop().run_until([&] { return seen_.drains == 1; });
  EXPECT_EQ(classify(seen_.result), Outcome::cancelled);
}

TEST_P(SandboxContract, ACommandThatDoesNotExistIsNotRunnable) {
  EXPECT_EQ(run(world_->spec(
                {{"no-such-command"},
                 {.exit_code = 127,
                  .start_failure = sandbox::StartFailure{2, "no-such-command: No such file or directory"}}})),
            Outcome::not_runnable);
  EXPECT_NE(seen_.result.start_failure->message.find("no-such-command"), std::string::npos);
}

TEST_P(SandboxContract, LettingGoOfAHandleIsSilent) {
  auto handle = world_->sandbox().start(world_->sandbox().prepare(world_->spec({{"true"}, {}})), seen_);
  handle.reset();
  Recorder other;
  auto next = world_->sandbox().start(world_->sandbox().prepare(world_->spec({{"true"}, {}})), other);
  world_->loop().run_until([&] { return other.drains == 1; });
  EXPECT_EQ(seen_.ends, 0);
}

TEST_P(SandboxContract, LettingGoOfAPreparedOneLeavesNothing) {
  { const auto prepared = world_->sandbox().prepare(world_->spec({{"true"}, {}})); }
  EXPECT_EQ(run(world_->spec({{"true"}, {}})), Outcome::passed);
}

using Files = std::vector<std::pair<std::string, std::string>>;

TEST_P(SandboxContract, ResultFilesComeBeforeTheEndHoweverItEnds) {
  const Files files = {{"/tmp/r/1.xml", "<one/>"}, {"/tmp/r/2.xml", ""}};
  auto spec = world_->spec(shell("mkdir /tmp/r; printf '<one/>' > /tmp/r/1.xml; : > /tmp/r/2.xml; sleep 60",
                                 {.takes = 60s, .result_files = files}));
  spec.execution.results = {"/tmp/r/*.xml"};
  spec.execution.limits.timeout = 1s;
  EXPECT_EQ(run(std::move(spec)), Outcome::timed_out);
  EXPECT_EQ(seen_.result_files, files);
}

TEST_P(SandboxContract, ResultFilesThatNobodyAskedForStayInside) {
  EXPECT_EQ(run(world_->spec(shell("echo x > /tmp/1.xml", {.result_files = {{"/tmp/1.xml", "x"}}}))),
            Outcome::passed);
  EXPECT_TRUE(seen_.result_files.empty());
}

// Somebody who sits at a terminal and types when the right words have come.
class Typist {
 public:
  Typist(World& world, Recorder& seen, sandbox::AttemptSpec spec, sandbox::TerminalSize size)
      : world_(world), seen_(seen), handle_(world.sandbox().open_terminal(std::move(spec), size, seen)) {}
  // False when it ended before.
  bool wait_for(const std::string& words) {
    world_.loop().run_until([&] { return seen_.out.find(words) != std::string::npos || seen_.drains == 1; });
    return seen_.out.find(words) != std::string::npos;
  }
  void wait_for_end() {
    world_.loop().run_until([&] { return seen_.drains == 1; });
  }
  sandbox::TerminalHandle& terminal() { return *handle_; }

 private:
  World& world_;
  Recorder& seen_;
  std::unique_ptr<sandbox::TerminalHandle> handle_;
};

// Says "size ROWS COLUMNS" to each line, and ends with 7 at the line "bye".
Behaviour tells_size() {
  FakeProgram fake{.exit_code = 7, .out = "ready\r\n"};
  fake.at_terminal = [](const std::string& line, sandbox::TerminalSize size) -> std::optional<std::string> {
    if (line == "bye") return std::nullopt;
    return line + ": size " + std::to_string(size.rows) + " " + std::to_string(size.columns) + "\r\n";
  };
  return {{"/bin/sh", "-c",
           "tty -s || exit 3; stty -echo; echo ready; while read line; do [ $line = bye ] && exit 7; "
           "echo $line: size $(stty size); done"},
          fake};
}

TEST_P(SandboxContract, ATerminalHasItsSizeAndTakesAnother) {
  Typist typist(*world_, seen_, world_->spec(tells_size()), {31, 101});
  ASSERT_TRUE(typist.wait_for("ready")) << seen_.result.infrastructure.value_or("") << seen_.out;
  typist.terminal().type("one\n");
  EXPECT_TRUE(typist.wait_for("one: size 31 101")) << seen_.out;
  typist.terminal().resize({17, 66});
  typist.terminal().type("two\n");
  EXPECT_TRUE(typist.wait_for("two: size 17 66")) << seen_.out;
  typist.terminal().type("bye\n");
  typist.wait_for_end();
  EXPECT_EQ(seen_.result.exit->code, 7);
  EXPECT_EQ(seen_.err, "");
  EXPECT_EQ(seen_.starts, 1);
}

TEST_P(SandboxContract, WhatIsTypedEarlyIsNotLost) {
  Typist typist(*world_, seen_, world_->spec(tells_size()), {24, 80});
  typist.terminal().type("early\nbye\n");
  typist.wait_for_end();
  EXPECT_NE(seen_.out.find("early: size 24 80"), std::string::npos) << seen_.out;
  EXPECT_EQ(seen_.result.exit->code, 7);
}

TEST_P(SandboxContract, AStopEndsATerminalThatNobodyLeaves) {
  Typist typist(*world_, seen_, world_->spec(tells_size()), {24, 80});
  ASSERT_TRUE(typist.wait_for("ready"));
  typist.terminal().stop(sandbox::StopReason::cancelled);
  typist.wait_for_end();
  EXPECT_EQ(classify(seen_.result), Outcome::cancelled);
}

TEST_P(SandboxContract, LettingGoOfATerminalLeavesNothing) {
  {
    Typist typist(*world_, seen_, world_->spec(tells_size()), {24, 80});
    ASSERT_TRUE(typist.wait_for("ready"));
  }
  EXPECT_EQ(seen_.ends, 0);
  Recorder other;
  auto next = world_->sandbox().start(world_->sandbox().prepare(world_->spec({{"true"}, {}})), other);
  world_->loop().run_until([&] { return other.drains == 1; });
  EXPECT_EQ(classify(other.result), Outcome::passed);
}

INSTANTIATE_TEST_SUITE_P(Engines, SandboxContract, ::testing::ValuesIn(engines_and_the_fake()),
                         [](const auto& engine) { return engine.param.name; });

// What only a real engine can show.
class DockerAttempt : public ::testing::TestWithParam<TestEngine> {
 protected:
  sandbox::AttemptSpec shell(const std::string& line) { return world_.spec({{"/bin/sh", "-c", line}, {}}); }
  Outcome run(sandbox::AttemptSpec spec) {
    auto handle = world_.sandbox().start(world_.sandbox().prepare(std::move(spec)), seen_);
    world_.loop().run_until([&] { return seen_.drains == 1; });
    return classify(seen_.result);
  }
  int system(const std::string& line) const {
    return std::system(testing_support::at_engine(GetParam(), line).c_str());
  }
  DockerWorld world_{GetParam()};
  Recorder seen_;
};

INSTANTIATE_TEST_SUITE_P(Engines, DockerAttempt, ::testing::ValuesIn(testing_support::test_engines()),
                         [](const auto& engine) { return engine.param.name; });

// Where the tests run there is all that it takes.
TEST_P(DockerAttempt, IsBoundByAllThatTheEnginePromises) {
  for (const auto& [limit, enforcement] : world_.capabilities().limits)
    EXPECT_NE(enforcement, sandbox::Enforcement::not_enforced) << limit;
  const auto said = [&](const char* word) {
    return std::find(world_.capabilities().security.begin(), world_.capabilities().security.end(), word) !=
           world_.capabilities().security.end();
  };
  EXPECT_TRUE(said("seccomp"));
}

TEST_P(DockerAttempt, HasTheLimitsThatItWasGiven) {
  auto spec = shell(R"(ulimit -n; ulimit -c; df -k /tmp /dev/shm | awk 'NR > 1 { print $2 }'; python3 - <<'P'
import time
begin = time.monotonic(), time.process_time()
while time.monotonic() - begin[0] < 1.5: pass
share = (time.process_time() - begin[1]) / (time.monotonic() - begin[0])
print("half a CPU" if share < 0.75 else f"{share} CPUs")
P)");
  spec.execution.limits.nofile = 321;
  spec.execution.limits.tmp_bytes = 8 << 20;
  spec.execution.limits.shm_bytes = 4 << 20;
  spec.execution.limits.cpus = 0.5;
  ASSERT_EQ(run(std::move(spec)), Outcome::passed) << seen_.err;
  EXPECT_EQ(seen_.out, "321\n0\n8192\n4096\nhalf a CPU\n");
}

TEST_P(DockerAttempt, KnowsNoNameOfItsHost) {
  ASSERT_EQ(run(shell("cat /etc/hosts")), Outcome::passed);
  EXPECT_EQ(seen_.out, "127.0.0.1\tlocalhost attempt\n::1\tlocalhost ip6-localhost ip6-loopback\n");
}

TEST_P(DockerAttempt, RunsWithoutAnyPrivilege) {
  ASSERT_EQ(run(shell("id -u; grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status")),
            Outcome::passed);
  EXPECT_EQ(seen_.out,
            "10001\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n");
}

TEST_P(DockerAttempt, HasNoNetworkButLocalhostWorks) {
  ASSERT_EQ(run(shell(R"(python3 - <<'P'
import socket, threading
s = socket.create_server(("127.0.0.1", 0)); port = s.getsockname()[1]
socket.create_connection(("localhost", port)).close()
socket.create_server(("::1", 0), family=socket.AF_INET6).close()
try:
    socket.create_connection(("192.0.2.1", 80), timeout=2); print("reached")
except OSError as e: print("refused")
try:
    socket.getaddrinfo("example.org", 80); print("resolved")
except OSError: print("no name")
P)")),
            Outcome::passed)
      << seen_.err;
  EXPECT_EQ(seen_.out, "refused\nno name\n");
  EXPECT_GT(seen_.result.refusals.no_route, 0u);
}

TEST_P(DockerAttempt, AnOutOfMemoryKillIsToldFromAFailure) {
  auto spec = shell("python3 -c \"x = bytearray(300 << 20); print(len(x))\"");
  spec.execution.limits.memory_bytes = 64 << 20;
  EXPECT_EQ(run(std::move(spec)), Outcome::out_of_memory);
}

TEST_P(DockerAttempt, AForkBombEndsAtThePidsLimit) {
  auto spec = shell("f() { f | f & }; f; sleep 30");
  spec.execution.limits.pids = 64;
  spec.execution.limits.timeout = 5s;
  spec.execution.limits.grace = 1s;
  const Outcome outcome = run(std::move(spec));
  EXPECT_TRUE(outcome == Outcome::timed_out || outcome == Outcome::pids_limit || outcome == Outcome::failed)
      << name(outcome);
  EXPECT_GT(seen_.result.refusals.pids, 0u);
}

TEST_P(DockerAttempt, ATermIgnoringTreeEndsAfterTheGrace) {
  auto spec = shell("trap '' TERM; (trap '' TERM; setsid sleep 60) & echo here; sleep 60");
  spec.execution.limits.timeout = 1s;
  spec.execution.limits.grace = 1s;
  EXPECT_EQ(run(std::move(spec)), Outcome::timed_out);
  EXPECT_EQ(seen_.out, "here\n");
  EXPECT_LT(seen_.result.duration, 6s);
}

TEST_P(DockerAttempt, BackgroundChildrenNeitherDelayNorOutlive) {
  EXPECT_EQ(run(shell("(sleep 60; echo late) & exit 0")), Outcome::passed);
  EXPECT_LT(seen_.result.duration, 3s);
}

TEST_P(DockerAttempt, TooMuchOutputIsStoppedAndBounded) {
  auto spec = shell("yes | head -c 400000000");
  spec.execution.limits.output_keep_bytes = 1 << 20;
  spec.execution.limits.output_stop_bytes = 20 << 20;
  EXPECT_EQ(run(std::move(spec)), Outcome::output_limit);
  EXPECT_EQ(seen_.out.size(), static_cast<std::size_t>(1 << 20));
}

TEST_P(DockerAttempt, TellsTimeCpuAndPeakMemory) {
  ASSERT_EQ(run(shell("python3 -c \"x = bytearray(50 << 20); sum(range(2000000))\"")), Outcome::passed);
  EXPECT_GT(seen_.result.usage.cpu_ms.value_or(0), 20);
  EXPECT_GT(seen_.result.usage.peak_memory_bytes.value_or(0), 50 << 20);
  EXPECT_FALSE(seen_.result.usage.peak_memory_source.empty());
  EXPECT_GT(seen_.result.started_at.time_since_epoch().count(), 0);
}

TEST_P(DockerAttempt, ResultFilesAreThoseOfThisAttemptInItsWorkingFolder) {
  auto spec =
      shell("mkdir -p a/reports; head -c 3000000 /dev/zero > a/reports/TEST-1.xml; ln -s /etc/passwd l.xml");
  spec.execution.results = {"**/TEST-*.xml", "*.xml", "/etc/*.conf", "/etc/host*"};
  EXPECT_EQ(run(std::move(spec)), Outcome::passed) << seen_.err;
  ASSERT_EQ(seen_.result_files.size(), 1u);
  EXPECT_EQ(seen_.result_files[0].first, "a/reports/TEST-1.xml");
  EXPECT_EQ(seen_.result_files[0].second, std::string(3'000'000, '\0'));
  ASSERT_EQ(seen_.result.notes.size(), 2u);
  EXPECT_NE(seen_.result.notes[0].find("there before the command started (/etc/"), std::string::npos);
  EXPECT_NE(seen_.result.notes[1].find("no regular file (l.xml)"), std::string::npos)
      << seen_.result.notes[1];
}

TEST_P(DockerAttempt, SecretsReachTheCommandAndNotTheEngine) {
  auto spec = shell("echo \"$TOKEN\"; cat /run/orchestrator/key; sleep 2");
  spec.execution.secret_env = {{"TOKEN", "s3cr3t-value"}};
  spec.execution.secret_files = {{"key", "k3y-content"}};
  spec.labels = {{"orchestrator.run", "contract-secret"}};
  auto handle = world_.sandbox().start(world_.sandbox().prepare(std::move(spec)), seen_);
  world_.loop().run_until(
      [&] { return seen_.out.find("k3y-content") != std::string::npos || seen_.drains == 1; });
  EXPECT_EQ(seen_.out, "s3cr3t-value\nk3y-content") << seen_.result.infrastructure.value_or("") << seen_.err;
  EXPECT_NE(system("docker ps -aq --filter label=orchestrator.run=contract-secret | xargs docker "
                   "inspect | grep -q -e s3cr3t -e k3y-c"),
            0);
  world_.loop().run_until([&] { return seen_.drains == 1; });
}

TEST_P(DockerAttempt, AtATerminalCtrlCInterruptsWhatRunsAndSecretsStayOutOfTheEngine) {
  auto spec = shell("trap 'echo interrupted $TOKEN' INT; echo ready; sleep 60; read line; echo last $line");
  spec.execution.secret_env = {{"TOKEN", "s3cr3t-typed"}};
  spec.labels = {{"orchestrator.run", "contract-terminal"}};
  Typist typist(world_, seen_, std::move(spec), {24, 80});
  ASSERT_TRUE(typist.wait_for("ready")) << seen_.result.infrastructure.value_or("");
  EXPECT_NE(system("docker ps -aq --filter label=orchestrator.run=contract-terminal | xargs docker "
                   "inspect | grep -q s3cr3t"),
            0);
  typist.terminal().type("\x03");
  EXPECT_TRUE(typist.wait_for("interrupted s3cr3t-typed")) << seen_.out;
  typist.terminal().type("words\n");
  typist.wait_for_end();
  EXPECT_NE(seen_.out.find("last words"), std::string::npos) << seen_.out;
  EXPECT_EQ(classify(seen_.result), Outcome::passed);
}

TEST_P(DockerAttempt, ATerminalTakesMoreThanItCanHoldAndGivesItAllBack) {
  auto spec =
      shell("stty raw -echo; echo ready; head -c 500000 | md5sum; head -c 3000000 /dev/zero | tr '\\0' z");
  Typist typist(world_, seen_, std::move(spec), {24, 80});
  ASSERT_TRUE(typist.wait_for("ready"));
  typist.terminal().type(std::string(500'000, 'k'));
  typist.wait_for_end();
  EXPECT_EQ(std::count(seen_.out.begin(), seen_.out.end(), 'z'), 3'000'000);
  // md5sum of 500,000 times 'k', as coreutils print it.
  EXPECT_NE(seen_.out.find("dfab5a39597b8049fc94fd7fc47cbca2"), std::string::npos)
      << seen_.out.substr(0, 200);
}

TEST_P(DockerAttempt, AStrangersKillIsInfrastructureAndNoEvidence) {
  auto spec = shell("sleep 60");
  spec.labels = {{"orchestrator.run", "contract-stranger"}};
  auto handle = world_.sandbox().start(world_.sandbox().prepare(std::move(spec)), seen_);
  world_.loop().run_until([&] { return seen_.starts == 1; });
  // The engine may call it running only a moment after its command has begun.
  ASSERT_EQ(system("for i in $(seq 100); do docker kill $(docker ps -aq --filter "
                   "label=orchestrator.run=contract-stranger) > /dev/null 2>&1 && exit 0; done; exit 1"),
            0);
  world_.loop().run_until([&] { return seen_.drains == 1; });
  EXPECT_EQ(classify(seen_.result), Outcome::infrastructure_error);
}

TEST_P(DockerAttempt, WritingPastTheDiskLimitIsSampled) {
  auto spec = shell("head -c 300000000 /dev/zero > /home/attempt/big; sleep 30");
  spec.execution.limits.disk_bytes = 100 << 20;
  EXPECT_EQ(run(std::move(spec)), Outcome::disk_limit);
}

}  // namespace
