"""Tests whose outcome is a matter of which others ran before them; nothing else makes a difference."""
import os

state = {"dirty": False, "configured": False, "first": False, "second": False, "locale": "C"}


class TestVictim:
    def test_victim(self):
        assert not state["dirty"], "somebody has been here"

    def test_polluter(self):
        state["dirty"] = True


class TestBrittle:
    def test_setter(self):
        state["configured"] = True

    def test_brittle(self):
        assert state["configured"], "nobody has set this up"


class TestPair:
    """Its victim is hurt by both together, by neither alone."""

    def test_victim_of_both(self):
        assert not (state["first"] and state["second"])

    def test_first(self):
        state["first"] = True

    def test_second(self):
        state["second"] = True


class TestWrittenInTheWrongOrder:
    """Fails as it is written; a shuffle heals it half of the time."""

    def test_changes_the_locale(self):
        state["locale"] = "de_DE"

    def test_formats(self):
        assert state["locale"] == "C"


class TestEnvironment:
    """The polluter leaves a variable, not an object."""

    def test_reads_variable(self):
        assert "COURIER_DEPOT" not in os.environ

    def test_leaves_variable(self):
        os.environ["COURIER_DEPOT"] = "north"


class TestCleansUp:
    """A polluter that cleans up after itself hurts nobody."""

    def test_is_not_hurt(self):
        assert "COURIER_ROUTE" not in os.environ

    def test_sets_and_removes(self, monkeypatch):
        monkeypatch.setenv("COURIER_ROUTE", "7")
