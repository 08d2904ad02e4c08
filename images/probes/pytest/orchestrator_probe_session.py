"""Tells the tests of a pytest session apart.

Loaded by orchestrator_probe. It prints nothing, writes no file, and leaves the global random state alone. What it sees
goes, one JSON line each and as it happens, to the descriptor that ORCHESTRATOR_RESULT_FD names (or the pipe at
ORCHESTRATOR_RESULT_PATH), so that nothing is lost when the process is killed the next moment:

  {"t":"session","framework":"pytest","version":…,"python":…,"root":…}
  {"t":"collected","n":9}                       how many tests will run, repeats included
  {"t":"test","i":0,"id":"tests/test_a.py::test_x","r":1}       the first time that the test numbered i is named
  {"t":"start","i":0}
  {"t":"phase","i":0,"p":"setup|call|teardown","o":"passed|failed|skipped","s":0.002, with "w":1 when it was expected to
   fail, for a failure "e":exception,"m":message,"at":"tests/test_a.py:14","in":function,"x":text, and with
   teardown "l":what the test printed, if anything}
  {"t":"collect_error","id":…,"e":…,"m":…,"at":…,"x":…}
  {"t":"finish","exit":1}

Works with pytest 6 and later, under xdist too: workers order and annotate, the controller writes.

It is to cost next to nothing (`scripts/bench probe`): what nearly every phase says is put together without a JSON
encoder, no hook of a phase is a wrapper, all hooks are one plugin's (each that is registered costs a start some
milliseconds), and what only some attempts need is in a module of its own.
"""

import functools
import json
import os
import sys
import time

import pytest

_MESSAGE = 1000
_TEXT = 12000
_LOG = 4000
_NO_TESTS = 5  # the exit code of a session that ran none
_LINE = 60000  # bytes that surely pass the supervisor
_dumps = json.JSONEncoder(separators=(",", ":")).encode
_quoted = json.encoder.encode_basestring_ascii
# What nearly every phase says.
_PASSED = {phase: '{"t":"phase","i":%d,"p":"' + phase + '","o":"passed","s":%.6f}\n'
           for phase in ("setup", "call", "teardown")}
# Kept, like the functions of _Channel, where a suite that freezes time or patches `os` cannot reach it: such tools
# replace attributes of modules.
_clock = functools.partial(time.clock_gettime_ns, time.CLOCK_MONOTONIC)


class _Channel:
    """Lines to the supervisor. A write that fails ends it: the tests go on."""

    def __init__(self, fd, write=os.write):
        self._fd = fd
        self._write = write
        self._held = ""
        # A child made by fork runs the same hooks' code: it has nothing to say.
        os.register_at_fork(after_in_child=self._end)

    def _end(self):
        self._fd = None

    def hold(self, line):
        """Keeps a line for the next write. Only where none of the project's code runs before that: not even its hooks."""
        self._held += line

    def write(self, line):
        if self._held:
            line, self._held = self._held + line, ""
        rest = line.encode("ascii")
        try:
            while self._fd is not None:
                written = self._write(self._fd, rest)
                if written == len(rest):
                    return
                rest = rest[written:]
        except OSError:
            self._end()

    def send(self, record):
        line = _dumps(record)
        # Escapes make a text longer; a line that is too long would be lost as a whole.
        for key, shorter in (("l", _head), ("x", _cut)):
            while len(line) > _LINE and record.get(key):
                record[key] = shorter(record[key], len(record[key]) // 2)
                line = _dumps(record)
        self.write(line + "\n")


class _Worker:
    """What every process of the session does: order, repeats, notes on reports."""

    def __init__(self, configuration):
        self._configuration = configuration
        self._selection = _selection_for(configuration)
        self._item = None
        self._since = 0  # when the running phase began
        self._made = {}  # by phase, until it is reported: its call, and how long that took
        self._emptied = False

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config, items):
        if self._selection:
            self._emptied = self._selection.select(items, self._configuration, config, _root(config))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item):
        self._item = item
        self._since = _clock()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        if item is not self._item:  # a plugin of the project's came before us and runs the test its own way
            self.pytest_runtest_protocol(item)
        self._made[call.when] = call, (_clock() - self._since) / 1e9

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report):
        made = self._made.pop(report.when, None)
        if made:
            self._note(report, *made)
        self._since = _clock()

    def _note(self, report, call, seconds):
        report.orchestrator_seconds = seconds
        report.orchestrator_repeat = _repeat_of(self._item)
        if _has_failed(report):
            report.orchestrator_failure = _failure(report, call.excinfo, self._item.config)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session, exitstatus):
        # We left nothing of what was there: the next command of the line may have some.
        if self._emptied and int(exitstatus) == _NO_TESTS:
            session.exitstatus = 0


class _Session(_Worker):
    """The session itself, which writes what it or its workers see."""

    def __init__(self, configuration, channel):
        super().__init__(configuration)
        self._channel = channel
        self._numbers = {}
        self._running = None  # the number of the test that started last

    def _number(self, nodeid, repeat):
        key = nodeid, repeat
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._numbers)
            self._channel.hold('{"t":"test","i":%d,"id":%s,"r":%d}\n' % (number, _quoted(nodeid), repeat))
        return number

    def starts(self, nodeid, repeat):
        self._running = number = self._number(nodeid, repeat)
        self._channel.write('{"t":"start","i":%d}\n' % number)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config, items):
        super().pytest_collection_modifyitems(config, items)
        self._channel.send({"t": "collected", "n": len(items)})

    def pytest_collectreport(self, report):
        if report.outcome == "failed":
            record = {"t": "collect_error", "id": report.nodeid}
            record.update(_without_exception(report))
            self._channel.send(record)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item):
        self.starts(item.nodeid, _repeat_of(item))
        self._item = item
        self._since = _clock()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report):
        phase = report.when
        made = self._made.pop(phase, None)
        # Nothing is to be said but that and how long it took; what a test printed comes with its teardown.
        if made and report.outcome == "passed" and "wasxfail" not in report.__dict__ and (
                phase != "teardown" or not report.sections):
            self._channel.write(_PASSED[phase] % (self._running, made[1]))
        else:
            if made:
                self._note(report, *made)
            self._ended(report)
        self._since = _clock()

    def _ended(self, report):
        phase = _phase_of(report)
        if phase is None:
            return
        said = report.__dict__  # under xdist what the worker has noted
        failed = _has_failed(report)
        record = {"t": "phase", "i": self._number(report.nodeid, said.get("orchestrator_repeat", 1)), "p": phase,
                  "o": "failed" if failed else report.outcome, "s": said.get("orchestrator_seconds", 0.0)}
        if "wasxfail" in said:
            record["w"] = 1
        if failed:
            record.update(said.get("orchestrator_failure") or _without_exception(report))
        log = _log(report) if phase == "teardown" else ""
        if log:
            record["l"] = log
        self._channel.send(record)

    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_sessionfinish(self, session, exitstatus):
        super().pytest_sessionfinish(session, exitstatus)
        yield
        self._channel.send({"t": "finish", "exit": int(exitstatus)})

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node):
        node.workerinput["orchestrator"] = self._configuration


class _WorkersStarts:
    """Under xdist: the controller hears of a start in a worker, but not which of a test's times it is."""

    def __init__(self, session):
        self._session = session
        self._begun = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid):
        self._begun[nodeid] = self._begun.get(nodeid, 0) + 1
        self._session.starts(nodeid, self._begun[nodeid])


def _selection_for(configuration):
    """The module that chooses and orders, where there is something for it to do: loaded now, since a suite may keep later
    imports from working."""
    if configuration.get("order", "written") == "written" and configuration.get("repeat", 1) == 1 and not any(
            configuration.get(key) for key in ("tests", "files", "ignore")):
        return None
    import orchestrator_probe_selection

    return orchestrator_probe_selection


def _phase_of(report):
    if report.when in ("setup", "call", "teardown"):
        return report.when
    # What xdist says of a test whose worker has died.
    return "call" if report.outcome == "failed" else None


def _has_failed(report):
    # "rerun" is the word of a plugin that runs failing tests again until they pass.
    return report.outcome in ("failed", "rerun")


def _repeat_of(item):
    return getattr(item, "_orchestrator_repeat", 1)


def _root(config):
    return str(config.rootpath if hasattr(config, "rootpath") else config.rootdir)


def _head(text, longest):
    return text[:longest]


def _cut(text, longest):
    if len(text) <= longest:
        return text
    if longest < 100:
        return ""
    half = longest // 2
    return text[:half] + "\n[…]\n" + text[-half:]


def _one_line(value):
    try:
        return _cut(str(value).strip(), _MESSAGE)
    except Exception as error:  # a broken __str__ of the project's
        return "(no message: str() raised " + type(error).__name__ + ")"


def _failure(report, excinfo, config):
    if excinfo is None:
        return _without_exception(report)
    record = {"e": excinfo.typename, "m": _one_line(excinfo.value), "x": _text(report)}
    record.update(_place(excinfo.traceback, _root(config)))
    return record


def _place(traceback, root):
    """The innermost frame of the project itself: below the root, in no package folder."""
    prefix = root.rstrip(os.sep) + os.sep
    for entry in reversed(list(traceback)):
        path = str(entry.path)
        if path.startswith(prefix) and "site-packages" not in path and "dist-packages" not in path:
            return {"at": path[len(prefix):] + ":" + str(entry.lineno + 1), "in": entry.name}
    return {}


def _without_exception(report):
    text = _text(report)
    last = next((line for line in reversed(text.splitlines()) if line.strip()), "")
    last = last[1:].strip() if last.startswith("E ") else last
    place = {}
    crash = getattr(getattr(report, "longrepr", None), "reprcrash", None)
    if crash is not None:
        last = crash.message
    exception = last.split(":", 1)[0].strip() if ":" in last else ""
    if not exception.replace(".", "").replace("_", "").isalnum():
        exception = ""
    return dict({"e": exception[:200], "m": _one_line(last), "x": text}, **place)


def _log(report):
    """The beginning of what the test printed: two logs are compared from their beginnings."""
    try:
        return "".join("--- " + title + "\n" + content for title, content in report.sections)[:_LOG]
    except Exception:
        return ""


def _text(report):
    try:
        parts = [report.longreprtext]
        parts += ["--- " + title + "\n" + content for title, content in report.sections]
        return _cut("\n".join(parts), _TEXT)
    except Exception:
        return ""


def _own_descriptor():
    """The descriptor, when it is really the supervisor's pipe that this process was given; or that pipe by its path,
    where somebody on the way here closed it."""
    number = os.environ.pop("ORCHESTRATOR_RESULT_FD", None)
    path = os.environ.pop("ORCHESTRATOR_RESULT_PATH", None)
    try:
        fd = int(number)
        if os.path.samestat(os.fstat(fd), os.stat(path)):
            os.set_inheritable(fd, False)
            return fd
    except (TypeError, ValueError, OSError):
        pass  # closed, or another file has the number
    try:
        return os.open(path, os.O_WRONLY)
    except (TypeError, OSError):
        return None


def watch_worker(config, configuration):
    """A worker of xdist's: it orders and annotates, and the controller writes."""
    config.pluginmanager.register(_Worker(configuration), "orchestrator-probe")


def watch(config, text):
    """The session itself, as the JSON document `text` wants it."""
    configuration = json.loads(text)
    for key in ("tests", "files"):
        listed = configuration.pop(key + "_file", None)
        if listed:
            with open(listed, encoding="utf-8", errors="surrogateescape") as file:
                configuration[key] = file.read().split("\0")
    channel = _Channel(_own_descriptor())
    channel.send({"t": "session", "framework": "pytest", "version": pytest.__version__,
                  "python": ".".join(map(str, sys.version_info[:3])),
                  "root": _root(config)})
    session = _Session(configuration, channel)
    config.pluginmanager.register(session, "orchestrator-probe")
    if config.getoption("dist", "no") != "no":
        config.pluginmanager.register(_WorkersStarts(session), "orchestrator-starts")
