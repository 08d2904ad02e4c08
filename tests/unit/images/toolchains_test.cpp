// What is true of every toolchain.
#include <gtest/gtest.h>

#include <set>

#include "images/toolchains/all_toolchains.h"
#include "images/toolchains/toolchain.h"
#include "tests/unit/images/sources.h"

namespace {

TEST(Toolchains, HaveNamesOfTheirOwnByWhichTheyAreFound) {
  std::set<std::string> names;
  for (const std::string& name : images::toolchain_names()) {
    EXPECT_TRUE(names.insert(name).second) << name;
    ASSERT_NE(images::find_toolchain(name), nullptr) << name;
    EXPECT_EQ(images::find_toolchain(name)->name(), name);
  }
}

TEST(Toolchains, RunOnABaseThatCanBeMade) {
  for (const images::Toolchain* toolchain : images::toolchains()) {
    EXPECT_FALSE(toolchain->default_base().empty()) << toolchain->name();
    const auto own = toolchain->bootstrap_base();
    const images::BaseRecipe* listed = images::find_base(own.name);
    ASSERT_NE(listed, nullptr) << toolchain->name();
    EXPECT_EQ(listed, images::find_base(own.reference)) << "two bases of one reference";
    EXPECT_EQ(listed->packages, own.packages) << "two bases of one name";
    EXPECT_TRUE(own.reference.starts_with("orchestrator/")) << own.reference;
    EXPECT_NE(std::find(own.packages.begin(), own.packages.end(), "ca-certificates"), own.packages.end());
  }
}

TEST(Toolchains, HandTestSeedOn) {
  for (const images::Toolchain* toolchain : images::toolchains()) {
    const auto env = toolchain->seed_env(7);
    EXPECT_NE(std::find(env.begin(), env.end(), std::pair<std::string, std::string>("TEST_SEED", "7")),
              env.end())
        << toolchain->name();
  }
}

TEST(Toolchains, InstallNothingWhereThatIsNotWanted) {
  for (const images::Toolchain* toolchain : images::toolchains()) {
    const auto plan = toolchain->plan(images_test::source_of({}), {.install_dependencies = false});
    EXPECT_TRUE(plan.dependency_steps.empty() && plan.dependency_files.empty() && plan.source_steps.empty())
        << toolchain->name();
  }
}

}  // namespace
