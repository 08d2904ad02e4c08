#!/usr/bin/env python3
"""A package index of one wheel, for installs that must not depend on the world outside.

  package_index.py ADDRESS --log FILE [--user NAME:PASSWORD]

Serves parcelware 1.0 below /simple/. Prints its port, then runs until its stdin closes. Each request is one line of
the log: its path and whether it was let in.
"""
import argparse
import base64
import io
import zipfile

from logged_server import LoggedHandler, serve

WHEEL = "parcelware-1.0-py3-none-any.whl"


def wheel():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("parcelware.py", "ANSWER = 42\n")
        archive.writestr("parcelware-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: parcelware\nVersion: 1.0\n")
        archive.writestr("parcelware-1.0.dist-info/WHEEL",
                         "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("parcelware-1.0.dist-info/RECORD", "parcelware.py,,\nparcelware-1.0.dist-info/METADATA,,\n"
                         "parcelware-1.0.dist-info/WHEEL,,\nparcelware-1.0.dist-info/RECORD,,\n")
    return content.getvalue()


class Handler(LoggedHandler):
    pages = {}

    def do_GET(self):
        wanted = self.options.user
        given = self.headers.get("Authorization", "")
        known = not wanted or given == "Basic " + base64.b64encode(wanted.encode()).decode()
        self.note(self.path, known)
        if not known:
            return self.answer(401, headers=[("WWW-Authenticate", 'Basic realm="index"')])
        kind, body = self.pages.get(self.path, (None, None))
        return self.answer(200, body, [("Content-Type", kind)]) if kind else self.answer(404)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("--log", required=True)
    parser.add_argument("--user")
    Handler.pages = {
        "/simple/parcelware/": ("text/html", f'<!DOCTYPE html><a href="/files/{WHEEL}">{WHEEL}</a>'.encode()),
        f"/files/{WHEEL}": ("application/zip", wheel()),
    }
    serve(Handler, parser.parse_args())


main()
