// The plugin for pytest on this host's own pytest: what it records of small suites, and what it leaves alone.
#include "tests/support/probed_session.h"

namespace {

using namespace testing_support;
using nlohmann::json;
using Lines = std::vector<std::string>;
using Session = ProbedSession;

// Runs pytest on `content`, which is test_suite.py.
Session session_of(const std::string& content, int repeat = 1) {
  return run_probed({.files = {{"test_suite.py", content}}, .selection = {.seed = 1, .repeat = repeat}});
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

// Hooks of the project's run between tests and at the end.
TEST(PytestProbe, HasWrittenATeardownBeforeAnythingElseOfTheProjectRuns) {
  for (const char* hook : {"pytest_runtest_logfinish", "pytest_sessionfinish"}) {
    const Session session =
        session_of("import os\nclass Ends:\n    def " + std::string(hook) +
                   "(self): os._exit(3)\n"
                   "def test_registers(request): request.config.pluginmanager.register(Ends())\n" +
                   (std::string(hook) == "pytest_sessionfinish" ? "" : "def test_never(): pass\n"));
    EXPECT_EQ(session.story().back(), "::test_registers#1 teardown passed") << hook << session.printed;
  }
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

ProbedSession session_by(const Lines& words, const std::map<std::string, std::string>& files, bool watched,
                         const sandbox::EnvList& env = {}) {
  return run_probed(ProbedCommand{.files = files,
                                  .probe = images::pytest_probe_files(),
                                  .use = images::use_pytest_probe({}, env),
                                  .words = words,
                                  .watched = watched});
}

// It is not told apart, and runs as it would without us.
TEST(PytestProbe, IsAbsentWhereACommandHasASearchPathOfItsOwn) {
  const std::map<std::string, std::string> files{
      {"test_suite.py", "import code_of_suite\ndef test_a(): pass\n"}, {"src/code_of_suite.py", ""}};
  const std::string path = "PYTHONPATH=src";
  const Lines command{"python3", "-m", "pytest", "-p", "no:cacheprovider"};
  Lines by_path{"env", path};
  by_path.insert(by_path.end(), command.begin(), command.end());
  EXPECT_EQ(session_by(by_path, files, false).exit_code, 0);
  const std::map<std::string, std::string> alone{{"test_suite.py", "def test_a(): pass\n"}};
  for (const char* flag : {"-I", "-E", "-S"}) {
    Lines by_flag = command;
    by_flag.insert(by_flag.begin() + 1, flag);
    const bool has_pytest = std::string(flag) != "-S";  // which is where -S does not look
    EXPECT_EQ(session_by(by_flag, alone, false).exit_code, has_pytest ? 0 : 1) << flag;
  }
}

// A session that a test starts with an environment that it makes up itself.
TEST(PytestProbe, IsNotHandedToWhatATestStarts) {
  const Session session = session_of(
      "import os, subprocess, sys\n"
      "def test_a(tmp_path):\n"
      "    (tmp_path / 'test_b.py').write_text('def test_b(): pass')\n"
      "    env = {**os.environ, 'PYTHONPATH': str(tmp_path)}\n"
      "    subprocess.run([sys.executable, '-m', 'pytest', '-p', 'no:cacheprovider', str(tmp_path)], "
      "env=env, check=True)\n");
  EXPECT_EQ(session.failures(), Lines()) << session.printed;
  EXPECT_EQ(session.started(), Lines{"::test_a#1"}) << session.printed;
}

TEST(PytestProbe, LeavesAnotherSitecustomizeInItsPlace) {
  const Session session =
      session_by({"python3", "-m", "pytest", "-p", "no:cacheprovider"},
                 {{"test_suite.py",
                   "import os, sys, sitecustomize\n"
                   "def test_a():\n"
                   "    assert sitecustomize.MARK == 1\n"
                   "    assert sys.path.index(os.path.abspath('theirs')) < sys.path.index('/added')\n"},
                  {"theirs/sitecustomize.py", "import sys\nMARK = 1\nsys.path.append('/added')\n"}},
                 true, {{"PYTHONPATH", "theirs"}});
  EXPECT_EQ(session.started(), Lines{"::test_a#1"}) << session.printed;
  EXPECT_EQ(session.failures(), Lines()) << session.printed;
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

// Of a class, of parameters and of a name that others begin with.
constexpr const char* kFiveTests =
    "import pytest\n"
    "def test_a(): pass\n"
    "class TestB:\n    def test_b(self): pass\n"
    "@pytest.mark.parametrize('name', ['x', 'y'])\n"
    "def test_c(name): pass\n"
    "def test_a_more(): pass\n";

Session selected(const images::TestSelection& selection) {
  return run_probed({.files = {{"test_suite.py", kFiveTests}}, .selection = selection});
}

// How many tests were to run, by its own word.
int announced(const Session& session) {
  for (const auto& record : session.records)
    if (record.at("t") == "collected") return record.at("n");
  return -1;
}

TEST(PytestProbeSelection, RunsTheTestsAsWritten) {
  EXPECT_EQ(selected({}).started(),
            (Lines{"::test_a#1", "::TestB::test_b#1", "::test_c[x]#1", "::test_c[y]#1", "::test_a_more#1"}));
}

TEST(PytestProbeSelection, RunsTheTestsReversed) {
  const Session session = selected({.order = "reversed"});
  EXPECT_EQ(session.started(),
            (Lines{"::test_a_more#1", "::test_c[y]#1", "::test_c[x]#1", "::TestB::test_b#1", "::test_a#1"}))
      << session.printed;
  EXPECT_EQ(session.failures(), Lines{});
}

TEST(PytestProbeSelection, ShufflesTheTestsOfAllFilesAndClassesTogether) {
  const std::string class_of_six =
      "import pytest\nclass TestAll:\n"
      "    @pytest.mark.parametrize('n', range(6))\n    def test(self, n): pass\n";
  const auto shuffled = [&](std::int64_t seed) {
    return run_probed({.files = {{"test_one.py", class_of_six}, {"test_two.py", class_of_six}},
                       .selection = {.order = "shuffled", .seed = seed}})
        .started();
  };
  const Lines order = shuffled(7);
  ASSERT_EQ(order.size(), 12u);
  int changes = 0;
  for (std::size_t i = 1; i < order.size(); ++i)
    changes += order[i].substr(0, 8) != order[i - 1].substr(0, 8);
  EXPECT_GE(changes, 4) << "file by file";
  EXPECT_EQ(shuffled(7), order);
  EXPECT_NE(shuffled(8), order);
}

TEST(PytestProbeSelection, RunsExactlyTheListedTestsInTheOrderOfTheList) {
  const Session session = selected({.order = "listed",
                                    .tests = {"test_suite.py::test_c[y]", "test_suite.py::test_gone",
                                              "test_suite.py::test_a", "test_suite.py::TestB::test_b"}});
  EXPECT_EQ(session.started(), (Lines{"::test_c[y]#1", "::test_a#1", "::TestB::test_b#1"}))
      << session.printed;
  EXPECT_EQ(announced(session), 3);
}

TEST(PytestProbeSelection, RunsTheTestsThatAreNamedAsTheyAreWritten) {
  const Session session =
      selected({.tests = {"test_suite.py::test_c[y]", "test_suite.py::test_gone", "test_suite.py::test_a"}});
  EXPECT_EQ(session.started(), (Lines{"::test_a#1", "::test_c[y]#1"})) << session.printed;
}

TEST(PytestProbeSelection, RepeatsEachOfTheListed) {
  const Session session = selected(
      {.order = "listed", .repeat = 2, .tests = {"test_suite.py::test_c[x]", "test_suite.py::test_a"}});
  EXPECT_EQ(session.started(), (Lines{"::test_c[x]#1", "::test_c[x]#2", "::test_a#1", "::test_a#2"}))
      << session.printed;
}

TEST(PytestProbeSelection, LeavesOutWhatIsToBeIgnored) {
  const Session session = selected({.order = "reversed", .ignore = {"test_c*", "*::TestB::*", "test_a"}});
  EXPECT_EQ(session.started(), Lines{"::test_a_more#1"}) << session.printed;
  EXPECT_NE(session.printed.find("4 deselected"), std::string::npos) << session.printed;
}

TEST(PytestProbeSelection, EndsAsPytestDoesWhenAllIsToBeIgnored) {
  const Session session = selected({.ignore = {"test_*"}});
  EXPECT_EQ(session.exit_code, 5) << session.printed;
}

class OfFiles : public testing::Test {
 protected:
  static Session session(const Lines& files, const Lines& words = {}) {
    return run_probed({.files = {{"test_a.py", "def test_a(): pass\n"},
                                 {"web/pytest.ini", "[pytest]\n"},
                                 {"web/__init__.py", ""},
                                 {"web/test_a.py", "def test_b(): pass\n"},
                                 {"web/test_c.py", "def test_c(): pass\n"}},
                       .selection = {.files = files},
                       .words = words});
  }
};

TEST_F(OfFiles, RunTheTestsOfTheNamedFilesAlone) {
  const Session both = session({"web/test_c.py", "notes.txt", "test_a.py"});
  EXPECT_EQ(both.started(), (Lines{"test_a.py::test_a#1", "web/test_c.py::test_c#1"})) << both.printed;
  EXPECT_EQ(session({"web/test_a.py"}).started(), Lines{"web/test_a.py::test_b#1"});
}

TEST_F(OfFiles, AreKnownWhateverFolderPytestCallsItsRoot) {
  const Session inside = session({"web/test_a.py"}, {"web"});
  EXPECT_EQ(inside.started(), Lines{"test_a.py::test_b#1"}) << inside.printed;
}

TEST_F(OfFiles, DoNotFailASessionThatHoldsNoneOfThem) {
  const Session none = session({"test_a.py"}, {"web"});
  EXPECT_EQ(none.started(), Lines{});
  EXPECT_EQ(none.exit_code, 0) << none.printed;
  EXPECT_EQ(session({"test_a.py"}, {"web", "-k", "nothing"}).exit_code, 5) << "there was none before us";
}

}  // namespace
