#!/usr/bin/env python3
"""Uses a server through RunPod's Python SDK: runpod_client.py sync|async|keys BASE_URL JOB ENDLESS_JOB
(keys: BASE_URL KEY). Run by a Python that has it. What is wrong is an assertion, and exit 1.
"""
import asyncio
import json
import os
import sys
import time

# Read when the SDK is imported.
os.environ["RUNPOD_ENDPOINT_BASE_URL"] = sys.argv[2]

import requests  # noqa: E402
import runpod  # noqa: E402


def until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.2)


def expect_report(report):
    assert report is not None, "no report"
    assert (report["total_runs"], report["failures"]) == (3, 1), report


def expect_chunks(chunks):
    assert sorted(chunk["attempt"] for chunk in chunks) == [0, 1, 2], chunks


def synchronous(job, endless):
    runpod.api_key = "some-key"
    endpoint = runpod.Endpoint("flaky")
    running = endpoint.run({"input": job})
    assert running.status() in ("IN_QUEUE", "IN_PROGRESS", "COMPLETED")
    expect_report(running.output(timeout=120))
    assert running.status() == "COMPLETED"
    expect_report(endpoint.run_sync(job, timeout=120))  # it wraps what has no input
    expect_chunks(list(endpoint.run({"input": job}).stream()))

    wrong = endpoint.run({"input": {"runs": 0}})
    assert wrong.status() == "FAILED"
    assert endpoint.run_sync({"runs": 0}, timeout=20) is None
    assert endpoint.run({"input": {}}).status() == "FAILED"

    unwanted = endpoint.run({"input": endless})
    until(lambda: unwanted.status() == "IN_PROGRESS")
    assert endpoint.health()["jobs"]["inProgress"] == 1, endpoint.health()
    waiting = endpoint.run({"input": endless})  # one is worked on at a time
    assert endpoint.purge_queue() == {"removed": 1, "status": "completed"}
    assert waiting.status() == "CANCELLED"
    assert unwanted.cancel()["status"] == "CANCELLED"
    assert unwanted.status() == "CANCELLED"
    try:
        list(unwanted.stream())  # it must end
    except requests.exceptions.HTTPError:
        pass
    health = endpoint.health()
    assert health["jobs"]["completed"] == 3 and health["jobs"]["failed"] == 3, health
    assert health["jobs"]["inQueue"] == 0, health
    assert set(health["workers"]) == {"idle", "initializing", "ready", "running", "throttled", "unhealthy"}, health


async def asynchronous(job, endless):
    from runpod import AsyncioEndpoint
    from runpod.http_client import AsyncClientSession

    runpod.api_key = "some-key"
    async with AsyncClientSession() as session:
        endpoint = AsyncioEndpoint("flaky", session)
        expect_report(await (await endpoint.run(job)).output(timeout=120))
        expect_chunks([chunk async for chunk in (await endpoint.run(job)).stream()])
        unwanted = await endpoint.run(endless)
        assert await unwanted.status() in ("IN_QUEUE", "IN_PROGRESS")
        assert (await unwanted.cancel())["status"] == "CANCELLED"
        assert await unwanted.status() == "CANCELLED"
        assert (await endpoint.health())["jobs"]["completed"] == 2


def keys(key):
    runpod.api_key = key
    assert "jobs" in runpod.Endpoint("flaky").health()
    runpod.api_key = "wrong"
    try:
        runpod.Endpoint("flaky").health()
    except RuntimeError as error:
        assert "401" in str(error), error
    else:
        raise AssertionError("a wrong key was taken")


def main(kind, _, *words):
    if kind == "keys":
        keys(*words)
    else:
        jobs = [json.loads(word) for word in words]
        synchronous(*jobs) if kind == "sync" else asyncio.run(asynchronous(*jobs))
    print("done")


if __name__ == "__main__":
    main(*sys.argv[1:])
