#!/usr/bin/env python3
"""A registry of one package for npm and its like, which wants a token.

  node_registry.py ADDRESS --log FILE --token TOKEN

Serves @depot/parcelware 1.0.0. Prints its port, then runs until its stdin closes. Each request is one line of the log:
its path and whether it was let in.
"""
import argparse
import base64
import hashlib
import http.server
import io
import json
import sys
import tarfile
import threading
import urllib.parse

NAME = "@depot/parcelware"
TARBALL = "/files/parcelware-1.0.0.tgz"


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


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    options = None
    package = tarball()

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = urllib.parse.unquote(self.path)
        known = self.headers.get("Authorization", "") == "Bearer " + self.options.token
        with open(self.options.log, "a", encoding="utf-8") as log:
            log.write(f"{path} {'let in' if known else 'refused'}\n")
        if not known:
            return self.answer(401, b"{}")
        if path == TARBALL:
            return self.answer(200, self.package, "application/octet-stream")
        return self.answer(200, json.dumps(self.said()).encode()) if path == "/" + NAME else self.answer(404, b"{}")

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
    Handler.options = parser.parse_args()
    open(Handler.options.log, "a", encoding="utf-8").close()
    server = http.server.ThreadingHTTPServer((Handler.options.address, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


main()
