"""A hub of a few lines that says whatever a test wants, as a hostile one would."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from starword import Hub, transport


class Scripted:
    """Answers each request with the next of ``answers``, the last one for ever; ``asked`` has what came."""

    def __init__(self):
        self.answers, self.asked = [], []
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                scripted.asked.append(self)
                answers = scripted.answers
                status, body, headers = answers.pop(0) if len(answers) > 1 else answers[0]
                body = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def will(self, body, status=200, **headers):
        """Answer so next; underscores in names of headers stand for hyphens."""
        self.answers.append((status, body, {name.replace("_", "-"): value for name, value in headers.items()}))
        return self


@pytest.fixture
def scripted():
    """Make such hubs."""
    made = []

    def make():
        hub = Scripted()
        made.append(hub)
        threading.Thread(target=hub.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return hub

    yield make
    for hub in made:
        hub.server.shutdown()
        hub.server.server_close()


@pytest.fixture
def server(scripted):
    """One such hub."""
    return scripted()


@pytest.fixture
def hub(server, monkeypatch):
    """The client of it, which does not wait long."""
    monkeypatch.setattr(transport, "FIRST_PAUSE", 0.001)
    with Hub(server.url, "sw_secret") as hub:
        yield hub
