#!/usr/bin/env python3
"""A registry of one package for npm and its like, which wants a token.

  node_registry.py ADDRESS --log FILE --token TOKEN

Serves @depot/parcelware 1.0.0. Prints its port, then runs until its stdin closes. Each request is one line of the log:
its path and whether it was let in.
"""
import argparse
import base64
import hashlib
import io
import json
import tarfile
import urllib.parse

from logged_server import LoggedHandler, serve

NAME = "@depot/parcelware"
TARBALL = "/files/parcelware-1.0.0.tgz"
JSON = [("Content-Type", "application/json")]


def tarball():
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, text in (("package.json", json.dumps({"name": NAME, "version": "1.0.0", "main": "main.js"})),
                           ("main.js", "module.exports = {ANSWER: 42};\n")):
            entry = tarfile.TarInfo("package/" + name)
            entry.size = len(text)
            entry.mode = 0o644
            archive.addfile(entry, io.BytesIO(text.encode()))
    return content.getvalue()


class Handler(LoggedHandler):
    package = tarball()

    def do_GET(self):
        path = urllib.parse.unquote(self.path)
        known = self.headers.get("Authorization", "") == "Bearer " + self.options.token
        self.note(path, known)
        if not known:
            return self.answer(401, b"{}", JSON)
        if path == TARBALL:
            return self.answer(200, self.package, [("Content-Type", "application/octet-stream")])
        found = path == "/" + NAME
        return self.answer(200 if found else 404, json.dumps(self.said()).encode() if found else b"{}", JSON)

    def said(self):
        sum_of = base64.b64encode(hashlib.sha512(self.package).digest()).decode()
        dist = {"tarball": f"http://{self.headers['Host']}{TARBALL}", "integrity": "sha512-" + sum_of,
                "shasum": hashlib.sha1(self.package).hexdigest()}
        version = {"name": NAME, "version": "1.0.0", "main": "main.js", "dist": dist}
        return {"name": NAME, "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("--log", required=True)
    parser.add_argument("--token", required=True)
    serve(Handler, parser.parse_args())


main()
