"""Ways of not passing that are not an assertion. One seed of eight goes with each, so that none hides another."""
import ctypes
import os
import signal
import subprocess
import sys
import time

import pytest

TURN = int(os.environ["TEST_SEED"]) % 8


def test_fine():
    assert sum(range(10)) == 45


def test_hangs():
    if TURN == 0:
        time.sleep(3600)


def test_eats_memory():
    if TURN == 1:
        assert len(b"x" * (1 << 30)) > 0


def test_child_eats_memory():
    size = 1 << 30 if TURN == 2 else 1 << 10
    subprocess.run([sys.executable, "-c", f"assert len(b'x' * {size})"], check=True)


def test_is_killed():
    if TURN == 3:
        os.kill(os.getpid(), signal.SIGKILL)


def test_reads_nowhere():
    if TURN == 4:
        ctypes.string_at(0)


def test_leaves():
    if TURN == 5:
        os._exit(0)


def test_starts_too_many():
    children = []
    try:
        for _ in range(60 if TURN == 6 else 2):
            children.append(subprocess.Popen(["sleep", "60"]))
    finally:
        for child in children:
            child.kill()
            child.wait()


@pytest.fixture
def dying():
    yield
    if TURN == 7:
        os.abort()


def test_dies_in_teardown(dying):
    pass


def test_uses_some_memory():
    assert len(b"x" * (1 << 24)) > 0


def test_child_is_killed():
    child = subprocess.Popen(["sleep", "60"])
    child.kill()
    assert child.wait() == -signal.SIGKILL


def test_sleeps_a_little():
    time.sleep(0.01)


def test_last():
    pass
