#!/usr/bin/env python3
"""README's commands: each is run here as it stands there (but for hosts and ports that are made up), or it is named which
test or script runs it. A command of README that is in neither list fails, and so does one that README lacks.

  commands.py SOURCES PROGRAM

Needs an engine with orchestrator/python:trixie and what pip reaches.
"""
import contextlib
import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

sources, program = sys.argv[1:3]
PROGRAM_NAME = r"orchestrator|build/release/orchestrator/orchestrator|scripts/\w+"
COMMAND = re.compile(rf"(\w+=\S* )*({PROGRAM_NAME}|docker|curl|ssh-keyscan|tar|export)\b")
BASE = "orchestrator/python:trixie"


def commands_of_readme():
    found, inside = set(), False
    with open(f"{sources}/README.md", encoding="utf-8") as readme:
        for line in readme:
            line = line.strip()
            if line.startswith("```"):
                inside = not inside
            elif inside and COMMAND.match(line):
                found.add(plain(line))
    return found


def plain(line):
    """Without its comment and what makes columns."""
    return re.sub(r"\s+", " ", re.sub(r"\s+# .*$", "", line)).strip()


# What needs a host of another kind. A test as Suite.Name, a script as its path; then what must stand there.
SHOWN_BY = {
    "scripts/demo": ("scripts/test", "scripts/demo"),
    "orchestrator images bootstrap python": ("scripts/test", 'ensure_base "$program" python'),
    "orchestrator images bootstrap node": ("scripts/test", "in node go cpp java rust"),
    "orchestrator images bootstrap go": ("scripts/test", "in node go cpp java rust"),
    "orchestrator images bootstrap cpp": ("scripts/test", "in node go cpp java rust"),
    "orchestrator images bootstrap rust": ("scripts/test", "in node go cpp java rust"),
    "orchestrator images bootstrap java": ("scripts/test", "in node go cpp java rust"),
    "orchestrator images bootstrap perl": ("scripts/test", "for base in minimal perl python3.11"),
    "orchestrator images bootstrap minimal": ("scripts/test", "for base in minimal perl python3.11"),
    "orchestrator images bootstrap python3.11": ("scripts/test", "for base in minimal perl python3.11"),
    "orchestrator run --repo git@host:owner/project.git -- pytest": ("PrivateClone.ByTheShortFormOfItsAddress", '"@work:"'),
    "orchestrator run --repo ssh://git@host:2222/owner/project -- pytest": (
        "PrivateClone.BySshIsRunAndPrintsALineThatRunsAnAttemptAgain", 'run(server_.url("project"), access())'),
    "orchestrator run --repo git@host:owner/project.git --ssh-key deploy_key -- pytest": ("PrivateClone.ByTheShortFormOfItsAddress", '"--ssh-key"'),
    "orchestrator run --repo git@host:owner/project.git --ssh-key deploy_key --ssh-known-hosts known_hosts -- pytest": (
        "PrivateClone.BySshIsRunAndPrintsALineThatRunsAnAttemptAgain", '"--ssh-known-hosts"'),
    "ssh-keyscan -p 2222 host >> ~/.ssh/known_hosts": ("PrivateClone.FromAnUnknownHostSaysWhatAddsIt", "ssh-keyscan -p "),
    **{line: ("Languages.OfTheReadmeAreTried", f'"{line.split()[3].split("/")[-1]}"')
       for line in commands_of_readme() if line.startswith("orchestrator run --repo tests/repos/")},
    "orchestrator run --repo tests/repos/flaky_python --runs 20 -- pytest": (
        "FlakyPython.IsReportedFlakyWithItsRateAndALineToRunAgain", 'copy_sample("flaky_python")'),
    "orchestrator run --repo tests/repos/perl_depot --runs 20 -- prove -l t": (
        "Perl.OfTheSampleIsFoundFlakyByTheOrderOfItsHashes", '"prove", "-l", "t"'),
    "docker login registry.example.org": ("ARegistry.RefusesWhoHasNoCredentialWhoIsToldWhatToDo", "docker login "),
    "orchestrator run --repo . --image registry.example.org/team/base:1 -- pytest": (
        "ARegistry.GivesWhatTheUsersDockerCredentialsMayHave", 'run(reference("team/app:1"), {"-vv"})'),
    "orchestrator run --repo . --image registry.example.org/team/base:1 --pull always -- pytest": ("ARegistry.IsAskedAsPullSays", '"always"'),
    "orchestrator run --repo . --image registry.example.org/team/base@sha256:… -- pytest": (
        "ARegistry.GivesWhatADigestNamesThoughItsTagHasMoved", 'run(reference("app@" + first))'),
    "orchestrator doctor --context far": ("EnginesOverTls.AreFoundByDoctorThroughAContextOfTheDockerProgram", '"doctor", "--context", "far"'),
    "DOCKER_TLS_VERIFY=1 orchestrator doctor --host tcp://far:2376": ("EnginesOverTls.RunAttempts", '"doctor", "--host"'),
    "orchestrator doctor --host ssh://me@far": ("EnginesOverSsh.RunAttempts", '"doctor", "--host"'),
    "orchestrator doctor --host ssh://me@far/run/user/1000/docker.sock": ("EnginesOverSsh.NameTheirSocketOverThere", '"ssh://engine" + folder / '),
    "orchestrator doctor --host unix:///run/podman/podman.sock": ("FurtherEngines.AreFoundGoodByDoctorAndRunAttempts", '"doctor"'),
    "docker build -t orchestrator .": ("scripts/package/image-test", "docker build "),
    "docker run --rm -v /var/run/docker.sock:/var/run/docker.sock orchestrator doctor": ("scripts/package/image-test", '"$IMAGE" doctor'),
    'docker run --rm -v /var/run/docker.sock:/var/run/docker.sock -v "$PWD:/repo:ro" orchestrator run --repo /repo -- pytest': (
        "scripts/package/image-test", '"$IMAGE" run --repo /repo'),
    "orchestrator worker": ("Worker.DoesAJobFromEndToEnd", "RunningWorker worker(env())"),
    "orchestrator worker --rp_serve_api": ("WorkerApi.RunsAJobAndWaitsForIt", '"--rp_serve_api"'),
}

# ---- where they are run

work = tempfile.mkdtemp(prefix="orchestrator-readme-")
project = f"{work}/project"
ran, failures = set(), []
environment = {**os.environ, "PATH": f"{work}/bin:{os.environ['PATH']}", "HOME": f"{work}/home",
               "ORCHESTRATOR_STATE": f"{work}/state", "ORCHESTRATOR_RUNS": "4",
               "GIT_SSL_CAINFO": f"{work}/ca.pem", "ORCHESTRATOR_CA_FILE": "/etc/ssl/certs/ca-certificates.crt"}
replaced = {}  # names that README makes up


def here(line):
    for name, value in replaced.items():
        line = line.replace(name, value)
    return line


def fail(line, why, said=""):
    failures.append(line)
    print(f"FAILED  {line}\n        {why}\n{said}", flush=True)


def run(line, codes=(0,), says="", cwd=None, **more):
    """`line` as README has it. `codes`: 1 where a test of the project may be found flaky, 3 broken."""
    ran.add(line)
    began = time.monotonic()
    ended = subprocess.run(["bash", "-c", here(line)], cwd=cwd or project, env={**environment, **more}, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, stdin=subprocess.DEVNULL)
    if ended.returncode not in codes:
        fail(line, f"exit code {ended.returncode}", ended.stdout[-3000:])
    elif says not in ended.stdout:
        fail(line, f"does not say: {says}", ended.stdout[-3000:])
    else:
        print(f"{time.monotonic() - began:5.1f} s  {line}", flush=True)
    return ended.stdout


@contextlib.contextmanager
def running(line, until, **more):
    """Beside what follows; `until` is a URL that answers when it is there."""
    ran.add(line)
    with open(f"{work}/beside.log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(["bash", "-c", "exec " + here(line) if "\n" not in line else here(line)], cwd=project,
                                   env={**environment, **more}, stdout=log, stderr=log, start_new_session=True)
    try:
        if until:
            wait_for(until)
        yield process
    except Exception as error:
        with open(f"{work}/beside.log", encoding="utf-8") as log:
            fail(line, str(error), log.read()[-3000:])
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(60)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def wait_for(url, seconds=30):
    end = time.monotonic() + seconds
    while True:
        try:
            return urllib.request.urlopen(url, timeout=5)
        except OSError as error:
            if time.monotonic() > end:
                raise RuntimeError(f"{url} does not answer: {error}") from error
            time.sleep(0.1)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def at_terminal(line, typed):
    """Typed as a person would, each once the one before was answered."""
    ran.add(line)
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(project)
        os.execvpe("bash", ["bash", "-c", here(line)], environment)
    said = b""
    for awaited, words in typed:
        while awaited not in said:
            said += os.read(terminal, 65536)
        said = b""
        os.write(terminal, words)
    with contextlib.suppress(OSError):
        while piece := os.read(terminal, 65536):
            said += piece
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code != 0:
        fail(line, f"exit code {code}", said.decode(errors="replace"))


def write(name, text, folder=project):
    path = f"{folder}/{name}"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def shell(line, cwd=project):
    return subprocess.run(["bash", "-ec", line], cwd=cwd, env=environment, check=True, stdout=subprocess.PIPE,
                          text=True).stdout.strip()


def make_project():
    os.makedirs(f"{work}/bin")
    os.makedirs(f"{work}/home")
    os.makedirs(f"{work}/build/release/orchestrator")
    for name in ("bin/orchestrator", "build/release/orchestrator/orchestrator"):
        os.symlink(program, f"{work}/{name}")
    write("requirements.txt", "pytest>=7\n")
    for name, test in (("checkout", "pays"), ("cart", "total")):
        write(f"tests/test_{name}.py", f'import os\n\n\ndef test_{test}():\n    assert int(os.environ["TEST_SEED"]) % 4\n\n\n'
              f"def test_{name}():\n    pass\n")
    write("Rakefile", "task :test\n")
    shell("git init -q -b main && git config user.name me && git config user.email me@example.org && git add -A && "
          "git commit -qm first")


@contextlib.contextmanager
def git_server():
    """The project as https://host/owner/project, which wants no token, and with one as well."""
    os.makedirs(f"{work}/git/owner")
    shell(f"git clone -q --bare . '{work}/git/owner/project'")
    shell("openssl req -x509 -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -newkey ec -pkeyopt "
          f"ec_paramgen_curve:prime256v1 -nodes -keyout '{work}/key.pem' -out '{work}/ca.pem' 2>&1")
    server = subprocess.Popen(["python3", f"{sources}/tests/support/git_https_server.py", "--root", f"{work}/git", "--cert",
                               f"{work}/ca.pem", "--key", f"{work}/key.pem", "--log", f"{work}/git.log"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    place = f"https://127.0.0.1:{server.stdout.readline().strip()}/owner/project"
    replaced["https://host/owner/project"] = place
    replaced["https://github.com/owner/project"] = place
    yield
    server.stdin.close()
    server.wait(10)


# ---- in the order of README

FLAKY = (0, 1, 3)


def two_commands_and_ways_in():
    shutil.copytree(f"{work}/build", f"{project}/build", symlinks=True)
    write(".git/info/exclude", "build\n*.json\n*.html\n*.bundle\ntokens\n*.xml\n")
    run("build/release/orchestrator/orchestrator run --repo . --runs 20 -- pytest tests/", FLAKY, says="tests    ")
    run("orchestrator run --repo . --runs 20 -- pytest tests/", FLAKY)
    run("orchestrator run --repo https://host/owner/project --ref main --runs 100 --parallelism 8 -- pytest tests/test_checkout.py",
        FLAKY, says="100 attempts")
    run("orchestrator run --repo . --json report.json --html report.html -- pytest", FLAKY, ORCHESTRATOR_RUNS="20",
        ORCHESTRATOR_SEED="1")
    shutil.copy(f"{project}/report.json", f"{project}/main.json")
    shutil.copy(f"{project}/report.json", f"{project}/branch.json")
    run("orchestrator replay report.json --attempt 17 --times 5", FLAKY, says="5 times")
    run("orchestrator compare main.json branch.json", says="main.json: 20 attempts")
    run("orchestrator ci --repo . --max-flake-rate 2% -- pytest", (0, 1))
    run("orchestrator images list", says="orchestrator/")
    run("orchestrator images prune --older-than 7d")
    run("orchestrator doctor", says="engine")
    run("orchestrator clean")
    run("orchestrator version", says="orchestrator ")


def other_languages():
    for sample, line in (("javascript_mocha", "orchestrator run --repo . -- npm test"),
                         ("go_depot", "orchestrator run --repo . -- go test ./...")):
        run(line, FLAKY, says="tests    ", cwd=shutil.copytree(f"{sources}/tests/repos/{sample}", f"{work}/{sample}"))
    rake = ("#!/bin/sh\\nmkdir -p reports\\necho \"<testsuite><testcase classname=\\\"A\\\" name=\\\"b\\\"/></testsuite>\" > reports/a.xml\\n")
    shell(f"docker run --name readme-ruby {BASE} sh -c 'printf \"$0\" > /usr/local/bin/rake; chmod +x /usr/local/bin/rake' '{rake}'"
          " && docker commit readme-ruby orchestrator-readme/ruby:3.3 && docker rm readme-ruby")
    replaced["ruby:3.3"] = "orchestrator-readme/ruby:3.3"
    run("orchestrator run --repo . --framework unknown --image ruby:3.3 --results 'reports/*.xml' -- rake test", says="1 not shown flaky")


def see_it_again():
    run("orchestrator replay report.json", FLAKY, says="replaying attempt ")
    run("orchestrator replay report.json --attempt 17 --times 20", FLAKY)
    run("orchestrator replay report.json --test tests/test_cart.py::test_total", FLAKY)
    at_terminal("orchestrator replay report.json --attempt 17 --shell", [(b"$ ", b"ls tests\n"), (b"test_cart.py", b"exit\n")])
    run("orchestrator run --runs 20 --bundle run.bundle -- pytest", FLAKY, says="carry it away: ", ORCHESTRATOR_REPO=".")
    run("orchestrator run --from-bundle run.bundle", FLAKY, says="20 attempts")
    run("orchestrator run --from-bundle run.bundle --only-attempt 17", FLAKY)
    run("tar --zstd -xf run.bundle report.json tree.tar")


def server():
    port = free_port()
    replaced.update({"127.0.0.1:8080": f"127.0.0.1:{port}", "https://flaky.example.com": f"http://127.0.0.1:{port}",
                     "https://api.runpod.ai/": f"http://127.0.0.1:{port}/"})
    settings = {"ORCHESTRATOR_SERVE_LISTEN": f"127.0.0.1:{port}", "ORCHESTRATOR_SERVE_ALLOW_REPO_HOST": "127.0.0.1"}
    with running('orchestrator serve --allow-folder "$PWD"', f"http://127.0.0.1:{port}/readyz", **settings):
        job = json.loads(run("""curl -s 127.0.0.1:8080/api/v1/jobs -d '{"repo": "https://github.com/owner/project", "test_command": "pytest", "runs": 50}'"""))
        run("""curl -s 127.0.0.1:8080/v2/flaky/runsync -d '{"input": {"repo": "'"$PWD"'", "test_command": "pytest", "runs": 20}}'""",
            says='"status":"')
        wait_for_job(port, job["id"])
        run("curl -sN 127.0.0.1:8080/api/v1/events?after=0", (28,), says="event: job_ended", CURL_HOME=limited_curl())
        replaced["/jobs/ID/"] = f"/jobs/{job['id']}/"
        run("curl -s 127.0.0.1:8080/api/v1/jobs/ID/report.html", says="<html")
        run('orchestrator run --on http://127.0.0.1:8080 --repo "$PWD" -- pytest', FLAKY, says="tests    ")
        run("orchestrator run --on https://flaky.example.com --repo https://host/owner/project -- pytest", FLAKY)
        run('orchestrator ci --on https://flaky.example.com --repo https://host/owner/project --ref "$SHA" --junit r.xml -- pytest',
            (0, 1), SHA=shell("git rev-parse HEAD"))
        run("orchestrator run --on https://api.runpod.ai/v2/ENDPOINT --repo https://host/owner/project -- pytest", FLAKY,
            RUNPOD_API_KEY="none-is-asked-for")


def limited_curl():
    """A stream has no end: it is left after some seconds."""
    write(".curlrc", "max-time = 5\n", f"{work}/curl")
    return f"{work}/curl"


def wait_for_job(port, job, headers=None):
    for _ in range(600):
        request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/jobs/{job}", headers=headers or {})
        state = json.load(urllib.request.urlopen(request))["state"]
        if state in ("completed", "failed", "cancelled", "timed_out"):
            return state
        time.sleep(0.2)
    raise RuntimeError(f"{job} does not end")


def tokens_and_workers():
    port = free_port()
    replaced["0.0.0.0:8080"] = f"0.0.0.0:{port}"
    token = run("orchestrator token ci --scopes submit,read >> tokens", says="orch_").split()[-1]
    at = {"ORCHESTRATOR_SERVE_ALLOW_REPO_HOST": "127.0.0.1"}
    with running("orchestrator serve --listen 0.0.0.0:8080 --token-file tokens", f"http://127.0.0.1:{port}/livez", **at):
        replaced.update({"orch_…": token, "' …": f"' http://127.0.0.1:{port}/api/v1/jobs"})
        run("curl -H 'Authorization: Bearer orch_…' …", says='"jobs"')
        del replaced["' …"]
    worker = run("orchestrator token hosts --scopes worker >> tokens", says="orch_").split()[-1]
    with running("orchestrator serve --listen 0.0.0.0:8080 --token-file tokens --jobs 0", f"http://127.0.0.1:{port}/livez", **at):
        replaced.update({"orch_…": worker, "https://HOST/": f"http://127.0.0.1:{port}/"})
        with open(f"{sources}/README.md", encoding="utf-8") as readme:
            block = next(part for part in readme.read().split("```\n") if part.startswith("export RUNPOD_ENDPOINT_ID"))
        ran.update(plain(line) for line in block.splitlines())
        lines = block.replace("orchestrator worker", "exec orchestrator worker")
        with running(lines, None, ORCHESTRATOR_ALLOW_REPO_HOSTS="127.0.0.1"):
            bearer = {"Authorization": f"Bearer {token}"}
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/v2/flaky/run", headers={**bearer, "Content-Type": "application/json"},
                data=json.dumps({"input": {"repo": replaced["https://host/owner/project"], "test_command": "pytest"}}).encode())
            job = json.load(urllib.request.urlopen(request))["id"]
            state = wait_for_job(port, job, bearer)
            if state != "completed":
                fail(block, f"its job is {state}")
        ran.discard(lines)


def private_and_own():
    token = {"ORCHESTRATOR_GIT_TOKEN": ""}
    replaced["ORCHESTRATOR_GIT_TOKEN=…"] = "ORCHESTRATOR_GIT_TOKEN=some-token"
    run("ORCHESTRATOR_GIT_TOKEN=… orchestrator run --repo https://host/owner/project -- pytest", FLAKY)
    run("orchestrator run --git-token-env MY_TOKEN --repo https://host/owner/project -- pytest", FLAKY, MY_TOKEN="one", **token)
    write(".token", "one\n", f"{work}/home")
    run("orchestrator run --git-token-file ~/.token --repo https://host/owner/project -- pytest", FLAKY, **token)
    run("orchestrator run --git-program git --repo https://host/owner/project -- pytest", FLAKY, **token)
    with open(f"{project}/main.json", encoding="utf-8") as file:
        layers = json.load(file)["environment"]["image"]["layers"]
    installed = next(layer["image"] for layer in layers if layer["kind"] == "dependencies")
    shell(f"docker tag {installed} orchestrator-readme/pytest:1")
    for name in ("Dockerfile", "docker/test.Dockerfile"):
        write(name, "ARG PYTHON=3.13\nFROM orchestrator-readme/pytest:1\nARG PYTHON\nENV WANTED=$PYTHON PATH=/opt/venv/bin:$PATH\n")
    run("orchestrator run --repo . --dockerfile Dockerfile -- pytest", FLAKY, says="built by Dockerfile")
    run("orchestrator run --repo . --dockerfile docker/test.Dockerfile --build-arg PYTHON=3.12 -- pytest", FLAKY, says="PYTHON=3.12")


def the_rest():
    run("orchestrator worker --test_input '{\"input\": {\"repo\": \".\", \"test_command\": \"pytest\", \"runs\": 5}}'", says='"total_runs": 5')
    run("orchestrator images prune")
    run("orchestrator images prune --all --dry-run")
    run("orchestrator clean --images")


def check_shown():
    file_of = {}
    for folder, _, names in os.walk(f"{sources}/tests"):
        for name in names:
            if name.endswith("_test.cpp"):
                with open(f"{folder}/{name}", encoding="utf-8") as file:
                    for suite, test in re.findall(r"^TEST(?:_F|_P)?\((\w+), (\w+)\)", file.read(), re.M):
                        file_of[f"{suite}.{test}"] = file.name
    for line, (place, words) in SHOWN_BY.items():
        where = file_of.get(place, f"{sources}/{place}")
        if not os.path.isfile(where):
            fail(line, f"{place} is no test and no script")
            continue
        with open(where, encoding="utf-8") as file:
            if not words or words not in file.read():
                fail(line, f"{place} has no: {words}, nor has its file")


def main():
    try:
        make_project()
        with git_server():
            for part in (two_commands_and_ways_in, other_languages, see_it_again, server, tokens_and_workers, private_and_own,
                         the_rest):
                part()
        check_shown()
    finally:
        subprocess.run(["docker", "rmi", "-f", "orchestrator-readme/ruby:3.3", "orchestrator-readme/pytest:1"], check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(work, ignore_errors=True)
    said, known = commands_of_readme(), ran | set(SHOWN_BY)
    for line in sorted(said - known):
        fail(line, "stands in README and is tried by nobody")
    for line in sorted(known - said):
        fail(line, "is tried, but README has no such line")
    print(f"{len(ran & said)} commands of README were run, {len(set(SHOWN_BY) & said)} are run by others, {len(failures)} failed")
    sys.exit(bool(failures))


main()
