// Repositories of which it is known what is wrong with each test (tests/repos/*/truth.json): every flaky test
// is found, in as many attempts as its known rate predicts, nothing stable is called flaky, and all get the
// name that is theirs. The job seed is fixed, and so are the results; scripts/truth-sweep varies it and
// measures.
#include <cmath>
#include <set>

#include "tests/support/repositories.h"

namespace {

using namespace testing_support;
using nlohmann::json;

constexpr const char* kJobSeed = "2";
constexpr double kConfidence = 0.99;  // that a run of another seed would find a test too, each for itself

// Of attempts, by condition, where the table does not say otherwise.
const json kShares{{"written", 0.5}, {"shuffle", 0.25}, {"repeat", 0.25}};

bool is_flaky(const std::string& verdict) {
  return verdict == "flaky" || verdict == "order_dependent" || verdict == "repeat_dependent";
}

// In how many attempts a test that shows its rarer outcome at a known rate, in some of the conditions, has
// shown it: ceil(ln(1 - c) / ln(1 - p)) of those conditions, and the others that come between.
int attempts_to_see(const json& truth, const json& shares) {
  const double rate = truth.at("rate");
  double share = 0;
  for (const std::string condition : truth.at("in")) share += shares.at(condition).get<double>();
  const double own = rate == 1 ? 1 : std::ceil(std::log(1 - kConfidence) / std::log(1 - rate));
  return static_cast<int>(std::ceil(own / share));
}

bool seen_flaky(const std::string& outcomes) {
  return outcomes.find('.') != std::string::npos && outcomes.find_first_of("FETMC") != std::string::npos;
}

class TruthTable : public ::testing::TestWithParam<const char*> {
 protected:
  const json table_ = json::parse(read_file(Repository::sample(std::string(GetParam()) + "/truth.json")));
  const json shares_ = table_.value("shares", kShares);

  // As many as the rarest of its tests takes, or as telling two conditions apart takes (the table's word).
  int attempts() const {
    int most = table_.value("attempts", 0);
    for (const auto& [test, truth] : table_.at("tests").items())
      if (is_flaky(truth.at("verdict"))) most = std::max(most, attempts_to_see(truth, shares_));
    return most > 0 ? most : 20;
  }

  RunResult run() const {
    const Repository repository;
    repository.copy_sample(GetParam());
    std::vector<std::string> flags{"--repo", repository.path(), "--runs", std::to_string(attempts()),
                                   "--seed", kJobSeed};
    for (const auto& flag : table_.at("flags")) flags.push_back(flag);
    return repository.remember(run_job(flags, table_.at("command").get<std::vector<std::string>>()));
  }
};

TEST_P(TruthTable, IsWhatTheReportSays) {
  const RunResult run = this->run();
  ASSERT_TRUE(run.report.contains("tests")) << told(run);
  std::set<std::string> told_of;
  for (const auto& test : run.report.at("tests")) {
    const std::string id = test.at("id"), outcomes = test.at("outcomes");
    told_of.insert(id);
    ASSERT_TRUE(table_.at("tests").contains(id)) << id << " is in no table";
    const json& truth = table_.at("tests").at(id);
    EXPECT_EQ(test.at("verdict"), truth.at("verdict")) << id << ": " << truth.at("why") << "\n" << outcomes;
    if (is_flaky(truth.at("verdict"))) {
      const auto predicted = static_cast<std::size_t>(attempts_to_see(truth, shares_));
      EXPECT_TRUE(seen_flaky(outcomes.substr(0, predicted)))
          << id << ": not in the " << predicted << " attempts that its rate predicts\n"
          << outcomes;
    }
  }
  for (const auto& [id, truth] : table_.at("tests").items())
    EXPECT_TRUE(told_of.contains(id)) << id << " is missing in the report";
}

INSTANTIATE_TEST_SUITE_P(Repositories, TruthTable,
                         ::testing::Values("order_truth", "repeat_truth", "resource_truth", "seeded_truth",
                                           "unittest_truth", "steady", "broken_truth", "cpp_depot",
                                           "go_depot", "java_depot", "javascript_mocha", "rust_depot",
                                           "typescript_jest", "typescript_vitest"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
