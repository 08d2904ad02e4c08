"""Tests that pass the first time in a process and not the second."""
import os
import unittest
import weakref

import pytest

SEED = int(os.environ["TEST_SEED"])
calls = {}
registry = []


def times(name):
    calls[name] = calls.get(name, 0) + 1
    return calls[name]


def test_counts_in_its_module():
    assert times("counter") == 1


def test_leaves_a_file():
    with open("depot.lock", "x"):
        pass


@pytest.fixture
def registered():
    if "courier" in registry:
        raise ValueError("courier is registered already")
    registry.append("courier")


def test_registers_in_its_fixture(registered):
    assert registry == ["courier"]


@pytest.fixture(scope="module")
def basket():
    return ["parcel"]


def test_empties_what_it_shares(basket):
    assert basket.pop() == "parcel"


def test_second_time_fails_by_seed():
    assert times("by seed") == 1 or SEED % 2 == 0


class TestClass(unittest.TestCase):
    handled = []

    def test_fills_its_class(self):
        self.handled.append(1)
        self.assertEqual(self.handled, [1])

    def test_is_fresh_each_time(self):
        self.assertFalse(hasattr(self, "mark"))
        self.mark = True


class TestPlainClass:
    def test_is_fresh_each_time(self):
        assert not hasattr(self, "mark")
        self.mark = True


@pytest.fixture
def fresh():
    return []


def test_has_its_own_fixture(fresh):
    fresh.append(1)
    assert fresh == [1]


def test_has_its_own_folder(tmp_path):
    (tmp_path / "parcel").touch(exist_ok=False)


@pytest.mark.parametrize("weight", [1, 2])
def test_cleans_up(weight, request):
    request.addfinalizer(lambda: registry.remove(weight))
    assert weight not in registry
    registry.append(weight)


def test_leaves_no_object_behind():
    class Parcel:
        pass

    parcel = Parcel()
    gone = weakref.ref(parcel)
    del parcel
    assert gone() is None
