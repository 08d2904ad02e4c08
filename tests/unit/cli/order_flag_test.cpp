// What --order says reaches the plugin inside of an attempt: from the words of the command line to the
// variables that the container gets.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "images/toolchains/languages.h"
#include "orchestrator/cli/options.h"
#include "orchestrator/run/attempt_spec.h"
#include "orchestrator/run/deal.h"

namespace orchestrator {
namespace {

using nlohmann::json;

// What the plugin is told in attempt `index` of such a run.
json told_to_probe(const std::vector<const char*>& flags, int index) {
  std::vector<const char*> words{"orchestrator", "run", "--repo", ".", "--seed", "7"};
  words.insert(words.end(), flags.begin(), flags.end());
  words.insert(words.end(), {"--", "pytest"});
  const CommandLine line = parse_command_line(static_cast<int>(words.size()), words.data(),
                                              [](const char*) { return std::nullopt; });
  const JobPlan plan = make_plan(line.request, {}, {}, PlanContext{2, 1});
  std::vector<std::string> warnings;
  const Deal deal = make_deal(plan, images::kAllAbilities, warnings);
  EXPECT_EQ(warnings, std::vector<std::string>{});
  const images::BuiltImage image;
  const AttemptContext context{
      .plan = plan,
      .image = image,
      .toolchain = images::python_toolchain(),
      .condition = deal.conditions.at(static_cast<std::size_t>(deal.condition_of(index)))};
  for (const auto& [name, value] : attempt_spec(context, index).execution.env)
    if (name == "ORCHESTRATOR_PROBE") return json::parse(value);
  return {};
}

TEST(OrderFlag, ReachesThePluginOfEveryAttempt) {
  for (const char* order : {"written", "reversed", "shuffled"})
    for (const int index : {0, 1, 2})
      EXPECT_EQ(told_to_probe({"--order", order}, index).at("order"), order) << index;
}

TEST(OrderFlag, ReachesItTogetherWithRepeats) {
  const json told = told_to_probe({"--order", "reversed", "--repeat-in-process", "3"}, 1);
  EXPECT_EQ(told.at("order"), "reversed");
  EXPECT_EQ(told.at("repeat"), 3);
}

TEST(OrderFlag, ShufflesByTheSeedOfTheAttempt) {
  EXPECT_NE(told_to_probe({"--order", "shuffled"}, 0).at("seed"),
            told_to_probe({"--order", "shuffled"}, 1).at("seed"));
}

}  // namespace
}  // namespace orchestrator
