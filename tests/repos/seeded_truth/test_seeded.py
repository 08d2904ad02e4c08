"""Tests that fail by chance, where chance is TEST_SEED, PYTHONHASHSEED or ATTEMPT: the same job seed, the same truth."""
import os
import random
import threading

import pytest

SEED = int(os.environ["TEST_SEED"])
ATTEMPT = int(os.environ["ATTEMPT"])


def test_draws_from_the_seed():
    assert random.Random(SEED).random() >= 0.25


def test_iterates_a_set():
    assert next(iter({"north", "south"})) == "north"


def test_sorts_by_hash():
    assert sorted(["parcel", "letter"], key=hash) == ["parcel", "letter"]


def test_counts_attempts():
    assert ATTEMPT % 3 != 2


def test_is_rare():
    assert SEED % 10 != 3


def test_mostly_fails():
    assert SEED % 5 == 1


def test_waits_too_short():
    arrived = threading.Event()
    courier = threading.Timer(0.6 if SEED // 4 % 4 == 0 else 0, arrived.set)
    courier.start()
    in_time = arrived.wait(0.1 if SEED // 4 % 4 == 0 else 30)
    courier.join()
    assert in_time


def test_in_thread():
    errors = []

    def work():
        if SEED // 16 % 4 == 0:
            errors.append("the depot is closed")

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    assert errors == []


def test_skips_or_fails():
    if SEED % 2 == 1:
        pytest.skip("odd seeds rest")
    assert SEED % 4 == 0


@pytest.fixture
def leaking():
    yield
    assert SEED % 4 != 1, "the end of the fixture"


def test_fails_in_teardown(leaking):
    pass


@pytest.mark.xfail
def test_expected_to_fail_sometimes():
    assert SEED % 2 == 0


@pytest.mark.xfail(strict=True)
def test_strict_xfail_passes_sometimes():
    assert SEED % 4 == 2


@pytest.mark.parametrize("number", range(SEED % 3 + 1))
def test_of_some_attempts(number):
    pass


def test_skipped_by_seed():
    if SEED % 2 == 1:
        pytest.skip("odd seeds rest")


def test_sorts_a_set():
    assert sorted({"north", "south", "east"})[0] == "east"
