"""How the server of `orchestrator serve` answers while it works: beside attempts that run, under a flood of strangers,
and how it shares the host between two clients. The real program and a real engine, all on loopback.
  serve.py ROOT PROGRAM [run|flood|fair|all]
"""
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from serving import Wrong, end, eventually, own_images, running_attempts, served_repository, server

LONGEST = 350  # seconds for all of it
PAUSE = 0.01   # between two requests of the one who measures

POSTS, POST_LOOKS, POST_BLOCKS = 300, 4, 2
AT_ONCE = 50
IDLE, READERS, WRITERS = 500, 64, 20
QUIET_SECONDS, FLOOD_SECONDS, FLOOD_BLOCKS = 6, 12, 3
ROUNDS, PLACES = 3, 4
FAIR_ATTEMPTS, FAIR_SLEEP = 5, 2


def cpus():
    return int(subprocess.check_output(["docker", "info", "-f", "{{.NCPU}}"], text=True))


def percentile(values, share):
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


def line(name, seconds, more=""):
    values = [1000 * each for each in seconds]
    print(f"{name:<38} median {statistics.median(values):7.1f}  p95 {percentile(values, 95):7.1f}  "
          f"p99 {percentile(values, 99):7.1f}  max {max(values):7.1f} ms  n={len(values)}{more}")


missed = []  # aims


def aim(text, reached):
    print(f"aim: {text}: {'reached' if reached else 'NOT reached'}")
    if not reached:
        missed.append(text)


class Machine:
    """What else goes on is in each figure: the share of time in which a CPU had something to do."""

    def __init__(self):
        self._busy = self._all = 0.0

    @contextlib.contextmanager
    def watched(self):
        before = self._ticks()
        yield
        after = self._ticks()
        self._busy += after[0] - before[0]
        self._all += after[1] - before[1]

    def __str__(self):
        return f"  CPUs {100 * self._busy / max(self._all, 1):.0f} % busy"

    @staticmethod
    def _ticks():
        with open("/proc/stat", encoding="ascii") as file:
            values = [int(word) for word in file.readline().split()[1:9]]
        idle = values[3] + values[4]
        return sum(values) - idle, sum(values)


def other_work():
    """A warning where what is measured is not alone."""
    if os.getloadavg()[0] > cpus() / 2:
        print("warning: something else runs here; quiet is not quiet, and none of these figures is worth much")


def load():
    return "load average " + " ".join(f"{each:.2f}" for each in os.getloadavg())


def built(client, remember):
    """The image is there, so that no job of the bench waits for it. How long an attempt of this client takes."""
    remember(client.ended(client.run("true", 1, 1, 0.5)))


# ---- /run beside attempts

class Posts:
    """Answers of /run while this many attempts of a command run, and how many containers there were meanwhile."""

    def __init__(self, name, command, attempts, runs, least=None):
        self.name, self._command, self._attempts, self._runs = name, command, attempts, runs
        self._least = least or attempts  # that run before anything is measured
        self.seconds, self.running, self.machine = [], [], Machine()

    def block(self, client, share):
        """The one job that the server works on at once is this one: what is posted waits, and is taken out again."""
        job = client.run(self._command, self._runs, self._attempts, share)
        eventually(f"{self._least} attempts run", lambda: running_attempts(job) >= self._least, 90)
        body = client.job("true", 1, 1, share)
        for _ in range(POST_LOOKS):
            self.running.append(running_attempts(job))
            with self.machine.watched():
                for _ in range(POSTS // POST_LOOKS):
                    self.seconds.append(client.ask("POST", "/v2/bench/run", body).seconds)
                    time.sleep(PAUSE)
        self.running.append(running_attempts(job))
        client.purge()
        client.cancel(job)

    def tell(self):
        line(self.name, self.seconds, str(self.machine))
        print(f"  containers that ran: {min(self.running)} to {max(self.running)} in {len(self.running)} looks")


def bench_run(world):
    print(f"\n/run, {POSTS} posts a block, {POST_BLOCKS} blocks of each in turn; {load()}")
    share = cpus() / (AT_ONCE + 1)
    # Those that come and go end one by one; a place is empty until the next one's container has started.
    conditions = [Posts("one attempt sleeps (quiet)", "exec sleep 600", 1, 1),
                  Posts(f"{AT_ONCE} attempts sleep", "exec sleep 600", AT_ONCE, AT_ONCE),
                  Posts(f"{AT_ONCE} attempts come and go", "exec sleep $((5 + ATTEMPT % 20))", AT_ONCE, 1000,
                        AT_ONCE // 2)]
    with world.server("--jobs", "1") as served:
        built(served.ann, world.remember)
        for _ in range(POST_BLOCKS):
            for condition in conditions:
                condition.block(served.ann, share)
    for condition in conditions:
        condition.tell()
    for condition in conditions[1:]:
        aim(f"{condition.name}, {min(condition.running)} to {max(condition.running)} of them really ran: the median is "
            "at most 50 ms", statistics.median(condition.seconds) <= 0.050)


# ---- a flood

class Flood:
    """The clients of flood.py, together through all blocks."""

    def __init__(self, root):
        self._root = root
        self.told = []
        self.seen = []  # connections that the server counted

    @contextlib.contextmanager
    def block(self, client, job):
        process = subprocess.Popen(
            [sys.executable, f"{self._root}/tests/bench/flood.py", str(client.port), client.token, job, str(IDLE),
             str(READERS), str(WRITERS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            eventually("the flood is there", lambda: connections(client) >= IDLE + READERS, 20)
            process.stdin.write("from now on\n")
            process.stdin.flush()
            yield
            self.seen.append(connections(client))
            self.told.append(json.loads(process.communicate(timeout=30)[0]))
        finally:
            end(process)

    def all(self, name):
        return [each for told in self.told for each in told[name]]

    def tell(self):
        looks = self.all("looks")
        for kind, name in (("idle", "idle"), ("reader", "readers"), ("writer", "writers")):
            counts = [look[kind] for look in looks]
            print(f"  {name:<8} open: {statistics.median(counts):.0f} (median of {len(counts)} looks, "
                  f"least {min(counts)})")
        print(f"  open as the server counts: {min(self.seen)} to {max(self.seen)}; events read: "
              f"{sum(told['events'] for told in self.told)}; connections refused: "
              f"{sum(told['refused'] for told in self.told)}; readers turned away: "
              f"{sum(told['turned_away'] for told in self.told)}")
        closed("idle connections", self.all("idle_closed"))
        closed("writers of a head, a byte at a time,", self.all("heads_closed"))


def closed(who, seconds):
    if not seconds:
        raise Wrong(f"no {who} were closed by the server")
    print(f"  {len(seconds)} {who} were closed by the server after {statistics.median(seconds):.2f} s "
          f"[{min(seconds):.2f} – {max(seconds):.2f}]")


def connections(client):
    words = client.ask("GET", "/metrics").body.decode()
    return int(float(words.split("\norchestrator_http_connections ")[1].split()[0]))


def polls(client, job, seconds, machine):
    path, answers = f"/v2/bench/status/{job}", []
    until = time.monotonic() + seconds
    with machine.watched():
        while time.monotonic() < until:
            answers.append(client.ask("GET", path).seconds)
            time.sleep(PAUSE)
    return answers


def bench_flood(world):
    print(f"\n/status under {IDLE} idle connections, {READERS} readers of events and {WRITERS} slow writers, "
          f"{FLOOD_BLOCKS} pairs of blocks; {load()}")
    quiet, loaded, flood = [], [], Flood(world.root)
    machines = Machine(), Machine()
    with world.server() as served:
        built(served.ann, world.remember)
        # It has events to tell, and is there without the flood, too.
        job = served.ann.run("exec sleep 1", 1000, 2, cpus() / PLACES)
        eventually("its attempts run", lambda: running_attempts(job), 60)
        for _ in range(FLOOD_BLOCKS):
            quiet.append(polls(served.ann, job, QUIET_SECONDS, machines[0]))
            with flood.block(served.ann, job):
                loaded.append(polls(served.ann, job, FLOOD_SECONDS, machines[1]))
        served.ann.cancel(job)
    line("quiet", sum(quiet, []), str(machines[0]))
    line("under the flood", sum(loaded, []), str(machines[1]))
    flood.tell()
    median = statistics.median
    ratio = median(sum(loaded, [])) / median(sum(quiet, []))
    pairs = [median(a) / median(b) for a, b in zip(loaded, quiet)]
    print(f"  median under the flood ÷ quiet: {ratio:.2f}, pair by pair {min(pairs):.2f} – {max(pairs):.2f}")
    aim("at most 3 times the quiet median", ratio <= 3)
    aim(f"{READERS} readers have their stream", median(look["reader"] for look in flood.all("looks")) == READERS)
    aim("idle connections are closed after 5 s", 4.9 <= median(flood.all("idle_closed")) <= 5.5)


# ---- fairness

def timed_job(client, share):
    """How long its job takes, from the post to the report; how long its attempts take."""
    start = time.monotonic()
    report = client.ended(client.run(f"exec sleep {FAIR_SLEEP}", FAIR_ATTEMPTS, FAIR_ATTEMPTS, share))
    return time.monotonic() - start, [result["duration_ms"] / 1000 for result in report["results"]]


def bench_fair(world):
    print(f"\n{FAIR_ATTEMPTS} attempts of one client beside 1,000 of another, `sleep {FAIR_SLEEP}`, room for {PLACES} "
          f"at once, {ROUNDS} rounds; {load()}")
    share = cpus() / PLACES
    alone, contended, attempts = [], [], []
    with world.server() as served:
        built(served.ann, world.remember)
        for _ in range(ROUNDS):
            took, each = timed_job(served.bob, share)
            alone.append(took)
            attempts += each
            large = served.ann.run(f"exec sleep {FAIR_SLEEP}", 1000, AT_ONCE, share)
            eventually("the large job fills the host", lambda: running_attempts(large) >= PLACES, 60)
            contended.append(timed_job(served.bob, share)[0])
            if served.ann.status(large)["status"] != "IN_PROGRESS":
                raise Wrong("the large job has ended before the small one")
            served.ann.cancel(large)
    middle = statistics.median
    bound = 2 * middle(alone) + middle(attempts)
    for name, values in (("alone", alone), ("during the large job", contended), ("one attempt", attempts)):
        print(f"{name:<38} median {middle(values):6.2f} s  [{min(values):.2f} – {max(values):.2f}]  n={len(values)}")
    print(f"{'bound: twice alone and one attempt':<38}        {bound:6.2f} s")
    aim("its time during the large job is within the bound", middle(contended) <= bound)


# ---- all of it

class World:
    """What all benches share."""

    def __init__(self, root, program, repo, folder, remember):
        self.root, self.remember = root, remember
        self.server = lambda *flags: server(program, repo, folder, *flags)


class Stopped(Exception):
    pass


def stop(number, _):
    signal.alarm(0)
    raise Stopped(f"all of it has taken longer than {LONGEST} s" if number == signal.SIGALRM else "it was stopped")


BENCHES = {"run": bench_run, "flood": bench_flood, "fair": bench_fair}


def measure(world, names):
    """What one cannot measure does not keep the others from it. Whether all could."""
    wrongs = 0
    for name in names:
        try:
            BENCHES[name](world)
        except Wrong as wrong:
            print(f"error: {wrong}")
            wrongs += 1
    return wrongs == 0


def main():
    root, program, what = sys.argv[1], sys.argv[2], (sys.argv[3:] or ["all"])[0]
    if what != "all" and what not in BENCHES:
        sys.exit(f"error: '{what}' is none of {', '.join(BENCHES)} and all")
    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    signal.alarm(LONGEST)
    print(f"{cpus()} CPUs, {load()} (anything else that runs here is in the figures)")
    other_work()
    try:
        with (tempfile.TemporaryDirectory(prefix="orchestrator-bench-") as folder, own_images() as remember,
              served_repository(root, folder) as repo):
            all_measured = measure(World(root, program, repo, folder, remember), BENCHES if what == "all" else [what])
    except (Stopped, Wrong) as end_of_it:
        sys.exit(f"error: {end_of_it}")
    print(f"\nat the end: {load()}")
    sys.exit(0 if all_measured and not missed else 1)


main()
