#include <gtest/gtest.h>

#include "images/toolchains/toml_glance.h"
#include "images/toolchains/toolchain.h"
#include "tests/unit/images/sources.h"

namespace {

using images::detect_toolchain;
using images_test::source_of;

TEST(Detection, FindsPythonByEachOfItsManifests) {
  for (const char* file :
       {"requirements.txt", "pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "uv.lock", "poetry.lock",
        "requirements/test.txt", "conftest.py", "pytest.ini", "tests/test_a.py"}) {
    const auto detected = detect_toolchain(source_of({{file, ""}}), "");
    EXPECT_EQ(detected.toolchain->name(), "python") << file;
    EXPECT_EQ(detected.found, file);
  }
}

TEST(Detection, FallsBackToUnknown) {
  EXPECT_EQ(detect_toolchain(source_of({{"run.sh", ""}}), "").toolchain->name(), "unknown");
  EXPECT_EQ(detect_toolchain(source_of({}), "").toolchain->name(), "unknown");
}

TEST(Detection, LooksIntoTheSubdirectoryAndNowhereElse) {
  const auto source = source_of({{"requirements.txt", ""}, {"web/run.sh", ""}, {"api/setup.py", ""}});
  EXPECT_EQ(detect_toolchain(source, "web").toolchain->name(), "unknown");
  EXPECT_EQ(detect_toolchain(source, "api").toolchain->name(), "python");
}

TEST(Detection, SaysWhatItSawButCannotInstallYet) {
  const auto detected = detect_toolchain(source_of({{"go.mod", ""}, {"requirements.txt", ""}}), "");
  EXPECT_EQ(detected.toolchain->name(), "python");
  ASSERT_EQ(detected.also.size(), 1u);
  EXPECT_EQ(detected.also[0], "go.mod seen: no toolchain for Go yet");
}

TEST(Detection, KnowsAllNamesOfThePredecessor) {
  for (const char* name :
       {"python", "go", "typescript-jest", "typescript-vitest", "javascript-mocha", "unknown"}) {
    const auto* toolchain = images::find_toolchain(name);
    ASSERT_NE(toolchain, nullptr) << name;
    EXPECT_EQ(toolchain->name(), name);
  }
  EXPECT_EQ(images::find_toolchain("pyhton"), nullptr);
}

TEST(Detection, GivesEachFrameworkItsSeedVariable) {
  const auto env = images::find_toolchain("go")->seed_env(3);
  EXPECT_EQ(env, (sandbox::EnvList{{"TEST_SEED", "3"}, {"GO_TEST_SEED", "3"}}));
}

TEST(TomlGlance, SeesTablesKeysAndValuesOverSeveralLines) {
  const images::TomlGlance toml(
      "top = 1\n[ project . optional-dependencies ]\ntest = [\n  \"a[b]\", # ]\n  'c',\n]\nafter = "
      "2\n[[tool.x]]\n");
  EXPECT_TRUE(toml.has_table("project"));
  EXPECT_TRUE(toml.has_table("project.optional-dependencies"));
  EXPECT_TRUE(toml.has_table("tool.x"));
  EXPECT_FALSE(toml.has_table("proj"));
  EXPECT_EQ(toml.keys("project.optional-dependencies"), (std::vector<std::string>{"after", "test"}));
  EXPECT_EQ(toml.value("project.optional-dependencies", "after"), "2");
  EXPECT_NE(toml.value("project.optional-dependencies", "test").find("'c'"), std::string::npos);
}

}  // namespace
