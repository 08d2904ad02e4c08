"""Real projects with flaky tests that are known (rivals.json): what ours, a plain loop of pytest, and two rivals find,
what they call flaky that is not, and what that takes. Tests that are flaky by our own look, but in no published list
("besides"), count for nobody.

  rivals.py ROOT FOLDER PYTHON IMAGE [RUNS]

FOLDER holds a checkout of each project under its name. PYTHON is an interpreter of a virtual environment with pytest,
whyflaky, pytest-flakedoctor and what the projects need; IMAGE is the base image of ours.
"""
import ast
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml

root, folder, python, image = sys.argv[1:5]
runs = int(sys.argv[5]) if len(sys.argv) > 5 else 3
ATTEMPTS = 20  # of ours and of the plain loop; whyflaky decides for itself
LIMIT = int(os.environ.get("RIVALS_LIMIT", 600))  # seconds of one tool on one project; for flakedoctor of one test: a tenth
program = os.environ.get("ORCHESTRATOR", f"{root}/build/release/orchestrator/orchestrator")
with open(f"{root}/tests/bench/rivals.json", encoding="utf-8") as file:
    PROJECTS = json.load(file)
CORES = len(os.sched_getaffinity(0))


class Finding:
    def __init__(self, flagged, attempts, cpu=None, note=""):
        self.flagged, self.attempts, self.cpu, self.note = set(flagged), attempts, cpu, note


def clean_environment():
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON", "ORCHESTRATOR"))}


def run(argv, cwd, limit):
    """None when it took longer than the limit; CPU seconds of it and its children either way."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        finished = subprocess.run(["timeout", "--kill-after=5", str(limit), *argv], cwd=cwd, env=clean_environment(),
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    finally:
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return (None if finished.returncode in (124, 137) else finished), cpu


def ours(project, checkout, seed):
    report = f"{checkout}.json"
    argv = [program, "run", "--repo", checkout, "--image", image, "--runs", str(ATTEMPTS), "--seed", str(seed), "--progress",
            "quiet", "--json", report, "--", "pytest", *PROJECTS[project]["words"]]
    finished, _ = run(argv, checkout, LIMIT)
    if finished is None or finished.returncode not in (0, 1, 3):
        return Finding([], 0, note="timeout" if finished is None else finished.stdout.strip().splitlines()[-1])
    with open(report, encoding="utf-8") as file:
        read = json.load(file)
    flagged = [test["id"] for test in read["tests"] if test["verdict"] in ("flaky", "order_dependent", "repeat_dependent")]
    return Finding(flagged, read["total_runs"], sum(each["cpu_ms"] or 0 for each in read["results"]) / 1000)


def junit_outcomes(path):
    for case in xml.parse(path).getroot().iter("testcase"):
        failed = case.find("failure") is not None or case.find("error") is not None
        if case.find("skipped") is None:
            yield (case.get("classname", ""), case.get("name", "")), not failed


def node_id(project, name):
    """JUnit's class name and name as a node id: by the ids of the table where it is one of them."""
    classname, test = name
    for known in (*PROJECTS[project]["flaky"], *PROJECTS[project].get("besides", {})):
        file, _, rest = known.partition("::")
        if (file[:-3].replace("/", ".") + "." + rest.replace("::", ".")) == f"{classname}.{test}":
            return known
    return f"{classname}::{test}"


def plain_loop(project, checkout, _):
    """As many at a time as there are cores, each in a copy of its own."""
    outcomes, cpu = {}, 0.0
    for first in range(0, ATTEMPTS, CORES):
        running = []
        for number in range(first, min(first + CORES, ATTEMPTS)):
            copy = f"{checkout}-{number}"
            shutil.copytree(checkout, copy)
            running.append((copy, subprocess.Popen(
                [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={copy}-tmp", f"--junitxml={copy}.xml",
                 *PROJECTS[project]["words"]], cwd=copy, env=clean_environment(), stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL)))
        for copy, process in running:
            usage = os.wait4(process.pid, 0)[2]
            cpu += usage.ru_utime + usage.ru_stime
            for name, passed in junit_outcomes(f"{copy}.xml"):
                outcomes.setdefault(name, set()).add(passed)
    return Finding((node_id(project, name) for name, seen in outcomes.items() if len(seen) == 2), ATTEMPTS, cpu)


def whyflaky(_, checkout, __):
    """It is given its own way. Where its diagnosis does not end in time, what its rounds have shown counts."""
    report, log = f"{checkout}-whyflaky.json", f"{checkout}-whyflaky.log"
    # Unbuffered, into a file: what it has found is there when it is stopped.
    line = f"exec '{python}' -u '{os.path.dirname(python)}/whyflaky' scan . --json '{report}' >'{log}' 2>&1"
    finished, cpu = run(["sh", "-c", line], checkout, LIMIT)
    if os.path.exists(report):
        with open(report, encoding="utf-8") as file:
            read = json.load(file)
        flagged = [each["test_id"] for each in read["flakes"] if each["suite_failures"] < each["suite_trials"]]
        return Finding(flagged, read["cost"]["trials"], cpu)
    with open(log, encoding="utf-8", errors="replace") as file:
        rounds = [set(ast.literal_eval(told)) if told else set()
                  for told in re.findall(r"^round \d+: \d+ failure\(s\)(?: -> (\[.*\]))?$", file.read(), re.MULTILINE)]
    flagged = set().union(*rounds) - (set.intersection(*rounds) if rounds else set())
    return Finding(flagged, len(rounds), cpu, f"no report within {LIMIT} s: its rounds count" if finished is None else "no report")


def flakedoctor(project, checkout, _):
    """It looks at one test at a time and is told which: each flaky one, and one that is not."""
    flagged, attempts, total, unfinished = [], 0, 0.0, 0
    tests = [*PROJECTS[project]["flaky"], *PROJECTS[project]["sample"]]
    for test in tests:
        report = f"{checkout}-doctor.json"
        if os.path.exists(report):
            os.remove(report)
        _, cpu = run([os.path.dirname(python) + "/flakedoctor", test, f"--doctor-json={report}",
                      f"--doctor-budget={LIMIT // 10}", "-p", "no:cacheprovider"], checkout, LIMIT // 5)
        total += cpu
        if not os.path.exists(report):
            unfinished += 1
            continue
        with open(report, encoding="utf-8") as file:
            read = json.load(file)
        attempts += sum(each["runs"] for each in read["evidence"])
        unfinished += read["verdict"] == "incomplete"
        if any(0 < each["failed"] for each in read["evidence"]) and any(each["failed"] < each["runs"] for each in read["evidence"]):
            flagged.append(test)
    note = f"asked about {len(tests)} tests, {LIMIT // 10} s each" + (f", {unfinished} unfinished" if unfinished else "")
    return Finding(flagged, attempts, total, note)


CONTENDERS = {"orchestrator": ours, "pytest loop": plain_loop, "whyflaky": whyflaky, "flakedoctor": flakedoctor}


def measure(project, name, seed):
    with tempfile.TemporaryDirectory(prefix="orchestrator-rivals-") as scratch:
        checkout = f"{scratch}/{project}"
        shutil.copytree(f"{folder}/{project}", checkout, symlinks=True)
        start = time.monotonic()
        finding = CONTENDERS[name](project, checkout, seed)
        return finding, time.monotonic() - start


def tell(project, name, measured):
    flaky, besides = PROJECTS[project]["flaky"], PROJECTS[project].get("besides", {})
    found = [len(finding.flagged & flaky.keys()) for finding, _ in measured]
    false = [len(finding.flagged - flaky.keys() - besides.keys()) for finding, _ in measured]
    cpus = [finding.cpu for finding, _ in measured if finding.cpu is not None]
    print(f"{project:<9} {name:<13} found {statistics.median(found):g}/{len(flaky)} [{min(found)}–{max(found)}]  "
          f"false alarms {statistics.median(false):g} [{min(false)}–{max(false)}]  "
          f"attempts {statistics.median(finding.attempts for finding, _ in measured):g}  "
          f"wall {statistics.median(wall for _, wall in measured):.0f} s  "
          f"CPU {statistics.median(cpus) if cpus else 0:.0f} s  n={len(measured)}", *sorted({finding.note for finding, _ in measured}))
    for test in sorted(set().union(*(finding.flagged for finding, _ in measured)) - flaky.keys()):
        print(f"    {'besides' if test in besides else 'false'}: {test}")
    for test in flaky:
        if not all(test in finding.flagged for finding, _ in measured):
            print(f"    missed {sum(test not in finding.flagged for finding, _ in measured)}×: {test}")
    sys.stdout.flush()


def main():
    names = os.environ.get("RIVALS", ",".join(CONTENDERS)).split(",")
    print(f"{CORES} cores, {subprocess.check_output([python, '--version'], text=True).strip()}, image {image}, {runs} runs each")
    for project, known in PROJECTS.items():
        if not os.path.isdir(f"{folder}/{project}"):
            sys.exit(f"error: no {folder}/{project}: a checkout of {known['from']} at {known['commit']}")
        if "orchestrator" in names:
            measure(project, "orchestrator", 1)  # makes the image; the others' environment is there too
        measured = {name: [] for name in names}
        for number in range(runs):  # interleaved
            for name in names:
                measured[name].append(measure(project, name, number + 1))
        for name in names:
            tell(project, name, measured[name])


main()
