// How a repository becomes an image, without any registry: what is cached, what goes in, what may fail.
#include "tests/support/repositories.h"

namespace {

using namespace testing_support;
using Kinds = std::vector<std::string>;

// A Python project of the standard library only: its tools, sources and seal are three layers.
class PythonProject : public Repository {
 public:
  PythonProject() {
    copy_sample("pure_python_no_deps");
    write("says.txt", "the first version\n");
  }
  RunResult run(std::vector<std::string> more = {"--runs", "2"}) const {
    return remember(run_job(flags_for(path(), std::move(more)),
                            {"/bin/sh", "-c", "cat says.txt && python3 -m unittest discover -s tests -t ."}));
  }
};

double seconds_until_the_first_attempt(const RunResult& run) {
  return seconds_of(run.report.at("results").at(0).at("started_at")) -
         seconds_of(run.report.at("started_at"));
}

TEST(Images, AnUnchangedSecondRunBuildsNothingAndStartsAtOnce) {
  const PythonProject project;
  const auto first = project.run();
  ASSERT_EQ(first.exit_code, 0) << told(first);
  EXPECT_EQ(first.report.at("framework"), "python");
  // A machine with much else to do may be slow once; not each time.
  double quickest = 1000;
  for (int time = 0; time < 3 && quickest >= 5.0; ++time) {
    const auto again = project.run();
    ASSERT_EQ(again.exit_code, 0) << told(again);
    EXPECT_EQ(built_layers(again), Kinds{});
    EXPECT_EQ(again.report.at("environment").at("image").at("id"),
              first.report.at("environment").at("image").at("id"));
    quickest = std::min(quickest, seconds_until_the_first_attempt(again));
  }
  EXPECT_LT(quickest, 5.0);
}

TEST(Images, AChangedSourceFileMakesOnlyTheSourcesAndTheSealNew) {
  const PythonProject project;
  ASSERT_EQ(project.run().exit_code, 0);
  project.write("says.txt", "the second version\n");
  const auto changed = project.run();
  ASSERT_EQ(changed.exit_code, 0) << told(changed);
  EXPECT_EQ(built_layers(changed), (Kinds{"sources", "seal"}));
  EXPECT_EQ(stdout_of(changed), "the second version\n");
}

TEST(Images, GoingBackToAnEarlierStateFindsItsImageAgain) {
  const PythonProject project;
  const auto first = project.run();
  project.write("says.txt", "the second version\n");
  project.run();
  project.write("says.txt", "the first version\n");
  const auto again = project.run();
  EXPECT_EQ(built_layers(again), Kinds{});
  EXPECT_EQ(stdout_of(again), "the first version\n");
}

// ---- what of a local folder goes in

class GitFolder : public Repository {
 public:
  GitFolder() {
    init();
    write(".gitignore", "build/\n*.secret\n");
    write("kept.txt", "kept\n");
    commit_all();
    write("build/made.txt", "made\n");
    write("own.secret", "hidden\n");
    write("new.txt", "not yet committed\n");
  }
  std::set<std::string> files_of_an_attempt(std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"--runs", "1"});
    const auto run = run_shell(*this, "find . -type f -not -path './.git/*'", more);
    EXPECT_EQ(run.exit_code, 0) << told(run);
    std::set<std::string> files;
    if (run.exit_code != 0) return files;
    std::istringstream lines(stdout_of(run));
    for (std::string line; std::getline(lines, line);) files.insert(line.substr(2));
    return files;
  }
};

TEST(Images, HoldUncommittedFilesAndNoIgnoredOnes) {
  const GitFolder folder;
  EXPECT_EQ(folder.files_of_an_attempt(),
            (std::set<std::string>{".gitignore", "kept.txt", "made-for", "new.txt"}));
}

TEST(Images, IncludeBringsIgnoredFilesBack) {
  const GitFolder folder;
  EXPECT_EQ(folder.files_of_an_attempt({"--include", "build/**"}),
            (std::set<std::string>{".gitignore", "build/made.txt", "kept.txt", "made-for", "new.txt"}));
}

TEST(Images, HoldAGitFolderOfOneCommitWithoutRemotesAndHooks) {
  const GitFolder folder;
  folder.commit_all();
  folder.git("tag v1");
  folder.git("remote add origin https://user:hunter2hunter2@git.example.org/x");
  folder.script(".git/hooks/post-checkout", "#!/bin/sh\n");
  const auto run =
      run_shell(folder,
                "git rev-list --all --count && git tag && git remote && git status --porcelain && "
                "! ls .git/hooks/post-checkout 2>&1 && ! grep -r hunter2 .git",
                {"--runs", "1"});
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(stdout_of(run).substr(0, 5), "1\nv1\n");
}

TEST(Images, GiveEachAttemptAWorkingCopyOfItsOwn) {
  const Repository folder;
  const auto run = run_shell(folder, "test ! -e left-behind && touch left-behind && echo changed > made-for",
                             {"--runs", "4"});
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(run.report.at("failures"), 0);
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/left-behind"));
}

// ---- setup commands

TEST(Images, SetupCommandsRunAsRootInTheirOrder) {
  const Repository folder;
  const auto run = run_shell(folder, "cat /usr/local/share/made && id -u",
                             {"--runs", "1", "--setup-command", "id -u > /usr/local/share/made",
                              "--setup-command", "echo then >> /usr/local/share/made"});
  ASSERT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(stdout_of(run).substr(0, 7), "0\nthen\n");
  EXPECT_NE(stdout_of(run).substr(7), "0\n") << "an attempt must not be root";
}

TEST(Images, AFailingSetupCommandIsExit4WithTheEndOfItsLogAndNoAttempt) {
  const Repository folder;
  const auto run = run_shell(
      folder, "true",
      {"--setup-command", "for i in $(seq 200); do echo line-$i-; done; echo the last word >&2; exit 3"});
  EXPECT_EQ(run.exit_code, 4) << told(run);
  EXPECT_EQ(run.report.at("end"), "not_runnable") << run.report;
  EXPECT_NE(run.report.at("end_reason").get<std::string>().find("Failed to run setup command"),
            std::string::npos);
  EXPECT_EQ(run.report.at("results"), nlohmann::json::array());
  EXPECT_NE(run.err.find("Failed to run setup command: "), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("ended with exit code 3"), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("line-200-\nthe last word"), std::string::npos) << run.err;
  EXPECT_EQ(run.err.find("attempts "), std::string::npos) << run.err;
  const auto explained = run.err.substr(run.err.find("Failed to run"));
  EXPECT_EQ(explained.find("line-100-"), std::string::npos) << "the end of the log is enough";
}

TEST(Images, AFailedSetupCommandLeavesNoImageOfTheCommandsBeforeIt) {
  const Repository folder;
  const std::string mark = "LEFT_BY=" + folder.path();
  const auto run =
      run_shell(folder, "true", {"--setup-command", "echo first # " + mark, "--setup-command", "exit 3"});
  EXPECT_EQ(run.exit_code, 4) << told(run);
  const std::string left =
      shell("docker image ls --quiet --no-trunc --filter dangling=true --filter label=orchestrator.owner");
  for (std::istringstream ids(left); ids;) {
    std::string id;
    if (ids >> id) {
      // Another test's may be gone by now.
      EXPECT_EQ(run_command({"docker", "history", "--no-trunc", id}).out.find(mark), std::string::npos) << id;
    }
  }
}

TEST(Images, AFailedSetupCommandIsNotCached) {
  const Repository folder;
  const auto command = [](const std::string& word) {
    return std::vector<std::string>{"--runs", "1", "--setup-command", word};
  };
  EXPECT_EQ(run_shell(folder, "true", command("test -e /nowhere # " + folder.path())).exit_code, 4);
  EXPECT_EQ(run_shell(folder, "true", command("test -e /nowhere # " + folder.path())).exit_code, 4);
}

// ---- other

TEST(Images, ASetupCommandThatLosesAPartOfItsWorkToTheMemoryLimitMakesNoLayer) {
  const Repository repository;
  repository.write("a", "");
  const auto run = repository.remember(run_job(
      flags_for(repository.path(),
                {"--runs", "1", "--setup-command", "python3 -c 'b\"x\" * (5 << 30)'; echo went on"}),
      {"true"}));
  EXPECT_EQ(run.exit_code, 4) << told(run);
  EXPECT_NE(run.err.find("ran out of memory"), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("went on"), std::string::npos) << run.err;
}

TEST(Images, AreListed) {
  const PythonProject project;
  const auto run = project.run();
  ASSERT_EQ(run.exit_code, 0) << told(run);
  const auto text = orchestrator({"images", "list"});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  for (const char* kind : {"tools", "sources", "seal"})
    EXPECT_NE(text.out.find(kind), std::string::npos) << text.out;

  const auto listed = orchestrator({"images", "list", "--json"});
  const auto images = nlohmann::json::parse(listed.out, nullptr, false);
  ASSERT_TRUE(images.is_array()) << listed.out;
  std::set<std::string> ids;
  for (const auto& image : images) ids.insert(image.at("id"));
  EXPECT_TRUE(ids.contains(run.report.at("environment").at("image").at("id"))) << listed.out;
}

TEST(UnknownFramework, RunsAShellTestOnTheBaseAsItIs) {
  const Repository folder;
  folder.copy_sample("shell_project");
  const auto run =
      folder.remember(run_job(flags_for(folder.path(), {"--runs", "8", "--seed", "4242"}), {"./test.sh"}));
  ASSERT_FALSE(run.report.is_null()) << told(run);
  EXPECT_EQ(run.report.at("framework"), "unknown");
  std::set<std::int64_t> seeds;
  for (const auto& result : run.report.at("results")) {
    const std::int64_t seed = result.at("seed");
    seeds.insert(seed);
    EXPECT_EQ(result.at("stdout"), "seed " + std::to_string(seed) + ", attempt " +
                                       std::to_string(result.at("attempt").get<int>()) + "\n");
    EXPECT_EQ(result.at("passed"), seed % 4 != 3) << result;
  }
  EXPECT_EQ(seeds.size(), 8u) << "each attempt has a seed of its own";
}

}  // namespace
