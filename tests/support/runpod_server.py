#!/usr/bin/env python3
"""RunPod's queue as its workers see it, on 127.0.0.1; and a bucket that checks AWS signatures.

  runpod_server.py --log FILE [--hold SECONDS] [--secret SECRET] [--cert FILE --key FILE]

Prints its port, then runs until its stdin closes; over TLS where it has a certificate. Below /v2/ep: GET job-take,
job-take-batch, job-stop, ping; POST job-done, job-stream. PUT /bucket/… is the bucket. Each request is a line of JSON
in the log, as it comes in.

POST /control tells what is answered next, {"take": […], "done": […], "progress": […], "chunk": […], "stop": […],
"put": […]}; each list is added to what waits already:
  take      {"job": {…}} or {"status": N, "body": "…", "type": "…", "headers": {…}}; a poll without any is held, then 204
  done      statuses of final posts, else 200; "hold" answers 200 when the next control comes
  progress  the same of progress
  chunk     the same of chunks
  put       the same of what is put into the bucket
  stop      ids of jobs to stop, named once
"""
import argparse
import hashlib
import hmac
import http.server
import json
import ssl
import sys
import threading
import time
import urllib.parse


class State:
    def __init__(self, options):
        self.options = options
        self.changed = threading.Condition()
        self.waiting = {"take": [], "done": [], "progress": [], "chunk": [], "stop": [], "put": []}
        self.controls = 0

    def add(self, control):
        with self.changed:
            for name, items in control.items():
                self.waiting[name].extend(items)
            self.controls += 1
            self.changed.notify_all()

    def next(self, name, most=1, hold=0.0):
        """Up to `most` items; several only where all of them are jobs."""
        until = time.monotonic() + hold
        with self.changed:
            items = self.waiting[name]
            while not items and time.monotonic() < until:
                self.changed.wait(until - time.monotonic())
            taken = items[:1]
            while taken and len(taken) < most and len(taken) < len(items) and "job" in items[len(taken)]:
                if "job" not in taken[0]:
                    break
                taken.append(items[len(taken)])
            del items[:len(taken)]
            return taken

    def wait_for_control(self):
        with self.changed:
            seen = self.controls
            while self.controls == seen:
                self.changed.wait()


def signature(handler, secret):
    """Whether the request is signed as AWS says, by this secret; read from its documentation."""
    words = handler.headers.get("Authorization", "")
    if not words.startswith("AWS4-HMAC-SHA256 "):
        return "none"
    fields = dict(part.strip().split("=", 1) for part in words[len("AWS4-HMAC-SHA256 "):].split(","))
    _, date, region, service, kind = fields["Credential"].split("/")
    names = fields["SignedHeaders"].split(";")
    url = urllib.parse.urlsplit(handler.path)
    body_hash = handler.headers["x-amz-content-sha256"]
    if body_hash not in ("UNSIGNED-PAYLOAD", hashlib.sha256(handler.body).hexdigest()):
        return "bad: another body"
    if "x-amz-content-sha256" not in names or "host" not in names or "x-amz-date" not in names:
        return "bad: not all that counts is signed"
    canonical = "\n".join([handler.command, url.path, url.query,
                           "".join(f"{name}:{' '.join(handler.headers[name].split())}\n" for name in names),
                           ";".join(names), body_hash])
    scope = f"{date}/{region}/{service}/{kind}"
    text = "\n".join(["AWS4-HMAC-SHA256", handler.headers["x-amz-date"], scope,
                      hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for word in (date, region, service, kind):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    expected = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return "good" if hmac.compare_digest(expected, fields["Signature"]) else "bad: another secret"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state = None

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", kind="application/json", headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if body:
            self.send_header("Content-Type", kind)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer_json(self, value):
        self.answer(200, json.dumps(value).encode())

    def note(self, **more):
        line = {"time": time.monotonic(), "method": self.command, "path": self.path,
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "body": self.body.decode("utf-8", "replace"), **more}
        with self.state.changed, open(self.state.options.log, "a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")

    def handle_any(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        parts = [urllib.parse.unquote(part) for part in url.path.split("/")[1:]]
        try:
            if parts == ["control"]:
                self.state.add(json.loads(self.body))
                return self.answer_json({})
            if parts[0] == "bucket" and self.command == "PUT":
                self.note(signature=signature(self, self.state.options.secret))
                return self.answer_post("put")
            self.note()
            if parts[:2] != ["v2", "ep"] or len(parts) < 4:
                return self.answer(404)
            route = getattr(self, parts[2].replace("-", "_"), None)
            return route(query) if route else self.answer(404)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_POST = do_PUT = handle_any

    def job_take(self, query, most=1):
        items = self.state.next("take", most, self.state.options.hold)
        if not items:
            return self.answer(204)
        if "job" in items[0]:
            jobs = [item["job"] for item in items]
            return self.answer_json(jobs if most > 1 else jobs[0])
        item = items[0]
        return self.answer(item["status"], item.get("body", "").encode(), item.get("type", "application/json"),
                           item.get("headers"))

    def job_take_batch(self, query):
        return self.job_take(query, int(query["batch_size"]))

    def job_stop(self, query):
        ids = self.state.next("stop", 1, 1.0)
        return self.answer_json({"jobsToStop": ids + ["unknown", 7]}) if ids else self.answer(204)

    def answer_post(self, name):
        status = (self.state.next(name) or [200])[0]
        if status == "hold":
            self.state.wait_for_control()
            status = 200
        return self.answer(status, b"{}")

    def job_done(self, query):
        progress = json.loads(self.body).get("status") == "IN_PROGRESS"
        return self.answer_post("progress" if progress else "done")

    def job_stream(self, query):
        return self.answer_post("chunk")

    def ping(self, query):
        return self.answer(200)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        # A worker that was killed, or that does not trust this.
        if not isinstance(sys.exc_info()[1], (ConnectionError, ssl.SSLError)):
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", required=True)
    parser.add_argument("--hold", type=float, default=2.0)
    parser.add_argument("--secret", default="")
    parser.add_argument("--cert")
    parser.add_argument("--key")
    options = parser.parse_args()
    Handler.state = State(options)
    server = Server(("127.0.0.1", 0), Handler)
    if options.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.cert, options.key)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
