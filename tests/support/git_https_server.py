#!/usr/bin/env python3
"""A git server over TLS on loopback for tests, with the faults that a checkout must survive.

Serves the bare repositories below --root through git's own http-backend. Prints its port (and, with --proxy, that of
a plain CONNECT proxy that leads every name to the server), then runs until its stdin closes. Every request is one
JSON line in --log: {"method", "path", "host", "authorization"}.
"""
import argparse
import base64
import http.server
import json
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", required=True)
    parser.add_argument("--cert", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--log", required=True)
    parser.add_argument("--token", help="basic authentication with this password, whatever the user")
    parser.add_argument("--redirect", action="append", default=[], metavar="PREFIX=URL",
                        help="%%PORT%% in the URL is the server's own port")
    parser.add_argument("--silent", action="append", default=[], metavar="PREFIX", help="never answered")
    parser.add_argument("--cut", action="append", default=[], metavar="PREFIX=COUNT",
                        help="so many answers to POST are cut off in the middle")
    parser.add_argument("--status", action="append", default=[], metavar="PREFIX=CODE")
    parser.add_argument("--proxy", action="store_true")
    return parser.parse_args()


def pairs(texts):
    return dict(text.split("=", 1) for text in texts)


def starting(path, prefixes):
    return next((prefix for prefix in prefixes if path.startswith(prefix)), None)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    options = None
    cuts = {}
    lock = threading.Lock()

    def log_message(self, *_):
        pass

    def note(self):
        line = json.dumps({"method": self.command, "path": self.path, "host": self.headers.get("Host", ""),
                           "authorization": self.headers.get("Authorization", "")})
        with self.lock, open(self.options.log, "a", encoding="utf-8") as log:
            log.write(line + "\n")

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        whole = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole

    def is_allowed(self):
        if not self.options.token:
            return True
        given = self.headers.get("Authorization", "")
        if not given.startswith("Basic "):
            return False
        return base64.b64decode(given[6:]).decode().partition(":")[2] == self.options.token

    def do_GET(self):
        self.serve()

    def do_POST(self):
        self.serve()

    def serve(self):
        body = self.body()
        self.note()
        if starting(self.path, self.options.silent):
            time.sleep(3600)
        redirects = pairs(self.options.redirect)
        if prefix := starting(self.path, redirects):
            target = redirects[prefix].replace("%PORT%", str(self.server.server_port))
            return self.answer(302, headers=[("Location", target + self.path[len(prefix):])])
        statuses = pairs(self.options.status)
        if prefix := starting(self.path, statuses):
            return self.answer(int(statuses[prefix]))
        if self.path.startswith("/lfs-store/"):
            return self.stored()
        if not self.is_allowed():
            return self.answer(401, headers=[("WWW-Authenticate", 'Basic realm="git"')])
        if self.path.endswith("/info/lfs/objects/batch"):
            return self.lfs_batch(json.loads(body))
        return self.git(body)

    def lfs_batch(self, request):
        objects = []
        for wanted in request["objects"]:
            one = {"oid": wanted["oid"], "size": wanted["size"]}
            if (pathlib.Path(self.options.root) / "lfs" / wanted["oid"]).exists():
                href = f"https://localhost:{self.server.server_port}/lfs-store/{wanted['oid']}"
                one["actions"] = {"download": {"href": href, "header": {"X-Store": "yes"}}}
            else:
                one["error"] = {"code": 404, "message": "Object does not exist"}
            objects.append(one)
        self.answer(200, json.dumps({"transfer": "basic", "objects": objects}).encode(),
                    [("Content-Type", "application/vnd.git-lfs+json")])

    def stored(self):
        path = pathlib.Path(self.options.root) / "lfs" / self.path.rsplit("/", 1)[1]
        if not path.exists() or self.headers.get("X-Store") != "yes":
            return self.answer(403)
        self.answer(200, path.read_bytes())

    def git(self, body):
        path, _, query = self.path.partition("?")
        environment = {
            "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": self.options.root, "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "REQUEST_METHOD": self.command,
            "PATH_INFO": urllib.parse.unquote(path), "QUERY_STRING": query, "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }
        ran = subprocess.run(["git", "http-backend"], input=body, env=environment, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, check=False)
        head, _, answer = ran.stdout.partition(b"\r\n\r\n")
        headers = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n") if ": " in line]
        status = next((int(value.split()[0]) for name, value in headers if name == "Status"), 200)
        headers = [(name, value) for name, value in headers if name not in ("Status", "Content-Length")]
        if self.command == "POST" and self.takes_cut():
            self.send_response(200)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer[:len(answer) // 2])
            self.close_connection = True
            return None
        return self.answer(status, answer, headers)

    def takes_cut(self):
        with self.lock:
            prefix = starting(self.path, self.cuts)
            if not prefix or self.cuts[prefix] == 0:
                return False
            self.cuts[prefix] -= 1
            return True


def pump(source, target):
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
    except OSError:
        pass
    finally:
        target.close()


def tunnel(client, server_port, log):
    request = b""
    while b"\r\n\r\n" not in request:
        piece = client.recv(4096)
        if not piece:
            return
        request += piece
    with Handler.lock, open(log, "a", encoding="utf-8") as lines:
        lines.write(json.dumps({"method": "CONNECT", "path": request.split()[1].decode()}) + "\n")
    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    server = socket.create_connection(("127.0.0.1", server_port))
    threading.Thread(target=pump, args=(server, client), daemon=True).start()
    pump(client, server)


def run_proxy(listener, server_port, log):
    while True:
        client, _ = listener.accept()
        threading.Thread(target=tunnel, args=(client, server_port, log), daemon=True).start()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that went away is what many tests are about


def main():
    Handler.options = options()
    Handler.cuts = {prefix: int(count) for prefix, count in pairs(Handler.options.cut).items()}
    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Handler.options.cert, Handler.options.key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ports = [server.server_port]
    if Handler.options.proxy:
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=run_proxy, args=(listener, server.server_port, Handler.options.log),
                         daemon=True).start()
        ports.append(listener.getsockname()[1])
    print(*ports, flush=True)
    sys.stdin.read()


main()
