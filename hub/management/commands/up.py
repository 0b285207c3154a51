"""``manage.py up``: the whole hub on one machine: database, web server and worker, until Ctrl-C."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from argparse import ArgumentParser
from collections.abc import Iterator
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from hub import env
from hub.database import EmbeddedDatabase

#: Seconds a child may take to stop before it is killed; the worker needs up to 10 to give its job back.
STOP_SECONDS = 15.0
#: Seconds the web server may take to answer.
READY_SECONDS = 60.0
_STOPPING = (signal.SIGTERM, signal.SIGINT)


class Command(BaseCommand):
    """Start everything, watch it, stop everything."""

    help = "Run database, web server and worker until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=os.environ.get("PORT", "8000"))
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        check_port(host, port)
        for number in _STOPPING:
            signal.signal(number, _stop)
        database = None if env.text("DATABASE_URL") else EmbeddedDatabase(settings.VAR / "postgres")
        with only_hub_here():
            try:
                environment = environment_for(database.start() if database else None)
                self._prepare(environment, f"http://{host}:{port}")
                self._serve(environment, host, port, database)
            except KeyboardInterrupt:
                self.stdout.write("Stopping.")
            finally:
                if database:
                    database.stop()

    def _prepare(self, environment: dict[str, str], url: str) -> None:
        """Migrate and collect static files, in processes of their own that see the right database."""
        for command in (
            ["migrate", "--verbosity", "0"],
            ["collectstatic", "--noinput", "--verbosity", "0"],
            ["prepare", "--url", url],
        ):
            done = subprocess.run(
                [sys.executable, "manage.py", *command], env=environment, cwd=settings.ROOT, check=False
            )
            if done.returncode:
                raise CommandError(f"“manage.py {command[0]}” failed; what it printed is above.")

    def _serve(self, environment: dict[str, str], host: str, port: int, database: EmbeddedDatabase | None) -> None:
        url = f"http://{host}:{port}"
        web = [sys.executable, "-m", "gunicorn", "hub.wsgi:application", "--bind", f"{host}:{port}"]
        web += ["--workers", "1", "--threads", "8", "--worker-class", "gthread", "--log-level", "warning"]
        worker = [sys.executable, "manage.py", "worker"]
        children: list[subprocess.Popen[bytes]] = []
        try:
            for command in (web, worker):
                # A session of its own: Ctrl-C reaches this process alone, which then stops the others in order.
                children.append(subprocess.Popen(command, env=environment, cwd=settings.ROOT, start_new_session=True))
            self._wait_until_ready(url, children)
            self._announce(url, embedded=database is not None)
            while True:
                if database and not database.is_running():
                    raise CommandError("The database server ended; stopping the rest.")
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
                    raise CommandError(
                        f"A process ended at once with status {child.returncode}. Is {url} already in use?"
                    )
            time.sleep(0.1)
        raise CommandError(f"{url}/healthz did not answer within {READY_SECONDS:.0f} s.")

    def _announce(self, url: str, *, embedded: bool) -> None:
        self.stdout.write(f"Starword is at {url}")
        if embedded:
            demo = json.loads((settings.VAR / "demo.json").read_text(encoding="utf-8"))
            self.stdout.write(f"Demo login: {demo['login']}  password: {demo['password']}")
            self.stdout.write(f"Demo token: {demo['token']}")
        self.stdout.write("Ctrl-C stops it.")
        self.stdout.flush()


def environment_for(embedded: str | None) -> dict[str, str]:
    """The children's environment, with the embedded database's address or for the one that the operator configured.

    Whether the run is embedded is always said anew: an inherited word for it beside an operator's database would put the
    demo account there.
    """
    environment = {**os.environ, "HUB_EMBEDDED": "1" if embedded else "0"}
    if embedded:
        environment["DATABASE_URL"] = embedded
        environment.pop("DATABASE_URL_FILE", None)  # an empty file counts as unset here, and would win there
    return environment


def check_port(host: str, port: int) -> None:
    """Raise ``CommandError`` where another process listens already: its answers would be taken for ours."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise CommandError(
                f"{host}:{port} cannot be listened on: {error}. Choose another port, for example: make run PORT={port + 1}"
            ) from error


@contextlib.contextmanager
def only_hub_here() -> Iterator[None]:
    """Hold the folder of the state; raise ``CommandError`` when another hub does, whose database would be stopped with ours."""
    settings.VAR.mkdir(parents=True, exist_ok=True)
    with (settings.VAR / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CommandError(
                f"A hub runs in {settings.VAR} already. Stop it first, or set HUB_VAR to another folder."
            ) from error
        yield


def _stop(number: int, frame: FrameType | None) -> None:
    for stopping in _STOPPING:
        signal.signal(stopping, signal.SIG_IGN)  # a second Ctrl-C must not cut the stopping short
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
