"""Tests that are fine, each in a way that a careless observer could break or misread."""
import gc
import io
import json
import logging
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time
import unittest.mock
import warnings

import pytest


def test_plain():
    assert 2 + 2 == 4


@pytest.mark.parametrize("word", ["", "a b", "ü", "日本", "a::b", "[x]", "line\nbreak", "back\\slash", "<b>&\"'", "x" * 300],
                         ids=lambda word: word or "empty")
def test_of_many_names(word):
    assert word == str(word)


@pytest.mark.parametrize("number", range(5))
def test_of_numbers(number):
    assert number < 5


@pytest.mark.skip(reason="never runs")
def test_skipped():
    assert False


@pytest.mark.skipif(sys.version_info >= (3,), reason="for old interpreters")
def test_skipped_if():
    assert False


def test_skips_itself():
    pytest.skip("on second thought")


@pytest.mark.xfail
def test_expected_to_fail():
    assert False


@pytest.mark.xfail(strict=True)
def test_strictly_expected_to_fail():
    assert False


@pytest.mark.xfail(raises=ZeroDivisionError, strict=True)
def test_expected_to_raise():
    1 / 0


@pytest.mark.xfail(run=False)
def test_expected_to_fail_and_not_run():
    os.abort()


def test_expected_to_fail_by_itself():
    pytest.xfail("known")


def test_deselected():
    assert False, "the command leaves this one out"


class TestShared:
    @pytest.fixture(scope="class")
    def van(self):
        return ["parcel"]

    def test_has_a_van(self, van):
        assert van == ["parcel"]

    def test_has_it_still(self, van):
        assert van == ["parcel"]

    def test_has_a_depot(self, depot):
        assert depot["parcels"] == 3


@pytest.fixture(params=["north", "south"])
def route(request):
    yield request.param


def test_of_a_fixture(route):
    assert route in ("north", "south")


def test_prints_no_text(capfdbinary):
    os.write(1, b"\xff\xfe\x00 no UTF-8\n")
    assert capfdbinary.readouterr().out.startswith(b"\xff")


def test_prints_no_text_and_leaves_it():
    sys.stdout.buffer.write(b"\xff\xfe\x00 no UTF-8\n")
    os.write(2, b"\xc3(\n")


def test_prints_much():
    print("much ado\n" * 50000)


def test_prints_what_looks_like_a_record():
    print('{"t":"phase","i":0,"p":"call","o":"failed","s":0}')
    print('{"t":"finish","exit":1}', file=sys.stderr)


def frozen(*_):
    return 1_000_000_000


def test_freezes_the_clock(monkeypatch):
    for name in ("time", "monotonic", "perf_counter", "time_ns", "monotonic_ns", "perf_counter_ns", "clock_gettime",
                 "clock_gettime_ns"):
        monkeypatch.setattr(time, name, frozen)
    assert time.time() == time.monotonic()


def test_patches_what_an_observer_may_use(monkeypatch):
    monkeypatch.setattr(os, "write", lambda *_: 0)
    monkeypatch.setattr(os, "getpid", lambda: 1)
    monkeypatch.setattr(json, "dumps", lambda *_, **__: "patched")


def test_empties_the_environment():
    with unittest.mock.patch.dict(os.environ, clear=True):
        assert not os.environ


def test_is_not_observed_through_the_environment():
    assert [name for name in os.environ if name.startswith(("ORCHESTRATOR_PROBE", "ORCHESTRATOR_RESULT"))] == []


@pytest.fixture
def seeded():
    """The global generator goes on where it was, from each phase to the next."""
    random.seed(5)
    expected = random.Random(5)
    assert random.random() == expected.random()
    yield expected
    assert random.random() == expected.random()


def test_reseeds_the_global_generator(seeded):
    assert random.random() == seeded.random()


def test_order_left_the_random_state_alone(request):
    assert request.config.random_state_was_left_alone


def test_inherits_no_descriptor():
    listed = subprocess.run(["ls", "/proc/self/fd"], close_fds=False, stdout=subprocess.PIPE, text=True, check=True)
    assert listed.stdout.split() == ["0", "1", "2", "3"]


def test_forks():
    child = os.fork()
    if child == 0:
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_forks_by_library():
    child = multiprocessing.get_context("fork").Process(target=int)
    child.start()
    child.join()
    assert child.exitcode == 0


def test_runs_pytest_inside(pytester):
    pytester.makepyfile("def test_inner():\n    assert False")
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(failed=1)


def test_runs_pytest_in_a_child(pytester):
    pytester.makepyfile("def test_inner():\n    assert False")
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(failed=1)


def test_changes_its_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert os.listdir() == []


def test_warns():
    with pytest.warns(UserWarning):
        warnings.warn("mind the step")


def test_warns_nobody():
    warnings.warn("mind the step")


def test_logs(caplog):
    logging.getLogger("courier").error("the depot is away")
    assert caplog.messages == ["the depot is away"]


def test_raises_what_is_expected():
    with pytest.raises(SystemExit):
        sys.exit(3)


def test_handles_a_signal():
    seen = []
    before = signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)
    assert seen == [1]


def test_leaves_a_thread_behind():
    threading.Thread(target=time.sleep, args=(0.2,), daemon=True).start()


def test_collects_garbage():
    gc.collect()
    assert gc.isenabled()


def test_replaces_stdout(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    print("nowhere")
    assert sys.stdout.getvalue() == "nowhere\n"


def test_recurses():
    def down(depth):
        return 0 if depth == 0 else 1 + down(depth - 1)

    with pytest.raises(RecursionError):
        down(10 ** 6)


def test_property_of_the_report(record_property):
    record_property("weight", 3)
