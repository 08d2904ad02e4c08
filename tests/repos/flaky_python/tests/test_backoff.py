import pytest

from courier.backoff import Backoff, deliver


class Line:
    """A line that is down for its first calls."""

    def __init__(self, failures):
        self.failures = failures

    def send(self):
        if self.failures > 0:
            self.failures -= 1
            raise ConnectionError("line is down")


def test_delivers_at_once_when_the_line_is_up(rng):
    assert deliver(Line(0).send, Backoff(), rng) == 0.0


def test_gives_up_after_its_attempts(rng):
    with pytest.raises(TimeoutError, match="gave up after 4 attempts"):
        deliver(Line(9).send, Backoff(), rng)


def test_waits_longer_each_time(rng):
    first, second, third = Backoff(jitter=0.1).delays(3, rng)
    assert first < second < third


def test_recovers_within_its_budget(rng):
    # Planned are 0.1 + 0.2 + 0.4 s; the budget forgets how far the jitter can reach.
    assert deliver(Line(3).send, Backoff(), rng) <= 0.82
