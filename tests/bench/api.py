"""Requests to the API by eight clients at a time on loopback, beside a bare server of static files. One JSON object a line."""

from __future__ import annotations

import functools
import hashlib
import http.client
import http.server
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.report import report
from tests.openapi.site import site

CLIENTS = 8
#: Requests of each client in a run.
REQUESTS = 40
#: Runs; the middle one counts.
REPEATS = 3
#: Embeddings that the hub has.
THINGS = 30


def ask(url: str, path: str, expected: bytes | None = None) -> list[float]:
    """Ask for the same again and again over one connection; return the seconds of each."""
    target = urlsplit(url)
    connection = http.client.HTTPConnection(target.hostname, target.port, timeout=60)
    seconds = []
    for _ in range(REQUESTS):
        begun = time.perf_counter()
        connection.request("GET", path)
        with connection.getresponse() as answer:
            body = answer.read()
        seconds.append(time.perf_counter() - begun)
        if answer.status != 200 or (expected is not None and body != expected):
            raise RuntimeError(f"{path} answered {answer.status} with {len(body)} bytes")
    connection.close()
    return seconds


def run(url: str, path: str, expected: bytes | None = None) -> tuple[float, float, float]:
    """Requests a second, and the 50th and 95th percentile of milliseconds, of all clients together."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        taken = [time for part in clients.map(lambda _: ask(url, path, expected), range(CLIENTS)) for time in part]
    whole = time.perf_counter() - begun
    cuts = statistics.quantiles(taken, n=20)
    return len(taken) / whole, cuts[9] * 1000, cuts[18] * 1000


def measure(name: str, url: str, path: str, expected: bytes | None = None) -> float:
    """Warm up, run, and report the medians; return requests a second."""
    ask(url, path, expected)
    runs = [run(url, path, expected) for _ in range(REPEATS)]
    rate, p50, p95 = (statistics.median(values) for values in zip(*runs, strict=True))
    report("api", what=name, clients=CLIENTS, requests_a_second=round(rate, 1), p50_ms=round(p50, 1), p95_ms=round(p95, 1),
           load=round(os.getloadavg()[0], 1))  # fmt: skip
    return rate


@contextmanager
def static_server(data: bytes) -> Iterator[str]:
    """The standard library's server of files, with one file."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement

        def log_message(self, *args: object) -> None:
            pass

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "x.safetensors").write_bytes(data)
        handler = functools.partial(Quiet, directory=folder)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_address[1]}"
            server.shutdown()


def main() -> None:
    """List, detail, look-up by hash, and download beside the static server."""
    with site(THINGS) as (url, world, _log):
        measure("list", url, "/api/hub/embeddings?limit=24")
        measure("detail", url, "/api/hub/embeddings/alice/koi-0")
        measure("hash", url, f"/api/hub/hashes/{world['keys']['hash'][0]}")
        target = urlsplit(url)
        connection = http.client.HTTPConnection(target.hostname, target.port)
        connection.request("GET", path := "/api/hub/embeddings/alice/koi-0/download")
        data = connection.getresponse().read()
        if hashlib.sha256(data).hexdigest() != world["keys"]["hash"][0]:
            raise RuntimeError("the download is not the file that its hash names")
        ours = measure("download", url, path, data)
    with static_server(data) as static:
        beside = measure("static", static, "/x.safetensors", data)
    report("api", what="download", bytes=len(data), static_to_download=round(beside / ours, 1))
