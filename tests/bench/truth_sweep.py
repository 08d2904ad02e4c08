"""Runs the repositories of known truth under many job seeds and measures what the functional tests fix with one:
how many of the flaky tests are found, in how many attempts, and what is called flaky that is not.

  truth_sweep.py PROGRAM ROOT SEEDS [REPOSITORY…]
"""
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

from truth import FLAKY, TruthTable, seen_flaky, share

CONFIDENCE = 0.95


def run(program, repository, table, seed):
    """The report's tests, and the wall seconds."""
    with tempfile.TemporaryDirectory(prefix="orchestrator-sweep-") as folder:
        report = f"{folder}/report.json"
        argv = [program, "run", "--repo", repository, "--runs", str(table.attempts(CONFIDENCE)), "--seed", str(seed),
                "--progress", "quiet", *table.flags, "--json", report, "--", *table.command]
        start = time.monotonic()
        finished = subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        wall = time.monotonic() - start
        if finished.returncode not in (0, 1, 3):
            sys.exit(f"error: {table.name}, seed {seed}: exit {finished.returncode}\n{finished.stderr}")
        with open(report, encoding="utf-8") as file:
            return {test["id"]: test for test in json.load(file)["tests"]}, wall


class Tally:
    def __init__(self, table):
        self.table = table
        self.runs = self.found = self.in_time = self.named = self.false_alarms = self.other_verdicts = 0
        self.walls = []
        self.remarks = []

    def add(self, tests, wall, seed):
        self.runs += 1
        self.walls.append(wall)
        for test, truth in self.table.flaky.items():
            self._add_flaky(test, truth, tests.get(test, {"verdict": "missing", "outcomes": ""}), seed)
        for test, truth in self.table.steady.items():
            self._add_steady(test, truth, tests.get(test, {"verdict": "missing", "outcomes": ""}), seed)
        for test in tests.keys() - self.table.tests.keys():
            self.other_verdicts += 1
            self.remarks.append(f"seed {seed}: {test} is in no table")

    def _add_flaky(self, test, truth, result, seed):
        self.found += result["verdict"] in FLAKY
        self.in_time += seen_flaky(result["outcomes"][:self.table.to_see(test, CONFIDENCE)])
        self.named += result["verdict"] == truth["verdict"]
        if result["verdict"] != truth["verdict"]:
            self.remarks.append(f"seed {seed}: {test} is {truth['verdict']}, called {result['verdict']}: {result['outcomes']}")

    def _add_steady(self, test, truth, result, seed):
        self.false_alarms += result["verdict"] in FLAKY
        if result["verdict"] != truth["verdict"]:
            self.other_verdicts += 1
            self.remarks.append(f"seed {seed}: {test} is {truth['verdict']}, called {result['verdict']}: {result['outcomes']}")

    def tell(self):
        flaky, steady = self.runs * len(self.table.flaky), self.runs * len(self.table.steady)
        attempts = self.table.attempts(CONFIDENCE)
        print(f"\n{self.table.name}: {self.runs} job seeds × {attempts} attempts")
        if flaky:
            print(f"  flaky tests found                  {share(self.found, flaky)}")
            print(f"  … in the attempts predicted        {share(self.in_time, flaky)}   (aim: {CONFIDENCE:.0%})")
            print(f"  … and named as the table has it    {share(self.named, flaky)}")
        print(f"  stable tests called flaky          {share(self.false_alarms, steady)}")
        print(f"  wall time of a run                 median {sorted(self.walls)[len(self.walls) // 2]:.1f} s")
        for remark in self.remarks:
            print(f"    {remark}")
        sys.stdout.flush()


def main():
    program, root, seeds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    wanted = sys.argv[4:]
    repositories = [os.path.dirname(path) for path in sorted(glob.glob(f"{root}/tests/repos/*/truth.json"))]
    unknown = set(wanted) - {os.path.basename(each) for each in repositories}
    if unknown:
        sys.exit(f"error: no truth table: {', '.join(sorted(unknown))}")
    tallies = []
    for repository in repositories:
        if wanted and os.path.basename(repository) not in wanted:
            continue
        tally = Tally(TruthTable(repository))
        with tempfile.TemporaryDirectory(prefix="orchestrator-sweep-") as folder:
            shutil.copytree(repository, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", ".*"))
            for seed in range(1, seeds + 1):
                tally.add(*run(program, folder, tally.table, seed), seed)
        tally.tell()
        tallies.append(tally)
    flaky = sum(each.runs * len(each.table.flaky) for each in tallies)
    steady = sum(each.runs * len(each.table.steady) for each in tallies)
    print(f"\nall: recall {share(sum(each.found for each in tallies), flaky)}, "
          f"in the attempts predicted {share(sum(each.in_time for each in tallies), flaky)}, "
          f"named {share(sum(each.named for each in tallies), flaky)},\n"
          f"     false alarms {share(sum(each.false_alarms for each in tallies), steady)}, "
          f"attempts {sum(each.runs * each.table.attempts(CONFIDENCE) for each in tallies)}, "
          f"wall {sum(sum(each.walls) for each in tallies):.0f} s")


main()
