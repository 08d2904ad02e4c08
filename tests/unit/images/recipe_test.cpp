#include "images/recipe.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "images/recipe_failure.h"
#include "sandbox/io/error.h"
#include "tests/support/fake_image_store.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/images/sources.h"

namespace {

namespace fs = std::filesystem;
using images_test::source_of;

struct Seen : images::RecipeObserver {
  void layer_started(const std::string& kind, const std::string&) override { started.push_back(kind); }
  void layer_finished(const images::BuiltLayer& layer) override { finished.push_back(layer); }
  void output(sandbox::Stream, std::string_view text) override { printed += text; }
  std::vector<std::string> started;
  std::vector<images::BuiltLayer> finished;
  std::string printed;
};

class RecipeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(scratch_ / "supervisor") << "the supervisor's bytes";
    store_.add_image("python:3.12-slim", {{"PATH", "/usr/local/bin:/usr/bin"}, {"PYTHON_VERSION", "3.12"}});
    request_.source = source_of({{"requirements.txt", "six\n"}, {"test_a.py", ""}});
    request_.toolchain = images::find_toolchain("python");
    request_.supervisor_file = (scratch_ / "supervisor").string();
    request_.scratch = scratch_.string();
    request_.archive = [this](io::Loop& loop, images::CheckoutRequest, std::string prefix, int owner,
                              auto done) {
      ++archives_;
      EXPECT_EQ(prefix, "work/");
      EXPECT_EQ(owner, 10001);
      const auto tar = scratch_ / "sources.tar";
      std::ofstream(tar) << "the sources";
      loop.post([done, tar, hash = archived_hash_] { done(images::SourceArchive{tar.string(), hash}); });
      return std::unique_ptr<images::Checkout>();
    };
  }

  io::Result<images::BuiltImage> run() {
    seen_ = Seen();
    std::optional<io::Result<images::BuiltImage>> result;
    const auto recipe =
        images::start_recipe(loop_, store_, request_, seen_, [&](auto built) { result = std::move(built); });
    loop_.run_until([&] { return result.has_value(); });
    if (!result) return io::failure(std::logic_error("the recipe never ended"));
    return std::move(*result);
  }

  std::string error_of_run() {
    try {
      run().value();
    } catch (const io::SetupError& e) {
      return std::string("setup: ") + e.what();
    } catch (const io::HostError& e) {
      return std::string("host: ") + e.what();
    }
    return "no error";
  }

  static sandbox::StepFailed failed(const std::string& title, int code, const std::string& log,
                                    sandbox::Outcome outcome = sandbox::Outcome::failed) {
    sandbox::ExecutionResult result;
    result.exit = sandbox::ExitStatus{code, std::nullopt};
    return {title, outcome, result, log};
  }

  const testing_support::TemporaryFolder temporary_;
  const fs::path scratch_ = temporary_.path();
  images_test::PostLoop loop_;
  sandbox::FakeImageStore store_{loop_};
  images::RecipeRequest request_;
  Seen seen_;
  int archives_ = 0;
  std::string archived_hash_ = "tree-1";
};

constexpr const char* kInstall = "installing requirements.txt";

TEST_F(RecipeTest, BuildsEachLayerOnTheOneBefore) {
  const auto built = run().value();
  EXPECT_EQ(store_.built_kinds(), (std::vector<std::string>{"tools", "dependencies", "sources", "seal"}));
  EXPECT_EQ(store_.built[0].parent, built.base_id);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(store_.built[i].parent, built.layers[i - 1].image);
  EXPECT_EQ(built.id, built.layers[3].image);
  EXPECT_TRUE(store_.pulled.empty());
}

TEST_F(RecipeTest, AnUnchangedSecondRunBuildsAndReadsNothing) {
  const auto first = run().value();
  const auto second = run().value();
  EXPECT_EQ(second.id, first.id);
  EXPECT_EQ(store_.built.size(), 4u);
  EXPECT_EQ(archives_, 1);
  EXPECT_TRUE(store_.pulled.empty());
  EXPECT_TRUE(seen_.started.empty());
  for (const auto& layer : second.layers) EXPECT_TRUE(layer.cached);
}

TEST_F(RecipeTest, ChangedSourcesKeepTheDependencies) {
  run().value();
  request_.source.tree_hash = archived_hash_ = "tree-2";
  run().value();
  EXPECT_EQ(seen_.started, (std::vector<std::string>{"sources", "seal"}));
}

TEST_F(RecipeTest, AChangedManifestBuildsDependenciesAndWhatFollows) {
  run().value();
  request_.source.manifests["requirements.txt"] = "six==1.16\n";
  run().value();
  EXPECT_EQ(seen_.started, (std::vector<std::string>{"dependencies", "sources", "seal"}));
}

TEST_F(RecipeTest, ANewSupervisorIsANewToolsLayer) {
  run().value();
  std::ofstream(scratch_ / "supervisor") << "another supervisor";
  run().value();
  EXPECT_EQ(seen_.started.front(), "tools");
}

TEST_F(RecipeTest, HostSettingsAreInNoKey) {
  run().value();
  request_.host.env = {{"HTTPS_PROXY", "http://proxy.example"}};
  run().value();
  EXPECT_EQ(store_.built.size(), 4u);
}

TEST_F(RecipeTest, StepsRunAsInstallersWithTheirOwnLimits) {
  request_.install.step_timeout = std::chrono::minutes(3);
  request_.setup_commands = {"apt-get install -y gcc"};
  run().value();
  for (const auto& spec : store_.built)
    for (const auto& step : spec.steps) {
      EXPECT_EQ(step.execution.privilege, sandbox::Privilege::install);
      EXPECT_EQ(step.execution.limits.memory_bytes, 4 * sandbox::kGiB);
      EXPECT_EQ(step.execution.limits.timeout, std::chrono::minutes(3));
    }
  EXPECT_EQ(store_.built[0].steps.front().execution.argv,
            (std::vector<std::string>{sandbox::kSupervisorPath, "prepare"}));
  EXPECT_EQ(store_.built[0].steps.front().execution.network, sandbox::Network::none);
  EXPECT_EQ(store_.built[0].steps.back().execution.argv,
            (std::vector<std::string>{"/bin/sh", "-c", "apt-get install -y gcc"}));
  EXPECT_EQ(store_.built[1].steps.front().execution.network, sandbox::Network::bridge);
}

TEST_F(RecipeTest, HostSettingsReachOnlyStepsWithNetworkAndOnlyAsSecrets) {
  request_.host.env = {{"HTTPS_PROXY", "http://proxy.example"}};
  request_.host.files = {{"ca-certificates.crt", "PEM"}};
  run().value();
  for (const auto& spec : store_.built) {
    for (const auto& [name, value] : spec.env) EXPECT_NE(name, "HTTPS_PROXY");
    for (const auto& step : spec.steps) {
      for (const auto& [name, value] : step.execution.env) EXPECT_NE(name, "HTTPS_PROXY");
      const bool network = step.execution.network != sandbox::Network::none;
      EXPECT_EQ(step.execution.secret_env.empty(), !network) << step.title;
      EXPECT_EQ(step.execution.secret_files.empty(), !network) << step.title;
    }
  }
}

TEST_F(RecipeTest, TheProjectIsInstalledWithoutNetwork) {
  request_.source =
      source_of({{"pyproject.toml", "[build-system]\nrequires = []\n[project]\nname = \"a\"\n"}});
  run().value();
  for (const auto& step : store_.last_built("sources")->steps)
    EXPECT_EQ(step.execution.network, sandbox::Network::none) << step.title;
}

TEST_F(RecipeTest, AStepWithTheSourcesMayAskForNetworkByItself) {
  request_.base = "python:3.12-slim";
  request_.toolchain = images::find_toolchain("java-maven");
  request_.source = source_of({{"pom.xml", ""}});
  run().value();
  const auto& steps = store_.last_built("sources")->steps;
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[0].execution.network, sandbox::Network::none);
  EXPECT_EQ(steps[1].execution.network, sandbox::Network::bridge) << "what the manifests did not tell";
  EXPECT_EQ(steps[2].execution.network, sandbox::Network::none) << "the list";
}

TEST_F(RecipeTest, AProjectThatNeedsItsSourcesSaysSo) {
  request_.source = source_of({{"setup.py", "setup(install_requires=[])"}});
  const auto built = run().value();
  EXPECT_EQ(store_.last_built("sources")->steps.front().execution.network, sandbox::Network::bridge);
  const auto& layers = built.layers;
  EXPECT_NE(layers[layers.size() - 2].note.find("setup.py"), std::string::npos);
}

TEST_F(RecipeTest, WhatWasArchivedCountsWhenAFolderChangedMeanwhile) {
  archived_hash_ = "tree-as-archived";
  const auto built = run().value();
  EXPECT_EQ(built.tree_hash, "tree-as-archived");
  EXPECT_EQ(built.warnings.size(), 1u);
  request_.source.tree_hash = "tree-as-archived";
  run().value();
  EXPECT_EQ(archives_, 1);  // found by the hash of what is in it
}

TEST_F(RecipeTest, AttemptsGetTheEnvironmentsPathFirstAndAHomeOfTheirOwn) {
  const auto built = run().value();
  std::map<std::string, std::string> env(built.env.begin(), built.env.end());
  EXPECT_EQ(env["PATH"], "/opt/venv/bin:/usr/local/bin:/usr/bin");
  EXPECT_EQ(env["HOME"], "/home/attempt");
  EXPECT_EQ(env["PYTHON_VERSION"], "3.12");
  EXPECT_EQ(env["VIRTUAL_ENV"], "/opt/venv");
}

TEST_F(RecipeTest, RemembersWhatIsInstalledInTheSealedImage) {
  store_.let_step_print("listing what is installed", "pytest==8.0\nsix==1.16\n");
  const std::vector<std::string> expected = {"pytest==8.0", "six==1.16"};
  EXPECT_EQ(run().value().packages, expected);
  EXPECT_EQ(run().value().packages, expected);  // from the label: nothing was run
  EXPECT_EQ(seen_.printed, "");
}

TEST_F(RecipeTest, TheListsStepGetsTheProbeToLeaveItReady) {
  run().value();
  const auto& argv = store_.built[2].steps.back().execution.argv;
  const auto folder = std::find(argv.begin(), argv.end(), images::kProbeFolder);
  ASSERT_NE(folder, argv.end());
  std::vector<std::string> expected;
  for (const auto& file : images::pytest_probe_files())
    for (const std::string_view word : {file.name, file.content}) expected.emplace_back(word);
  EXPECT_EQ(std::vector<std::string>(folder + 1, argv.end()), expected);
  EXPECT_EQ(expected.size(), 8u);
}

TEST_F(RecipeTest, KnowsWhatIsInstalledAlsoWhenOnlyTheSealIsNew) {
  store_.let_step_print("listing what is installed", "pytest==8.0\n");
  const auto first = run().value();
  store_.remove(first.id, [](auto) {});  // as with another version's probe: that seal has another key
  const std::vector<std::string> expected = {"pytest==8.0"};
  EXPECT_EQ(run().value().packages, expected);
  EXPECT_EQ(run().value().packages, expected);
  EXPECT_EQ(store_.built_kinds(),
            (std::vector<std::string>{"tools", "dependencies", "sources", "seal", "seal"}));
}

TEST_F(RecipeTest, WritesManifestsAtTheirPlacesAndLeavesNoTarBehind) {
  request_.install.subdir = "api";
  request_.source = source_of({{"api/requirements.txt", "six\n"}});
  run().value();
  EXPECT_NE(store_.built_tars[1].find("work/api/requirements.txt"), std::string::npos);
  EXPECT_NE(store_.built_tars[0].find(".orchestrator/supervisor"), std::string::npos);
  EXPECT_NE(store_.built_tars[3].find("the supervisor's bytes"), std::string::npos);
  EXPECT_EQ(store_.built[1].steps.front().execution.workdir, "/work/api");
  for (const auto& entry : fs::directory_iterator(scratch_)) EXPECT_EQ(entry.path().filename(), "supervisor");
}

TEST_F(RecipeTest, AFailedInstallTellsTheEndOfItsLog) {
  store_.fail_next_build("dependencies",
                         failed(kInstall, 1, "ERROR: No matching distribution found for nosuch\n"));
  EXPECT_EQ(error_of_run(),
            "setup: Failed to install dependencies: installing requirements.txt ended with exit code 1\n"
            "ERROR: No matching distribution found for nosuch");
  EXPECT_EQ(store_.built_kinds(), (std::vector<std::string>{"tools", "dependencies"}));
}

TEST_F(RecipeTest, AFailedInstallSaysWhatWouldMendIt) {
  store_.fail_next_build("dependencies", failed(kInstall, 1, "npm error Missing: a@1 from lock file\n"));
  EXPECT_EQ(error_of_run(),
            "setup: Failed to install dependencies: installing requirements.txt ended with exit code 1\n"
            "package-lock.json does not fit package.json: npm install makes it fit\n"
            "npm error Missing: a@1 from lock file");
}

// What is known of the way out matters where nothing came along it, and only there.
TEST_F(RecipeTest, AFailedDownloadSaysWhatIsWrongWithTheProxy) {
  request_.host.warnings = {"HTTPS_PROXY names this host itself"};
  for (int i = 0; i < 2; ++i)
    store_.fail_next_build("dependencies", failed(kInstall, 1, "Connection refused\n"));
  EXPECT_EQ(error_of_run(),
            "setup: Failed to install dependencies: installing requirements.txt ended with exit code 1\n"
            "HTTPS_PROXY names this host itself\nConnection refused");
  store_.fail_next_build("dependencies", failed(kInstall, 1, "no such version\n"));
  EXPECT_EQ(error_of_run().find("HTTPS_PROXY"), std::string::npos);
}

TEST_F(RecipeTest, AFailedSetupCommandIsCalledOne) {
  request_.setup_commands = {"apt-get install nosuch"};
  store_.fail_next_build("tools",
                         failed("setup command: apt-get install nosuch", 100, "E: Unable to locate\n"));
  EXPECT_EQ(error_of_run(),
            "setup: Failed to run setup command: apt-get install nosuch ended with exit code 100\nE: Unable "
            "to locate");
}

TEST_F(RecipeTest, ANetworkErrorIsTriedOnceMoreAndNotTwice) {
  const auto error = failed(kInstall, 1, "Read timed out.\nERROR: could not fetch six\n");
  store_.fail_next_build("dependencies", error);
  const auto built = run().value();
  EXPECT_EQ(built.warnings.size(), 1u);
  request_.source.manifests["requirements.txt"] = "attrs\n";
  store_.fail_next_build("dependencies", error);
  store_.fail_next_build("dependencies", error);
  EXPECT_TRUE(error_of_run().starts_with("setup: Failed to install dependencies"));
}

TEST_F(RecipeTest, AnEngineThatBrokeIsNotTheRequestsFault) {
  sandbox::ExecutionResult result;
  result.infrastructure = "the engine went away";
  store_.fail_next_build("dependencies", {kInstall, sandbox::Outcome::infrastructure_error, result, ""});
  EXPECT_EQ(error_of_run(),
            "host: while building the image (installing requirements.txt): the engine went away");
}

TEST_F(RecipeTest, NoCredentialReachesAnErrorOrTheOutput) {
  request_.host.env = {{"PIP_INDEX_URL", "https://user:hunter22@index.example"}};
  store_.let_step_print(kInstall,
                        "Looking in indexes: https://user:hunter22@index.example\nno newline hunter22");
  store_.fail_next_build("dependencies", failed(kInstall, 1, "at https://user:hunter22@index.example\n"));
  EXPECT_EQ(error_of_run().find("hunter22"), std::string::npos);
  EXPECT_NE(seen_.printed.find("Looking in indexes: https://***@index.example\n"), std::string::npos);
  EXPECT_EQ(seen_.printed.find("hunter22"), std::string::npos);
}

TEST_F(RecipeTest, LettingGoStopsTheBuild) {
  store_.hold_builds();
  bool answered = false;
  auto recipe = images::start_recipe(loop_, store_, request_, seen_, [&](auto) { answered = true; });
  loop_.run_until([&] { return store_.builds_running > 0; });
  EXPECT_EQ(store_.builds_running, 1);
  recipe.reset();
  EXPECT_EQ(store_.builds_running, 0);
  loop_.run_until([] { return false; });
  EXPECT_FALSE(answered);
  for (const auto& entry : fs::directory_iterator(scratch_)) EXPECT_EQ(entry.path().filename(), "supervisor");
}

// ---- the repository's own Dockerfile in the place of a base image

class DockerfileTest : public RecipeTest {
 protected:
  void SetUp() override {
    RecipeTest::SetUp();
    request_.install.install_dependencies = false;
    request_.dockerfile = "docker/Dockerfile";
    request_.build_args = {{"TAG", "3.12-slim"}};
    request_.source.context = images::BuildContext{"ARG TAG=1\nFROM python:$TAG\nRUN make\n", "context-1"};
    request_.pack_context = [this](io::Loop& loop, const images::CheckoutRequest&, auto done) {
      ++contexts_;
      const auto tar = scratch_ / "context.tar";
      std::ofstream(tar) << "the context";
      loop.post([done, tar, hash = packed_hash_] { done(images::SourceArchive{tar.string(), hash}); });
      return std::unique_ptr<images::Checkout>();
    };
  }
  std::string key_of_first_layer() { return run().value().layers.front().key; }

  int contexts_ = 0;
  std::string packed_hash_ = "context-1";
};

TEST_F(DockerfileTest, IsBuiltAndAllLayersOfOursStandOnIt) {
  const auto built = run().value();
  EXPECT_EQ(store_.built_kinds(), (std::vector<std::string>{"dockerfile", "tools", "sources", "seal"}));
  const sandbox::LayerSpec& spec = store_.built[0];
  EXPECT_EQ(spec.dockerfile->file, "docker/Dockerfile");
  EXPECT_EQ(spec.dockerfile->args, request_.build_args);
  EXPECT_EQ(spec.dockerfile->limits.timeout, request_.install.step_timeout);
  EXPECT_EQ(spec.dockerfile->limits.memory_bytes, sandbox::install_limits().memory_bytes);
  EXPECT_TRUE(spec.steps.empty());
  EXPECT_EQ(store_.built_tars[0], "the context");
  EXPECT_EQ(store_.built[1].parent, built.layers[0].image);
  EXPECT_EQ(built.base_reference, "docker/Dockerfile");
  EXPECT_EQ(built.base_id, built.layers[0].image);
  EXPECT_FALSE(fs::exists(scratch_ / "context.tar"));
  EXPECT_TRUE(store_.pulled.empty());
}

TEST_F(DockerfileTest, GetsNoSettingOfTheHost) {
  request_.host.env = {{"HTTPS_PROXY", "http://me:secret@proxy"}};
  run().value();
  EXPECT_EQ(store_.built[0].dockerfile->args, request_.build_args);
  EXPECT_TRUE(store_.built[0].env.empty());
}

TEST_F(DockerfileTest, AnUnchangedSecondRunBuildsAndPacksNothing) {
  const auto first = run().value();
  const auto second = run().value();
  EXPECT_EQ(second.id, first.id);
  EXPECT_EQ(store_.built.size(), 4u);
  EXPECT_EQ(contexts_, 1);
}

TEST_F(DockerfileTest, IsAnotherWithEachThingThatItIsMadeOf) {
  std::set<std::string> keys{key_of_first_layer()};
  request_.source.context->hash = packed_hash_ = "context-2";
  keys.insert(key_of_first_layer());
  request_.dockerfile = "Dockerfile";
  keys.insert(key_of_first_layer());
  request_.build_args.emplace_back("MORE", "");
  keys.insert(key_of_first_layer());
  request_.source.context->dockerfile = "FROM moved:1\n";  // a name that means another image by now
  store_.add_image("moved:1");
  keys.insert(key_of_first_layer());
  EXPECT_EQ(keys.size(), 5u);
}

TEST_F(DockerfileTest, WhatWasPackedCountsWhenAFolderChangedMeanwhile) {
  packed_hash_ = "context-2";
  const auto built = run().value();
  ASSERT_EQ(built.warnings.size(), 1u);
  request_.source.context->hash = "context-2";
  EXPECT_EQ(run().value().id, built.id);
  EXPECT_EQ(contexts_, 1);
}

TEST_F(DockerfileTest, HasItsBaseFetchedLikeAnyOther) {
  request_.build_args = {{"TAG", "absent"}};
  EXPECT_EQ(error_of_run(),
            "host: the base image python:absent of docker/Dockerfile could not be fetched (no registry "
            "answered); check its name, or load it into the engine");
  EXPECT_TRUE(store_.built.empty());
  request_.pull = images::PullPolicy::never;
  EXPECT_EQ(error_of_run(),
            "host: the base image python:absent of docker/Dockerfile is not here and pull is never; fetch it "
            "with: docker pull python:absent");
  store_.let_registry_have("python:absent");
  request_.pull = images::PullPolicy::missing;
  EXPECT_EQ(error_of_run(), "no error");
  request_.pull = images::PullPolicy::always;
  EXPECT_EQ(error_of_run(), "no error");
  EXPECT_EQ(store_.pulled, (std::vector<std::string>{"python:absent", "python:absent", "python:absent"}));
}

TEST_F(DockerfileTest, ThatFailsTellsTheStepAndTheEndOfItsLog) {
  store_.fail_next_build("dockerfile", failed("docker/Dockerfile", 3, "one\nlast words\n"));
  EXPECT_EQ(
      error_of_run(),
      "setup: Failed to build docker/Dockerfile: docker/Dockerfile ended with exit code 3\none\nlast words");
  store_.fail_next_build("dockerfile", {"docker/Dockerfile", sandbox::Outcome::failed, {}, "COPY failed\n"});
  EXPECT_EQ(error_of_run(),
            "setup: Failed to build docker/Dockerfile: docker/Dockerfile failed\nCOPY failed");
}

TEST_F(DockerfileTest, ThatFailedForTheNetworkIsTriedOnceMore) {
  store_.fail_next_build("dockerfile", failed("docker/Dockerfile", 1, "Connection reset\n"));
  const auto built = run().value();
  ASSERT_EQ(built.warnings.size(), 1u);
  EXPECT_EQ(built.warnings[0], "docker/Dockerfile failed for the network and was tried once more");
}

class BaseTest : public RecipeTest {
 protected:
  void SetUp() override {
    RecipeTest::SetUp();
    request_.toolchain = images::find_toolchain("unknown");
  }
};

TEST_F(BaseTest, ABootstrappedImageIsTakenWithoutAskingARegistry) {
  store_.add_image("orchestrator/minimal:trixie");
  const auto built = run().value();
  EXPECT_EQ(built.base_reference, "orchestrator/minimal:trixie");
  EXPECT_TRUE(store_.pulled.empty());
  ASSERT_FALSE(built.notes.empty());
  EXPECT_NE(built.notes[0].find("--image debian:trixie-slim"), std::string::npos);
}

TEST_F(BaseTest, ABootstrappedImageWithMoreInItServesToo) {
  store_.add_image("orchestrator/python:trixie");
  EXPECT_EQ(run().value().base_reference, "orchestrator/python:trixie");
}

TEST_F(BaseTest, ARegistryIsAskedWhenNothingIsHere) {
  store_.let_registry_have("debian:trixie-slim");
  const auto built = run().value();
  EXPECT_EQ(built.base_reference, "debian:trixie-slim");
  EXPECT_EQ(built.base_digest, "sha256:from-registry");
  run().value();
  EXPECT_EQ(store_.pulled.size(), 1u);
}

TEST_F(BaseTest, NoBaseAtAllSaysHowToMakeOne) {
  EXPECT_EQ(error_of_run(),
            "host: no base image: debian:trixie-slim is not here and could not be fetched (no registry "
            "answered); load it into the engine, or make one with: orchestrator images bootstrap minimal");
}

TEST_F(BaseTest, APersonsImageIsTakenAndNoOther) {
  store_.add_image("orchestrator/minimal:trixie");
  request_.base = "example/own:1";
  EXPECT_TRUE(error_of_run().starts_with("host: the base image example/own:1 is not here"));
  store_.add_image("example/own:1");
  EXPECT_EQ(run().value().base_reference, "example/own:1");
}

TEST_F(BaseTest, ThatKeepsOurFoldersInAVolumeIsRefusedAndOthersAreToldOf) {
  auto& image = store_.add_image("example/own:1");
  request_.base = "example/own:1";
  image.volumes = {"/srv/data"};
  const auto built = run().value();
  ASSERT_EQ(built.warnings.size(), 1u);
  EXPECT_TRUE(built.warnings[0].starts_with("example/own:1 keeps /srv/data in a volume: "))
      << built.warnings[0];
  image.volumes = {"/srv/data", "/work"};
  EXPECT_TRUE(error_of_run().starts_with("setup: example/own:1 keeps /work in a volume (VOLUME), where"));
}

// ---- when a registry is asked

TEST_F(BaseTest, IsFetchedAnewEachTimeWhenPullIsAlways) {
  store_.add_image("orchestrator/minimal:trixie");
  store_.let_registry_have("debian:trixie-slim");
  request_.pull = images::PullPolicy::always;
  EXPECT_EQ(run().value().base_reference, "debian:trixie-slim");
  run().value();
  EXPECT_EQ(store_.pulled.size(), 2u);
}

TEST_F(BaseTest, ThatIsHereIsNotTakenForOneThatCouldNotBeFetched) {
  store_.add_image("example/own:1");
  request_.base = "example/own:1";
  request_.pull = images::PullPolicy::always;
  EXPECT_EQ(
      error_of_run(),
      "host: the base image example/own:1 could not be fetched (no registry answered); one of that name "
      "is here, and --pull missing takes it");
  request_.base.clear();
  store_.add_image("orchestrator/minimal:trixie");
  EXPECT_EQ(error_of_run(),
            "host: the base image debian:trixie-slim could not be fetched (no registry answered); "
            "orchestrator/minimal:trixie is here, and --pull missing takes it");
}

TEST_F(BaseTest, ThatIsNowhereIsToldSoWhenPullIsAlways) {
  request_.pull = images::PullPolicy::always;
  EXPECT_TRUE(
      error_of_run().starts_with("host: no base image: debian:trixie-slim is not here and could not"));
}

TEST_F(BaseTest, IsNeverFetchedWhenPullIsNever) {
  store_.let_registry_have("debian:trixie-slim");
  store_.let_registry_have("example/own:1");
  request_.pull = images::PullPolicy::never;
  EXPECT_EQ(
      error_of_run(),
      "host: no base image: debian:trixie-slim is not here and pull is never; fetch it with: docker pull "
      "debian:trixie-slim, or make one with: orchestrator images bootstrap minimal");
  request_.base = "example/own:1";
  EXPECT_TRUE(error_of_run().starts_with("host: the base image example/own:1 is not here and pull is never"));
  store_.add_image("example/own:1");
  EXPECT_EQ(run().value().base_reference, "example/own:1");
  EXPECT_TRUE(store_.pulled.empty());
}

// ---- of a run that is made again

class PinnedBaseTest : public BaseTest {
 protected:
  void SetUp() override {
    BaseTest::SetUp();
    request_.base = "example/own:1";
    request_.pinned_base = images::PinnedBase{"example/own:1", "example/own@sha256:then"};
    moved_ = store_.add_image("example/own:1").id;
  }
  std::string moved_;  // what the tag names by now
};

TEST_F(PinnedBaseTest, IsTakenByItsDigestThoughItsTagHasMoved) {
  const std::string then = store_.add_image("example/own@sha256:then").id;
  const auto built = run().value();
  EXPECT_EQ(built.base_id, then);
  EXPECT_EQ(built.base_reference, "example/own:1") << "so that nothing seems to differ";
  EXPECT_TRUE(store_.pulled.empty());
}

TEST_F(PinnedBaseTest, IsFetchedByItsDigest) {
  store_.let_registry_have("example/own@sha256:then");
  EXPECT_NE(run().value().base_id, moved_);
  EXPECT_EQ(store_.pulled, (std::vector<std::string>{"example/own@sha256:then"}));
}

TEST_F(PinnedBaseTest, ThatCanBeHadNoMoreGivesWayToItsTagAndSaysSo) {
  const auto built = run().value();
  EXPECT_EQ(built.base_id, moved_);
  ASSERT_FALSE(built.notes.empty());
  EXPECT_EQ(built.notes[0], "base example/own@sha256:then could not be fetched (no registry answered)");
}

TEST_F(PinnedBaseTest, IsNotFetchedWhenPullIsNever) {
  store_.let_registry_have("example/own@sha256:then");
  request_.pull = images::PullPolicy::never;
  EXPECT_EQ(run().value().base_id, moved_);
  EXPECT_TRUE(store_.pulled.empty());
}

TEST(NetworkErrors, AreToldFromWrongRequests) {
  EXPECT_TRUE(images::ends_in_network_error("x\ncurl: (6) Could not resolve host: a\n"));
  EXPECT_TRUE(images::ends_in_network_error("HTTP error 503 Service Unavailable"));
  EXPECT_FALSE(images::ends_in_network_error("ERROR: No matching distribution found for nosuch"));
  EXPECT_FALSE(images::ends_in_network_error(""));
  std::string long_ago = "Connection reset by peer\n";
  for (int i = 0; i < 50; ++i) long_ago += "Successfully did something else\n";
  EXPECT_FALSE(images::ends_in_network_error(long_ago + "error: syntax error"));
}

}  // namespace
