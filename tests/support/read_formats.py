#!/usr/bin/env python3
"""Reads a report of ours as a stranger would, with nothing but Python's own parsers.

  read_formats.py junit|ctrf|code-quality|annotations FILE

Prints what it understood as JSON; what breaks a rule of the format is one line on stderr, and exit 1. The rules of
JUnit are those that the schemas of Surefire (3.0 and later) and of Jenkins' xUnit plugin (junit-10) share, in our words.
"""
import json
import re
import sys
import xml.etree.ElementTree

ORDER = ["failure", "rerunFailure", "flakyFailure", "skipped", "error", "rerunError", "flakyError", "system-out",
         "system-err"]
AGAIN = {"rerunFailure", "flakyFailure", "rerunError", "flakyError"}
ONCE = {"skipped", "error", "system-out", "system-err"}
SUITE = {"name", "tests", "errors", "skipped", "failures"}
TIME = re.compile(r"\d+\.\d{3}")


def need(truth, sentence):
    if not truth:
        raise SystemExit(sentence)


def check_problem(element):
    need(set(element.attrib) <= {"message", "type"}, f"<{element.tag}> has {sorted(element.attrib)}")
    need(element.tag == "skipped" or "type" in element.attrib, f"<{element.tag}> needs a type")
    if element.tag in AGAIN:
        need([child.tag for child in element] == ["stackTrace"], f"<{element.tag}> needs one <stackTrace>")
    else:
        need(len(element) == 0, f"<{element.tag}> holds text alone")


def check_case(case):
    need(set(case.attrib) <= {"name", "classname", "group", "time"}, f"<testcase> has {sorted(case.attrib)}")
    need(case.get("name") and TIME.fullmatch(case.get("time", "")), "<testcase> needs name and time")
    tags = [child.tag for child in case]
    need(all(tag in ORDER for tag in tags), f"unknown elements among {tags}")
    need([ORDER.index(tag) for tag in tags] == sorted(ORDER.index(tag) for tag in tags), f"out of order: {tags}")
    need(all(tags.count(tag) <= 1 for tag in ONCE), f"more than once: {tags}")
    for child in case:
        if not child.tag.startswith("system-"):
            check_problem(child)


def junit(path):
    suite = xml.etree.ElementTree.parse(path).getroot()
    need(suite.tag == "testsuite", f"the root is <{suite.tag}>")
    need(SUITE <= set(suite.attrib) <= SUITE | {"time", "group"}, f"<testsuite> has {sorted(suite.attrib)}")
    need(TIME.fullmatch(suite.get("time")), "time of the suite")
    tags = [child.tag for child in suite]
    need(tags == sorted(tags), "properties come before test cases")  # by luck of the alphabet
    cases = suite.findall("testcase")
    keys = [(case.get("classname"), case.get("name")) for case in cases]
    need(len(set(keys)) == len(keys), "two test cases have one name")
    for case in cases:
        check_case(case)
    count = {tag: sum(case.find(tag) is not None for case in cases) for tag in ("error", "failure", "skipped")}
    said = {"error": "errors", "failure": "failures", "skipped": "skipped"}
    need(all(suite.get(said[tag]) == str(number) for tag, number in count.items()), f"counts: {count}")
    need(suite.get("tests") == str(len(cases)), "number of tests")
    return {"properties": {each.get("name"): each.get("value") for each in suite.iter("property")},
            "cases": [{"classname": case.get("classname"), "name": case.get("name"),
                       "tags": [child.tag for child in case],
                       "messages": [child.get("message") for child in case if child.get("message")],
                       "text": "".join(case.itertext())} for case in cases]}


def ctrf(path):
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    need(document["reportFormat"] == "CTRF", "reportFormat")
    need(re.fullmatch(r"\d+\.\d+\.\d+", document["specVersion"]), "specVersion")
    summary, tests = document["results"]["summary"], document["results"]["tests"]
    need(summary["tests"] == len(tests), "number of tests")
    for status in ("passed", "failed", "skipped", "pending", "other"):
        need(summary[status] == sum(test["status"] == status for test in tests), f"number of {status}")
    need(summary["flaky"] == sum(test.get("flaky", False) for test in tests), "number of flaky")
    for test in tests:
        need(test["name"] and isinstance(test["duration"], int), "name and duration")
        need(not test.get("flaky") or test["status"] == "passed", "a flaky test passed in the end")
        for attempt in test.get("retryAttempts", []):
            need(attempt["attempt"] >= 1 and attempt["status"] == "failed", "an attempt")
    return document


def code_quality(path):
    with open(path, encoding="utf-8") as file:
        findings = json.load(file)
    for finding in findings:
        need(finding["description"] and finding["check_name"] and finding["fingerprint"], "a finding's words")
        need(finding["severity"] in ("info", "minor", "major", "critical", "blocker"), finding["severity"])
        need(finding["location"]["path"] and finding["location"]["lines"]["begin"] >= 1, "a finding's place")
    need(len({finding["fingerprint"] for finding in findings}) == len(findings), "two findings are one")
    return findings


COMMAND = re.compile(r"::(error|warning|notice)(?: ([^:]*))?::(.*)")


def decoded(text, signs):
    for sign in signs:
        text = text.replace(f"%{ord(sign):02X}", sign)
    return text.replace("%25", "%")


def annotations(path):
    """What the runner of GitHub Actions makes of what a step printed."""
    found, stopped = [], None
    with open(path, encoding="utf-8", newline="\n") as file:
        for line in file.read().split("\n"):
            line = line.strip()
            if stopped:
                stopped = None if line == f"::{stopped}::" else stopped
                continue
            if line.startswith("::stop-commands::"):
                stopped = line[len("::stop-commands::"):]
                continue
            need("##[" not in line or line.startswith("::"), f"a command of the old form: {line}")
            if not line.startswith("::"):
                continue
            match = COMMAND.fullmatch(line)
            need(match, f"no command that is known: {line}")
            properties = dict(part.split("=", 1) for part in (match[2] or "").split(",") if part)
            found.append({"kind": match[1], "message": decoded(match[3], "\r\n"),
                          **{key: decoded(value, "\r\n:,") for key, value in properties.items()}})
    need(stopped is None, "commands stay stopped")
    for kind in ("error", "warning", "notice"):
        need(sum(each["kind"] == kind for each in found) <= 10, f"more than 10 of {kind}")
    return found


def main():
    kind, path = sys.argv[1:]
    readers = {"junit": junit, "ctrf": ctrf, "code-quality": code_quality, "annotations": annotations}
    json.dump(readers[kind](path), sys.stdout)


if __name__ == "__main__":
    main()
