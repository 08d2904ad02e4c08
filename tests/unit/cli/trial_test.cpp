// The two attempts of `doctor` on the fake sandbox: what they print is made up, what is made of it is not.
#include "orchestrator/cli/trial.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "tests/support/fake_image_store.h"
#include "tests/support/fake_loop.h"
#include "tests/support/fake_sandbox.h"
#include "tests/support/temporary_folder.h"

namespace orchestrator {
namespace {

using testing_support::FakeLoop;
using testing_support::FakeProgram;
using testing_support::FakeSandbox;
using Level = Finding::Level;
using TestNames = std::vector<std::string>;

constexpr const char* kIsolated =
    "Uid: 10001\nCapEff: 0000000000000000\nNoNewPrivs: 1\ninterface: lo\ninterface: sit0\ntrace: "
    "written\nmemory: 137\n";

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const auto at = text.find(what);
  return at == std::string::npos ? "not in it: " + what : text.replace(at, what.size(), by);
}

TestNames subjects(const std::vector<Finding>& findings, Level level) {
  TestNames names;
  for (const auto& finding : findings)
    if (finding.level == level) names.push_back(finding.subject);
  return names;
}

class Trial : public testing::Test {
 protected:
  Trial() { images_.add_image("base:1", {{"PATH", "/somewhere"}}); }

  std::vector<Finding> run() {
    return try_attempts(loop_, sandbox_, images_, {"base:1", "the supervisor", scratch_, "id"});
  }

  const testing_support::TemporaryFolder temporary_;
  const std::string scratch_ = temporary_.path();
  FakeLoop loop_;
  sandbox::FakeImageStore images_{loop_};
  FakeProgram first_{.exit_code = 7, .out = kIsolated};
  FakeProgram second_{.exit_code = 2, .out = "trace: gone\nforks: begun\n"};
  FakeSandbox sandbox_{loop_,
                       [this](const auto&) { return sandbox_.started.size() == 1 ? first_ : second_; }};
};

TEST_F(Trial, OfASandboxThatIsolatesFindsEverythingGood) {
  const auto findings = run();
  EXPECT_EQ(subjects(findings, Level::good),
            (TestNames{"trial: exit code", "trial: user", "trial: capabilities", "trial: new privileges",
                   "trial: network none", "trial: memory", "trial: pids", "trial: own root"}));
  EXPECT_EQ(findings.size(), 8u);
  for (const auto& finding : findings) EXPECT_EQ(finding.remedy, "") << finding.subject;
}

TEST_F(Trial, RunsTwoSmallAttemptsOnTheBaseAndLeavesNothing) {
  run();
  ASSERT_EQ(sandbox_.started.size(), 2u);
  for (const auto& spec : sandbox_.started) {
    EXPECT_LE(spec.execution.limits.memory_bytes, 64 * sandbox::kMiB);
    EXPECT_LE(spec.execution.limits.pids, 24);
    EXPECT_EQ(spec.execution.network, sandbox::Network::none);
    EXPECT_EQ(spec.execution.privilege, sandbox::Privilege::test);
    EXPECT_EQ(spec.execution.env, (sandbox::EnvList{{"PATH", "/somewhere"}}));
  }
  EXPECT_EQ(sandbox_.left, 0);
  EXPECT_EQ(images_.built.size(), 1u);
  const auto left = io::await<io::Result<std::vector<sandbox::Image>>>(loop_, [&](auto done) {
                      images_.list(std::move(done));
                    }).value();
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].references, TestNames{"base:1"});
  EXPECT_TRUE(std::filesystem::is_empty(scratch_));
}

TEST_F(Trial, NamesWhatIsNotIsolatedAndWhatToDo) {
  const struct {
    const char *what, *by, *missing;
  } cases[] = {
      {"Uid: 10001", "Uid: 0", "trial: user"},
      {"CapEff: 0000000000000000", "CapEff: 00000000a80425fb", "trial: capabilities"},
      {"CapEff: 0000000000000000\n", "", "trial: capabilities"},
      {"NoNewPrivs: 1", "NoNewPrivs: 0", "trial: new privileges"},
      {"interface: lo", "interface: lo\ninterface: eth0", "trial: network none"},
      {"memory: 137", "memory: 0", "trial: memory"},
      {"trace: written\n", "", "trial: own root"},
  };
  for (const auto& c : cases) {
    first_.out = replaced(kIsolated, c.what, c.by);
    sandbox_.started.clear();
    const auto findings = run();
    EXPECT_EQ(subjects(findings, Level::missing), TestNames{c.missing}) << c.by;
    for (const auto& finding : findings)
      EXPECT_EQ(finding.remedy.empty(), finding.level == Level::good) << finding.subject;
  }
}

TEST_F(Trial, SeesThatProcessesAreNotLimitedAndThatARootIsShared) {
  second_ = {.exit_code = 0, .out = "trace: left\nforks: begun\nforks: all\n"};
  EXPECT_EQ(subjects(run(), Level::missing), (TestNames{"trial: pids", "trial: own root"}));
}

TEST_F(Trial, OfAShellThatTriesForksUntilItsTimeIsOverIsAsGood) {
  second_.takes = std::chrono::minutes(1);
  EXPECT_EQ(subjects(run(), Level::missing), TestNames{});
}

TEST_F(Trial, SeesAnExitCodeThatDoesNotArrive) {
  first_.exit_code = 0;
  EXPECT_EQ(subjects(run(), Level::missing), TestNames{"trial: exit code"});
}

TEST_F(Trial, SaysWhatTheBaseImageLacksToTryIt) {
  first_.out = replaced(kIsolated, "memory: 137", "memory: 127");
  second_.out = "trace: gone\n";
  const auto findings = run();
  EXPECT_EQ(subjects(findings, Level::missing), TestNames{});
  EXPECT_EQ(subjects(findings, Level::warning), (TestNames{"trial: memory", "trial: pids"}));
}

TEST_F(Trial, OfABaseWithoutAShellTellsNothingAboutTheHost) {
  first_ = {.exit_code = 127,
            .start_failure = sandbox::StartFailure{2, "/bin/sh: No such file or directory"}};
  second_ = first_;
  const auto findings = run();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].level, Level::warning);
  EXPECT_EQ(findings[0].text, "could not be made on this base image: /bin/sh: No such file or directory");
}

TEST_F(Trial, OfAnEngineThatBreaksIsAFinding) {
  first_.infrastructure = "the runtime\x1b[31m is broken";
  const auto findings = run();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].level, Level::missing);
  EXPECT_EQ(findings[0].text.find('\x1b'), std::string::npos);
  EXPECT_NE(findings[0].text.find("is broken"), std::string::npos);
  EXPECT_EQ(sandbox_.started.size(), 1u);
}

TEST_F(Trial, IsAnObstacleUnlessASingleLimitAloneDoesNothing) {
  const auto found = [&] {
    sandbox_.started.clear();
    return obstacle_to_attempts(run()).value_or(Finding{}).subject;
  };
  EXPECT_EQ(found(), "");
  first_.out = replaced(kIsolated, "memory: 137", "memory: 0");
  EXPECT_EQ(found(), "") << "that is for the report to say";
  first_.exit_code = 0;
  EXPECT_EQ(found(), "trial: exit code");
  first_.infrastructure = "the runtime is broken";
  EXPECT_EQ(found(), "trial");
}

TEST_F(Trial, OfABaseThatIsGoneIsAFinding) {
  const auto findings = try_attempts(loop_, sandbox_, images_, {"other:1", "the supervisor", scratch_, "id"});
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].text, "no attempt could be tried: the image other:1 is gone");
}

}  // namespace
}  // namespace orchestrator
