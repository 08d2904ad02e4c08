// Runs that are carried away, and layers that are kept in a folder: for hosts that start without anything.
// What another host lacks is taken from this one: the repository's folder, the images of the test, the state
// folder.
#include <sys/stat.h>

#include <fstream>

#include "images/packed_file.h"
#include "tests/functional/attempts.h"

namespace {

using namespace testing_support;
using nlohmann::json;

bool contains(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

class CarriedAway : public testing::Test {
 protected:
  ~CarriedAway() override { remove_images(); }

  // A run whose layers are all this test's own.
  RunResult run(const Repository& repository, Strings more, const Strings& command,
                ProgramOptions options = {}) {
    more.insert(more.end(), {"--state-dir", state_.path(), "--no-install", "--setup-command",
                             "echo prepared by " + state_.path()});
    return remember(run_job(flags_for(repository.path(), std::move(more)), command, std::move(options)));
  }
  RunResult from_bundle(Strings more = {}, ProgramOptions options = {}) {
    const std::string file = files_ / "again.json";
    std::filesystem::remove(file);
    Strings words = {"run",        "--from-bundle", bundle(),      "--json",         file,
                     "--progress", "plain",         "--state-dir", elsewhere_.path()};
    words.insert(words.end(), more.begin(), more.end());
    RunResult result;
    static_cast<Finished&>(result) = orchestrator(words, options);
    if (std::filesystem::exists(file)) result.report = json::parse(read_file(file));
    return result;
  }
  RunResult remember(RunResult run) {
    if (run.report.contains("environment"))
      for (const auto& layer : layers(run)) images_.insert(layer.at("image").get<std::string>());
    return run;
  }
  // The engine never had them. A layer goes before what it stands on, so that it takes some turns.
  void remove_images() {
    for (int turn = 0; turn < 5 && !images_.empty(); ++turn)
      std::erase_if(images_, [](const std::string& id) {
        run_command({"docker", "rmi", "-f", id});
        return run_command({"docker", "image", "inspect", id}).exit_code != 0;
      });
    EXPECT_TRUE(images_.empty());
  }
  std::map<std::string, std::string> unpacked() const {
    std::map<std::string, std::string> found;
    images::read_packed_file(bundle(), [&](const std::string& name, std::int64_t) -> images::MemberSink {
      std::string& content = found[name];
      return [&content](std::string_view bytes) { content.append(bytes); };
    });
    return found;
  }
  std::string bundle() const { return files_ / "run.bundle"; }

  TemporaryFolder state_, elsewhere_, files_;
  std::set<std::string> images_;
};

void expect_same_attempts(const RunResult& then, const RunResult& now) {
  ASSERT_EQ(then.report.at("results").size(), now.report.at("results").size());
  for (std::size_t i = 0; i < then.report.at("results").size(); ++i)
    for (const char* key : {"attempt", "seed", "outcome", "exit_code", "stdout", "stderr", "condition"})
      EXPECT_EQ(now.report.at("results")[i].at(key), then.report.at("results")[i].at(key)) << i << " " << key;
}

TEST_F(CarriedAway, RunIsTheSameOnAHostThatHasNothingOfIt) {
  RunResult then;
  {
    const Repository repository;
    std::filesystem::copy_file(source_path("tests/programs/fails_by_seed"), repository.path() + "/check");
    then = run(repository, {"--runs", "8", "--seed", "1", "--memory", "300m", "--bundle", bundle()},
               {"./check"});
    ASSERT_EQ(then.exit_code, 1) << told(then);
    EXPECT_TRUE(contains(then.err, "carry it away: " + bundle())) << then.err;
  }
  remove_images();
  const auto now = from_bundle();
  images_.insert(then.report.at("environment").at("image").at("id").get<std::string>());
  ASSERT_EQ(now.exit_code, 1) << told(now);
  expect_same_attempts(then, now);
  const json& was = then.report.at("environment");
  const json& is = now.report.at("environment");
  EXPECT_EQ(is.at("image").at("id"), was.at("image").at("id"));
  EXPECT_EQ(is.at("tree_hash"), was.at("tree_hash"));
  EXPECT_EQ(is.at("limits"), was.at("limits"));
  EXPECT_EQ(is.at("packages"), was.at("packages"));
  const json& origin = now.report.at("bundle");
  EXPECT_EQ(origin.at("sha256"), images::sum_of_file(bundle(), {}).sha256);
  EXPECT_EQ(origin.at("image_loaded"), true);
  EXPECT_EQ(origin.at("differences"), json::array());
  EXPECT_EQ(now.report.at("reproduce"), "orchestrator run --from-bundle " + bundle() + " --runs 8");
  for (const std::string& part : {std::string("./check"), std::string("network  none")})
    EXPECT_TRUE(contains(now.err, part)) << now.err;

  const auto one = from_bundle({"--only-attempt", "1", "--parallelism", "1"});
  ASSERT_EQ(one.report.at("results").size(), 1u) << told(one);
  EXPECT_EQ(one.report.at("results")[0].at("seed"), then.report.at("results")[1].at("seed"));
  EXPECT_EQ(one.report.at("bundle").at("image_loaded"), false) << "the engine has it now";
}

TEST_F(CarriedAway, RunIsInItsFileWithoutAnySecret) {
  const Repository repository;
  repository.script("check", "#!/bin/sh\necho $SECRET_XYZ\n");
  const ProgramOptions caller{.env = {"SECRET_XYZ=open-sesame-4711"}};
  const auto then = run(repository, {"--runs", "2", "--secret-env", "SECRET_XYZ", "--bundle", bundle()},
                        {"./check"}, caller);
  ASSERT_EQ(then.exit_code, 0) << told(then);
  const auto members = unpacked();
  EXPECT_EQ(members.size(), 5u);
  for (const auto& [name, content] : members) EXPECT_FALSE(contains(content, "open-sesame")) << name;
  EXPECT_TRUE(contains(members.at("tree.tar"), "work/check"));
  EXPECT_TRUE(contains(members.at("tree.tar"), "echo $SECRET_XYZ"));
  const json index = json::parse(members.at("bundle.json"));
  EXPECT_EQ(index.at("tree_hash"), then.report.at("environment").at("tree_hash"));
  EXPECT_EQ(index.at("job"), then.report.at("job"));

  const auto unnamed = from_bundle({}, caller);
  EXPECT_EQ(unnamed.exit_code, 2) << told(unnamed);
  EXPECT_TRUE(contains(unnamed.err, "that are named: --secret-env SECRET_XYZ")) << unnamed.err;
  const auto other = from_bundle({"--secret-env", "SECRET_XYZ", "--secret-env", "HOME"}, caller);
  EXPECT_EQ(other.exit_code, 2) << told(other);
  EXPECT_TRUE(contains(other.err, "had no variable HOME")) << other.err;
  const auto without = from_bundle({"--secret-env", "SECRET_XYZ"});
  EXPECT_EQ(without.exit_code, 2) << told(without);
  EXPECT_TRUE(contains(without.err, "secret variables that are not set here: SECRET_XYZ")) << without.err;
  const auto with = from_bundle({"--secret-env", "SECRET_XYZ"}, caller);
  EXPECT_EQ(with.exit_code, 0) << told(with);
  EXPECT_EQ(with.report.at("results")[0].at("stdout"), then.report.at("results")[0].at("stdout"));
}

TEST_F(CarriedAway, RunOfAFileThatIsDamagedStartsNothing) {
  const Repository repository;
  repository.script("check", "#!/bin/sh\nexit 0\n");
  const auto then = run(repository, {"--runs", "1", "--bundle", bundle()}, {"./check"});
  ASSERT_EQ(then.exit_code, 0) << told(then);
  const auto refused = [&] {
    const auto again = from_bundle();
    EXPECT_EQ(again.exit_code, 2) << told(again);
    EXPECT_EQ(std::count(again.err.begin(), again.err.end(), '\n'), 1) << again.err;
    EXPECT_TRUE(contains(again.err, bundle())) << again.err;
  };
  const std::string whole = read_file(bundle());
  write_file(bundle(), whole.substr(0, whole.size() / 2));
  refused();
  std::string other = whole;
  other[other.size() / 2] ^= 1;
  write_file(bundle(), other);
  refused();
  std::filesystem::remove(bundle());
  refused();
}

TEST_F(CarriedAway, RunThatCannotBeWrittenIsToldAllTheSame) {
  const Repository repository;
  repository.script("check", "#!/bin/sh\nexit 0\n");
  const auto early = run(repository, {"--runs", "1", "--bundle", "/nowhere/run.bundle"}, {"./check"});
  EXPECT_EQ(early.exit_code, 2) << told(early);
  EXPECT_TRUE(contains(early.err, "--bundle: the folder /nowhere cannot be written")) << early.err;

  const TemporaryFolder gone;
  std::filesystem::create_directory(gone / "there");
  ProgramOptions options;
  options.on_output = [&](pid_t, const Finished&) { std::filesystem::remove_all(gone / "there"); };
  const auto late =
      run(repository, {"--runs", "2", "--bundle", gone / "there/run.bundle"}, {"./check"}, options);
  EXPECT_EQ(late.exit_code, 5) << told(late);
  EXPECT_EQ(late.report.at("results").size(), 2u) << "the run itself is whole";
  EXPECT_TRUE(contains(late.err, "--bundle: cannot write")) << late.err;
}

// ---- layers in a folder

TEST_F(CarriedAway, LayersAreTakenFromTheirFolderWithoutRunningAStep) {
  const Repository repository;
  repository.script("check", "#!/bin/sh\nexit 0\n");
  const std::string cache = files_ / "cache";
  const auto first = run(repository, {"--runs", "1", "--image-cache", cache}, {"./check"});
  ASSERT_EQ(first.exit_code, 0) << told(first);
  EXPECT_TRUE(contains(first.err, "tools: built")) << first.err;
  const std::string tools = layers(first).at(0).at("image");
  remove_images();

  const auto second = run(repository, {"--runs", "1", "--image-cache", cache}, {"./check"},
                          {.env = {"HTTP_PROXY=http://127.0.0.1:9", "HTTPS_PROXY=http://127.0.0.1:9"}});
  ASSERT_EQ(second.exit_code, 0) << told(second);
  EXPECT_EQ(layers(second).at(0).at("image"), tools);
  EXPECT_EQ(built_layers(second), (Strings{"sources", "seal"}));
  EXPECT_TRUE(contains(second.err, "tools: taken from " + cache + "/tools-")) << second.err;
  EXPECT_FALSE(contains(second.report.at("warnings").dump(), cache)) << told(second);

  const auto listed = orchestrator({"images", "list", "--json", "--state-dir", state_.path()});
  for (const auto& image : json::parse(listed.out))
    EXPECT_TRUE(image.at("id") != tools || image.at("owner") == "this state folder") << image;
}

TEST_F(CarriedAway, LayerThatIsDamagedIsBuiltAgainAndToldOf) {
  const Repository repository;
  repository.script("check", "#!/bin/sh\nexit 0\n");
  const std::string cache = files_ / "cache";
  ASSERT_EQ(run(repository, {"--runs", "1", "--image-cache", cache}, {"./check"}).exit_code, 0);
  remove_images();
  for (const auto& file : std::filesystem::directory_iterator(cache))
    if (file.path().extension() == ".tar") std::ofstream(file.path(), std::ios::app) << "x";
  const auto rebuilt = run(repository, {"--runs", "1", "--image-cache", cache}, {"./check"});
  ASSERT_EQ(rebuilt.exit_code, 0) << told(rebuilt);
  EXPECT_EQ(built_layers(rebuilt), (Strings{"tools", "sources", "seal"}));
  EXPECT_TRUE(contains(rebuilt.report.at("warnings").dump(), "it is damaged")) << told(rebuilt);
  remove_images();
  const auto again = run(repository, {"--runs", "1", "--image-cache", cache}, {"./check"});
  EXPECT_EQ(built_layers(again), (Strings{"sources", "seal"})) << told(again);
}

}  // namespace
