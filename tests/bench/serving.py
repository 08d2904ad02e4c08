"""What the bench of the server needs: the built program as a server with two clients, a repository that it may clone,
and an end of all that was started."""
import collections
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

BASE = "orchestrator/python:trixie"
CLIENTS = ("ann", "bob")
FINAL = ("COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT")


class Wrong(Exception):
    """The bench cannot measure what it is about."""


def ran(argv, **options):
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def eventually(what, condition, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if result := condition():
            return result
        time.sleep(0.1)
    raise Wrong(f"{what}: not within {seconds} s")


def end(process, *signals):
    """These signals one after the other, and KILL for what does not end by them, whatever comes meanwhile."""
    try:
        for number in signals:
            process.send_signal(number)
        process.wait(60)
    except subprocess.TimeoutExpired:
        pass
    finally:
        process.kill()
        process.wait()


# ---- a repository: a caller with a token may not name a folder of the host, so that it is served as in the tests

def make_certificate(folder):
    curve = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    ran(["sh", "-ec", f"""
        openssl req -x509 -days 2 -subj /CN=bench-ca {curve} -addext basicConstraints=critical,CA:TRUE \
          -keyout ca.key -out ca.pem
        openssl req -subj /CN=server {curve} -keyout server.key -out server.csr
        printf 'subjectAltName=IP:127.0.0.1\\nbasicConstraints=CA:FALSE\\n' > san
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out server.pem
        """], cwd=folder)


def make_repository(folder):
    # Its name makes its tree another than any other's: its images are of this bench alone, and go with it.
    ran(["sh", "-ec", """
        export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
        git init -q -b main project && pwd > project/made-for && git -C project add -A
        git -C project -c user.name=b -c user.email=b@example.org commit -qm x
        git clone -q --bare --no-hardlinks project served/project.git
        """], cwd=folder)


@contextlib.contextmanager
def served_repository(root, folder):
    """Its URL."""
    os.mkdir(f"{folder}/served")
    make_certificate(folder)
    make_repository(folder)
    process = subprocess.Popen(
        [sys.executable, f"{root}/tests/support/git_https_server.py", "--root", f"{folder}/served", "--cert",
         f"{folder}/server.pem", "--key", f"{folder}/server.key", "--log", f"{folder}/git.log"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield f"https://127.0.0.1:{int(process.stdout.readline())}/project.git"
    finally:
        process.stdin.close()
        end(process, signal.SIGTERM)


# ---- the server and its clients

Answer = collections.namedtuple("Answer", "body seconds")


class Client:
    """One token. Each request has a connection of its own, as those of most clients have."""

    def __init__(self, port, token, repo):
        self.port, self.token, self._repo = port, token, repo

    def ask(self, method, path, body=None):
        """The time is from the connection to the last byte of the answer; nothing is looked at meanwhile."""
        content = json.dumps(body).encode() if body is not None else b""
        request = (f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.token}\r\n"
                   f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n").encode() + content
        pieces = []
        start = time.perf_counter()
        with socket.create_connection(("127.0.0.1", self.port), timeout=120) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(request)
            while piece := connection.recv(1 << 16):
                pieces.append(piece)
        seconds = time.perf_counter() - start
        head, _, answer = b"".join(pieces).partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 "):
            raise Wrong(f"{method} {path}: {head.splitlines()[:1]} {answer[:300]}")
        return Answer(answer, seconds)

    def told(self, method, path, body=None):
        return json.loads(self.ask(method, path, body).body)

    def job(self, line, runs, parallelism, cpus):
        """Nothing is installed. The host's CPUs, memory and disk are shared by what attempts may use at most: these
        sleep, so that a small part is enough for each."""
        return {"input": {"repo": self._repo, "test_command": line, "runs": runs, "parallelism": parallelism,
                          "image": BASE, "framework": "unknown", "auto_install_dependencies": False,
                          "limits": {"cpus": cpus, "memory": "32m", "disk": "16m"}},
                "policy": {"executionTimeout": 600_000}}

    def run(self, *job):
        return self.told("POST", "/v2/bench/run", self.job(*job))["id"]

    def status(self, job):
        return self.told("GET", f"/v2/bench/status/{job}")

    def ended(self, job):
        """Its status once it has ended, which is answered then and not before."""
        while (status := self.told("GET", f"/v2/bench/status-sync/{job}?wait=60000"))["status"] not in FINAL:
            pass
        if status["status"] != "COMPLETED":
            raise Wrong(f"a job of the bench ended as {status}")
        return status["output"]

    def cancel(self, job):
        """And waits until nothing of it is left."""
        self.told("POST", f"/v2/bench/cancel/{job}")
        eventually("containers of a cancelled job go", lambda: not containers(job, "-a"), 120)

    def purge(self):
        self.told("POST", "/v2/bench/purge-queue")


class Server:
    def __init__(self, process, clients):
        self.process = process
        self.ann, self.bob = clients


def make_tokens(program, file):
    """One for each client; the file is for the server."""
    tokens = []
    with open(file, "w", encoding="utf-8") as lines:
        for name in CLIENTS:
            made = ran([program, "token", name, "--scopes", "submit,read"])
            lines.write(made.stdout)
            tokens.append(re.search(r"orch_[0-9a-f]+", made.stderr)[0])
    return tokens


def port_of(process, log):
    def said():
        with open(log, encoding="utf-8") as text:
            words = text.read()
        if process.poll() is not None:
            raise Wrong(f"the server did not start\n{words}")
        return re.search(r"serves at http://127\.0\.0\.1:(\d+)\n", words)
    return int(eventually("the server starts", said, 60)[1])


@contextlib.contextmanager
def server(program, repo, folder, *flags):
    """A server of its own over a new state folder; what it runs ends with it."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        tokens = make_tokens(program, f"{own}/tokens")
        with open(f"{own}/log", "w", encoding="utf-8") as log:
            process = subprocess.Popen(
                [program, "serve", "--listen", "127.0.0.1:0", "--state-dir", f"{own}/state", "--token-file",
                 f"{own}/tokens", "--allow-repo-host", "127.0.0.1", "--allow-image", BASE, "--ca-file",
                 f"{folder}/ca.pem", *flags], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
        try:
            port = port_of(process, f"{own}/log")
            yield Server(process, [Client(port, token, repo) for token in tokens])
        finally:
            try:
                end(process, signal.SIGTERM, signal.SIGINT)  # the second: at once
            finally:
                remove_containers(process.pid)


# ---- the engine

def containers(job, *flags):
    return ran(["docker", "ps", "-q", "--filter", f"label=orchestrator.run={job}", *flags]).stdout.split()


def running_attempts(job):
    return len(containers(job))  # without -a: those that run


def remove_containers(pid):
    """There are none, unless the server had to be killed."""
    lines = ran(["docker", "ps", "-a", "--format", '{{.ID}} {{.Label "orchestrator.process"}}']).stdout.splitlines()
    if left := [line.split()[0] for line in lines if f" {pid}:" in line]:
        print(f"warning: the server has left {len(left)} containers, which are removed", flush=True)
        subprocess.run(["docker", "rm", "-f", *left], check=False, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def own_images():
    """Takes the images of the repository out of a report, to be removed in the end; those of tools are everybody's."""
    images = {}

    def remember(report):
        for layer in report["environment"]["image"]["layers"]:
            if layer["kind"] in ("sources", "seal"):
                images[layer["image"]] = True

    try:
        yield remember
    finally:
        if images:
            subprocess.run(["docker", "rmi", "-f", *reversed(images)], check=False, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
