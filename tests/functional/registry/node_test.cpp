// The probe for runners of Node in the oldest version of each that it is for and in a new one: outside of a
// container, with this host's Node.
#include <algorithm>

#include "tests/support/probed_session.h"

namespace {

using namespace testing_support;
using Lines = std::vector<std::string>;

// A node_modules with this package, put there by the first who asks.
std::string modules_with(const std::string& name, const std::string& package) {
  const std::string folder = std::string(TOOLS_FOLDER) + "/" + name;
  const Finished run = run_command({source_path("tests/support/node_packages"), folder, package});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  return folder + "/node_modules";
}

struct Runner {
  const char* name;     // of the folder
  const char* package;  // "jest@30"
  const char* command;  // below node_modules/.bin
  Lines words;
  bool circus = true;  // tests can be reversed, repeated and chosen
};

void PrintTo(const Runner& runner, std::ostream* out) { *out << runner.package; }

// One test of each outcome.
constexpr const char* kSuite = R"js(
let times = 0;
describe('suite', () => {
  it('passes', () => {});
  it('fails', () => {
    throw new TypeError('no');
  });
  it.skip('skipped', () => {});
  describe('inner', () => {
    it('waits', async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
    });
  });
  describe('broken', () => {
    beforeEach(() => {
      throw new RangeError('in the hook');
    });
    it('never', () => {});
  });
  it('once', () => {
    if (++times > 1) throw new Error('again');
  });
});
)js";

class NodeRunners : public testing::TestWithParam<Runner> {
 protected:
  ProbedSession session(const images::TestSelection& selection = {}, const Lines& through = {}) const {
    const bool vitest = std::string(GetParam().command) == "vitest";
    const std::string imports = "import {beforeEach, describe, it} from 'vitest';\n";
    Lines words = through;
    if (through.empty())
      words.push_back("node_modules/.bin/" + std::string(GetParam().command));
    else
      words.emplace_back(GetParam().command);
    words.insert(words.end(), GetParam().words.begin(), GetParam().words.end());
    return run_probed(
        ProbedCommand{.files = {{"one.test.js", (vitest ? imports : "") + kSuite}, {"package.json", "{}"}},
                      .probe = images::node_probe_files(),
                      .use = images::use_node_probe(selection, {}),
                      .words = words,
                      .node_modules = modules_with(GetParam().name, GetParam().package)});
  }

  // "id call outcome" of what was called, "id setup outcome" of what was not; sorted.
  static Lines outcomes(const ProbedSession& session) {
    Lines told;
    for (const auto& line : session.story())
      if (line.find(" call ") != std::string::npos || line.ends_with(" skipped")) told.push_back(line);
    std::sort(told.begin(), told.end());
    return told;
  }
};

TEST_P(NodeRunners, TellOfEveryOutcome) {
  const ProbedSession whole = session();
  EXPECT_EQ(
      outcomes(whole),
      (Lines{"one.test.js::suite > broken > never#1 call failed", "one.test.js::suite > fails#1 call failed",
             "one.test.js::suite > inner > waits#1 call passed", "one.test.js::suite > once#1 call passed",
             "one.test.js::suite > passes#1 call passed", "one.test.js::suite > skipped#1 setup skipped"}))
      << whole.printed;
  std::map<std::string, nlohmann::json> failures;
  for (const auto& record : whole.records) {
    if (record.value("o", "") == "failed") failures[record.value("m", "")] = record;
    if (record.value("o", "") == "passed") {
      EXPECT_GE(record.at("s"), 0);
    }
  }
  ASSERT_TRUE(failures.contains("no")) << whole.printed;
  EXPECT_EQ(failures["no"].value("e", ""), "TypeError");
  EXPECT_TRUE(failures["no"].value("at", "").starts_with("one.test.js:")) << failures["no"];
  ASSERT_TRUE(failures.contains("in the hook")) << whole.printed;
  EXPECT_EQ(failures["in the hook"].value("e", ""), "RangeError");
  EXPECT_EQ(whole.records.back().value("t", ""), "finish");
  EXPECT_GT(whole.records.back().value("exit", 0), 0);
  EXPECT_NE(whole.exit_code, 0);
}

// Which starts them with no descriptor but the three that all have.
TEST_P(NodeRunners, TellTheSameThroughNpx) {
  const ProbedSession whole = session({}, {"npx"});
  EXPECT_EQ(outcomes(whole).size(), 6u) << whole.printed;
}

TEST_P(NodeRunners, AreOrderedBySeed) {
  std::set<Lines> orders;
  for (const int seed : {1, 2, 3}) {
    Lines starts = session({.order = "shuffled", .seed = seed}).started();
    if (seed == 1) {
      EXPECT_EQ(starts, session({.order = "shuffled", .seed = seed}).started());
    }
    orders.insert(starts);
    std::sort(starts.begin(), starts.end());
    EXPECT_EQ(starts.size(), 6u) << "nothing is lost";
  }
  EXPECT_GT(orders.size(), 1u);
}

TEST_P(NodeRunners, AreChosenReversedAndRepeated) {
  if (!GetParam().circus) return;  // cannot be asked for it: ProbeAbilities
  const ProbedSession chosen = session(
      {.order = "reversed",
       .repeat = 2,
       .tests = {"one.test.js::suite > passes", "one.test.js::suite > once", "one.test.js::suite > fails"},
       .files = {"one.test.js"},
       .ignore = {"*fails"}});
  EXPECT_EQ(chosen.started(), (Lines{"one.test.js::suite > once#1", "one.test.js::suite > once#2",
                                     "one.test.js::suite > passes#1", "one.test.js::suite > passes#2"}))
      << chosen.printed;
  EXPECT_EQ(chosen.failures(), Lines{"one.test.js::suite > once#2 call"});
}

INSTANTIATE_TEST_SUITE_P(Node, NodeRunners,
                         testing::Values(Runner{"mocha8", "mocha@8", "mocha", {"one.test.js"}},
                                         Runner{"mocha11", "mocha@11", "mocha", {"one.test.js"}},
                                         Runner{"jest27", "jest@27", "jest", {}},
                                         Runner{"jest30", "jest@30", "jest", {}},
                                         Runner{"vitest1", "vitest@1", "vitest", {"run"}, false},
                                         Runner{"vitest4", "vitest@4", "vitest", {"run"}, false}),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
