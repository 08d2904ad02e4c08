// A repository's own Dockerfile: what it is built from, what the report says of it, what is kept, and that
// nothing is left of a build that came to nothing.
#include "tests/functional/attempts.h"

namespace {

using namespace testing_support;
using nlohmann::json;

bool says_somewhere(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

class OwnDockerfile : public Repository {
 public:
  OwnDockerfile() { copy_sample("own_dockerfile"); }

  RunResult run(Strings more = {}, const Strings& command = {"python3", "-m", "unittest", "-v"},
                ProgramOptions options = {}) const {
    return remember(run_job(flags(std::move(more)), command, std::move(options)));
  }
  Strings flags(Strings more = {}) const {
    more.insert(more.begin(), {"--repo", path(), "--dockerfile", "Dockerfile", "--runs", "2", "--state-dir",
                               state_folder()});
    return more;
  }
};

// A Dockerfile whose images and containers the test knows again at the engine, by a variable of theirs.
class MarkedDockerfile : public OwnDockerfile {
 public:
  void instructions(const std::string& rest) const {
    write("Dockerfile", "FROM orchestrator/python:trixie\nENV MARK=" + mark_ + "\nCOPY made-for /\n" + rest);
  }
  // Others use the engine, too: what goes meanwhile is no trouble of this test.
  std::string images() const { return marked("image"); }
  std::string containers() const { return marked("container"); }
  bool has_nothing_left() const {
    return eventually([this] { return (images() + containers()).empty(); }, std::chrono::seconds(30));
  }

 private:
  std::string marked(const std::string& what) const {
    return shell("docker " + what + " ls -aq | xargs -r docker " + what +
                 " inspect -f '{{.Id}} {{.Config.Env}} {{.Config.Cmd}}' 2>/dev/null | grep " + mark_ +
                 " || true");
  }
  const std::string mark_ = std::to_string(std::hash<std::string>{}(path()));
};

TEST(Dockerfile, IsWhatAttemptsRunOn) {
  const OwnDockerfile repository;
  const auto run = repository.run({"--build-arg", "GREETING=world"});
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(built_layers(run), (Strings{"dockerfile", "tools", "sources", "seal"}));
  EXPECT_EQ(run.report.at("job").at("plan").at("auto_install_dependencies"), false);
}

TEST(Dockerfile, GetsItsArgumentsAndWhatIsNotIgnored) {
  const OwnDockerfile repository;
  const auto run = repository.run({"--build-arg", "GREETING=every one"}, {"cat", "/greeting", "/listing"});
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(stdout_of(run),
            "hello every one\n/context/.dockerignore\n/context/CHANGES.md\n/context/Dockerfile\n"
            "/context/made-for\n/context/test_greeting.py\n");
}

TEST(Dockerfile, IsInTheReportWithWhatTheEngineDidNotLimit) {
  const OwnDockerfile repository;
  const auto run = repository.run({"--build-arg", "GREETING=world"});
  ASSERT_EQ(run.exit_code, 0) << told(run);
  const json& built = run.report.at("environment").at("dockerfile");
  EXPECT_EQ(built.at("path"), "Dockerfile");
  EXPECT_EQ(built.at("build_args"), (json{{"GREETING", "world"}}));
  EXPECT_EQ(built.at("builder"), "classic builder");
  EXPECT_EQ(built.at("limits").at("memory").at("value"), 4LL << 30);
  EXPECT_EQ(built.at("limits").at("timeout").at("enforcement"), "enforced");
  for (const char* limit : {"cpus", "pids", "disk", "capabilities"})
    EXPECT_EQ(built.at("limits").at(limit).at("enforcement"), "not enforced") << limit;
  EXPECT_TRUE(says_somewhere(run.out, "built by Dockerfile · classic builder · GREETING=world")) << run.out;
  EXPECT_TRUE(
      says_somewhere(run.report.at("reproduce"), "--dockerfile Dockerfile --build-arg GREETING=world"));
}

TEST(Dockerfile, IsBuiltOnceForWhatItIsMadeOf) {
  const OwnDockerfile repository;
  ASSERT_EQ(repository.run({}, {"true"}).exit_code, 0);
  EXPECT_EQ(built_layers(repository.run({}, {"true"})), Strings{});
  repository.write("docs/notes.txt", "ignored by the Dockerfile alone\n");
  EXPECT_EQ(built_layers(repository.run({}, {"true"})), (Strings{"sources", "seal"}));
  const auto other = repository.run({"--build-arg", "GREETING=you"}, {"true"});
  EXPECT_EQ(built_layers(other), (Strings{"dockerfile", "tools", "sources", "seal"}));
}

TEST(Dockerfile, HasTheMemoryLimitOfAnInstallStepAndNoMore) {
  const OwnDockerfile repository;
  repository.write(
      "Dockerfile",
      "FROM orchestrator/python:trixie\nRUN cat /sys/fs/cgroup/memory/memory.limit_in_bytes > /limit "
      "2>/dev/null || cat /sys/fs/cgroup/memory.max > /limit; ulimit -n >> /limit\n");
  const auto run = repository.run({}, {"cat", "/limit"});
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(stdout_of(run), "4294967296\n4096\n");
}

TEST(Dockerfile, OfAnImageIsListedAndPrunedAsOurs) {
  const OwnDockerfile repository;
  const auto run = repository.run({}, {"true"});
  const std::string image = layers(run).at(0).at("image");
  const auto list = orchestrator({"images", "list", "--json", "--state-dir", state_folder()});
  ASSERT_EQ(list.exit_code, 0) << told(list);
  EXPECT_TRUE(says_somewhere(list.out, "\"dockerfile\"")) << list.out;
  EXPECT_TRUE(says_somewhere(list.out, image.substr(7, 12))) << list.out;
}

// By them the budget counts: the builder's own steps are parts of the one layer.
TEST(Dockerfile, OfAnImageTakesWhatItsStepsHaveWritten) {
  const OwnDockerfile repository;
  const auto listed = [&] {
    const auto list = orchestrator({"images", "list", "--json", "--state-dir", state_folder()});
    return json::parse(list.out);
  };
  repository.write("Dockerfile",
                   "FROM orchestrator/python:trixie\nRUN head -c 20000000 /dev/urandom > /large\nRUN id\n");
  const auto run = repository.run({}, {"true"});
  ASSERT_EQ(run.exit_code, 0) << told(run);
  const std::string image = layers(run).at(0).at("image");
  for (const auto& each : listed()) {
    if (each.at("id") == image) {
      EXPECT_EQ(each.at("kind"), "dockerfile");
      EXPECT_GE(each.at("own_bytes").get<std::int64_t>(), 20'000'000) << each;
    }
    if (each.at("kind") == "base") {
      EXPECT_FALSE(each.at("references").empty()) << each << " is a step of a build";
    }
  }
}

TEST(Dockerfile, SaysThatABuildArgumentChangesNothing) {
  const OwnDockerfile repository;
  const auto run = repository.run({"--build-arg", "NO_SUCH=1", "--build-arg", "GREETING=world"}, {"true"});
  ASSERT_EQ(run.exit_code, 0) << told(run);
  const std::string warnings = run.report.at("warnings").dump();
  EXPECT_TRUE(
      says_somewhere(warnings, "the build argument NO_SUCH changes nothing: Dockerfile has no ARG NO_SUCH"))
      << warnings;
  EXPECT_FALSE(says_somewhere(warnings, "GREETING")) << warnings;
}

// ---- what may go wrong

TEST(Dockerfile, ThatIsNotThereIsAWrongRequest) {
  const OwnDockerfile repository;
  repository.remove("Dockerfile");
  const auto run = repository.run({}, {"true"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_TRUE(says_somewhere(run.err, "dockerfile: there is no file 'Dockerfile' in the repository"))
      << run.err;
}

TEST(Dockerfile, ThatKeepsTheSourcesInAVolumeIsRefused) {
  const OwnDockerfile repository;
  repository.write("Dockerfile", "FROM orchestrator/python:trixie\nVOLUME /work\n");
  const auto run = repository.run({}, {"true"});
  EXPECT_EQ(run.exit_code, 4) << told(run);
  EXPECT_TRUE(says_somewhere(run.err, "Dockerfile keeps /work in a volume (VOLUME), where")) << run.err;
  repository.write("Dockerfile", "FROM orchestrator/python:trixie\nVOLUME /srv\n");
  const auto other = repository.run({}, {"true"});
  ASSERT_EQ(other.exit_code, 0) << told(other);
  EXPECT_TRUE(says_somewhere(other.report.at("warnings").dump(), "keeps /srv in a volume")) << other.report;
}

TEST(Dockerfile, WhoseBaseNobodyHasIsTheHostsTrouble) {
  const OwnDockerfile repository;
  const auto run = repository.run({"--build-arg", "BASE=localhost:1/nobody/nothing:1"}, {"true"});
  EXPECT_EQ(run.exit_code, 5) << told(run);
  EXPECT_TRUE(says_somewhere(
      run.err, "the base image localhost:1/nobody/nothing:1 of Dockerfile could not be fetched"))
      << run.err;
}

TEST(Dockerfile, ThatFailsTellsItsStepAndLeavesNothing) {
  const MarkedDockerfile repository;
  repository.instructions("RUN echo last words; exit 3\n");
  const auto run = repository.run({}, {"true"});
  EXPECT_EQ(run.exit_code, 4) << told(run);
  EXPECT_TRUE(
      says_somewhere(run.err,
                     "Failed to build Dockerfile: step 4: RUN echo last words; exit 3 ended with exit "
                     "code 3\nlast words\n"))
      << run.err;
  EXPECT_EQ(repository.images() + repository.containers(), "");
}

TEST(Dockerfile, ThatTakesTooLongIsEndedAndLeavesNothing) {
  const MarkedDockerfile repository;
  repository.write(".flaky-detector.yml", "pip_install_timeout: 5\n");
  repository.instructions("RUN echo before; sleep 300\n");
  const auto run = repository.run({}, {"true"});
  EXPECT_EQ(run.exit_code, 4) << told(run);
  EXPECT_TRUE(says_somewhere(run.err, "did not end within its time (5 s)\n")) << run.err;
  EXPECT_TRUE(says_somewhere(run.err, "before\n")) << run.err;
  EXPECT_TRUE(repository.has_nothing_left()) << repository.images() << repository.containers();
}

TEST(Dockerfile, ThatAPersonInterruptsLeavesNothing) {
  const MarkedDockerfile repository;
  repository.instructions("RUN sleep 300\n");
  BackgroundJob job(repository.flags(), {"true"});
  ASSERT_TRUE(eventually([&] { return says_somewhere(repository.containers(), "sleep 300"); }));
  job.signal(SIGINT);
  const auto run = job.finish();
  EXPECT_EQ(run.exit_code, 130) << told(run);
  EXPECT_TRUE(repository.has_nothing_left()) << repository.images() << repository.containers();
}

// ---- again

TEST(Dockerfile, IsReplayedFromItsImageAndBuiltAgainWhereThatIsGone) {
  const OwnDockerfile repository;
  const auto run = repository.run({"--build-arg", "GREETING=you"}, {"sh", "-c", "cat /greeting; exit 1"});
  ASSERT_EQ(run.exit_code, 3) << told(run);
  const TemporaryFolder folder;
  write_file(folder / "report.json", run.report.dump());
  const auto replay = [&] {
    RunResult again;
    static_cast<Finished&>(again) =
        orchestrator({"replay", folder / "report.json", "--attempt", "1", "--json", folder / "again.json",
                      "--progress", "plain", "--state-dir", state_folder()});
    EXPECT_EQ(again.exit_code, 3) << told(again);
    again.report = json::parse(read_file(folder / "again.json"));
    EXPECT_EQ(stdout_of(again), "hello you\n");
    return repository.remember(std::move(again)).report.at("replay").at("image_rebuilt").get<bool>();
  };
  EXPECT_FALSE(replay());
  std::string ids;
  for (auto layer = layers(run).rbegin(); layer != layers(run).rend(); ++layer)
    ids += " " + layer->at("image").get<std::string>();
  shell("docker rmi -f" + ids);
  EXPECT_TRUE(replay());
}

}  // namespace
