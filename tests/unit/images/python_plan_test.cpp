#include <gtest/gtest.h>

#include <algorithm>

#include "images/toolchains/languages.h"
#include "tests/unit/images/sources.h"

namespace {

using images::InstallOptions;
using images::InstallPlan;
using images_test::source_of;

InstallPlan python_plan(const std::map<std::string, std::string>& files, InstallOptions options = {}) {
  return images::python_toolchain().plan(source_of(files), options);
}

// All words of all steps, to look for a command in.
std::string words_of(const std::vector<sandbox::LayerBuildStep>& steps) {
  std::string words;
  for (const auto& step : steps)
    for (const auto& word : step.execution.argv)
      if (word.size() < 1000) words += word + " ";  // not the scripts
  return words;
}

bool has(std::string_view text, std::string_view word) { return text.find(word) != std::string_view::npos; }

TEST(PythonPlan, InstallsRequirementFilesWithWhatTheyInclude) {
  const auto plan = python_plan({{"requirements.txt", "-r deps/base.txt\n-c constraints.txt\nsix\n"},
                                 {"deps/base.txt", "attrs\n-r ../more.txt\n"},
                                 {"constraints.txt", "six<2\n"},
                                 {"more.txt", "packaging\n"},
                                 {"requirements-dev.txt", "pytest\n"}});
  EXPECT_EQ(plan.dependency_files, (std::vector<std::string>{"requirements.txt", "deps/base.txt", "more.txt",
                                                             "constraints.txt", "requirements-dev.txt"}));
  EXPECT_TRUE(has(words_of(plan.dependency_steps), "requirements.txt requirements-dev.txt"));
  EXPECT_TRUE(plan.needs_sources.empty());
  EXPECT_TRUE(plan.source_steps.empty());  // no project of its own: nothing to install from the tree
}

TEST(PythonPlan, RequirementFilesThatIncludeEachOtherEnd) {
  const auto plan = python_plan({{"requirements.txt", "-r a.txt\n"}, {"a.txt", "-r requirements.txt\n"}});
  EXPECT_EQ(plan.dependency_files.size(), 2u);
}

TEST(PythonPlan, AnIncludeNeverLeavesTheTree) {
  const auto plan = python_plan({{"requirements.txt", "-r ../../etc/passwd\n-r /etc/passwd\nsix\n"}});
  EXPECT_EQ(plan.dependency_files, (std::vector<std::string>{"requirements.txt"}));
}

TEST(PythonPlan, ALineThatPointsIntoTheTreeNeedsTheSources) {
  for (const char* line : {"-e .", "--editable=.", ".", "./pkg", "file:./pkg", "pkg @ file:///work/pkg",
                           "-f wheels", "libs/thing-1.0-py3-none-any.whl"}) {
    const auto plan = python_plan({{"requirements.txt", std::string("six\n") + line + "\n"}});
    EXPECT_TRUE(has(plan.needs_sources, line)) << line;
    EXPECT_TRUE(has(words_of(plan.source_steps), "requirements.txt")) << line;
  }
}

TEST(PythonPlan, AddressesAndMarkersDoNotNeedTheSources) {
  const auto plan =
      python_plan({{"requirements.txt",
                    "--index-url https://index.example/simple\nsix; python_version < '4'  # why/not\n"
                    "git+https://git.example/a/b@v1#egg=b\n-e git+https://git.example/a/c#egg=c\n"
                    "d @ https://files.example/d.tar.gz\n\nattrs \\\n  >= 20\n"}});
  EXPECT_EQ(plan.needs_sources, "");
  EXPECT_TRUE(has(words_of(plan.tool_steps), "git"));  // two of them come out of git repositories
}

TEST(PythonPlan, AProjectIsInstalledFromTheTreeWithoutItsDependencies) {
  const auto plan =
      python_plan({{"pyproject.toml",
                    "[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n"
                    "[project]\nname = \"a\"\ndependencies = [\"six\"]\n"}});
  EXPECT_EQ(plan.needs_sources, "");
  EXPECT_TRUE(has(words_of(plan.dependency_steps), "run"));
  EXPECT_TRUE(has(words_of(plan.dependency_steps), "build"));
  EXPECT_TRUE(
      has(words_of(plan.source_steps), "--use-pep517 --no-deps --no-build-isolation --no-index -e ."));
  EXPECT_EQ(plan.dependency_files, (std::vector<std::string>{"pyproject.toml"}));
}

TEST(PythonPlan, DynamicDependenciesNeedTheSources) {
  const auto plan =
      python_plan({{"pyproject.toml",
                    "[build-system]\nrequires = [\"setuptools\"]\n[project]\nname = \"a\"\n"
                    "dynamic = [\n  \"version\",\n  \"dependencies\",  # read from elsewhere\n]\n"}});
  EXPECT_TRUE(has(plan.needs_sources, "build back-end"));
  EXPECT_TRUE(has(words_of(plan.source_steps), "-e '.["));
}

TEST(PythonPlan, ADynamicVersionAloneDoesNot) {
  const auto plan = python_plan({{"pyproject.toml",
                                  "[build-system]\nrequires = [\"setuptools\"]\n[project]\nname = \"a\"\n"
                                  "dynamic = [\"version\"]\ndependencies = [\"six\"]\n"}});
  EXPECT_EQ(plan.needs_sources, "");
}

TEST(PythonPlan, ASetupPyThatListsRequirementsNeedsTheSources) {
  EXPECT_TRUE(has(python_plan({{"setup.py", "setup(install_requires=['six'])"}}).needs_sources, "setup.py"));
  EXPECT_EQ(python_plan({{"setup.py", "from setuptools import setup\nsetup(name='a')"}}).needs_sources, "");
  EXPECT_EQ(python_plan({{"setup.py", "from setuptools import setup\nsetup()"},
                         {"setup.cfg", "[options]\ninstall_requires =\n  six\n"}})
                .needs_sources,
            "");
}

TEST(PythonPlan, AUvLockIsSyncedWithTheGroupsThatServeTests) {
  const auto plan =
      python_plan({{"uv.lock", "[[package]]\nname = \"a\"\nsource = { editable = \".\" }\n"},
                   {"pyproject.toml",
                    "[project]\nname = \"a\"\n[project.optional-dependencies]\ntest = [\"pytest\"]\n"
                    "docs = [\"sphinx\"]\n[dependency-groups]\ndev = [\"six\"]\n[build-system]\n"
                    "requires = [\"hatchling\"]\n"}});
  const auto words = words_of(plan.dependency_steps);
  EXPECT_TRUE(has(words, "uv sync --frozen"));
  EXPECT_TRUE(has(words, "--extra test"));
  EXPECT_TRUE(has(words, "--group dev"));
  EXPECT_FALSE(has(words, "docs"));
  EXPECT_EQ(plan.needs_sources, "");
}

TEST(PythonPlan, AUvLockWithNeighboursInTheTreeNeedsTheSources) {
  EXPECT_NE(python_plan({{"uv.lock", "source = { editable = \"libs/b\" }\n"}, {"pyproject.toml", ""}})
                .needs_sources,
            "");
}

TEST(PythonPlan, AManifestThatNobodyReadNeedsTheSources) {
  auto source = source_of({{"uv.lock", ""}, {"pyproject.toml", ""}});
  source.manifests.erase("uv.lock");  // too large, say
  const auto plan = images::python_toolchain().plan(source, {});
  EXPECT_TRUE(has(plan.needs_sources, "uv.lock"));
  EXPECT_TRUE(has(words_of(plan.source_steps), "uv sync"));
}

TEST(PythonPlan, PoetryAndPipenvInstallOutsideOfTheTestsEnvironment) {
  const auto poetry =
      python_plan({{"poetry.lock", ""}, {"pyproject.toml", "[tool.poetry.group.test.dependencies]\n"}});
  EXPECT_TRUE(has(words_of(poetry.tool_steps), "/opt/tools/bin/pip install poetry"));
  EXPECT_TRUE(has(words_of(poetry.dependency_steps), "poetry install --no-root"));
  EXPECT_TRUE(has(words_of(poetry.dependency_steps), "--with test"));
  const auto pipenv = python_plan({{"Pipfile", "[packages]\nsix = \"*\"\n"}, {"Pipfile.lock", "{}"}});
  EXPECT_TRUE(has(words_of(pipenv.dependency_steps), "pipenv requirements --dev"));
  EXPECT_FALSE(has(words_of(pipenv.dependency_steps), "pipenv lock"));
}

TEST(PythonPlan, ASubdirectorysManifestsKeepTheirPlaceInTheTree) {
  InstallOptions options;
  options.subdir = "services/api";
  const auto plan = python_plan({{"services/api/requirements.txt", "-r ../common.txt\n"},
                                 {"services/common.txt", "six\n"},
                                 {"setup.py", ""}},
                                options);
  EXPECT_EQ(plan.dependency_files,
            (std::vector<std::string>{"services/api/requirements.txt", "services/common.txt"}));
}

TEST(PythonPlan, AddsPytestWhenOnlyTheCommandNamesIt) {
  InstallOptions options;
  options.test_words = {"python", "-m", "pytest", "tests"};
  const auto plan = python_plan({{"requirements.txt", "six\n"}}, options);
  EXPECT_TRUE(has(words_of(plan.dependency_steps), "import pytest"));
  EXPECT_TRUE(
      std::any_of(plan.notes.begin(), plan.notes.end(), [](auto& note) { return has(note, "pytest"); }));
  options.test_words = {"python", "-m", "unittest"};
  EXPECT_FALSE(
      has(words_of(python_plan({{"requirements.txt", "six\n"}}, options).dependency_steps), "pytest"));
}

TEST(PythonPlan, WithoutInstallTheBaseImageStaysAsItIs) {
  InstallOptions options;
  options.install_dependencies = false;
  const auto plan = python_plan({{"requirements.txt", "six\n"}, {"setup.py", "install_requires"}}, options);
  EXPECT_TRUE(plan.tool_steps.empty());
  EXPECT_TRUE(plan.dependency_steps.empty());
  EXPECT_TRUE(plan.source_steps.empty());
  EXPECT_TRUE(plan.path_folders.empty());
}

TEST(PythonPlan, APersonsOwnImageKeepsItsPackagesVisible) {
  InstallOptions options;
  EXPECT_FALSE(has(words_of(python_plan({}, options).tool_steps), "--system-site-packages"));
  options.own_base = true;
  EXPECT_TRUE(has(words_of(python_plan({}, options).tool_steps), "--system-site-packages /opt/venv"));
}

TEST(PythonPlan, HostileManifestsAreOnlyLookedAt) {
  std::string deep(100'000, '[');
  EXPECT_NO_THROW(
      python_plan({{"pyproject.toml", deep}, {"requirements.txt", deep + "\n\\\n-r\n-e\n--requirement=\n"}}));
  EXPECT_NO_THROW(python_plan(
      {{"pyproject.toml", "[project\n=\n\"\"\"\n[a]]\nx = ["}, {"setup.cfg", "\xff\xfe[options]"}}));
}

TEST(PythonSeeds, CarryTheSeedWithinWhatPythonAccepts) {
  const auto env = images::python_toolchain().seed_env((1LL << 32) + 7);
  EXPECT_EQ(env, (sandbox::EnvList{{"TEST_SEED", "4294967303"}, {"PYTHONHASHSEED", "7"}}));
}

TEST(PythonSeeds, ReachPytestRandomlyWithoutReplacingThePersonsOptions) {
  const auto& python = images::python_toolchain();
  const auto option = [&](const std::vector<std::string>& packages, const sandbox::EnvList& user_env,
                          const std::vector<std::string>& words) {
    for (const auto& [name, value] : python.seed_env_for(5, packages, user_env, words))
      if (name == "PYTEST_ADDOPTS") return value;
    return std::string("none");
  };
  EXPECT_EQ(option({"pytest==8.0"}, {}, {}), "none");
  EXPECT_EQ(option({"pytest-randomly==3.15"}, {}, {}), "--randomly-seed=5");
  EXPECT_EQ(option({"pytest-randomly==3.15"}, {{"PYTEST_ADDOPTS", "-x"}}, {}), "-x --randomly-seed=5");
  EXPECT_EQ(option({"pytest-randomly==3.15"}, {{"PYTEST_ADDOPTS", "-p no:randomly"}}, {}), "none");
  EXPECT_EQ(option({"pytest-randomly==3.15"}, {{"PYTEST_ADDOPTS", "--randomly-seed=9"}}, {}), "none");
  EXPECT_EQ(option({"pytest-randomly==3.15"}, {}, {"pytest", "-p", "no:randomly"}), "none");
}

}  // namespace
