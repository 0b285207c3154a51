"""A proxy before a hub that does to downloads and uploads what bad networks and bad servers do."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: Headers of a request that the hub is to see.
PASSED = ("Authorization", "Range", "If-Range", "If-None-Match", "Idempotency-Key", "Content-Type")


class PoorLine:
    """``with PoorLine(url) as line``: passes everything on to ``url``.

    Of the body of each download it passes ``cut`` bytes, then closes the connection, or says nothing more while ``stalls``.
    ``change`` may alter a body before that. ``ranges`` has what each download asked for.
    Of what is sent to an address it loses the first ``loses`` answers: the hub has done it, and the connection is closed.
    ``lost`` counts them.
    """

    def __init__(self, url):
        self.cut, self.stalls, self.change, self.ranges = None, False, bytes, []
        self.loses, self.lost = 0, Counter()
        self.stalled, self.over = threading.Event(), threading.Event()
        line = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                answer, body = self.asked()
                self.send_response(answer.status)
                for name in ("Content-Type", "Content-Length", "Content-Range", "ETag"):
                    if name in answer.headers:
                        self.send_header(name, answer.headers[name])
                self.end_headers()
                if "/download?" in self.path:
                    body = line.sent(self.headers["Range"], body)
                self.wfile.write(body)
                if "/download?" in self.path and line.stalls:
                    self.wfile.flush()
                    line.stalled.set()
                    line.over.wait(60)

            def do_POST(self):
                answer, body = self.asked(self.rfile.read(int(self.headers["Content-Length"])))
                if line.lost[self.path] < line.loses:
                    line.lost[self.path] += 1
                    return  # HTTP/1.0: the connection is closed
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def asked(self, data=None):
                """Ask the hub the same; its answer and the body of it."""
                headers = {name: self.headers[name] for name in PASSED if name in self.headers}
                try:
                    answer = urllib.request.urlopen(urllib.request.Request(url + self.path, data, headers))
                except urllib.error.HTTPError as error:
                    answer = error
                with answer:
                    return answer, answer.read()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def sent(self, asked, body):
        self.ranges.append(asked)
        return self.change(body)[: self.cut]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()
