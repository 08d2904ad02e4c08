"""What the small servers for installs share: a log of who was let in, and an end when stdin closes."""
import http.server
import sys
import threading


class LoggedHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    options = None  # of the program

    def log_message(self, *_):
        pass

    def note(self, path, known):
        with open(self.options.log, "a", encoding="utf-8") as log:
            log.write(f"{path} {'let in' if known else 'refused'}\n")

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve(handler, options):
    """Prints the port."""
    handler.options = options
    open(options.log, "a", encoding="utf-8").close()
    server = http.server.ThreadingHTTPServer((options.address, 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()
