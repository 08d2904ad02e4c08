// The plugin for pytest on this host's own pytest: what it records of small suites, and what it leaves alone.
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "images/probes/probe.h"
#include "tests/support/program.h"

namespace {

using namespace testing_support;
using nlohmann::json;
using Lines = std::vector<std::string>;

struct Session {
  std::vector<json> records;
  std::string printed;

  // "id#repeat phase outcome", of all phases in their order; a start is "id#repeat start".
  std::vector<std::string> story() const {
    std::map<int, std::string> tests;
    std::vector<std::string> story;
    for (const auto& record : records) {
      const std::string type = record.at("t");
      if (type == "test")
        tests[record.at("i")] =
            record.at("id").get<std::string>().substr(std::string("test_suite.py").size()) + "#" +
            record.at("r").dump();
      else if (type == "start")
        story.push_back(tests.at(record.at("i")) + " start");
      else if (type == "phase")
        story.push_back(tests.at(record.at("i")) + " " + record.at("p").get<std::string>() + " " +
                        record.at("o").get<std::string>());
    }
    return story;
  }
  // Of the phases that failed.
  std::vector<std::string> failures() const {
    std::vector<std::string> failures;
    for (const auto& line : story())
      if (line.ends_with(" failed")) failures.push_back(line.substr(0, line.size() - 7));
    return failures;
  }
};

// Runs pytest on `content`, which is test_suite.py.
Session session_of(const std::string& content, int repeat = 1) {
  const TemporaryFolder folder;
  write_file(folder / "suite/test_suite.py", content);
  for (const auto& file : images::pytest_probe_files())
    write_file(folder / ("probes/" + std::string(file.name)), std::string(file.content));
  const json configuration = {{"order", "written"}, {"seed", 1}, {"repeat", repeat}};
  const Finished run =
      run_command({"sh", "-c", "exec 9>../records; exec python3 -m pytest -p no:cacheprovider"},
                  {.env = {"PYTHONPATH=" + folder / "probes", "PYTEST_PLUGINS=orchestrator_probe",
                           "ORCHESTRATOR_PROBE=" + configuration.dump(), "ORCHESTRATOR_RESULT_FD=9"},
                   .cwd = folder / "suite"});
  Session session{.printed = run.out + run.err};
  std::istringstream lines(read_file(folder / "records"));
  for (std::string line; std::getline(lines, line);) session.records.push_back(json::parse(line));
  EXPECT_FALSE(session.records.empty()) << "this host's python3 needs pytest: " << session.printed;
  return session;
}

TEST(PytestProbe, TellsEachPhaseAndTheEnd) {
  const Session session = session_of("def test_a(): pass\ndef test_b(): assert False, 'no'\n");
  EXPECT_EQ(session.story(),
            (Lines{"::test_a#1 start", "::test_a#1 setup passed", "::test_a#1 call passed",
                   "::test_a#1 teardown passed", "::test_b#1 start", "::test_b#1 setup passed",
                   "::test_b#1 call failed", "::test_b#1 teardown passed"}))
      << session.printed;
  EXPECT_EQ(session.records.front().at("t"), "session");
  EXPECT_EQ(session.records.back(), json({{"t", "finish"}, {"exit", 1}}));
}

TEST(PytestProbe, LeavesAllThatWasKnownWhenTheProcessIsGone) {
  const std::string dies =
      "import os, pytest\n@pytest.fixture\ndef dying():\n    yield\n    os._exit(3)\n"
      "def test_fine(): pass\n";
  EXPECT_EQ(session_of(dies + "def test_dies(): os._exit(3)\n").story(),
            (Lines{"::test_fine#1 start", "::test_fine#1 setup passed", "::test_fine#1 call passed",
                   "::test_fine#1 teardown passed", "::test_dies#1 start", "::test_dies#1 setup passed"}));
  EXPECT_EQ(session_of(dies + "def test_dies(dying): pass\n").story().back(), "::test_dies#1 call passed");
}

TEST(PytestProbe, WritesALastTeardownBeforeTheSessionEnds) {
  const Session session = session_of(
      "import os, pytest\n"
      "class Ends:\n    def pytest_sessionfinish(self): os._exit(3)\n"
      "def test_stops(request):\n    request.config.pluginmanager.register(Ends())\n"
      "    request.session.shouldstop = 'enough'\n"
      "def test_never(): pass\n");
  EXPECT_EQ(session.story().back(), "::test_stops#1 teardown passed") << session.printed;
}

TEST(PytestProbe, IsNotDeceivedByAPatchedClockOrSystem) {
  const Session session = session_of(
      "import json, os, time\n"
      "def test_patches(monkeypatch):\n"
      "    monkeypatch.setattr(os, 'getpid', lambda: 1)\n    monkeypatch.setattr(os, 'write', lambda *_: 0)\n"
      "    monkeypatch.setattr(json, 'dumps', lambda *_: 'x')\n"
      "    time.sleep(0.05)\n"
      "    for name in ('time', 'monotonic', 'perf_counter', 'clock_gettime_ns'):\n"
      "        monkeypatch.setattr(time, name, lambda *_: 5)\n");
  EXPECT_EQ(session.story(), (Lines{"::test_patches#1 start", "::test_patches#1 setup passed",
                                    "::test_patches#1 call passed", "::test_patches#1 teardown passed"}));
  EXPECT_GE(session.records.at(5).at("s"), 0.05) << session.records.at(5);
}

TEST(PytestProbe, GivesARepeatAnInstanceOfItsOwn) {
  const Session session = session_of(
      "import unittest\n"
      "class TestPlain:\n    def test_a(self):\n        assert not hasattr(self, 'mark')\n        self.mark "
      "= 1\n"
      "class TestCase(unittest.TestCase):\n"
      "    def test_a(self):\n        assert not hasattr(self, 'mark')\n        self.mark = 1\n"
      "class TestAsync(unittest.IsolatedAsyncioTestCase):\n    async def test_a(self): pass\n",
      3);
  EXPECT_EQ(session.failures(), Lines{}) << session.printed;
  EXPECT_EQ(session.story().size(), 3u * 3u * 4u);
}

TEST(PytestProbe, GivesARepeatMarksAndPropertiesOfItsOwn) {
  const Session session = session_of(
      "import pytest\n"
      "def test_a(request, record_property):\n"
      "    assert request.node.get_closest_marker('seen') is None\n    assert not "
      "request.node.user_properties\n"
      "    request.node.add_marker(pytest.mark.seen)\n    record_property('a', 1)\n",
      2);
  EXPECT_EQ(session.failures(), Lines{}) << session.printed;
}

TEST(PytestProbe, RepeatsWhatTheTestsOwnModuleKeeps) {
  const Session session =
      session_of("calls = []\ndef test_a():\n    calls.append(1)\n    assert calls == [1]\n", 2);
  EXPECT_EQ(session.failures(), (Lines{"::test_a#2 call"}));
}

TEST(PytestProbe, NamesTheTestsOfAClassThatCannotBeSetUp) {
  const Session session = session_of(
      "import unittest\nclass TestCase(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls): raise "
      "OSError('away')\n"
      "    def test_a(self): pass\n    def test_b(self): pass\n"
      "class TestOther(unittest.TestCase):\n    def test_c(self): pass\n");
  EXPECT_EQ(session.failures(), (Lines{"::TestCase::test_a#1 setup", "::TestCase::test_b#1 setup"}));
}

TEST(PytestProbe, FindsTheExceptionOfATestCase) {
  const Session session = session_of(
      "import unittest\nclass TestCase(unittest.TestCase):\n    def test_a(self):\n        "
      "self.assertEqual(1, 2)\n");
  for (const auto& record : session.records)
    if (record.value("o", "") == "failed") {
      EXPECT_EQ(record.at("e"), "AssertionError");
      EXPECT_EQ(record.at("at"), "test_suite.py:4");
      EXPECT_EQ(record.at("in"), "test_a");
    }
  EXPECT_EQ(session.failures(), (Lines{"::TestCase::test_a#1 call"}));
}

// As xdist reports it: of no phase, and without a start in this process.
TEST(PytestProbe, TellsOfATestWhoseWorkerHasDied) {
  const Session session = session_of(
      "from _pytest.reports import TestReport\n"
      "def test_a(request):\n"
      "    report = TestReport('test_suite.py::test_b', ('', 0, ''), {}, 'failed', 'worker gw0 crashed', "
      "'no text')\n"
      "    request.config.hook.pytest_runtest_logreport(report=report)\n");
  EXPECT_EQ(session.failures(), (Lines{"::test_b#1 call"})) << session.printed;
}

TEST(PytestProbe, HoldsNothingForASupervisorThatIsGone) {
  const Session session = session_of(
      "import orchestrator_probe_session\n"
      "def test_a():\n"
      "    channel = orchestrator_probe_session._Channel(None)\n"
      "    channel.hold('one\\n')\n"
      "    channel.write('two\\n')\n"
      "    assert channel._held == ''\n");
  EXPECT_EQ(session.failures(), Lines()) << session.printed;
  EXPECT_FALSE(session.story().empty());
}

// As plugins report it that run failing tests again until they pass.
TEST(PytestProbe, TellsOfAFailureThatIsFollowedByAnotherTry) {
  const Session session = session_of(
      "from _pytest.reports import TestReport\n"
      "def test_a(request):\n"
      "    report = TestReport(request.node.nodeid, ('', 0, ''), {}, 'rerun', 'E   KeyError: no', 'call')\n"
      "    request.config.hook.pytest_runtest_logreport(report=report)\n");
  EXPECT_EQ(session.failures(), (Lines{"::test_a#1 call"})) << session.printed;
  EXPECT_EQ(session.story().back(), "::test_a#1 teardown passed");
}

}  // namespace
