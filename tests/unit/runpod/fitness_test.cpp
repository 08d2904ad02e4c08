// Whether a host may take jobs.
#include "orchestrator/runpod/fitness.h"

#include <gtest/gtest.h>
#include <stdlib.h>

namespace orchestrator::runpod {
namespace {

using sandbox::Enforcement;

sandbox::Capabilities engine_with(Enforcement memory, Enforcement cpus, Enforcement pids) {
  sandbox::Capabilities engine;
  engine.memory_bytes = std::int64_t{64} << 30;
  engine.limits = {{"memory", memory}, {"cpus", cpus}, {"pids", pids}, {"timeout", Enforcement::enforced}};
  return engine;
}

Environment undemanding() {
  Environment environment;
  environment.min_disk_percent = 0;
  return environment;
}

TEST(RunpodFitness, NeedsSomeCgroup) {
  const auto no = Enforcement::not_enforced;
  const auto unfit = find_unfit(undemanding(), engine_with(no, no, no), "");
  ASSERT_TRUE(unfit.has_value());
  EXPECT_EQ(unfit->check, "cgroups");
  EXPECT_NE(unfit->remedy, "");
  Environment bold = undemanding();
  bold.skip_checks = true;
  EXPECT_FALSE(find_unfit(bold, engine_with(no, no, no), ""));
}

TEST(RunpodFitness, LeavesASingleLimitToTheReport) {
  const auto yes = Enforcement::enforced, no = Enforcement::not_enforced;
  EXPECT_FALSE(find_unfit(undemanding(), engine_with(no, yes, yes), ""));
  EXPECT_FALSE(find_unfit(undemanding(), engine_with(no, no, yes), ""));
}

TEST(RunpodFitness, SaysWhatToDoAboutTooLittleMemory) {
  Environment greedy = undemanding();
  greedy.min_memory_gb = 100;
  const auto yes = Enforcement::enforced;
  const auto unfit = find_unfit(greedy, engine_with(yes, yes, yes), "");
  ASSERT_TRUE(unfit.has_value());
  EXPECT_EQ(unfit->check, "memory");
  EXPECT_NE(unfit->remedy.find("RUNPOD_MIN_MEMORY_GB"), std::string::npos);
}

TEST(RunpodFitness, SaysWhatToDoAboutADiskThatIsTooFull) {
  const auto yes = Enforcement::enforced;
  Environment greedy = undemanding();
  EXPECT_FALSE(find_unfit(greedy, engine_with(yes, yes, yes), "/tmp"));
  greedy.min_disk_percent = 101;
  const auto unfit = find_unfit(greedy, engine_with(yes, yes, yes), "/tmp");
  ASSERT_TRUE(unfit.has_value());
  EXPECT_EQ(unfit->check, "disk");
  EXPECT_NE(unfit->reason.find("101 % are needed"), std::string::npos) << unfit->reason;
  EXPECT_NE(unfit->remedy.find("RUNPOD_MIN_DISK_PERCENT"), std::string::npos);
  auto engine = engine_with(yes, yes, yes);
  engine.data_root = "/tmp";  // of the engine's images: as good a reason
  EXPECT_TRUE(find_unfit(greedy, engine, ""));
}

TEST(RunpodFitness, HeedsTheSpaceThatThisHostIsToKeep) {
  const auto yes = Enforcement::enforced;
  ::setenv("ORCHESTRATOR_MIN_FREE", "4096TiB", 1);
  const auto unfit = find_unfit(undemanding(), engine_with(yes, yes, yes), "/tmp");
  ::unsetenv("ORCHESTRATOR_MIN_FREE");
  ASSERT_TRUE(unfit.has_value());
  EXPECT_EQ(unfit->check, "disk");
}

}  // namespace
}  // namespace orchestrator::runpod
