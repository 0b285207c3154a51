"""A hub that only answers: database, gunicorn and a world, without a worker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from hub.database import EmbeddedDatabase
from tests.support.hub import ROOT, free_port


@contextmanager
def site(things: int, workers: int = 2) -> Iterator[tuple[str, dict[str, Any], Path]]:
    """A hub of its own: database, gunicorn, a world. Yields its address, the world, and the server's log."""
    with tempfile.TemporaryDirectory(prefix="starword-openapi-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the server runs as an account of its own where this runs as root
        database = EmbeddedDatabase(folder / "postgres")
        environment = os.environ | {
            "HUB_VAR": name, "DATABASE_URL": database.start(), "DJANGO_SETTINGS_MODULE": "hub.settings",
            "HUB_API_REQUESTS_PER_HOUR": "1000000000", "HUB_API_ANONYMOUS_REQUESTS_PER_HOUR": "1000000000",
        }  # fmt: skip
        log = folder / "web.log"
        try:
            run = {"cwd": ROOT, "env": environment, "check": True}
            subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], **run)
            subprocess.run([sys.executable, "manage.py", "createcachetable"], **run)
            subprocess.run([sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"], **run)
            made = subprocess.run(
                [sys.executable, "-m", "tests.openapi.world", str(things)], stdout=subprocess.PIPE, **run
            )
            port = free_port()
            web = [sys.executable, "-m", "gunicorn", "hub.wsgi:application", "--bind", f"127.0.0.1:{port}"]
            web += ["--workers", str(workers), "--threads", "8", "--worker-class", "gthread", "--log-level", "warning"]
            with log.open("wb") as output:
                server = subprocess.Popen(web, cwd=ROOT, env=environment, stdout=output, stderr=output)
            try:
                _await(f"http://127.0.0.1:{port}/healthz")
                yield f"http://127.0.0.1:{port}", json.loads(made.stdout), log
            finally:
                server.terminate()
                server.wait(30)
        finally:
            database.stop()


def _await(address: str) -> None:
    for _ in range(300):
        try:
            if requests.get(address, timeout=2).ok:
                return
        except requests.RequestException:
            time.sleep(0.2)
    raise RuntimeError(f"{address} does not answer")
