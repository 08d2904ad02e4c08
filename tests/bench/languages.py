"""The commands of README's section on languages, each as it stands there: first with no layer of it at the engine, then
with one more file in the sources. The base image is there both times.

  languages.py ROOT PROGRAM [NAME…]     NAME: a folder of tests/repos
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid

root, program, wanted = sys.argv[1], sys.argv[2], sys.argv[3:]
RAN = (0, 1, 3)  # all passed, some failed, all failed: the samples have tests that fail


def commands():
    with open(f"{root}/README.md", encoding="utf-8") as file:
        section = file.read().split("\n## Languages\n")[1].split("\n## ")[0]
    return re.findall(r"^orchestrator (run --repo tests/repos/(\S+) .*)$", section, re.MULTILINE)


def timed(line, folder, environment):
    begin = time.monotonic()
    ended = subprocess.run(["sh", "-c", f"'{program}' {line}"], cwd=folder, env=environment, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    seconds = time.monotonic() - begin
    if ended.returncode not in RAN:
        sys.exit(f"{line}: exit code {ended.returncode}\n{ended.stderr}")
    ready = re.search(r"image ready in (\S+( m?s)?)", ended.stderr)
    return f"{seconds:6.1f} s (image {ready.group(1) if ready else 'cached'})"


def measure(line, name):
    with tempfile.TemporaryDirectory(prefix="orchestrator-bench-") as folder:
        shutil.copytree(f"{root}/tests/repos/{name}", f"{folder}/tests/repos/{name}")
        # A step of one's own before all that is installed: what earlier runs have built is another layer.
        os.makedirs(f"{folder}/config/orchestrator")
        with open(f"{folder}/config/orchestrator/config.yml", "w", encoding="utf-8") as config:
            config.write(f"setup_commands: ['true # {uuid.uuid4()}']\n")
        environment = {**os.environ, "XDG_CONFIG_HOME": f"{folder}/config", "ORCHESTRATOR_STATE": f"{folder}/state"}
        first = timed(line, folder, environment)
        with open(f"{folder}/tests/repos/{name}/CHANGES", "w", encoding="utf-8") as file:
            file.write("changed\n")
        second = timed(line, folder, environment)
        subprocess.run([program, "images", "prune", "--all", "-q"], env=environment, stdout=subprocess.DEVNULL)
    print(f"{name:<20} first {first:<28} second {second}", flush=True)


for line, name in commands():
    if not wanted or name in wanted:
        measure(line, name)
