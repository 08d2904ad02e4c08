"""Times the built program against yardsticks, in interleaved pairs, and prints medians with their spread."""
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

root, what, pairs = sys.argv[1], sys.argv[2], int(sys.argv[3])
program = f"{root}/build/release/orchestrator/orchestrator"
bare = f"{root}/build/release/tests/bare_loop"
base = "orchestrator/python:trixie"
hosts = subprocess.check_output(
    ["docker", "volume", "inspect", "-f", "{{.Mountpoint}}", "orchestrator-hosts-1"], text=True).strip() + "/hosts"


def timed(argv, **options):
    """Wall seconds, the children's CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def line(name, values, unit="s"):
    print(f"{name:<44} median {statistics.median(values):8.3f} {unit}  [{min(values):.3f} – {max(values):.3f}]  n={len(values)}")


def repository(files):
    folder = tempfile.mkdtemp(prefix="orchestrator-bench-")
    for name, content in files.items():
        os.makedirs(os.path.dirname(f"{folder}/{name}"), exist_ok=True)
        with open(f"{folder}/{name}", "wb") as file:
            file.write(content)
    return folder


def run(folder, runs, parallelism, command, *more):
    return [program, "run", "--repo", folder, "--image", base, "--runs", str(runs), "--parallelism", str(parallelism),
            "--progress", "quiet", *more, "--", *command]


def bench_start():
    print(f"100 attempts of `true`, 4 at a time, {pairs} interleaved triples")
    folder = repository({"README": b"bench"})
    subprocess.run(run(folder, 1, 1, ["true"]), check=True, stdout=subprocess.DEVNULL)  # the image is there
    image = subprocess.check_output(["docker", "image", "inspect", "-f", "{{.Id}}", base], text=True).strip()
    ours, loop, docker, cpu = [], [], [], []
    for _ in range(pairs):
        wall, used = timed(run(folder, 100, 4, ["true"]))
        ours.append(wall)
        cpu.append(100 * used / wall)
        loop.append(timed([bare, image, "100", "4", hosts])[0])
        docker.append(timed(["sh", "-c", f"seq 100 | xargs -P 4 -I{{}} docker run --rm --network none {base} true"])[0])
    line("orchestrator run", ours)
    line("bare Engine API loop", loop)
    line("docker run --rm --network none, xargs -P 4", docker)
    line("orchestrator ÷ bare loop (≤ 1.05)", [a / b for a, b in zip(ours, loop)], "×")
    line("orchestrator ÷ docker run (≤ 0.65)", [a / b for a, b in zip(ours, docker)], "×")
    line("orchestrator's own CPU ÷ wall (≤ 3)", cpu, "%")
    shutil.rmtree(folder)


def bench_memory():
    runs = 1000
    print(f"{runs} attempts of 1 MiB of output each: peak memory of the orchestrator, report included (≤ 48 MiB)")
    folder = repository({"README": b"bench"})
    report = f"{folder}.json"
    argv = run(folder, runs, 4, ["head", "-c", "1048576", "/dev/zero"], "--json", report)
    timed_output = subprocess.run(["/usr/bin/env", "python3", "-c", (
        "import resource,subprocess,sys;subprocess.run(sys.argv[1:],check=True,stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"), *argv], check=True, stdout=subprocess.PIPE, text=True)
    print(f"peak {int(timed_output.stdout) / 1024:.1f} MiB, report {os.path.getsize(report) / 2**20:.1f} MiB, "
          f"{len(json.load(open(report))['results'])} results")
    os.remove(report)
    shutil.rmtree(folder)


def bench_unchanged():
    print("an unchanged second run of 5,000 files, 100 MiB: time to the first attempt's start (≤ 1 s)")
    folder = repository({f"d{i % 50}/f{i}": os.urandom(20972) for i in range(5000)})
    subprocess.run(["git", "init", "-q", folder], check=True)
    subprocess.run("git add -A && git -c user.name=b -c user.email=b@b commit -qm x", shell=True, check=True, cwd=folder)
    subprocess.run(run(folder, 1, 1, ["true"]), check=True, stdout=subprocess.DEVNULL)
    times = []
    for _ in range(pairs):
        start = time.monotonic()
        argv = run(folder, 1, 1, ["true"])
        argv[argv.index("quiet")] = "json"
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for event in process.stderr:
            if '"attempt_started"' in event:
                times.append(time.monotonic() - start)
        process.wait()
    line("to the first attempt's start", times)
    shutil.rmtree(folder)


def bench_many():
    print("cost per attempt by their number, 4 at a time; and 50 at a time")
    folder = repository({"README": b"bench"})
    subprocess.run(run(folder, 1, 1, ["true"]), check=True, stdout=subprocess.DEVNULL)
    for runs, parallelism in ((50, 4), (200, 4), (1000, 4), (200, 50)):
        wall, used = timed(run(folder, runs, parallelism, ["true"]))
        print(f"{runs:5} attempts, {parallelism:2} at a time: {1000 * wall / runs:7.1f} ms an attempt, own CPU {100 * used / wall:.1f} %")
    shutil.rmtree(folder)


benches = {"start": bench_start, "memory": bench_memory, "unchanged": bench_unchanged, "many": bench_many}
for name in benches if what == "all" else [what]:
    benches[name]()
