"""The truth tables of tests/repos: what is known of each test, and how many attempts it takes to see that."""
import json
import math
import os

SHARES = {"written": 1 / 2, "shuffle": 1 / 4, "repeat": 1 / 4}  # of `--vary auto`
FLAKY = ("flaky", "order_dependent", "repeat_dependent")
NOT_PASSED = "FETMC"


class TruthTable:
    def __init__(self, repository):
        self.name = os.path.basename(repository)
        with open(os.path.join(repository, "truth.json"), encoding="utf-8") as file:
            table = json.load(file)
        self.command, self.flags, self.tests = table["command"], table["flags"], table["tests"]
        self.shares = table.get("shares", SHARES)
        self.least = table.get("attempts", 0)  # that telling two conditions apart takes
        self.flaky = {test: truth for test, truth in self.tests.items() if truth["verdict"] in FLAKY}
        self.steady = {test: truth for test, truth in self.tests.items() if truth["verdict"] not in FLAKY}

    def attempts(self, confidence):
        """As many as its rarest test takes, or the table says; 20 where neither does."""
        return max([self.least, *(self.to_see(test, confidence) for test in self.flaky)]) or 20

    def to_see(self, test, confidence):
        return attempts_to_see(self.flaky[test], confidence, self.shares)


def attempts_to_see(truth, confidence, shares):
    """In how many attempts a test that shows its rarer outcome with a known rate, in some of the conditions, has shown
    it with this confidence: n = ceil(ln(1 - c) / ln(1 - p)) of those conditions, and the others that come between."""
    rate, share = truth["rate"], sum(shares[name] for name in truth["in"])
    own = 1 if rate == 1 else math.ceil(math.log(1 - confidence) / math.log(1 - rate))
    return math.ceil(own / share)


def seen_flaky(outcomes):
    return "." in outcomes and any(letter in outcomes for letter in NOT_PASSED)


def clopper_pearson(k, n, level=0.95):
    """Two-sided, by bisection on the binomial distribution."""
    if n == 0:
        return 0.0, 1.0

    def at_most(count, p):
        return sum(math.comb(n, i) * p ** i * (1 - p) ** (n - i) for i in range(count + 1))

    def root(falls_below):
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (low, middle) if falls_below(middle) else (middle, high)
        return (low + high) / 2

    tail = (1 - level) / 2
    lower = 0.0 if k == 0 else root(lambda p: 1 - at_most(k - 1, p) > tail)
    upper = 1.0 if k == n else root(lambda p: at_most(k, p) < tail)
    return lower, upper


def share(k, n):
    lower, upper = clopper_pearson(k, n)
    return f"{k}/{n} = {100 * k / max(n, 1):.1f} % [{100 * lower:.1f} – {100 * upper:.1f}]"
