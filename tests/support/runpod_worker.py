#!/usr/bin/env python3
"""A worker made with RunPod's Python SDK, that does what a job's test_command says: runpod_worker.py plain|stream
Where it takes jobs from is in its environment, as RunPod has it.
"""
import sys
import time

import runpod


def plain(job):
    word = job["input"]["test_command"]
    if word == "break":
        raise ValueError("it broke")
    if word == "refuse":
        return {"error": "it refused"}
    if word == "linger":
        time.sleep(600)
    if word == "tell":
        runpod.serverless.progress_update(job, "half")
        time.sleep(8)  # longer than a server keeps a connection on which nothing comes
    return {"did": word}


def stream(job):
    for i in range(3):
        yield {"piece": i}


if __name__ == "__main__":
    handlers = {"plain": plain, "stream": stream}
    runpod.serverless.start({"handler": handlers[sys.argv.pop()], "return_aggregate_stream": True})
