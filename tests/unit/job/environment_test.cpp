#include <gtest/gtest.h>

#include "tests/unit/job/errors_of.h"

namespace orchestrator {
namespace {

using Variables = std::map<std::string, std::string>;

auto lookup(Variables variables) {
  return [variables = std::move(variables)](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST(Environment, SetsEveryScalarField) {
  const JobRequest job = job_from_environment(lookup({{"ORCHESTRATOR_REPO", "."},
                                                      {"ORCHESTRATOR_TEST_COMMAND", "pytest -q"},
                                                      {"ORCHESTRATOR_RUNS", "7"},
                                                      {"ORCHESTRATOR_PARALLELISM", "3"},
                                                      {"ORCHESTRATOR_FRAMEWORK", "python"},
                                                      {"ORCHESTRATOR_TIMEOUT", "5m"},
                                                      {"ORCHESTRATOR_DEADLINE", "3600"},
                                                      {"ORCHESTRATOR_SEED", "42"},
                                                      {"ORCHESTRATOR_AUTO_INSTALL_DEPENDENCIES", "no"},
                                                      {"ORCHESTRATOR_NETWORK", "internal"},
                                                      {"ORCHESTRATOR_PULL", "never"},
                                                      {"ORCHESTRATOR_MEMORY", "1g"},
                                                      {"ORCHESTRATOR_CPUS", "0.5"},
                                                      {"ORCHESTRATOR_PIDS", "100"}}));
  EXPECT_EQ(job.repo, ".");
  EXPECT_EQ(job.test_command->line, "pytest -q");
  EXPECT_EQ(job.runs, 7);
  EXPECT_EQ(job.parallelism, 3);
  EXPECT_EQ(job.framework, "python");
  EXPECT_EQ(job.timeout_s, 300);
  EXPECT_EQ(job.deadline_s, 3600);
  EXPECT_EQ(job.seed, 42U);
  EXPECT_EQ(job.auto_install_dependencies, false);
  EXPECT_EQ(job.network, "internal");
  EXPECT_EQ(job.pull, "never");
  EXPECT_EQ(job.memory_bytes, 1LL << 30);
  EXPECT_EQ(job.cpus, 0.5);
  EXPECT_EQ(job.pids, 100);
}

TEST(Environment, TakesAnEmptyVariableAsNotSet) {
  EXPECT_EQ(job_from_environment(lookup({{"ORCHESTRATOR_RUNS", ""}})).runs, std::nullopt);
}

TEST(Environment, TakesTrueAndFalseInAnyCase) {
  for (const auto& [word, said] : {std::pair{"TRUE", true}, {"On", true}, {"False", false}, {"OFF", false}})
    EXPECT_EQ(job_from_environment(lookup({{"ORCHESTRATOR_AUTO_INSTALL_DEPENDENCIES", word}}))
                  .auto_install_dependencies,
              said)
        << word;
}

TEST(Environment, NamesTheVariablesThatAreWrong) {
  const auto errors = testing::errors_of([] {
    job_from_environment(lookup({{"ORCHESTRATOR_RUNS", "5x"},
                                 {"ORCHESTRATOR_PARALLELISM", "99999999999999999999"},
                                 {"ORCHESTRATOR_SEED", "-1"},
                                 {"ORCHESTRATOR_AUTO_INSTALL_DEPENDENCIES", "maybe"},
                                 {"ORCHESTRATOR_CPUS", "nan"},
                                 {"ORCHESTRATOR_MEMORY", "lots"}}));
  });
  EXPECT_EQ(
      errors,
      "ORCHESTRATOR_RUNS: runs must be a whole number, not '5x'\n"
      "ORCHESTRATOR_PARALLELISM: Parallelism must be between 1 and 50\n"
      "ORCHESTRATOR_SEED: Seed must be a whole number between 0 and 18446744073709551615, not '-1'\n"
      "ORCHESTRATOR_AUTO_INSTALL_DEPENDENCIES: auto_install_dependencies must be true or false, not 'maybe'\n"
      "ORCHESTRATOR_MEMORY: memory must be a number of bytes or a size as in 512m or 2g, not 'lots'\n"
      "ORCHESTRATOR_CPUS: CPUs must be between 0.01 and 1024\n");
}

TEST(Environment, IsNeverAskedForSecrets) {
  std::vector<std::string> asked;
  job_from_environment([&](const char* name) -> std::optional<std::string> {
    asked.emplace_back(name);
    return std::nullopt;
  });
  EXPECT_GT(asked.size(), 20U);
  for (const auto& name : asked) {
    EXPECT_NE(name, "ORCHESTRATOR_GIT_TOKEN");
    EXPECT_NE(name, "ORCHESTRATOR_RESULT_FD");
    EXPECT_NE(name, "ORCHESTRATOR_RESULT_PATH");
    EXPECT_EQ(name.rfind("ORCHESTRATOR_", 0), 0U) << name;
  }
}

}  // namespace
}  // namespace orchestrator
