#!/usr/bin/env python3
"""A Unix socket that stands where an engine's is expected: it passes everything on to a real one and notes what was
asked, or plays an engine of its own by a script of answers.

  engine_socket.py LISTEN --log FILE --forward /var/run/docker.sock [--network NAME]
  engine_socket.py LISTEN --log FILE --answer '/version={"ApiVersion":"1.30"}' --answer …

With --network what is asked for with the engine's usual network gets that one instead. An answer belongs to the first request whose path ends in its name; what no answer fits gets 404. Each request is one
line of the log. Prints "ready" once it listens, then runs until its stdin closes.
"""
import argparse
import re
import socket
import sys
import threading

REQUEST = re.compile(rb"(?:GET|HEAD|POST|PUT|DELETE) /[^ \r\n]* HTTP/1\.1(?=\r\n)")


def note(log, text):
    with open(log, "a", encoding="utf-8", errors="replace") as lines:
        lines.write(text + "\n")


BRIDGE = b'"NetworkMode":"bridge"'


def pump(source, target, log=None, network=None):
    """A request's body comes in one piece, and stays as long as it was said to be."""
    seen = b""
    try:
        while piece := source.recv(65536):
            if log:
                seen += piece  # a line may come in two pieces
                read = 0
                for found in REQUEST.finditer(seen):
                    note(log, found.group().decode(errors="replace"))
                    read = found.end()
                seen = seen[read:][-8192:]
            target.sendall(piece.replace(BRIDGE, BRIDGE.replace(b"bridge", network)) if network else piece)
    except OSError:
        pass
    finally:
        for one, how in ((source, socket.SHUT_RD), (target, socket.SHUT_WR)):
            try:
                one.shutdown(how)
            except OSError:
                pass


def forward(client, options):
    engine = socket.socket(socket.AF_UNIX)
    engine.connect(options.forward)
    back = threading.Thread(target=pump, args=(engine, client), daemon=True)
    back.start()
    pump(client, engine, options.log, options.network.encode())
    back.join()
    engine.close()
    client.close()


def play(client, options):
    answers = [answer.split("=", 1) for answer in options.answer]
    request = b""
    with client:
        while True:
            while b"\r\n\r\n" not in request:
                piece = client.recv(65536)
                if not piece:
                    return
                request += piece
            head, _, request = request.partition(b"\r\n\r\n")
            line = head.split(b"\r\n", 1)[0].decode(errors="replace")
            note(options.log, line)
            path = line.split(" ")[1].split("?")[0]
            body = next((text for name, text in answers if path.endswith(name)), None)
            status = "200 OK" if body is not None else "404 Not Found"
            data = (body if body is not None else '{"message":"no such page"}').encode()
            client.sendall(f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
                           .encode() + data)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("listen")
    parser.add_argument("--log", required=True)
    parser.add_argument("--forward")
    parser.add_argument("--network", default="", help="as many letters as bridge")
    parser.add_argument("--answer", action="append", default=[])
    options = parser.parse_args()
    if len(options.network) not in (0, len("bridge")):
        parser.error("the network's name must be as long as bridge")
    open(options.log, "a", encoding="utf-8").close()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(options.listen)
    listener.listen(64)

    def serve():
        while True:
            client, _ = listener.accept()
            threading.Thread(target=forward if options.forward else play, args=(client, options), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()


main()
