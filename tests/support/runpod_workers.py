#!/usr/bin/env python3
"""Has workers of RunPod's Python SDK fed by a server that works on no job itself: runpod_workers.py BASE_URL
Run by a Python that has the SDK. What is wrong is an assertion, and exit 1.
"""
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request

BASE = sys.argv[1]
WORKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "runpod_worker.py")


def ask(target, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{BASE}/{target}", data=data, method="GET" if body is None else "POST")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def submit(endpoint, word):
    job = {"repo": "https://github.com/someone/something", "test_command": word}
    return ask(f"{endpoint}/run", {"input": job})["id"]


def status(endpoint, job):
    return ask(f"{endpoint}/status/{job}")


def until(condition, seconds=90):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.2)
    return found


def ended(endpoint, job):
    return until(lambda: (s := status(endpoint, job))["status"] not in ("IN_QUEUE", "IN_PROGRESS") and s)


@contextlib.contextmanager
def worker(kind, name):
    """The environment that RunPod gives to its pods."""
    endpoint = f"{BASE}/{kind}"
    environment = dict(
        os.environ,
        RUNPOD_WEBHOOK_GET_JOB=f"{endpoint}/job-take/$ID?",
        RUNPOD_WEBHOOK_POST_OUTPUT=f"{endpoint}/job-done/$RUNPOD_POD_ID/$ID?",
        RUNPOD_WEBHOOK_POST_STREAM=f"{endpoint}/job-stream/$RUNPOD_POD_ID/$ID?",
        RUNPOD_WEBHOOK_PING=f"{endpoint}/ping/$RUNPOD_POD_ID",
        RUNPOD_PING_INTERVAL="2000",
        RUNPOD_POD_ID=name,
        RUNPOD_ENDPOINT_ID=kind,
        RUNPOD_AI_API_KEY="some-key",
        RUNPOD_SKIP_AUTO_SYSTEM_CHECKS="true",
        RUNPOD_SKIP_GPU_CHECK="true",
    )
    process = subprocess.Popen(
        [sys.executable, WORKER, kind], env=environment, stdout=sys.stderr, start_new_session=True
    )
    try:
        until(lambda: heard_of(process, kind))
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # its pings are sent by a process of their own
        process.wait()


def heard_of(process, endpoint):
    assert process.poll() is None, f"the worker ended: {process.returncode}"
    return ask(f"{endpoint}/health")["workers"]["idle"] == 1


def plain():
    first = submit("plain", "something")  # waits for a worker
    assert status("plain", first)["status"] == "IN_QUEUE"
    with worker("plain", "w1"):
        done = ended("plain", first)
        assert done["status"] == "COMPLETED" and done["output"] == {"did": "something"}, done
        assert done["workerId"] == "w1", done

        broken = ended("plain", submit("plain", "break"))
        assert broken["status"] == "FAILED" and "it broke" in broken["error"], broken
        refused = ended("plain", submit("plain", "refuse"))
        assert refused["status"] == "FAILED" and "it refused" in refused["error"], refused

        telling = submit("plain", "tell")
        until(lambda: status("plain", telling).get("output") == "half")
        assert ended("plain", telling)["output"] == {"did": "tell"}

        several = [submit("plain", f"word-{i}") for i in range(5)]
        assert [ended("plain", job)["output"]["did"] for job in several] == [f"word-{i}" for i in range(5)]


def stream():
    with worker("stream", "w2"):
        job = submit("stream", "something")
        pieces, word = [], ""
        while word not in ("COMPLETED", "FAILED"):
            answer = ask(f"stream/stream/{job}")
            pieces += [chunk["output"] for chunk in answer["stream"]]
            word = answer["status"]
        assert word == "COMPLETED", status("stream", job)
        assert pieces == [{"piece": 0}, {"piece": 1}, {"piece": 2}], pieces
        assert status("stream", job)["output"] == pieces, status("stream", job)


def killed():
    """A worker that dies: its job is given to the next one."""
    with worker("plain", "w3"):
        job = submit("plain", "linger")
        until(lambda: status("plain", job)["status"] == "IN_PROGRESS")
    until(lambda: status("plain", job).get("retries") == 1, 120)
    assert status("plain", job)["status"] == "IN_QUEUE"
    ask(f"plain/cancel/{job}", {})


if __name__ == "__main__":
    plain()
    stream()
    killed()
    print("done")
