// Each way of stating a Python project's dependencies, installed from the real registry and run.
#include "tests/support/repositories.h"

namespace {

using namespace testing_support;
using Words = std::vector<std::string>;

class Sample : public testing::TestWithParam<std::string> {};

TEST_P(Sample, IsInstalledAndPasses) {
  const Repository repository;
  repository.copy_sample(GetParam());
  const auto run =
      repository.remember(run_job({"--repo", repository.path(), "--runs", "1"}, {"pytest", "-q"}));
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(run.report.at("framework"), "python");
  EXPECT_NE(stdout_of(run).find("1 passed"), std::string::npos) << stdout_of(run);
}

INSTANTIATE_TEST_SUITE_P(Python, Sample,
                         testing::Values("requirements_nested", "pyproject_setuptools", "pyproject_hatch",
                                         "pyproject_flit", "pyproject_poetry", "setup_cfg", "setup_py_only",
                                         "uv_project", "poetry_project", "pipenv_project"),
                         [](const auto& sample) { return sample.param; });

// A lock file, made by its own tool inside a container that has what the host knows of registries. It holds
// an old version, so that who installs it can be told from who resolves anew.
struct Locked {
  std::string sample, manifest, lock;
  std::string newest, old;        // how the manifest asks for any version, and for one below 1.16
  std::string packages, command;  // the tool, and how it makes the lock

  std::string old_manifest() const {
    std::string text = read_file(Repository::sample(sample) + "/" + manifest);
    return text.replace(text.find(newest), newest.size(), old);
  }
  std::string made() const {
    const Repository empty;
    const std::string line = "python3 -m venv /opt/lock-tools && /opt/lock-tools/bin/pip install " +
                             packages + " && mkdir /lock && cd /lock && cat > " + manifest + " <<'END'\n" +
                             old_manifest() + "END\n" + command;
    const auto run = run_shell(empty, "cat /lock/" + lock, {"--runs", "1", "--setup-command", line});
    EXPECT_EQ(run.exit_code, 0) << told(run);
    return run.exit_code == 0 ? stdout_of(run) : "";
  }
};

void expect_old_version(const Repository& repository, const Locked& locked) {
  repository.write(locked.lock, locked.made());
  const auto run =
      repository.remember(run_job({"--repo", repository.path(), "--runs", "1"}, {"pytest", "-q"}));
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_NE(stdout_of(run).find("1 passed"), std::string::npos) << stdout_of(run);
  const std::string packages = run.report.at("environment").at("packages").dump();
  EXPECT_NE(packages.find("\"six==1.15.0\""), std::string::npos) << packages;
}

TEST(LockedProject, OfUvIsInstalledByItsLock) {
  const Repository repository;
  repository.copy_sample("uv_project");
  expect_old_version(repository, {"uv_project", "pyproject.toml", "uv.lock", "\"six\"", "\"six<1.16\"", "uv",
                                  "/opt/lock-tools/bin/uv lock"});
}

TEST(LockedProject, OfPipenvIsInstalledByItsLock) {
  const Repository repository;
  repository.copy_sample("pipenv_project");
  expect_old_version(repository, {"pipenv_project", "Pipfile", "Pipfile.lock", "six = \"*\"",
                                  "six = \"<1.16\"", "pipenv", "/opt/lock-tools/bin/pipenv lock"});
}

// Poetry refuses a lock that is not its manifest's.
TEST(LockedProject, OfPoetryIsInstalledByItsLock) {
  const Locked locked{
      "poetry_project",
      "pyproject.toml",
      "poetry.lock",
      "six = \"*\"",
      "six = \"<1.16\"",
      "poetry poetry-plugin-pypi-mirror",
      "export POETRY_PYPI_MIRROR_URL=${POETRY_PYPI_MIRROR_URL:-$(/opt/lock-tools/bin/python -c 'from "
      "pip._internal.models.index import PyPI; print(PyPI.simple_url)')}; /opt/lock-tools/bin/poetry lock "
      "--no-interaction"};
  const Repository repository;
  repository.copy_sample("poetry_project");
  repository.write("pyproject.toml", locked.old_manifest());
  expect_old_version(repository, locked);
}

TEST(FlakyPython, IsReportedFlakyWithItsRateAndALineToRunAgain) {
  const Repository repository;
  repository.copy_sample("flaky_python");
  const auto run = repository.remember(
      run_job({"--repo", repository.path(), "--runs", "12", "--seed", "4242"}, {"pytest", "tests/"}));
  ASSERT_EQ(run.exit_code, 1) << told(run);
  EXPECT_EQ(run.report.at("verdict"), "flaky");
  EXPECT_EQ(run.report.at("total_runs"), 12);
  const int failures = run.report.at("failures");
  EXPECT_GT(failures, 0);
  EXPECT_LT(failures, 12);
  EXPECT_NE(run.out.find("FLAKY  " + std::to_string(failures) + " of 12 attempts did not pass"),
            std::string::npos)
      << run.out;
  EXPECT_NE(run.out.find("\nagain "), std::string::npos) << run.out;

  // A failed attempt fails again by its seed.
  for (const auto& result : run.report.at("results")) {
    if (result.at("passed").get<bool>()) continue;
    const auto again = run_job({"--repo", repository.path(), "--runs", "12", "--seed", "4242",
                                "--only-attempt", std::to_string(result.at("attempt").get<int>())},
                               {"pytest", "tests/"});
    EXPECT_EQ(again.exit_code, 3) << told(again);
    EXPECT_EQ(again.report.at("results").at(0).at("seed"), result.at("seed"));
    EXPECT_EQ(built_layers(again), Words{});
    break;
  }
}

}  // namespace
