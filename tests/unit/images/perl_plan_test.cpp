#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "images/toolchains/toolchain.h"
#include "tests/unit/images/sources.h"

namespace {

using images_test::source_of;
using Words = std::vector<std::string>;

images::InstallPlan perl_plan(const std::map<std::string, std::string>& files,
                              const std::string& subdir = "") {
  return images::find_toolchain("perl")->plan(source_of(files), {.subdir = subdir});
}

TEST(PerlPlan, InstallsByTheCpanfileAlone) {
  const auto plan = perl_plan({{"api/cpanfile", ""}, {"api/t/a.t", ""}}, "api");
  EXPECT_EQ(plan.dependency_files, Words{"api/cpanfile"});
  EXPECT_EQ(plan.dependency_steps.size(), 1u);
  EXPECT_TRUE(plan.source_steps.empty());
  EXPECT_EQ(plan.needs_sources, "");
}

TEST(PerlPlan, AsksTheProjectsOwnProgramWithoutACpanfile) {
  const auto plan = perl_plan({{"Makefile.PL", ""}});
  EXPECT_TRUE(plan.dependency_steps.empty());
  EXPECT_NE(plan.needs_sources, "");
  ASSERT_EQ(plan.source_steps.size(), 2u);
  EXPECT_EQ(plan.source_steps[1].title, "making the project");
}

// HACKING.md shows it to whoever adds a language.
TEST(PerlToolchain, TakesLessThanAHundredLines) {
  std::ifstream file(SOURCE_FOLDER "/images/toolchains/perl.cpp");
  const auto lines = std::count(std::istreambuf_iterator<char>(file), {}, '\n');
  EXPECT_GT(lines, 50);
  EXPECT_LT(lines, 100);
}

}  // namespace
