#!/usr/bin/env python3
"""Runs action.yml, or a job of a GitLab template, as the real runners would.

  pipeline_runner.py github FILE WORKSPACE VALUES [SERVED]
  pipeline_runner.py gitlab FILE WORKSPACE VALUES [SERVED]

VALUES: JSON, the inputs of the action or the variables of the job. "SERVER" in a value becomes the address of a web
server on loopback with the files of the folder SERVED, "SECURE" that of one with TLS, which curl trusts; either leads
from /secure/NAME and /plain/NAME to the one's and the other's NAME. Prints JSON: what came out. Whatever it does not
know (an expression, a key, an input) is an error, so that nothing is passed over in silence. "documented" are the names
that VALUES may have.
"""

import contextlib
import functools
import http.server
import json
import os
import re
import ssl
import subprocess
import sys
import tempfile
import threading

import yaml

EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


def expect_keys(what, mapping, known):
    unknown = set(mapping) - set(known)
    assert not unknown, f"{what} has {sorted(map(str, unknown))}, which this runner does not know"


def evaluated(text, inputs, outputs):
    def value(match):
        parts = match.group(1).split(".")
        if len(parts) == 2 and parts[0] == "inputs":
            return inputs[parts[1]]
        if len(parts) == 4 and parts[0] == "steps" and parts[2] == "outputs":
            return outputs[parts[1]].get(parts[3], "")
        raise AssertionError(f"unknown expression: {match.group(0)}")

    return EXPRESSION.sub(value, text)


def commands_of(path):
    """The file of GITHUB_OUTPUT or GITHUB_ENV."""
    values = {}
    with open(path, encoding="utf-8") as file:
        lines = iter(file.read().split("\n"))
    for line in lines:
        name, heredoc, end = line.partition("<<")
        if heredoc and "=" not in name:
            collected = []
            for each in lines:
                if each == end:
                    break
                collected.append(each)
            else:
                raise AssertionError(f"no end of {name}")
            values[name] = "\n".join(collected)
        elif line:
            name, equals, value = line.partition("=")
            assert equals, f"not a command: {line}"
            values[name] = value
    return values


def obeyed(text):
    """The workflow commands in a log that the runner would carry out."""
    commands, stopped = [], None
    for line in text.splitlines():
        line = line.strip()
        if stopped:
            if line == f"::{stopped}::":
                stopped = None
        elif line.startswith("::stop-commands::"):
            stopped = line[len("::stop-commands::"):]
            assert len(stopped) >= 16, "a token that can be guessed"
        elif line.startswith("::"):
            commands.append(line)
        assert stopped or "##[" not in line, line
    assert not stopped, "the runner is left deaf"
    return commands


def wanted(step, failed):
    condition = step.get("if")
    if condition is None or condition == "success()":
        return not failed
    if condition == "always()":
        return True
    if condition == "failure()":
        return failed
    raise AssertionError(f"unknown condition: {condition}")


def run_step(step, inputs, outputs, environment, workspace, temp):
    expect_keys("a step", step, ("name", "id", "shell", "env", "run", "if"))
    assert step["shell"] == "bash"
    assert "${{" not in step["run"], "an expression is pasted into a script"
    files = {name: os.path.join(temp, name) for name in ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH")}
    for path in files.values():
        with open(path, "w", encoding="utf-8"):
            pass
    script = os.path.join(temp, "script.sh")
    with open(script, "w", encoding="utf-8") as file:
        file.write(step["run"])
    variables = dict(environment, **files)
    for name, value in step.get("env", {}).items():
        variables[name] = evaluated(str(value), inputs, outputs)
    done = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", script], cwd=workspace, env=variables,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    environment.update(commands_of(files["GITHUB_ENV"]))
    assert os.path.getsize(files["GITHUB_PATH"]) == 0
    if "id" in step:
        outputs[step["id"]] = commands_of(files["GITHUB_OUTPUT"])
    return done


def github(path, workspace, given):
    with open(path, encoding="utf-8") as file:
        action = yaml.safe_load(file)
    expect_keys("the action", action, ("name", "description", "author", "inputs", "outputs", "runs"))
    expect_keys("runs", action["runs"], ("using", "steps"))
    assert action["runs"]["using"] == "composite"
    inputs = {}
    for name, about in action["inputs"].items():
        expect_keys(name, about, ("description", "default", "required"))
        assert isinstance(about["default"], str) and about["description"], name
        inputs[name] = about["default"]
    unknown = set(given) - set(inputs)
    assert not unknown, f"no such input: {unknown}"
    inputs.update(given)
    outputs, steps, failed = {}, [], False
    with tempfile.TemporaryDirectory() as temp:
        summary = os.path.join(temp, "summary")
        environment = dict(os.environ, GITHUB_ACTIONS="true", CI="true", GITHUB_WORKSPACE=workspace, RUNNER_TEMP=temp,
                           GITHUB_STEP_SUMMARY=summary)
        with open(summary, "w", encoding="utf-8"):
            pass
        code = 0
        for step in action["runs"]["steps"]:
            if not wanted(step, failed):
                continue
            done = run_step(step, inputs, outputs, environment, workspace, temp)
            steps.append({"name": step["name"], "exit_code": done.returncode, "stdout": done.stdout, "stderr": done.stderr,
                          "commands": obeyed(done.stdout) + obeyed(done.stderr)})
            if done.returncode and not failed:
                failed, code = True, done.returncode
        for step in action["runs"]["steps"]:
            outputs.setdefault(step.get("id"), {})
        shown = {name: evaluated(about["value"], inputs, outputs) for name, about in action["outputs"].items()}
        with open(summary, encoding="utf-8") as file:
            return {"exit_code": code, "documented": sorted(inputs), "outputs": shown, "summary": file.read(),
                    "steps": steps}


def gitlab(path, workspace, given):
    with open(path, encoding="utf-8") as file:
        (name, job), = yaml.safe_load(file).items()
    assert name.startswith("."), "a template is a hidden job"
    expect_keys(name, job, ("stage", "variables", "before_script", "script", "artifacts"))
    unknown = set(given) - set(job["variables"])
    assert not unknown, f"no such variable: {unknown}"
    values = {key: str(value) for key, value in job["variables"].items()}
    assert not any("$" in value for value in values.values())
    assert values["GIT_DEPTH"] == "0", "the runner clones without history"
    environment = dict(os.environ, CI="true", GITLAB_CI="true", CI_PROJECT_DIR=workspace, **dict(values, **given))
    # One shell for all lines, which ends at the first that fails.
    script = "set -eo pipefail\n" + "\n".join(job["before_script"] + job["script"])
    with tempfile.TemporaryDirectory(prefix="orchestrator-gitlab-") as temporary:
        done = subprocess.run(["bash", "--noprofile", "--norc", "-c", script], cwd=workspace, check=False,
                              env=dict(environment, TMPDIR=temporary), stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert not os.listdir(temporary), f"left behind: {os.listdir(temporary)}"
    artifacts = job["artifacts"]
    assert artifacts["when"] == "always"
    dotenv = os.path.join(workspace, artifacts["reports"]["dotenv"])
    variables = {}
    if os.path.exists(dotenv):
        with open(dotenv, encoding="utf-8") as file:
            variables = dict(line.split("=", 1) for line in file.read().splitlines())
        assert len(variables) <= 20, "GitLab takes no more by default"
        assert all(re.fullmatch("[A-Z0-9_]+", key) for key in variables)
    reports = [kind for kind, file in artifacts["reports"].items() if os.path.exists(os.path.join(workspace, file))]
    kept = [each for each in artifacts["paths"] if os.path.exists(os.path.join(workspace, each))]
    return {"exit_code": done.returncode, "documented": sorted(values), "outputs": variables, "artifacts": kept, "reports": sorted(reports),
            "steps": [{"name": name, "exit_code": done.returncode, "stdout": done.stdout, "stderr": done.stderr}]}


class Quiet(http.server.SimpleHTTPRequestHandler):
    addresses = {}

    def log_message(self, *_):
        pass

    def do_GET(self):
        _, first, *rest = self.path.split("/", 2)
        if not rest or first not in self.addresses:
            return super().do_GET()
        self.send_response(302)
        self.send_header("Location", f"{self.addresses[first]}/{rest[0]}")
        return self.end_headers()


@contextlib.contextmanager
def listening(folder, context=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()


@contextlib.contextmanager
def served(folder):
    """Both servers' addresses."""
    with tempfile.TemporaryDirectory() as keys:
        certificate, key = os.path.join(keys, "certificate"), os.path.join(keys, "key")
        subprocess.run(["openssl", "req", "-x509", "-days", "2", "-subj", "/CN=served", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate], check=True, capture_output=True)
        os.environ["CURL_CA_BUNDLE"] = certificate
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        with listening(folder) as plain, listening(folder, context) as secure:
            Quiet.addresses = {"plain": "http://" + plain, "secure": "https://" + secure}
            yield Quiet.addresses


def main():
    kind, path, workspace, values = sys.argv[1:5]
    with served(sys.argv[5] if len(sys.argv) > 5 else os.devnull) as addresses:
        given = {name: value.replace("SERVER", addresses["plain"]).replace("SECURE", addresses["secure"])
                 for name, value in json.loads(values).items()}
        print(json.dumps({"github": github, "gitlab": gitlab}[kind](path, workspace, given)))


main()
