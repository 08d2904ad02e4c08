#!/usr/bin/env python3
"""An engine's TCP port on loopback: passes every connection on to its Unix socket.

  engine_proxy.py SOCKET                      plain
  engine_proxy.py SOCKET CA CERTIFICATE KEY   TLS: shows CERTIFICATE, and wants the client to show one signed by CA

Prints the port once it listens, then runs until its stdin closes.
"""
import socket
import ssl
import sys
import threading


def pump(source, target):
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
    except OSError:
        pass
    finally:
        # With TLS the end of one direction is the end of both: that of the engine's answers counts.
        try:
            if isinstance(target, ssl.SSLSocket):
                target.unwrap()
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def serve(client, context, path):
    engine = socket.socket(socket.AF_UNIX)
    try:
        if context:
            client.settimeout(20)  # of the handshake
            client = context.wrap_socket(client, server_side=True)
            client.settimeout(None)
        engine.connect(path)
    except OSError as error:
        print(f"refused: {error}", file=sys.stderr, flush=True)
        client.close()
        engine.close()
        return
    threading.Thread(target=pump, args=(client, engine), daemon=True).start()
    pump(engine, client)
    client.close()
    engine.close()


def main():
    path, files = sys.argv[1], sys.argv[2:]
    context = None
    if files:
        authority, certificate, key = files
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority)
        context.load_cert_chain(certificate, key)
        context.verify_mode = ssl.CERT_REQUIRED
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def accept():
        while True:
            client, _ = listener.accept()
            threading.Thread(target=serve, args=(client, context, path), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()


main()
