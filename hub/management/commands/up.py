"""``manage.py up``: the whole hub on one machine: database, web server and worker, until Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from hub.database import EmbeddedDatabase

#: Seconds a child may take to stop before it is killed; the worker needs up to 10 to give its job back.
STOP_SECONDS = 15.0
#: Seconds the web server may take to answer.
READY_SECONDS = 60.0


class Command(BaseCommand):
    """Start everything, watch it, stop everything."""

    help = "Run database, web server and worker until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")

    def handle(self, *args: Any, **options: Any) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stop)
        database = None
        environment = dict(os.environ)
        if not os.environ.get("DATABASE_URL"):
            database = EmbeddedDatabase(settings.VAR / "postgres")
            environment |= {"DATABASE_URL": database.start(), "HUB_EMBEDDED": "1"}
        try:
            self._prepare(environment)
            self._serve(environment, options["host"], options["port"])
        except KeyboardInterrupt:
            self.stdout.write("Stopping.")
        finally:
            if database:
                database.stop()

    def _prepare(self, environment: dict[str, str]) -> None:
        """Migrate and collect static files, in processes of their own that see the right database."""
        for command in (["migrate", "--verbosity", "0"], ["collectstatic", "--noinput", "--verbosity", "0"], ["prepare"]):
            done = subprocess.run([sys.executable, "manage.py", *command], env=environment, cwd=settings.ROOT, check=False)
            if done.returncode:
                raise CommandError(f"“manage.py {command[0]}” failed; what it printed is above.")

    def _serve(self, environment: dict[str, str], host: str, port: int) -> None:
        url = f"http://{host}:{port}"
        web = [sys.executable, "-m", "gunicorn", "hub.wsgi:application", "--bind", f"{host}:{port}"]
        web += ["--workers", "1", "--threads", "8", "--worker-class", "gthread", "--log-level", "warning"]
        worker = [sys.executable, "manage.py", "worker"]
        children: list[subprocess.Popen[bytes]] = []
        try:
            for command in (web, worker):
                # A session of its own: Ctrl-C reaches this process alone, which then stops the others in order.
                children.append(
                    subprocess.Popen(command, env=environment, cwd=settings.ROOT, start_new_session=True)
                )
            self._wait_until_ready(url, children)
            self._announce(environment, url)
            while True:
                for child in children:
                    if child.poll() is not None:
                        raise CommandError(f"{child.args[2]} ended with status {child.returncode}; stopping the rest.")
                time.sleep(0.3)
        finally:
            stop_all(children)

    def _wait_until_ready(self, url: str, children: list[subprocess.Popen[bytes]]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/healthz", timeout=2):
                return
            for child in children:
                if child.poll() is not None:
                    raise CommandError(f"A process ended at once with status {child.returncode}. Is {url} already in use?")
            time.sleep(0.1)
        raise CommandError(f"{url}/healthz did not answer within {READY_SECONDS:.0f} s.")

    def _announce(self, environment: dict[str, str], url: str) -> None:
        self.stdout.write(f"Starword is at {url}")
        if environment.get("HUB_EMBEDDED"):
            command = [sys.executable, "manage.py", "prepare", "--announce", url]
            subprocess.run(command, env=environment, cwd=settings.ROOT, check=True)
        self.stdout.write("Ctrl-C stops it.")
        self.stdout.flush()


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def stop_all(children: list[subprocess.Popen[bytes]]) -> None:
    """Ask every child to stop, all at once, and kill the process group of any that does not."""
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
