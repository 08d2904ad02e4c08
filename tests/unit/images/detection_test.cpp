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

TEST(Detection, FindsEachLanguageByItsManifest) {
  constexpr struct {
    const char *file, *content, *name;
  } kRows[] = {
      {"go.mod", "", "go"},          {"go.work", "", "go"},
      {"Cargo.toml", "", "rust"},    {"package.json", "{}", "javascript"},
      {"CMakeLists.txt", "", "cpp"}, {"pom.xml", "", "java-maven"},
      {"cpanfile", "", "perl"},
  };
  for (const auto& [file, content, name] : kRows) {
    const auto detected = detect_toolchain(source_of({{file, content}}), "");
    EXPECT_EQ(detected.toolchain->name(), name);
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

TEST(Detection, SaysWhatElseItSaw) {
  const auto detected = detect_toolchain(
      source_of({{"go.mod", ""}, {"requirements.txt", ""}, {"package.json", "{}"}, {"Gemfile", ""}}), "");
  EXPECT_EQ(detected.toolchain->name(), "go");
  EXPECT_EQ(detected.also,
            (std::vector<std::string>{
                "requirements.txt is here, too: for tests of python say --framework python",
                "package.json is here, too: for tests of javascript say --framework javascript",
                "Gemfile seen: no toolchain for Ruby yet"}));
}

TEST(Detection, SaysWhatLiesBelowWhereNothingIsRecognised) {
  const auto also = [](const std::map<std::string, std::string>& files, const std::string& subdir) {
    return detect_toolchain(source_of(files), subdir).also;
  };
  const std::map<std::string, std::string> files = {
      {"deep/down/go.mod", ""},
      {"web/package.json", R"({"devDependencies":{"jest":"1"}})"},
      {"api/setup.py", ""}};
  EXPECT_EQ(also(files, ""),
            (std::vector<std::string>{"api has setup.py: --subdir api tests there",
                                      "web has package.json with jest: --subdir web tests there",
                                      "deep/down has go.mod: --subdir deep/down tests there"}));
  EXPECT_EQ(also(files, "deep"),
            (std::vector<std::string>{"deep/down has go.mod: --subdir deep/down tests there"}));
  EXPECT_EQ(also(files, "api"), std::vector<std::string>{});
  EXPECT_EQ(also({{"package.json", "{"}}, ""),
            (std::vector<std::string>{"package.json is no object of JSON: nothing is installed by it"}));
}

TEST(Detection, FollowsTheScriptThatTheCommandRuns) {
  const std::string both = R"({"scripts": {"test": "mocha --exit", "unit": "jest"},
                               "devDependencies": {"jest": "1", "mocha": "1"}})";
  const auto name_for = [&](const std::vector<std::string>& words) {
    return detect_toolchain(source_of({{"package.json", both}}), "", words).toolchain->name();
  };
  EXPECT_EQ(name_for({"npm", "test"}), "javascript-mocha");
  EXPECT_EQ(name_for({"npm", "-s", "t"}), "javascript-mocha");
  EXPECT_EQ(name_for({"npm", "run", "unit"}), "typescript-jest");
  EXPECT_EQ(name_for({"yarn", "test"}), "javascript-mocha");
  EXPECT_EQ(name_for({"npx", "jest"}), "typescript-jest");
  EXPECT_EQ(name_for({"npm", "install"}), "typescript-jest");
}

TEST(Detection, SaysWhichLockFileCounts) {
  const auto source = source_of(
      {{"package.json", R"({"devDependencies":{"mocha":"1"}})"}, {"yarn.lock", ""}, {"pnpm-lock.yaml", ""}});
  EXPECT_EQ(detect_toolchain(source, "").also,
            (std::vector<std::string>{"pnpm-lock.yaml and yarn.lock are here: installed by pnpm-lock.yaml"}));
}

TEST(Detection, FollowsThePredecessorsOrder) {
  const auto name_of = [](const std::map<std::string, std::string>& files) {
    return detect_toolchain(source_of(files), "").toolchain->name();
  };
  const std::string all =
      R"({"dependencies": {"mocha": "1"}, "devDependencies": {"jest": "1", "vitest": "1"}})";
  EXPECT_EQ(name_of({{"go.mod", ""}, {"package.json", all}, {"setup.py", ""}}), "go");
  EXPECT_EQ(name_of({{"package.json", all}, {"setup.py", ""}}), "typescript-jest");
  EXPECT_EQ(name_of({{"package.json", R"({"devDependencies": {"vitest": "1", "mocha": "1"}})"}}),
            "typescript-vitest");
  EXPECT_EQ(name_of({{"package.json", R"({"dependencies": {"mocha": "1"}})"}}), "javascript-mocha");
  EXPECT_EQ(name_of({{"package.json", "{}"}, {"setup.py", ""}}), "python");
  EXPECT_EQ(name_of({{"package.json", "{}"}}), "javascript");
}

TEST(Detection, OfAHostileManifestIsNone) {
  EXPECT_EQ(detect_toolchain(source_of({{"package.json", std::string(200'000, '[')}}), "").toolchain->name(),
            "unknown");
  const std::string deep = R"({"devDependencies": )" + std::string(5000, '[') + std::string(5000, ']') + "}";
  EXPECT_EQ(detect_toolchain(source_of({{"package.json", deep}}), "").toolchain->name(), "unknown");
}

TEST(Detection, FindsARunnerInAWorkspace) {
  const auto detected =
      detect_toolchain(source_of({{"package.json", R"({"workspaces": ["packages/*"]})"},
                                  {"packages/a/package.json", R"({"devDependencies": {"vitest": "1"}})"}}),
                       "");
  EXPECT_EQ(detected.toolchain->name(), "typescript-vitest");
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
