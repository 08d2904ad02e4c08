"""Tests that never pass: broken, and not flaky."""
import os
import sys
import unittest

import pytest


def test_fails():
    assert 1 + 1 == 3


@pytest.fixture
def away():
    raise ConnectionError("the depot is away")


def test_error_in_fixture(away):
    pass


@pytest.fixture
def stuck():
    yield
    raise OSError("cannot be closed")


def test_error_in_teardown(stuck):
    pass


def test_unknown_fixture(nobody_defines_this):
    pass


@pytest.mark.xfail(strict=True)
def test_strict_xfail_passes():
    pass


def test_exits():
    sys.exit(0)


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("no text for you")

    __repr__ = __str__


def test_unprintable():
    raise Unprintable()


class TestCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise ConnectionError("the depot is away")

    def test_set_up_class_raises(self):
        pass


def test_other_message_each_time():
    raise ValueError("at 0x%x, seed %s" % (id(object()), os.environ["TEST_SEED"]))


def test_fine():
    pass
