"""What the probe costs: a suite of trivial tests run by pytest with and without it, in interleaved pairs.

Run by an interpreter that has pytest. The records go to a real pipe, which is drained while the suite runs.
  probe.py ROOT PAIRS [TESTS]
"""
import glob
import json
import os
import py_compile
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

root, pairs = sys.argv[1], int(sys.argv[2])
tests = int(sys.argv[3]) if len(sys.argv) > 3 else 500
REST = 0.010  # RecordPipe::kRest
TURNS = 5
RECORDS_OF_A_TEST = 5  # test, start, setup, call, teardown: what a crash must leave known


def suite(folder):
    for number in range(10):
        with open(f"{folder}/test_trivial_{number}.py", "w") as file:
            file.writelines(f"def test_{i}():\n    assert True\n\n\n" for i in range(tests // 10))


def probe_folder(folder):
    """As in an image: compiled, with nothing to be compared with the sources."""
    os.mkdir(f"{folder}/probes")
    for file in glob.glob(f"{root}/images/probes/pytest/*.py"):
        copy = shutil.copy(file, f"{folder}/probes")
        py_compile.compile(copy, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)


class Drain(threading.Thread):
    """The other end of the pipe, as the supervisor is (sandbox/supervisor/pump.h: it does not wait at once again):
    counts the records."""

    def __init__(self, fd):
        super().__init__()
        self._fd = fd
        self.records = 0

    def run(self):
        while chunk := os.read(self._fd, 1 << 16):
            self.records += chunk.count(b"\n")
            time.sleep(REST)
        os.close(self._fd)


def command():
    return [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."]


def environment_of(folder, probe, writer):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "ORCHESTRATOR"))}
    if probe:
        environment |= {"PYTHONPATH": f"{folder}/probes",
                        "ORCHESTRATOR_PROBE": json.dumps({"order": "written", "seed": 1, "repeat": 1}),
                        "ORCHESTRATOR_RESULT_FD": str(writer), "ORCHESTRATOR_RESULT_PATH": f"/proc/self/fd/{writer}"}
    return environment


def once(folder, probe):
    """Wall and CPU seconds of one pytest; how many records came."""
    reader, writer = os.pipe()
    environment = environment_of(folder, probe, writer)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    process = subprocess.Popen(command(), cwd=folder, env=environment, stdout=subprocess.DEVNULL, pass_fds=[writer])
    os.close(writer)
    drain = Drain(reader)
    drain.start()
    code = process.wait()
    wall = time.monotonic() - start
    drain.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if code != 0:
        sys.exit(f"error: pytest of the bench ended with {code}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, drain.records


def instructions(folder, probe):
    """Of one pytest, in millions: the same each time, whatever else the machine does."""
    reader, writer = os.pipe()
    environment = environment_of(folder, probe, writer) | {"PYTHONHASHSEED": "0"}
    process = subprocess.Popen(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command()], cwd=folder,
                               env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                               pass_fds=[writer])
    os.close(writer)
    drain = Drain(reader)
    drain.start()
    said = process.communicate()[1]
    drain.join()
    return int(re.search(r"Collected : (\d+)", said)[1]) / 1e6


def pair(folder, probe_first):
    """One figure with and one without: the least of some runs in turn each, since a machine that others use too changes
    its speed from run to run by more than is measured here. And what each run with the probe took more than its
    neighbour without."""
    measured = {False: [], True: []}
    for probe in (probe_first, not probe_first) * TURNS:
        measured[probe].append(once(folder, probe))
    if any(run[2] < tests * RECORDS_OF_A_TEST for run in measured[True]) or any(run[2] for run in measured[False]):
        sys.exit(f"error: the records that came are not those of {tests} tests")
    least = {probe: tuple(map(min, *runs)) for probe, runs in measured.items()}
    return least, [1000 * (with_it[0] - without[0]) for with_it, without in zip(measured[True], measured[False])]


def middle(values):
    """An interval that holds the median of what they are a sample of, with 95 %: by order statistics, no distribution
    assumed (Hahn and Meeker, Statistical Intervals, 5.2)."""
    ordered = sorted(values)
    off = int(0.98 * len(ordered) ** 0.5)
    return ordered[max(0, len(ordered) // 2 - off)], ordered[min(len(ordered) - 1, (len(ordered) - 1) // 2 + off)]


def line(name, values, unit):
    print(f"{name:<44} median {statistics.median(values):8.1f} {unit}  [{min(values):.1f} – {max(values):.1f}]")


def main():
    with tempfile.TemporaryDirectory(prefix="orchestrator-bench-") as folder:
        suite(folder)
        probe_folder(folder)
        once(folder, False), once(folder, True)  # compiles what is imported
        measured, beside = zip(*(pair(folder, bool(number % 2)) for number in range(pairs)))
        counted = {probe: instructions(folder, probe) for probe in (False, True)}
    print(f"{tests} trivial tests, {pairs} pairs of the least of {TURNS} in turn, Python {sys.version.split()[0]}")
    for which, name in ((0, "wall"), (1, "CPU")):
        without = [1000 * each[False][which] for each in measured]
        added = [1000 * each[True][which] - plain for each, plain in zip(measured, without)]
        line(f"{name} without the probe", without, "ms")
        line(f"{name} added by it", added, "ms")
        line(f"{name} added by it", [100 * more / plain for more, plain in zip(added, without)], "% ")
    neighbours = [each for these in beside for each in these]
    low, high = middle(neighbours)
    print(f"{f'wall added, {len(neighbours)} runs each beside one without':<44} median {statistics.median(neighbours):8.1f} ms  "
          f"95 %: {low:.1f} – {high:.1f}")
    more = counted[True] - counted[False]
    print(f"{'instructions added by it':<44} {more:.1f} M of {counted[False]:.1f} M: {100 * more / counted[False]:.1f} %")
    print("aim: the wall time added is at most 3 % or 30 ms in the median")


main()
