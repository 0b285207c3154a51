"""A server that takes webhooks: what came is kept, and it answers what it is told to."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


@dataclass
class Taken:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HookServer:
    """``with HookServer() as server``: it answers ``status``, ``headers`` and ``body``, or drips."""

    status: int = 200
    body: bytes = b"thanks"
    headers: dict[str, str] = field(default_factory=dict)
    drip_seconds: float = 0.0
    taken: list[Taken] = field(default_factory=list)

    def __enter__(self) -> Self:
        ours = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                ours.taken.append(Taken(self.path, dict(self.headers), body))
                if ours.drip_seconds:
                    self._drip()
                self.send_response(ours.status)
                for name, value in ours.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(ours.body)

            def _drip(self) -> None:
                """A head that never ends, a byte at a time, until the other side has enough."""
                try:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
                    while True:
                        self.wfile.write(b"x")
                        time.sleep(ours.drip_seconds)
                except OSError:
                    self.close_connection = True
                    raise ConnectionAbortedError from None

            def log_message(self, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *args: object) -> None:
                pass  # who hangs up is not worth a traceback

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *args: object) -> None:
        self.server.shutdown()
        self.server.server_close()
