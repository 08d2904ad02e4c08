// The plugin in the oldest pytest that it is for and in the newest of each later line, and under xdist:
// outside of a container, with this host's Python.
#include "tests/support/probed_session.h"

namespace {

using namespace testing_support;
using nlohmann::json;
using Lines = std::vector<std::string>;

// A Python that has these packages, put there by the first who asks.
std::string python_with(const std::string& name, const Lines& packages) {
  const std::string folder = std::string(TOOLS_FOLDER) + "/" + name;
  Lines words{source_path("tests/support/python_venv"), folder};
  words.insert(words.end(), packages.begin(), packages.end());
  const Finished run = run_command(words);
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  return folder + "/bin/python";
}

// One test of each outcome; the last fails where it is taken down.
constexpr const char* kEveryOutcome =
    "import pytest, unittest\n"
    "def test_passes(): print('said')\n"
    "def test_fails():\n    assert 1 == 2, 'no'\n"
    "@pytest.mark.skip\ndef test_skipped(): pass\n"
    "@pytest.mark.xfail\ndef test_expected(): assert False\n"
    "@pytest.mark.parametrize('name', ['x', 'y'])\ndef test_named(name): pass\n"
    "class TestCase(unittest.TestCase):\n    def test_case(self): self.assertEqual(1, 1)\n"
    "@pytest.fixture\ndef left():\n    yield\n    raise OSError('not gone')\n"
    "def test_left(left): pass\n";

// Of all phases of one test that was run to its end.
Lines story_of(const std::string& test, const std::string& call = "passed",
               const std::string& teardown = "passed") {
  return {test + " start", test + " setup passed", test + " call " + call, test + " teardown " + teardown};
}

const Lines kStory = [] {
  Lines all;
  for (const auto& part :
       {story_of("::test_passes#1"), story_of("::test_fails#1", "failed"),
        Lines{"::test_skipped#1 start", "::test_skipped#1 setup skipped", "::test_skipped#1 teardown passed"},
        story_of("::test_expected#1", "skipped"), story_of("::test_named[x]#1"),
        story_of("::test_named[y]#1"), story_of("::TestCase::test_case#1"),
        story_of("::test_left#1", "passed", "failed")})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}();

const json& failed_record(const ProbedSession& session, const std::string& exception) {
  static const json none = json::object();
  for (const auto& record : session.records)
    if (record.value("o", "") == "failed" && record.value("e", "") == exception) return record;
  return none;
}

struct Version {
  const char* name;
  const char* package;
};

class PytestVersions : public testing::TestWithParam<Version> {
 protected:
  PytestVersions() : python_(python_with(GetParam().name, {GetParam().package})) {}
  ProbedSession session(const images::TestSelection& selection) const {
    return run_probed(
        {.files = {{"test_suite.py", kEveryOutcome}}, .selection = selection, .python = python_});
  }
  // An old one does not run on every new Python, with or without us.
  bool runs_here() const {
    const TemporaryFolder folder;
    write_file(folder / "test_suite.py", "def test_one():\n    one = 1\n    assert one == 1\n");
    return run_command({python_, "-m", "pytest", folder.path()}).exit_code == 0;
  }
  const std::string python_;
};

TEST_P(PytestVersions, TellTheSameOfEveryOutcome) {
  if (!runs_here()) GTEST_SKIP() << GetParam().package << " does not run on this host's Python";
  const ProbedSession whole = session({});
  EXPECT_EQ(whole.story(), kStory) << whole.printed;
  const std::string version = std::string(GetParam().package).substr(std::string("pytest==").size());
  EXPECT_TRUE(
      whole.records.at(0).at("version").get<std::string>().starts_with(version.substr(0, version.find('*'))))
      << whole.records.at(0);
  const json& fails = failed_record(whole, "AssertionError");
  EXPECT_EQ(fails.value("at", ""), "test_suite.py:4") << fails;
  EXPECT_EQ(fails.value("in", ""), "test_fails") << fails;
  EXPECT_TRUE(fails.value("m", "").starts_with("no")) << fails;
  EXPECT_EQ(failed_record(whole, "OSError").value("m", ""), "not gone") << whole.printed;
  EXPECT_EQ(whole.records.back(), json({{"t", "finish"}, {"exit", 1}}));
}

TEST_P(PytestVersions, AreOrderedAndRepeated) {
  if (!runs_here()) GTEST_SKIP() << GetParam().package << " does not run on this host's Python";
  const ProbedSession listed = session({.order = "listed",
                                        .repeat = 2,
                                        .tests = {"test_suite.py::TestCase::test_case",
                                                  "test_suite.py::test_named[y]", "test_suite.py::test_left"},
                                        .ignore = {"test_left"}});
  EXPECT_EQ(listed.started(), (Lines{"::TestCase::test_case#1", "::TestCase::test_case#2",
                                     "::test_named[y]#1", "::test_named[y]#2"}))
      << listed.printed;
  EXPECT_EQ(listed.failures(), Lines{}) << listed.printed;
  EXPECT_EQ(session({.order = "reversed"}).started().front(), "::test_left#1");
}

INSTANTIATE_TEST_SUITE_P(Pytest, PytestVersions,
                         testing::Values(Version{"pytest6", "pytest==6.2.5"},
                                         Version{"pytest7", "pytest==7.*"}, Version{"pytest8", "pytest==8.*"},
                                         Version{"pytest9", "pytest==9.*"}),
                         [](const auto& version) { return std::string(version.param.name); });

// Two processes of workers: what they tell comes in any order of tests, but each test's own is kept.
class Xdist : public testing::Test {
 protected:
  static ProbedSession session(const std::string& content, const images::TestSelection& selection = {}) {
    return run_probed({.files = {{"test_suite.py", content}},
                       .selection = selection,
                       .python = python_with("pytest-xdist", {"pytest-xdist==3.*"}),
                       .words = {"-n", "2"}});
  }
  static Lines sorted(Lines lines) {
    std::sort(lines.begin(), lines.end());
    return lines;
  }
};

TEST_F(Xdist, TellsEachPhaseOfEachTestOnce) {
  const ProbedSession both = session(kEveryOutcome);
  EXPECT_EQ(sorted(both.story()), sorted(kStory)) << both.printed;
  EXPECT_NE(both.printed.find("2 workers [8 items]"), std::string::npos) << both.printed;
  const json& fails = failed_record(both, "AssertionError");
  EXPECT_EQ(fails.value("at", ""), "test_suite.py:4") << "what only the worker knew: " << fails;
  EXPECT_EQ(fails.value("in", ""), "test_fails") << fails;
  EXPECT_EQ(both.records.front().at("t"), "session");
  EXPECT_EQ(both.records.back(), json({{"t", "finish"}, {"exit", 1}}));
}

TEST_F(Xdist, TellsEachRepeatOnce) {
  const ProbedSession twice =
      session("def test_a(): pass\ndef test_b(): assert False\n", {.order = "reversed", .repeat = 2});
  EXPECT_EQ(sorted(twice.started()), (Lines{"::test_a#1", "::test_a#2", "::test_b#1", "::test_b#2"}))
      << twice.printed;
  EXPECT_EQ(sorted(twice.failures()), (Lines{"::test_b#1 call", "::test_b#2 call"})) << twice.printed;
}

TEST_F(Xdist, TellsWhichTestTookItsWorkerAlong) {
  const ProbedSession dies = session(
      "import os\ndef test_a(): pass\ndef test_dies(): os._exit(3)\ndef test_b(): pass\ndef test_c(): "
      "pass\n");
  EXPECT_EQ(dies.failures(), Lines{"::test_dies#1 call"}) << dies.printed;
  EXPECT_EQ(sorted(dies.started()), (Lines{"::test_a#1", "::test_b#1", "::test_c#1", "::test_dies#1"}))
      << dies.printed;
}

}  // namespace
