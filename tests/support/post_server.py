#!/usr/bin/env python3
"""The two services that reports are posted to, as far as a report needs them, on 127.0.0.1.

  post_server.py --log FILE [--login NAME] [--comments FILE] [--first STATUS[,NAME:VALUE]]… [--silent] [--lost] [--page N]

Prints its port, then runs until its stdin closes. GitHub: /user, a pull request's comments in pages, making and
changing one; the token is "the-token". Slack: /hook. Each request is a line of JSON in the log. --first answers the
next request with that status instead, one for each time it is given; --silent answers nothing at all; with --lost the
first comment is made, but the answer says 502. --comments holds the comments that there are, as GitHub has them, and
gets those that are made.
"""
import argparse
import http.server
import json
import re
import sys
import threading
import urllib.parse


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    options = None
    comments = []
    lock = threading.Lock()

    def log_message(self, *_):
        pass

    def answer(self, status, value=None, headers=()):
        body = b"ok" if value is None else json.dumps(value).encode()
        self.send_response(status)
        for name, text in headers:
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def note(self, body):
        with open(self.options.log, "a", encoding="utf-8") as log:
            log.write(json.dumps({"method": self.command, "path": self.path, "body": body,
                                  "authorization": self.headers.get("Authorization", "")}) + "\n")

    def handle_any(self):
        with self.lock:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            self.note(body)
            if self.options.silent:
                return threading.Event().wait()
            if self.options.first:
                status, *headers = self.options.first.pop(0).split(",")
                return self.answer(int(status), {"message": "not now: " + self.headers.get("Authorization", "")},
                                   [header.split(":", 1) for header in headers])
            return self.serve(urllib.parse.urlsplit(self.path), body)

    do_GET = do_POST = do_PATCH = handle_any

    def serve(self, url, body):
        if url.path == "/hook":
            return self.answer(200)
        if self.headers.get("Authorization") != "Bearer the-token":
            return self.answer(401, {"message": "Bad credentials"})
        if url.path == "/user":
            login = self.options.login
            return self.answer(200, {"login": login}) if login else self.answer(403, {"message": "not by integration"})
        if re.fullmatch(r"/repos/shop/checkout/issues/7/comments", url.path):
            return self.make(body) if self.command == "POST" else self.list(urllib.parse.parse_qs(url.query))
        match = re.fullmatch(r"/repos/shop/checkout/issues/comments/(\d+)", url.path)
        if match and self.command == "PATCH":
            return self.change(int(match[1]), body)
        return self.answer(404, {"message": "Not Found"})

    def list(self, query):
        size, page = min(int(query["per_page"][0]), self.options.page), int(query["page"][0])
        some = self.comments[(page - 1) * size:page * size]
        more = page * size < len(self.comments)
        return self.answer(200, some, [("Link", '<http://elsewhere.example.com/>; rel="next"')] if more else [])

    def save(self):
        if self.options.comments:
            with open(self.options.comments, "w", encoding="utf-8") as file:
                json.dump(self.comments, file)

    def make(self, body):
        comment = {"id": 1000 + len(self.comments), "body": json.loads(body)["body"],
                   "user": {"login": self.options.login or "github-actions[bot]",
                            "type": "User" if self.options.login else "Bot"}}
        self.comments.append(comment)
        self.save()
        if self.options.lost:
            self.options.lost = False
            return self.answer(502)
        return self.answer(201, comment)

    def change(self, number, body):
        for comment in self.comments:
            if comment["id"] == number:
                comment["body"] = json.loads(body)["body"]
                self.save()
                return self.answer(200, comment)
        return self.answer(404, {"message": "Not Found"})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", required=True)
    parser.add_argument("--login", default="")
    parser.add_argument("--comments")
    parser.add_argument("--first", action="append", default=[])
    parser.add_argument("--silent", action="store_true")
    parser.add_argument("--lost", action="store_true")
    parser.add_argument("--page", type=int, default=100)
    Handler.options = parser.parse_args()
    if Handler.options.comments:
        with open(Handler.options.comments, encoding="utf-8") as file:
            Handler.comments = json.load(file)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
