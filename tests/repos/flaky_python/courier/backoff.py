import attr


@attr.s(auto_attribs=True, frozen=True)
class Backoff:
    """Waits longer after each failure, with jitter so that clients do not come back all at once."""

    base: float = 0.1
    factor: float = 2.0
    jitter: float = 0.5

    def delay(self, attempt, rng):
        planned = self.base * self.factor**attempt
        return planned * (1 + rng.uniform(-self.jitter, self.jitter))

    def delays(self, attempts, rng):
        return [self.delay(attempt, rng) for attempt in range(attempts)]


def deliver(send, backoff, rng, attempts=4, sleep=lambda seconds: None):
    """Calls `send` until it succeeds; returns the time that was spent waiting."""
    waited = 0.0
    for attempt in range(attempts):
        try:
            send()
            return waited
        except ConnectionError:
            delay = backoff.delay(attempt, rng)
            sleep(delay)
            waited += delay
    raise TimeoutError(f"gave up after {attempts} attempts and {waited:.2f} s")
