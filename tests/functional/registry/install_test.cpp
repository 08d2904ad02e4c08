// What an installation from the real registry does to a run: when it fails, when it is cached, what it brings
// along.
#include "tests/support/repositories.h"

namespace {

using namespace testing_support;
using Words = std::vector<std::string>;

RunResult run_on(const Repository& repository, const Words& command, Words more = {},
                 ProgramOptions options = {}) {
  Words flags{"--repo", repository.path(), "--runs", "1"};
  flags.insert(flags.end(), more.begin(), more.end());
  return repository.remember(run_job(flags, command, std::move(options)));
}

TEST(FailingInstall, IsExit4WithTheEndOfItsLogAndNoAttempt) {
  const Repository repository;
  repository.copy_sample("failing_install");
  const auto run = run_on(repository, {"pytest"});
  EXPECT_EQ(run.exit_code, 4) << told(run);
  EXPECT_EQ(run.report.at("end"), "not_runnable");
  EXPECT_EQ(run.report.at("results"), nlohmann::json::array());
  const auto at = run.err.find("Failed to install dependencies: ");
  ASSERT_NE(at, std::string::npos) << run.err;
  EXPECT_NE(
      run.err.find("No matching distribution found for surely-nobody-publishes-a-package-of-this-name-0b1f7c",
                   at),
      std::string::npos)
      << run.err;
  EXPECT_EQ(run.err.find("attempts "), std::string::npos) << run.err;
}

TEST(FailingInstall, IsPassedOverByNoInstall) {
  const Repository repository;
  repository.copy_sample("failing_install");
  const auto run =
      run_on(repository,
             {"python3", "-c", "import tests.test_never; tests.test_never.test_never_runs(); print('ran')"},
             {"--no-install"});
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(stdout_of(run), "ran\n");
}

class Randomly : public testing::Test {
 protected:
  Randomly() {
    repository_.write("requirements.txt", "pytest>=7\npytest-randomly\n");
    repository_.write("tests/test_one.py", "def test_one():\n    pass\n");
  }
  Repository repository_;
};

TEST_F(Randomly, GetsTheSeedOfEachAttempt) {
  const auto run = repository_.remember(run_job({"--repo", repository_.path(), "--runs", "3"}, {"pytest"}));
  ASSERT_EQ(run.exit_code, 0) << told(run);
  std::set<std::string> seeds;
  for (const auto& result : run.report.at("results")) {
    const std::string seed = std::to_string(result.at("seed").get<std::int64_t>());
    EXPECT_NE(result.at("stdout").get<std::string>().find("Using --randomly-seed=" + seed + "\n"),
              std::string::npos)
        << result;
    seeds.insert(seed);
  }
  EXPECT_EQ(seeds.size(), 3u);
}

TEST_F(Randomly, MayBeTurnedOffByTheCommand) {
  const auto run = run_on(repository_, {"pytest", "-p", "no:randomly"});
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(stdout_of(run).find("--randomly-seed"), std::string::npos) << stdout_of(run);
}

TEST_F(Randomly, KeepsASeedThatAPersonChose) {
  const auto run = run_on(repository_, {"pytest"}, {"--env", "PYTEST_ADDOPTS=--randomly-seed=77"});
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_NE(stdout_of(run).find("Using --randomly-seed=77\n"), std::string::npos) << stdout_of(run);
}

// Nothing answers there: whoever asks a registry through it fails.
ProgramOptions without_network() {
  ProgramOptions options;
  for (const char* name :
       {"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"})
    options.env.push_back(std::string(name) + "=http://192.0.2.1:9");
  return options;
}

TEST(CachedDependencies, NeedNoNetworkWhenOnlySourcesChanged) {
  const Repository repository;
  repository.copy_sample("pyproject_setuptools");
  ASSERT_EQ(run_on(repository, {"pytest", "-q"}).exit_code, 0);
  repository.write(
      "tests/test_label.py",
      "def test_label():\n    import parcel_pyproject_setuptools\n\ndef test_more():\n    pass\n");
  const auto run = run_on(repository, {"pytest", "-q"}, {}, without_network());
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(built_layers(run), (Words{"sources", "seal"}));
  EXPECT_NE(stdout_of(run).find("2 passed"), std::string::npos) << stdout_of(run);
}

// On a host that has nothing of it but a folder that the first one has filled.
TEST(CachedDependencies, ComeOutOfTheImageCacheWithoutARegistry) {
  const TemporaryFolder cache;
  const Repository repository;
  repository.write("requirements.txt", "pytest>=7\nsix\n# " + repository.path() + "\n");
  repository.write("test_six.py", "def test_six():\n    import six\n");
  const Words flags{"--image-cache", cache.path()};
  const auto first = run_on(repository, {"pytest", "-q"}, flags);
  ASSERT_EQ(first.exit_code, 0) << told(first);
  std::string dependencies;
  for (auto layer = layers(first).rbegin(); layer != layers(first).rend(); ++layer) {
    if (layer->at("kind") == "tools") break;
    run_command({"docker", "rmi", "-f", layer->at("image")});
    if (layer->at("kind") == "dependencies") dependencies = layer->at("image");
  }
  ASSERT_NE(run_command({"docker", "image", "inspect", dependencies}).exit_code, 0) << dependencies;

  const auto second = run_on(repository, {"pytest", "-q"}, flags, without_network());
  ASSERT_EQ(second.exit_code, 0) << told(second);
  EXPECT_EQ(built_layers(second), (Words{"sources", "seal"}));
  EXPECT_NE(second.err.find("dependencies: taken from " + cache.path()), std::string::npos) << second.err;
  EXPECT_NE(stdout_of(second).find("1 passed"), std::string::npos) << stdout_of(second);
}

TEST(CachedDependencies, AreMadeNewWhenAManifestChanged) {
  const Repository repository;
  repository.write("requirements.txt", "pytest>=7\n");
  repository.write("test_six.py", "def test_six():\n    import six\n");
  EXPECT_EQ(run_on(repository, {"pytest", "-q"}).exit_code, 3) << "six is not asked for yet";
  repository.write("requirements.txt", "pytest>=7\nsix\n# " + repository.path() + "\n");
  const auto run = run_on(repository, {"pytest", "-q"});
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(built_layers(run), (Words{"dependencies", "sources", "seal"}));
}

TEST(ProjectThatReadsItsTree, IsInstalledWithItsSourcesAndSaysWhyItIsNotCached) {
  const Repository repository;
  repository.copy_sample("setup_py_only");
  const auto run = run_on(repository, {"pytest", "-q"});
  ASSERT_EQ(run.exit_code, 0) << told(run);
  bool said = false;
  for (const auto& layer : layers(run))
    said = said || layer.at("note").get<std::string>().find("setup.py") != std::string::npos;
  EXPECT_TRUE(said) << layers(run);
}

}  // namespace
