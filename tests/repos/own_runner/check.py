"""A test runner of nobody's: it knows no framework and writes JUnit XML.

  check.py             writes the whole file
  check.py killed      is killed before the last test is written
  check.py malformed   writes something else into the middle
  check.py retries     runs what failed again until it passes, as surefire can
"""
import os
import signal
import sys
from xml.sax.saxutils import escape

SEED = int(os.environ["TEST_SEED"])
MODE = sys.argv[1] if len(sys.argv) > 1 else "whole"


def failure(element, message, line):
    message = escape(message)
    return f'<{element} type="AssertionError" message="{message}">check.py:{line}: {message}</{element}>'


def case(name, inside=""):
    return f'  <testcase classname="shop.Cart" name="{name}" time="0.01">{inside}</testcase>\n'


flaky = SEED % 2 == 1
cases = {
    "fine": case("fine"),
    "flaky": case("flaky", failure("failure", f"took {SEED} ms, {os.environ.get('TOKEN', 'no token')}", 14) if flaky else ""),
    "broken": case("broken", failure("failure", "never right", 23)),
    "later": case("later", "<skipped/>"),
}
if MODE == "retries":
    cases = {"fine": case("fine"), "flaky": case("flaky", failure("flakyFailure", "only the second time", 14))}

os.makedirs("reports/new", exist_ok=True)
with open("reports/new/TEST-shop.xml", "w") as file:
    file.write('<?xml version="1.0"?>\n<testsuite name="shop">\n')
    for name, text in cases.items():
        if MODE == "malformed" and name == "broken":
            file.write("</wrong> & < \0")
        if MODE == "killed" and name == "broken":
            file.write(text[:40])
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        file.write(text)
    file.write("</testsuite>\n")
sys.exit(0 if MODE == "retries" else 1)
