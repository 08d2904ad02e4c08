#include <gtest/gtest.h>

#include "made_report.h"

namespace orchestrator {
namespace {

TEST(Reproduce, NamesTheCommitAndTheAttempt) {
  MadeReport made;
  EXPECT_EQ(reproduce_attempt(made.report, 7),
            "orchestrator run --repo https://git.example.com/shop/checkout"
            " --ref 5f3a2c1d9e8b7a6f5e4d3c2b1a0f9e8d7c6b5a49 --runs 30 --seed 4242 --only-attempt 7"
            " -- pytest -x tests/test_cart.py");
}

TEST(Reproduce, SaysWhatIsNoDefault) {
  MadeReport made;
  JobPlan& plan = made.report.plan;
  plan.subdir = "back end";
  plan.network = sandbox::Network::bridge;
  plan.limits.timeout = std::chrono::milliseconds(1500);
  plan.limits.memory_bytes = 4 * sandbox::kGiB;
  plan.limits.disk_bytes = 1000;
  plan.limits.cpus = 0.5;
  plan.env = {{"MODE", "it's \"on\""}};
  plan.secret_env = {"API_TOKEN"};
  plan.results = {"**/TEST-*.xml", "r.xml"};
  plan.install_dependencies = false;
  plan.setup_commands = {"apt-get install -y libpq5"};
  const std::string line = reproduce_attempt(made.report, 0);
  for (const char* part :
       {" --subdir 'back end' ", " --network bridge ", " --timeout 1.5 ", " --memory 4096m ", " --disk 1000 ",
        " --cpus 0.5 ", " --env 'MODE=it'\\''s \"on\"' ", " --secret-env API_TOKEN ", " --no-install ",
        " --results '**/TEST-*.xml' --results r.xml ", " --setup-command 'apt-get install -y libpq5' "})
    EXPECT_NE(line.find(part), std::string::npos) << part << "\n" << line;
  EXPECT_EQ(line.find("--pids"), std::string::npos);
}

TEST(Reproduce, SaysTheDockerfileItsArgumentsAndWhetherMoreIsInstalled) {
  MadeReport made;
  JobPlan& plan = made.report.plan;
  plan.dockerfile = "docker/Test file";
  plan.build_args = {{"A", "1 2"}, {"B", ""}};
  plan.install_dependencies = false;
  const std::string said = " --dockerfile 'docker/Test file' --build-arg 'A=1 2' --build-arg B= ";
  std::string line = reproduce_attempt(made.report, 0);
  EXPECT_NE(line.find(said), std::string::npos) << line;
  EXPECT_EQ(line.find("install"), std::string::npos) << line;
  plan.install_dependencies = true;
  line = reproduce_attempt(made.report, 0);
  EXPECT_NE(line.find(said + "--install "), std::string::npos) << line;
}

TEST(Reproduce, NamesTheFolderOfUncommittedChanges) {
  MadeReport made;
  made.report.plan.repo = "/home/me/shop";
  made.report.source.local = true;
  made.report.source.url = "";
  made.report.source.dirty = true;
  const std::string line = reproduce_attempt(made.report, 0);
  EXPECT_NE(line.find("--repo /home/me/shop "), std::string::npos) << line;
  EXPECT_EQ(line.find("--ref"), std::string::npos) << line;
}

TEST(Reproduce, NeverPrintsACredentialOfTheUrl) {
  MadeReport made;
  made.report.plan.repo = "https://me:secret@git.example.com/shop/checkout";
  EXPECT_EQ(reproduce_attempt(made.report, 0).find("secret"), std::string::npos);
}

TEST(Reproduce, KeepsALineALineAndWordsWords) {
  MadeReport made;
  TestCommand& command = made.report.plan.test_command;
  const auto ends_with = [&](const std::string& end) {
    const std::string line = reproduce_attempt(made.report, 0);
    return line.size() > end.size() && line.substr(line.size() - end.size()) == end;
  };
  command = {"pytest && true", {}};
  EXPECT_TRUE(ends_with(" -- 'pytest && true'"));
  command = {"a;b", {}};
  EXPECT_TRUE(ends_with(" -- 'a;b '"));
  command = {"pytest", {}};
  EXPECT_TRUE(ends_with(" -- 'pytest '"));
  command = {"", {"my program"}};
  EXPECT_TRUE(ends_with(" -- ''\\''my program'\\'''"));
  command = {"", {"echo", "", "$HOME"}};
  EXPECT_TRUE(ends_with(" -- echo '' '$HOME'"));
}

TEST(Reproduce, NamesTheBundleThatHoldsAllOfIt) {
  MadeReport made;
  made.report.bundle = {"over there/run.bundle", "abc", "1.0", true, {}};
  EXPECT_EQ(reproduce_attempt(made.report, 7),
            "orchestrator run --from-bundle 'over there/run.bundle' --only-attempt 7");
  EXPECT_EQ(reproduce_job(made.report), "orchestrator run --from-bundle 'over there/run.bundle' --runs 30");
  EXPECT_EQ(continue_job(made.report, 90),
            "orchestrator run --from-bundle 'over there/run.bundle' --runs 90");
  made.report.plan.changed_runs = 5;
  EXPECT_EQ(reproduce_job(made.report), "orchestrator run --from-bundle 'over there/run.bundle'");
  made.report.plan.only_attempt = 3;
  EXPECT_EQ(reproduce_job(made.report),
            "orchestrator run --from-bundle 'over there/run.bundle' --only-attempt 3");
}

TEST(Reproduce, RunsTheWholeJobWithItsSeedAndMoreOfItWithoutOne) {
  MadeReport made;
  made.report.plan.parallelism = 2;
  made.report.plan.deadline = std::chrono::minutes(10);
  EXPECT_NE(reproduce_job(made.report).find(" --runs 30 --parallelism 2 --deadline 600 --seed 4242 -- "),
            std::string::npos);
  EXPECT_NE(continue_job(made.report, 100).find(" --runs 100 --parallelism 2 --deadline 600 -- "),
            std::string::npos);
  made.report.plan.only_attempt = 5;
  EXPECT_NE(reproduce_job(made.report).find(" --only-attempt 5 "), std::string::npos);
}

}  // namespace
}  // namespace orchestrator
