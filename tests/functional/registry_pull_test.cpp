// Base images from a registry with a password: who may fetch them, when they are fetched, and by which
// digest. The registry is a real one, on loopback. What only the scripted engine can be (a registry that
// answers the second time) is in tests/unit/docker/image_pull_test.cpp.
#include "tests/functional/attempts.h"
#include "tests/support/image_registry.h"

namespace {

using namespace testing_support;
using nlohmann::json;

bool mentions(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

class ARegistry : public ::testing::Test {
 protected:
  explicit ARegistry(ImageRegistry::Asks asks = ImageRegistry::Asks::password) : registry_(asks) {
    repository_.write("note.txt", "nothing that a toolchain knows\n");
  }
  ~ARegistry() override { run_command(forget_words_); }

  // A person who has nothing in their home but what the test puts there.
  ProgramOptions person() const {
    return {.env = {"HOME=" + home_.path(), "DOCKER_CONFIG=" + home_ / ".docker",
                    "XDG_RUNTIME_DIR=" + home_ / "run", "DOCKER_AUTH_CONFIG=", "REGISTRY_AUTH_FILE=",
                    "PATH=" + home_ / "bin:" + std::getenv("PATH")}};
  }
  void log_in(const std::string& password = ImageRegistry::kPassword) const {
    write_file(home_ / ".docker/config.json", registry_.credentials(password));
  }

  std::string reference(const std::string& name) const { return registry_.host() + "/" + name; }

  RunResult run(const std::string& image, Strings more = {}) {
    more.insert(more.end(), {"--repo", repository_.path(), "--image", image, "--runs", "1", "--state-dir",
                             state_folder()});
    return remember(run_job(std::move(more), {"cat", "/which"}, person()));
  }
  RunResult replay(const RunResult& run, Strings more = {}) {
    const TemporaryFolder folder;
    write_file(folder / "report.json", run.report.dump());
    more.insert(more.begin(), {"replay", folder / "report.json", "--json", folder / "again.json",
                               "--progress", "plain", "--state-dir", state_folder()});
    RunResult result;
    static_cast<Finished&>(result) = orchestrator(std::move(more), person());
    if (std::filesystem::exists(folder / "again.json"))
      result.report = json::parse(read_file(folder / "again.json"));
    return remember(std::move(result));
  }

  // All layers that a run has made, so that they have to be made again; of its base only what the registry
  // has.
  static void forget(const RunResult& run) {
    Strings words{"docker", "rmi", "-f"};
    const json& image = run.report.at("environment").at("image");
    for (auto layer = image.at("layers").rbegin(); layer != image.at("layers").rend(); ++layer)
      words.push_back(layer->at("image"));
    words.push_back(image.at("base_id"));
    run_command(words);
  }

  static std::string which(const RunResult& run) {
    if (!run.report.contains("results") || run.report.at("results").empty()) return told(run);
    return stdout_of(run);
  }
  static json image_of(const RunResult& run) { return run.report.at("environment").at("image"); }

  // Everything that the run has said anywhere.
  static std::string all_said(const RunResult& run) { return run.out + run.err + run.report.dump(); }

  // team/app:1, asked for with a secret that is none: only the file that holds it is told.
  void expect_refused(const std::string& secret) {
    log_in(secret);
    const auto run = this->run(reference("team/app:1"), {"-vv"});
    EXPECT_EQ(run.exit_code, 5) << told(run);
    EXPECT_TRUE(
        mentions(run.err, "refuses it, asked with the credential from " + home_ / ".docker/config.json"))
        << run.err;
    EXPECT_FALSE(mentions(all_said(run), secret)) << all_said(run);
  }

  ImageRegistry registry_;
  const TemporaryFolder home_;
  const Repository repository_;

 private:
  RunResult remember(RunResult run) {
    if (!run.report.contains("environment")) return run;
    const json& image = image_of(run);
    if (image.at("base_id") != "") forget_words_.insert(forget_words_.begin() + 3, image.at("base_id"));
    for (const auto& layer : image.at("layers"))
      forget_words_.insert(forget_words_.begin() + 3, layer.at("image"));
    return run;
  }

  Strings forget_words_{"docker", "rmi", "-f"};
};

// ---- with which credential

TEST_F(ARegistry, GivesWhatTheUsersDockerCredentialsMayHave) {
  const std::string digest = registry_.push("team/app:1", "behind a password");
  log_in();
  const auto run = this->run(reference("team/app:1"), {"-vv"});
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(which(run), "behind a password\n");
  EXPECT_EQ(image_of(run).at("base_reference"), reference("team/app:1"));
  EXPECT_EQ(image_of(run).at("base_digest"), digest);
  EXPECT_TRUE(mentions(run.err, "with the credential from " + home_ / ".docker/config.json")) << run.err;
  EXPECT_FALSE(mentions(all_said(run), ImageRegistry::kPassword)) << all_said(run);
  EXPECT_FALSE(mentions(all_said(run), "X-Registry-Auth")) << all_said(run);
}

TEST_F(ARegistry, RefusesWhoHasNoCredentialWhoIsToldWhatToDo) {
  registry_.push("team/app:1", "behind a password");
  const auto run = this->run(reference("team/app:1"));
  EXPECT_EQ(run.exit_code, 5) << told(run);
  for (const std::string& part :
       {"the base image " + reference("team/app:1") + " is not here and could not be fetched",
        registry_.host() + " refuses it, asked without a credential, since none was found",
        "docker login " + registry_.host()})
    EXPECT_TRUE(mentions(run.err, part)) << part << "\n" << run.err;
}

TEST_F(ARegistry, RefusesAWrongPasswordOfWhichOnlyTheFileIsTold) {
  registry_.push("team/app:1", "behind a password");
  expect_refused("not-the-password-0815");
}

class ARegistryWithTokens : public ARegistry {
 protected:
  ARegistryWithTokens() : ARegistry(ImageRegistry::Asks::identity_token) {}
};

TEST_F(ARegistryWithTokens, GivesWhatAnIdentityTokenMayHave) {
  registry_.push("team/app:1", "behind a token");
  log_in();
  const auto run = this->run(reference("team/app:1"), {"-vv"});
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(which(run), "behind a token\n");
  EXPECT_FALSE(mentions(all_said(run), ImageRegistry::kPassword)) << all_said(run);
}

TEST_F(ARegistryWithTokens, RefusesATokenThatIsNoMoreKnown) {
  registry_.push("team/app:1", "behind a token");
  expect_refused("of-last-year-0815");
}

TEST_F(ARegistry, IsLoggedInToByAHelperThatIsFoundInPath) {
  registry_.push("team/app:1", "behind a password");
  write_file(home_ / ".docker/config.json", json{{"credHelpers", {{registry_.host(), "of-a-test"}}}}.dump());
  const auto without = this->run(reference("team/app:1"));
  EXPECT_EQ(without.exit_code, 5) << told(without);
  EXPECT_TRUE(mentions(without.err, "docker-credential-of-a-test")) << without.err;
  EXPECT_TRUE(mentions(without.err, "cannot be started")) << without.err;
  write_file(home_ / "bin/docker-credential-of-a-test",
             "#!/bin/sh\n[ \"$1 $(cat)\" = 'get " + registry_.host() + "' ] || exit 9\n" +
                 "echo '{\"ServerURL\":\"" + registry_.host() + "\",\"Username\":\"" + ImageRegistry::kUser +
                 "\",\"Secret\":\"" + ImageRegistry::kPassword + "\"}'\n",
             true);
  const auto run = this->run(reference("team/app:1"));
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(which(run), "behind a password\n");
}

TEST_F(ARegistry, SaysThatItHasNoSuchImage) {
  log_in();
  const auto run = this->run(reference("team/absent:1"));
  EXPECT_EQ(run.exit_code, 5) << told(run);
  EXPECT_TRUE(mentions(run.err, registry_.host() + " has no such image")) << run.err;
  EXPECT_TRUE(mentions(run.err, "check its name")) << run.err;
}

// ---- when it is asked

TEST_F(ARegistry, IsAskedAsPullSays) {
  log_in();
  const std::string app = reference("app:1");
  registry_.push("app:1", "first");
  const auto never = run(app, {"--pull", "never"});
  EXPECT_EQ(never.exit_code, 5) << told(never);
  EXPECT_TRUE(mentions(never.err, app + " is not here and pull is never; fetch it with: docker pull " + app))
      << never.err;

  EXPECT_EQ(which(run(app)), "first\n");
  shell("docker tag " + app + " " + app + "-kept");  // the next push takes the name away
  registry_.push("app:1", "second");
  shell("docker tag " + app + "-kept " + app + "; docker rmi " + app + "-kept");

  EXPECT_EQ(which(run(app)), "first\n") << "missing: the one that is here";
  EXPECT_EQ(which(run(app, {"--pull", "never"})), "first\n");
  const auto always = run(app, {"--pull", "always"});
  EXPECT_EQ(which(always), "second\n");
  EXPECT_EQ(always.report.at("job").at("plan").at("pull"), "always");

  registry_.stop();
  const auto lost = run(app, {"--pull", "always"});
  EXPECT_EQ(lost.exit_code, 5) << told(lost);
  EXPECT_TRUE(mentions(lost.err, "does not answer")) << lost.err;
  EXPECT_TRUE(mentions(lost.err, "one of that name is here, and --pull missing takes it")) << lost.err;
  EXPECT_EQ(which(run(app)), "second\n");
}

TEST_F(ARegistry, OfAWrongWordIsAskedNothing) {
  const auto run = this->run("whatever", {"--pull", "allways"});
  EXPECT_EQ(run.exit_code, 2) << told(run);
  EXPECT_TRUE(
      mentions(run.err, "pull must be missing, always or never, not 'allways' (did you mean 'always'?)"))
      << run.err;
}

// ---- digests

TEST_F(ARegistry, GivesWhatADigestNamesThoughItsTagHasMoved) {
  log_in();
  const std::string first = registry_.push("app:1", "first");
  registry_.push("app:1", "second");
  const auto pinned = run(reference("app@" + first));
  ASSERT_EQ(pinned.exit_code, 0) << told(pinned);
  EXPECT_EQ(which(pinned), "first\n");
  EXPECT_EQ(image_of(pinned).at("base_digest"), first);
  const auto tagged = run(reference("app:1@" + first));
  EXPECT_EQ(which(tagged), "first\n") << "the digest counts, whatever the tag says";
  const auto absent = run(reference("app@sha256:" + std::string(64, '0')));
  EXPECT_EQ(absent.exit_code, 5) << told(absent);
  EXPECT_TRUE(mentions(absent.err, "has no such image")) << absent.err;
}

TEST_F(ARegistry, ReplaysOnTheImageOfThenThoughItsTagHasMoved) {
  log_in();
  const std::string app = reference("app:1"), first = registry_.push("app:1", "first");
  const auto then = run(app);
  ASSERT_EQ(which(then), "first\n");
  registry_.push("app:1", "second");
  ASSERT_EQ(which(run(app, {"--pull", "always"})), "second\n");

  forget(then);
  const auto again = replay(then, {"--attempt", "0"});
  ASSERT_EQ(again.exit_code, 0) << told(again);
  EXPECT_EQ(which(again), "first\n");
  EXPECT_EQ(again.report.at("replay").at("image_rebuilt"), true);
  EXPECT_EQ(again.report.at("replay").at("differences"), json::array());
  EXPECT_EQ(image_of(again).at("base_digest"), first);
  EXPECT_EQ(image_of(again).at("base_reference"), app);

  forget(again);
  registry_.stop();
  const auto lost = replay(then, {"--attempt", "0"});
  ASSERT_EQ(lost.exit_code, 0) << told(lost);
  EXPECT_EQ(which(lost), "second\n") << "the tag's, which is here";
  EXPECT_TRUE(
      mentions(lost.report.at("replay").at("differences").dump(), "digest of the base image: " + first))
      << lost.report.at("replay").dump();
}

}  // namespace
