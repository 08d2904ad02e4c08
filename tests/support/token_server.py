#!/usr/bin/env python3
"""Where a registry sends those who have no token: gives one for an identity token, and for nothing else.

  token_server.py FOLDER SERVICE IDENTITY

makes FOLDER/tokens.pem, the certificate that the registry trusts (its `rootcertbundle`), prints the port once it
listens on loopback, then runs until its stdin closes. The protocol is that of Docker's distribution, "Docker Registry v2
authentication": a POST with grant_type=refresh_token, answered by a JWT whose `access` is what `scope` asks for.
"""
import base64
import http.server
import json
import os
import subprocess
import sys
import threading
import time
import urllib.parse

folder, service, identity = sys.argv[1:]
key, certificate = os.path.join(folder, "tokens.key"), os.path.join(folder, "tokens.pem")


def openssl(*words, **more):
    return subprocess.run(["openssl", *words], check=True, capture_output=True, **more).stdout


def part(content):
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=")


openssl("req", "-x509", "-days", "2", "-subj", "/CN=tokens", "-newkey", "rsa:2048", "-nodes", "-keyout", key,
        "-out", certificate)
chain = [base64.b64encode(openssl("x509", "-in", certificate, "-outform", "DER")).decode()]


def access(scope):
    """repository:NAME:pull,push"""
    kind, rest = scope.split(":", 1)
    name, actions = rest.rsplit(":", 1)
    return {"type": kind, "name": name, "actions": actions.split(",")}


def token(scopes):
    now = int(time.time())
    said = b".".join([
        part({"typ": "JWT", "alg": "RS256", "x5c": chain}),
        part({"iss": "of-a-test", "sub": "reader", "aud": service, "exp": now + 300, "nbf": now - 10, "iat": now,
              "jti": os.urandom(8).hex(), "access": [access(scope) for scope in scopes]})])
    return (said + b"." + part(openssl("dgst", "-sha256", "-sign", key, input=said))).decode()


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(401, {"details": "identity tokens only"})

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode())
        if form.get("grant_type") != ["refresh_token"] or form.get("refresh_token") != [identity]:
            self.answer(401, {"details": "not known"})
            return
        scopes = [scope for text in form.get("scope", []) for scope in text.split()]
        self.answer(200, {"access_token": token(scopes), "expires_in": 300, "scope": " ".join(scopes)})

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
