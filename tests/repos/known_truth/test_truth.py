"""Tests of which it is known what is wrong with them."""
import os
import signal
import time

import pytest

SEED = int(os.environ["TEST_SEED"])
state = {"clean": True, "calls": 0}


def test_fine():
    assert sum(range(10)) == 45


@pytest.mark.parametrize("word", ["a", "ü", "x y"])
def test_fine_with(word):
    assert word == word.lower()


def test_flaky():
    assert SEED % 3 != 0


@pytest.fixture
def shaky():
    if SEED % 5 == 0:
        raise ConnectionError("the fixture's server is away")


def test_flaky_in_its_fixture(shaky):
    pass


def test_victim():
    assert state["clean"], "somebody has been here"


def test_polluter():
    state["clean"] = False


def test_fails_the_second_time():
    state["calls"] += 1
    assert state["calls"] == 1


@pytest.mark.skip(reason="never runs")
def test_skipped():
    assert False


@pytest.mark.xfail
def test_expected_to_fail():
    assert False


def test_eats_memory():
    if SEED % 13 == 5:
        assert len(b"x" * (1 << 30)) > 0


def test_is_killed():
    if SEED % 11 == 2:
        os.kill(os.getpid(), signal.SIGKILL)


def test_hangs():
    if SEED % 7 == 1:
        time.sleep(3600)
